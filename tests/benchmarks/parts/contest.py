"""Contestants that do the same number of items in turn, round after round, and the CPU each item took."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

from tests.benchmarks.cpu import read_cpu
from tests.benchmarks.errors import Void

Meter = Callable[[], dict[str, float]]
"""Reads CPU seconds used so far, by name of the process."""
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Contestant:
    """One way to do an item. `run` does so many; `settle_seconds` is how long what it set going may go on."""

    name: str
    items: int
    run: Callable[[int], Awaitable[None]]
    meter: Meter
    settle_seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One contestant in one round. CPU is microseconds per item by process; `seconds` is wall time."""

    part: str
    contestant: str
    round: int
    items: int
    seconds: float
    cpu_us: Mapping[str, float] = field(default_factory=dict)

    @property
    def cpu_us_in_all(self) -> float:
        """CPU of every process together, per item."""
        return sum(self.cpu_us.values())

    @property
    def items_per_second(self) -> float:
        return self.items / self.seconds


def own_cpu() -> dict[str, float]:
    """Read the CPU seconds of this process."""
    return {"this process": time.process_time()}


def cpu_of(pids: Mapping[str, int]) -> Meter:
    """Return a meter of other processes and what descends from them."""
    return lambda: read_cpu({name: (pid,) for name, pid in pids.items()})


def together(*meters: Meter) -> Meter:
    """Return a meter that reads several."""
    return lambda: {name: seconds for meter in meters for name, seconds in meter().items()}


async def contest(part: str, contestants: Sequence[Contestant], rounds: int, say: Say) -> list[Sample]:
    """Return a sample for each round and contestant; who goes first in a round is drawn. Raises Void.

    A round before the first lets everybody warm up and is not told.
    """
    samples = []
    for contestant in contestants:
        await _measure(part, contestant, 0, max(1, contestant.items // 10))
    for number in range(1, rounds + 1):
        for contestant in random.sample(contestants, len(contestants)):
            sample = await _measure(part, contestant, number, contestant.items)
            say(f"{part}, round {number}/{rounds}: {contestant.name}: {sample.cpu_us_in_all:,.1f} us CPU each")
            samples.append(sample)
    return samples


async def _measure(part: str, contestant: Contestant, number: int, items: int) -> Sample:
    before, began = contestant.meter(), time.perf_counter()
    await contestant.run(items)
    seconds = time.perf_counter() - began
    await asyncio.sleep(contestant.settle_seconds)
    after = contestant.meter()
    if before.keys() != after.keys():
        raise Void(f"{contestant.name}: a process came or went while it was measured")
    used = {name: 1e6 * (after[name] - before[name]) / items for name in after}
    return Sample(part=part, contestant=contestant.name, round=number, items=items, seconds=seconds, cpu_us=used)
