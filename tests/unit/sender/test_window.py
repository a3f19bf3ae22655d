"""No second of Meta's holds more messages than a number may send, whatever is delayed on the way."""

import asyncio
import heapq
import itertools
import random
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from services.chassis.redis import OptionalRedis
from services.sender.cache import NumberLimits
from services.sender.ports import Paced, Place

NUMBER = Paced("447700900001", 80.0)


@dataclass
class Wire:
    """A clock, answers on their way back, and when Meta counted each message."""

    seconds: float = 0.0
    counted: list[float] = field(default_factory=list)
    coming: list[tuple[float, int, Place]] = field(default_factory=list)
    numbers: "itertools.count[int]" = field(default_factory=itertools.count)

    def __post_init__(self) -> None:
        self.limits = NumberLimits(
            OptionalRedis(""), replicas=1, monotonic=self.now, call_seconds=10.0, pause=self.pause
        )

    def now(self) -> float:
        return self.seconds

    async def pause(self, seconds: float) -> None:
        """Time passes, and answers come in their order."""
        until = self.seconds + seconds
        while self.coming and self.coming[0][0] <= until:
            self.seconds, _, place = heapq.heappop(self.coming)
            self.limits.leave(place)
        self.seconds = until

    async def send(self, there: float, back: float) -> None:
        place = await self.limits.enter(NUMBER)
        self.counted.append(self.seconds + there)
        heapq.heappush(self.coming, (self.seconds + there + back, next(self.numbers), place))

    def most_in_a_second(self) -> int:
        ordered = sorted(self.counted)
        return max(bisect_left(ordered, moment + 1.0) - index for index, moment in enumerate(ordered))


def flood(ways: Sequence[tuple[float, float]]) -> Wire:
    async def run() -> Wire:
        wire = Wire()
        for there, back in ways:
            await wire.send(there, back)
        return wire

    return asyncio.run(run())


@pytest.mark.parametrize("seed", range(20))
def test_no_second_holds_more_than_the_limit_however_ways_differ(seed: int) -> None:
    dice = random.Random(seed)
    # Most ways are short; some messages are stuck for longer than the window before Meta counts them, or after.
    ways = [
        (
            0.005 + dice.expovariate(100) + dice.choice([0, 0, 0, 0.4, 2.0]) * (dice.random() < 0.1),
            0.010 + dice.expovariate(100) + dice.choice([0, 0, 0, 1.5]) * (dice.random() < 0.1),
        )
        for _ in range(800)
    ]

    assert flood(ways).most_in_a_second() <= NUMBER.per_second


def test_a_stall_of_meta_is_not_followed_by_a_burst() -> None:
    # Everything sent within 300 ms is counted at one moment.
    ways = [(0.3 - (n % 24) * 0.0125 if n // 24 % 5 == 2 else 0.006, 0.012) for n in range(900)]

    assert flood(ways).most_in_a_second() <= NUMBER.per_second


@pytest.mark.parametrize(("there", "back"), [(0.002, 0.004), (0.015, 0.135), (0.02, 0.28)])
def test_a_steady_wire_uses_the_limit(there: float, back: float) -> None:
    wire = flood([(there, back)] * 1600)

    rate = (len(wire.counted) - 400) / (wire.counted[-1] - wire.counted[399])
    assert 0.95 * NUMBER.per_second <= rate <= NUMBER.per_second


def test_a_call_without_an_answer_keeps_its_place_until_it_cannot_be_under_way() -> None:
    async def run() -> Wire:
        wire = Wire()
        for _ in range(80):
            place = await wire.limits.enter(NUMBER)
        wire.seconds = 10.0
        wire.limits.leave(place)  # it took as long as a call may take
        await wire.limits.enter(NUMBER)
        return wire

    assert asyncio.run(run()).seconds >= 11.0
