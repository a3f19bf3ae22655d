"""From exchanges to figures."""

import pytest

from tests.benchmarks.errors import Void
from tests.benchmarks.load import Outcome
from tests.benchmarks.meta.world import Exchange
from tests.benchmarks.sample import Sample, sample_of
from tests.unit.benchmarks.samples import sample


def taken_from(*exchanges: Exchange, graph_seconds: float = 0.0) -> Sample:
    outcome = Outcome(exchanges, seconds=1.0)
    return sample_of(outcome, {}, scenario="s", load="l", number=1, variant="road", graph_seconds=graph_seconds)


def test_cpu_is_told_per_message_and_process() -> None:
    outcome = Outcome((Exchange(0.002, 0.010), Exchange(0.004, 0.030)), seconds=0.5)
    cpu = {"router": 0.004, "Postgres": 0.002}
    taken = sample_of(outcome, cpu, scenario="s", load="l", number=1, variant="road")
    assert taken.cpu_ms == {"router": 2.0, "Postgres": 1.0}
    assert taken.cpu_ms_in_all == 3.0


def test_rate_and_latencies_come_from_the_exchanges() -> None:
    taken = sample("road", 1, {})
    assert (taken.messages, taken.messages_per_second) == (2, 4.0)
    assert (taken.answer_p50_ms, taken.answer_p99_ms, taken.reply_p50_ms, taken.reply_p99_ms) == (2, 4, 10, 30)


def test_the_share_of_slow_answers_is_that_of_those_over_a_second() -> None:
    taken = taken_from(Exchange(1.0, 2.0), Exchange(1.5, 2.0), Exchange(0.1, 2.0), Exchange(0.1, 2.0))
    assert taken.slow_answers == 0.25


def test_the_graphs_answer_time_is_no_part_of_a_gap() -> None:
    taken = taken_from(Exchange(0.01, 0.02, (0.105, 0.103)), graph_seconds=0.1)
    assert taken.gap_p50_ms == pytest.approx(3.0)
    assert taken.gap_p99_ms == pytest.approx(5.0)


def test_one_reply_has_no_gap() -> None:
    assert taken_from(Exchange(0.01, 0.02)).gap_p50_ms is None


def test_no_message_is_no_measurement() -> None:
    with pytest.raises(Void, match="answered no message"):
        taken_from()
