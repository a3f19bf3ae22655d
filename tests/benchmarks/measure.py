"""Measures variants in turn, round after round, under the same load: the machine's moods reach all of them alike."""

import asyncio
import random
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from tests.benchmarks.arithmetic import percentile
from tests.benchmarks.cpu import read_cpu
from tests.benchmarks.errors import Void
from tests.benchmarks.load import Load, Outcome, greet_everybody
from tests.benchmarks.meta.people import Person
from tests.benchmarks.meta.world import World
from tests.benchmarks.variant import Variant

SETTLE_SECONDS = 1.0
"""What is still done after the last reply (records, log rows) belongs to the messages: its CPU counts."""

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Contestant:
    """A variant, its own Meta, and its own people."""

    variant: Variant
    world: World
    people: deque[Person]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One variant under one load in one round. CPU is milliseconds per message; latencies are milliseconds."""

    load: str
    round: int
    variant: str
    messages: int
    messages_per_second: float
    cpu_ms: Mapping[str, float]
    answer_p50_ms: float
    answer_p99_ms: float
    reply_p50_ms: float
    reply_p99_ms: float

    @property
    def cpu_ms_in_all(self) -> float:
        """CPU of every process together, per message."""
        return sum(self.cpu_ms.values())


async def warm_up(contestants: Sequence[Contestant], in_flight: int, say: Say) -> None:
    """Let everybody say a first line to each variant."""
    for contestant in contestants:
        say(f"warming up: {contestant.variant.name}")
        await greet_everybody(contestant.world, contestant.people, in_flight)
        await contestant.world.settle()


async def measure(contestants: Sequence[Contestant], loads: Sequence[Load], rounds: int, say: Say) -> list[Sample]:
    """Return a sample for each load, round and variant; who goes first in a round is drawn. Raises Void."""
    samples = []
    for load in loads:
        for number in range(1, rounds + 1):
            for contestant in random.sample(contestants, len(contestants)):
                sample = await _measure_one(contestant, load, number)
                say(f"{load.name}, round {number}/{rounds}: {describe(sample)}")
                samples.append(sample)
    return samples


async def _measure_one(contestant: Contestant, load: Load, number: int) -> Sample:
    variant, world = contestant.variant, contestant.world
    before = read_cpu(variant.pids)
    outcome = await load.run(world, contestant.people)
    await asyncio.sleep(SETTLE_SECONDS)
    await world.settle()
    after = read_cpu(variant.pids)
    used = {name: after[name] - before[name] for name in after}
    return sample_of(outcome, used, load=load.name, number=number, variant=variant.name)


def sample_of(outcome: Outcome, cpu_seconds: Mapping[str, float], *, load: str, number: int, variant: str) -> Sample:
    """Turn what was seen and used into figures per message."""
    count = len(outcome.exchanges)
    if count == 0:
        raise Void(f"{variant} answered no message")
    answers = sorted(1000 * exchange.answer_seconds for exchange in outcome.exchanges)
    replies = sorted(1000 * exchange.reply_seconds for exchange in outcome.exchanges)
    return Sample(
        load=load,
        round=number,
        variant=variant,
        messages=count,
        messages_per_second=outcome.messages_per_second,
        cpu_ms={name: 1000 * seconds / count for name, seconds in cpu_seconds.items()},
        answer_p50_ms=percentile(answers, 50),
        answer_p99_ms=percentile(answers, 99),
        reply_p50_ms=percentile(replies, 50),
        reply_p99_ms=percentile(replies, 99),
    )


def describe(sample: Sample) -> str:
    """One line of progress."""
    return (
        f"{sample.variant}: {sample.messages_per_second:,.0f} messages/s, "
        f"{sample.cpu_ms_in_all:.2f} ms CPU each, reply p50 {sample.reply_p50_ms:.1f} ms"
    )
