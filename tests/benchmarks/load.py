"""Two kinds of load: as much as a fixed number in flight lets through, and so many messages a second."""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Protocol

from tests.benchmarks.contestant import Contestant
from tests.benchmarks.errors import Void
from tests.benchmarks.meta.people import Cast, Person
from tests.benchmarks.meta.world import Exchange, World

MOST_WAITING = 512
"""Messages without reply at a rate; a variant that leaves more of them waiting does not keep up with it."""
MARKS: dict[Cast, str] = {"workshop": "", "long": ", long dialogues", "bubbles": ", three bubbles"}
"""What the name of a load says of who writes, so that no two loads of a run share a name."""
LATE_SECONDS = 1.0
"""How long after the last message of a rate its reply may come, if the variant is to have kept up."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a load saw from outside; `seconds` runs from the first webhook to the last reply, or is a rate's own."""

    exchanges: tuple[Exchange, ...]
    seconds: float
    is_kept_up: bool = True
    refusals: int = 0
    offered_per_second: float | None = None

    @property
    def messages_per_second(self) -> float:
        return len(self.exchanges) / self.seconds


Run = Callable[[], Awaitable[Outcome]]


class Load(Protocol):
    """What is done to a variant. What is prepared is not measured; what runs is. Both raise Void when they fail."""

    @property
    def name(self) -> str: ...

    def prepared(self, contestant: Contestant) -> AbstractAsyncContextManager[Run]: ...


@dataclass(frozen=True, slots=True)
class Saturation:
    """A message whose replies have arrived makes room for the next: never more than `in_flight` without reply."""

    in_flight: int
    seconds: float
    cast: Cast = "workshop"
    with_statuses: bool = False

    @property
    def name(self) -> str:
        statuses = ", three statuses a reply" if self.with_statuses else ""
        return f"saturation, {self.in_flight} in flight{MARKS[self.cast]}{statuses}"

    @asynccontextmanager
    async def prepared(self, contestant: Contestant) -> AsyncIterator[Run]:
        """Nothing to prepare but whether statuses follow."""
        world, people = contestant.world, contestant.people(self.cast)
        usual, world.with_statuses = world.with_statuses, self.with_statuses or world.with_statuses
        try:
            yield lambda: self.run(world, people)
            await world.settle()
        finally:
            world.with_statuses = usual

    async def run(self, world: World, people: deque[Person]) -> Outcome:
        """Raises Void at the first exchange that fails."""
        end = time.perf_counter() + self.seconds
        return await keep_in_flight(world, people, self.in_flight, until=lambda: time.perf_counter() >= end)


@dataclass(frozen=True, slots=True)
class Rate:
    """So many messages a second, evenly, however long the replies take, as long as not too many wait."""

    per_second: float
    seconds: float
    cast: Cast = "workshop"

    @property
    def name(self) -> str:
        return f"{self.per_second:g} messages a second{MARKS[self.cast]}"

    @asynccontextmanager
    async def prepared(self, contestant: Contestant) -> AsyncIterator[Run]:
        """Nothing to prepare."""
        yield lambda: self.run(contestant.world, contestant.people(self.cast))

    async def run(self, world: World, people: deque[Person]) -> Outcome:
        """Raises Void at the first exchange that fails; who is too slow gets what it can take, and has not kept up."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        tasks: list[asyncio.Task[Exchange]] = []
        waiting: set[asyncio.Task[Exchange]] = set()
        async with asyncio.TaskGroup() as group:
            for due in self.due_times(began):
                await asyncio.sleep(due - loop.time())
                while waiting and (len(waiting) >= MOST_WAITING or not people):
                    await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
                if loop.time() > began + self.seconds + LATE_SECONDS:
                    break
                task = group.create_task(exchange(world, people))
                tasks.append(task)
                waiting.add(task)
                task.add_done_callback(waiting.discard)
                await asyncio.sleep(0)  # it takes its person before the next one looks
        seconds = loop.time() - began
        is_kept_up = len(tasks) == self.count and seconds <= self.seconds + LATE_SECONDS
        exchanges = tuple(task.result() for task in tasks)
        return Outcome(exchanges, self.seconds if is_kept_up else seconds, is_kept_up)

    @property
    def count(self) -> int:
        return round(self.per_second * self.seconds)

    def due_times(self, began: float) -> Iterable[float]:
        """Return when each message is to be sent."""
        return (began + index / self.per_second for index in range(self.count))


async def keep_in_flight(world: World, people: deque[Person], in_flight: int, *, until: Callable[[], bool]) -> Outcome:
    """Let `in_flight` people talk at a time, in turn, until it is enough and every reply is in."""

    async def talk() -> list[Exchange]:
        exchanges = []
        while not until():
            exchanges.append(await exchange(world, people))
        return exchanges

    began = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(talk()) for _ in range(in_flight)]
    exchanges = tuple(exchange for task in tasks for exchange in task.result())
    return Outcome(exchanges, time.perf_counter() - began)


async def greet_everybody(world: World, people: deque[Person], in_flight: int, *, at_most: int | None = None) -> None:
    """Warm up: everybody, or the first so many, say a first line, so that nobody is new while it is measured."""
    to_greet = iter(range(len(people) if at_most is None else min(at_most, len(people))))
    await keep_in_flight(world, people, min(in_flight, len(people)), until=lambda: next(to_greet, None) is None)


async def exchange(world: World, people: deque[Person]) -> Exchange:
    """The next person in the row says a line, and goes to its end: nobody is asked twice at a time."""
    if not people:
        raise Void("everybody waits for a reply: it needs more --people than messages in flight")
    person = people.popleft()
    try:
        return await world.exchange(person)
    finally:
        people.append(person)
