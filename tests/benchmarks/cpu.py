"""CPU time and memory of processes, read from /proc; a server's children, and its dead children's time, included."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.errors import Void

PROC = Path("/proc")
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Process:
    """One line of the process table; `cpu_seconds` contains that of children that were waited for."""

    pid: int
    parent: int
    cpu_seconds: float


def parse_stat(text: str) -> Process:
    """Read /proc/PID/stat; the command's name may hold spaces and parentheses (proc_pid_stat(5))."""
    pid, _, rest = text.partition(" ")
    fields = rest.rpartition(")")[2].split()
    ticks = sum(int(field) for field in fields[11:15])  # utime, stime, cutime, cstime
    return Process(int(pid), int(fields[1]), ticks / TICKS_PER_SECOND)


def process_table() -> dict[int, Process]:
    """Return every process there is."""
    table = {}
    for folder in PROC.iterdir():
        if not folder.name.isdigit():
            continue
        try:
            process = parse_stat((folder / "stat").read_text())
        except (FileNotFoundError, ProcessLookupError):
            continue  # it ended meanwhile; its parent has its time
        table[process.pid] = process
    return table


def tree_cpu_seconds(pid: int, table: Mapping[int, Process]) -> float:
    """Return the CPU seconds of a process and all that descends from it."""
    children = sum(tree_cpu_seconds(process.pid, table) for process in table.values() if process.parent == pid)
    return table[pid].cpu_seconds + children


def read_cpu(pids: Mapping[str, tuple[int, ...]]) -> dict[str, float]:
    """Return CPU seconds by name. Raises Void when a process is not there: a restart hides what was used before."""
    table = process_table()
    for name, members in pids.items():
        if not all(pid in table for pid in members):
            raise Void(f"{name} ended while it was measured")
    return {name: sum(tree_cpu_seconds(pid, table) for pid in members) for name, members in pids.items()}


def resident_mb(pids: Mapping[str, tuple[int, ...]]) -> dict[str, float]:
    """Return resident megabytes by name, of the largest process of each. Raises Void when a process is not there.

    Postgres' backends share most of what they hold, so its figure is that of its first process.
    """
    return {name: max(_resident_bytes(name, pid) for pid in members) / 1e6 for name, members in pids.items()}


def _resident_bytes(name: str, pid: int) -> int:
    try:
        fields = (PROC / str(pid) / "statm").read_text().split()
    except FileNotFoundError:
        raise Void(f"{name} ended while it was measured") from None
    return int(fields[1]) * PAGE_BYTES
