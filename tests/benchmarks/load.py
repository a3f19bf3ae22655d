"""Two kinds of load: as much as a fixed number in flight lets through, and so many messages a second."""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from tests.benchmarks.errors import Void
from tests.benchmarks.meta.people import Person
from tests.benchmarks.meta.world import Exchange, World


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a load saw from outside; `seconds` runs from the first webhook to the last reply."""

    exchanges: tuple[Exchange, ...]
    seconds: float

    @property
    def messages_per_second(self) -> float:
        return len(self.exchanges) / self.seconds


@dataclass(frozen=True, slots=True)
class Saturation:
    """A message whose reply has arrived makes room for the next: never more than `in_flight` without reply."""

    in_flight: int
    seconds: float

    @property
    def name(self) -> str:
        return f"saturation, {self.in_flight} in flight"

    async def run(self, world: World, people: deque[Person]) -> Outcome:
        """Raises Void at the first exchange that fails."""
        end = time.perf_counter() + self.seconds
        return await keep_in_flight(world, people, self.in_flight, until=lambda: time.perf_counter() >= end)


@dataclass(frozen=True, slots=True)
class Rate:
    """So many messages a second, evenly, however long the replies take."""

    per_second: float
    seconds: float

    @property
    def name(self) -> str:
        return f"{self.per_second:g} messages a second"

    async def run(self, world: World, people: deque[Person]) -> Outcome:
        """Raises Void at the first exchange that fails."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        async with asyncio.TaskGroup() as group:
            tasks = []
            for due in self.due_times(began):
                await asyncio.sleep(due - loop.time())
                tasks.append(group.create_task(_exchange(world, people)))
        return Outcome(tuple(task.result() for task in tasks), loop.time() - began)

    def due_times(self, began: float) -> Iterable[float]:
        """Return when each message is to be sent."""
        return (began + index / self.per_second for index in range(round(self.per_second * self.seconds)))


Load = Saturation | Rate


async def keep_in_flight(world: World, people: deque[Person], in_flight: int, *, until: Callable[[], bool]) -> Outcome:
    """Let `in_flight` people talk at a time, in turn, until it is enough and every reply is in."""

    async def talk() -> list[Exchange]:
        exchanges = []
        while not until():
            exchanges.append(await _exchange(world, people))
        return exchanges

    began = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(talk()) for _ in range(in_flight)]
    exchanges = tuple(exchange for task in tasks for exchange in task.result())
    return Outcome(exchanges, time.perf_counter() - began)


async def greet_everybody(world: World, people: deque[Person], in_flight: int) -> None:
    """Warm up: everybody says the first line, so that no variant meets new contacts while it is measured."""
    to_greet = iter(range(len(people)))
    await keep_in_flight(world, people, in_flight, until=lambda: next(to_greet, None) is None)


async def _exchange(world: World, people: deque[Person]) -> Exchange:
    """The next person in the row says a line, and goes to its end: nobody is asked twice at a time."""
    if not people:
        raise Void("everybody waits for a reply: the variant does not keep up with this load, or needs more --people")
    person = people.popleft()
    try:
        return await world.exchange(person)
    finally:
        people.append(person)
