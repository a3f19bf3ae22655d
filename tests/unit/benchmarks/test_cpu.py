"""CPU time as the kernel tells it."""

import os

import pytest

from tests.benchmarks.cpu import TICKS_PER_SECOND, Process, parse_stat, read_cpu, tree_cpu_seconds
from tests.benchmarks.errors import Void


def test_a_stat_line_gives_own_and_reaped_time_even_if_the_name_has_parentheses() -> None:
    fields = "S 12 12 12 0 -1 4194560 1 0 0 0 300 40 5 6 20 0"
    process = parse_stat(f"77 (post (gres) ) {fields}")
    assert process == Process(77, 12, 351 / TICKS_PER_SECOND)


def test_a_tree_counts_children_of_children_and_no_stranger() -> None:
    processes = [Process(1, 0, 1.0), Process(2, 1, 2.0), Process(3, 2, 4.0), Process(9, 0, 100.0)]
    assert tree_cpu_seconds(1, {process.pid: process for process in processes}) == 7.0


def test_the_time_of_this_process_grows_with_work() -> None:
    before = read_cpu({"self": (os.getpid(),)})["self"]
    while read_cpu({"self": (os.getpid(),)})["self"] == before:
        sum(range(10_000))


def test_a_process_that_is_gone_makes_the_run_void() -> None:
    with pytest.raises(Void, match="router ended"):
        read_cpu({"router": (2**22 + 1,)})
