"""Measures variants in turn, round after round, under the same load: the machine's moods reach all of them alike."""

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass

from tests.benchmarks.contestant import Contestant
from tests.benchmarks.cpu import read_cpu, resident_mb
from tests.benchmarks.errors import Void
from tests.benchmarks.load import Load
from tests.benchmarks.progress import Progress
from tests.benchmarks.sample import Sample, describe, sample_of

SETTLE_SECONDS = 1.0
"""What is still done after the last reply (records, log rows, statuses) belongs to the messages: its CPU counts."""
LOOK_SECONDS = 0.5
QUIET_CORES = 0.1
"""A variant that uses less of a core than this has done its work; an idle house takes a few hundredths."""
LONGEST_SETTLE_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Measurement:
    """A load of a scenario, and who goes through it, by name of the variant."""

    scenario: str
    load: Load
    variants: tuple[str, ...]


def count_steps(measurements: Sequence[Measurement], rounds: int) -> int:
    """How many samples these will give."""
    return rounds * sum(len(measurement.variants) for measurement in measurements)


async def measure(
    contestants: Sequence[Contestant], measurements: Sequence[Measurement], rounds: int, progress: Progress
) -> list[Sample]:
    """Return a sample for each load, round and variant; who goes first in a round is drawn. Raises Void."""
    samples = []
    by_name = {contestant.variant.name: contestant for contestant in contestants}
    for each in measurements:
        for number in range(1, rounds + 1):
            for name in random.sample(each.variants, len(each.variants)):
                what = f"{each.scenario}: {each.load.name}, round {number}/{rounds}, {name}"
                with progress.step(what) as done:
                    sample = await _measure_one(by_name[name], each, number)
                    done(describe(sample))
                samples.append(sample)
    return samples


async def _measure_one(contestant: Contestant, measurement: Measurement, number: int) -> Sample:
    variant, world, load = contestant.variant, contestant.world, measurement.load
    async with load.prepared(contestant) as run:
        before = read_cpu(variant.pids)
        outcome = await run()
        memory = resident_mb(variant.pids)
        after = await until_quiet(contestant)
    used = {name: after[name] - before[name] for name in after}
    return sample_of(
        outcome,
        used,
        scenario=measurement.scenario,
        load=load.name,
        number=number,
        variant=variant.name,
        graph_seconds=world.graph.latency_seconds,
        memory_mb=memory,
    )


async def until_quiet(contestant: Contestant) -> dict[str, float]:
    """Wait until the variant has nothing left to do, and return its CPU seconds then. Raises Void when it never has."""
    await asyncio.sleep(SETTLE_SECONDS)
    await contestant.world.settle()
    pids = contestant.variant.pids
    now = read_cpu(pids)
    for _ in range(round(LONGEST_SETTLE_SECONDS / LOOK_SECONDS)):
        before = now
        await asyncio.sleep(LOOK_SECONDS)
        now = read_cpu(pids)
        if sum(now.values()) - sum(before.values()) <= QUIET_CORES * LOOK_SECONDS:
            await contestant.world.settle()
            return now
    raise Void(f"{contestant.variant.name} was still busy {LONGEST_SETTLE_SECONDS:g} s after the last reply")
