"""From exchanges to figures, and from figures to the table."""

from collections import deque

import pytest

from tests.benchmarks.errors import Void
from tests.benchmarks.load import Outcome, Rate, Saturation
from tests.benchmarks.measure import Sample, sample_of
from tests.benchmarks.meta.world import Exchange, World
from tests.benchmarks.report import markdown


def sample(variant: str, number: int, cpu: dict[str, float]) -> Sample:
    outcome = Outcome((Exchange(0.002, 0.010), Exchange(0.004, 0.030)), seconds=0.5)
    return sample_of(outcome, cpu, load="saturation", number=number, variant=variant)


def test_cpu_is_told_per_message_and_process() -> None:
    taken = sample("road", 1, {"router": 0.004, "Postgres": 0.002})
    assert taken.cpu_ms == {"router": 2.0, "Postgres": 1.0}
    assert taken.cpu_ms_in_all == 3.0


def test_rate_and_latencies_come_from_the_exchanges() -> None:
    taken = sample("road", 1, {})
    assert (taken.messages, taken.messages_per_second) == (2, 4.0)
    assert (taken.answer_p50_ms, taken.answer_p99_ms, taken.reply_p50_ms, taken.reply_p99_ms) == (2, 4, 10, 30)


def test_no_message_is_no_measurement() -> None:
    with pytest.raises(Void, match="answered no message"):
        sample_of(Outcome((), seconds=1.0), {}, load="saturation", number=1, variant="road")


def test_the_table_gives_medians_and_the_share_of_the_baseline() -> None:
    samples = [sample("road", number, {"router": 0.002}) for number in (1, 2, 3)]
    samples += [sample("monolith", number, {"monolith": 0.001 * 2**number}) for number in (1, 2, 3)]
    table = markdown(samples, baseline="monolith")
    assert "| road | 4 (4–4) | 1.00 (1.00–1.00) | 0.50 (0.25–1.00) | 2.0 · 4.0 | 10.0 · 30.0 |" in table
    assert "| monolith | 4 (4–4) | 2.00 (1.00–4.00) | 1.00 (1.00–1.00) |" in table


def test_a_process_the_other_variant_lacks_is_a_dash() -> None:
    table = markdown([sample("a", 1, {"router": 0.002}), sample("b", 1, {"Postgres": 0.002})], baseline="a")
    assert "| a | – | 1.000 |" in table
    assert "| b | 1.000 | – |" in table


async def test_a_load_with_everybody_waiting_is_void() -> None:
    world = World(run="r", app_secret="s", latency_seconds=0.0, with_statuses=False)
    with pytest.RaisesGroup(pytest.RaisesExc(Void, match="keep up")):
        await Saturation(in_flight=1, seconds=1.0).run(world, deque())


def test_a_rate_spreads_its_messages_evenly() -> None:
    assert list(Rate(per_second=4, seconds=1).due_times(10.0)) == [10.0, 10.25, 10.5, 10.75]
