"""Builders for samples."""

from dataclasses import replace

from tests.benchmarks.load import Outcome
from tests.benchmarks.meta.world import Exchange
from tests.benchmarks.plan import QUICK
from tests.benchmarks.sample import Sample, sample_of

SIZES = replace(QUICK, in_flight=(64,), organizations=10_000, few_conversations=10, conversations=1000)


def sample(variant: str, number: int, cpu: dict[str, float], **fields: object) -> Sample:
    """Two messages, answered after 2 and 4 ms, with replies after 10 and 30 ms; `cpu` in ms a message."""
    outcome = Outcome((Exchange(0.002, 0.010), Exchange(0.004, 0.030)), seconds=0.5)
    seconds = {name: 2 * value / 1000 for name, value in cpu.items()}
    taken = sample_of(
        outcome, seconds, scenario="saturation", load="saturation, 64 in flight", number=number, variant=variant
    )
    return replace(taken, **fields)
