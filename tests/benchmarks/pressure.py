"""Loads beyond the ordinary: twice what goes through, a backlog, and a campaign."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass

from tests.benchmarks.campaign import Campaigner
from tests.benchmarks.contestant import Contestant
from tests.benchmarks.load import Outcome, Run, Saturation
from tests.benchmarks.meta.people import Person
from tests.benchmarks.meta.world import Hearing, Said, World

PROBE_SECONDS = 2.0
"""How long it is found out what goes through, before twice of it is offered."""
AFTER_PROBE_SECONDS = 1.0
DRAIN_SECONDS = 120.0
POSTING_AT_ONCE = 64


@dataclass(frozen=True, slots=True)
class Overload:
    """`factor` times what went through just before is offered for some seconds; strangers write, and nobody twice."""

    factor: float
    seconds: float
    in_flight: int = 64

    @property
    def name(self) -> str:
        return f"{self.factor:g} times saturation"

    @asynccontextmanager
    async def prepared(self, contestant: Contestant) -> AsyncIterator[Run]:
        """Find out what goes through."""
        world, people = contestant.world, contestant.people("workshop")
        probe = await Saturation(self.in_flight, PROBE_SECONDS).run(world, people)
        await asyncio.sleep(AFTER_PROBE_SECONDS)
        per_second = self.factor * probe.messages_per_second
        strangers = contestant.strangers(round(per_second * self.seconds))
        yield lambda: self.run(world, strangers, per_second)

    async def run(self, world: World, people: list[Person], per_second: float) -> Outcome:
        """Offer them at an even rate, whatever waits; then let everything be answered."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        offers = []
        for index, person in enumerate(people):
            if (pause := began + index / per_second - loop.time()) > 0:
                await asyncio.sleep(pause)
            offers.append(loop.create_task(world.offer(person)))
        offered_per_second = len(people) / (loop.time() - began)
        said = await asyncio.gather(*offers)
        await world.heard([each.hearing for each in said], seconds=DRAIN_SECONDS)
        refusals = sum(each.refusals for each in said)
        return Outcome(
            tuple(each.exchange() for each in said),
            loop.time() - began,
            refusals=refusals,
            offered_per_second=offered_per_second,
        )


@dataclass(frozen=True, slots=True)
class Backlog:
    """One service stands still (SIGSTOP) while messages come in; measured is what follows when it goes on."""

    messages: int
    stopped: str = "executor"

    @property
    def name(self) -> str:
        return f"a backlog of {self.messages:,} messages, {self.stopped} stopped"

    @asynccontextmanager
    async def prepared(self, contestant: Contestant) -> AsyncIterator[Run]:
        """Stop the service, let everybody write."""
        world, people = contestant.world, contestant.people("workshop")
        with stopped(contestant.variant.pids[self.stopped]) as go_on:
            said = await say_all(world, [people[index] for index in range(min(self.messages, len(people)))])

            async def drain() -> Outcome:
                went_on = time.perf_counter()
                go_on()
                await world.heard([each.hearing for each in said], seconds=DRAIN_SECONDS)
                exchanges = tuple(each.exchange(since=went_on) for each in said)
                return Outcome(exchanges, time.perf_counter() - went_on)

            yield drain


class GoOn:
    """Lets stopped processes go on; may be called more than once."""

    def __init__(self, pids: tuple[int, ...]) -> None:
        self._pids = pids

    def __call__(self) -> None:
        for pid in self._pids:
            os.kill(pid, signal.SIGCONT)


@contextmanager
def stopped(pids: tuple[int, ...]) -> Iterator[GoOn]:
    """Stop processes with SIGSTOP; whatever happens, they go on at the end."""
    go_on = GoOn(pids)
    try:
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        yield go_on
    finally:
        go_on()


async def say_all(world: World, people: list[Person]) -> list[Said]:
    """Let everybody say one line, some at a time, and wait only for the webhook's answers."""
    rest = iter(people)

    async def post() -> list[Said]:
        return [await world.say(person) for person in rest]

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(post()) for _ in range(POSTING_AT_ONCE)]
    return [said for task in tasks for said in task.result()]


@dataclass(frozen=True, slots=True)
class Campaign:
    """Sends that no message asked for, put straight into sender's Enqueue; a message here is a send."""

    messages: int

    @property
    def name(self) -> str:
        return f"a campaign of {self.messages:,} sends"

    @asynccontextmanager
    async def prepared(self, contestant: Contestant) -> AsyncIterator[Run]:
        """Write the messages and open the channel to sender."""
        people = [person for _, person in zip(range(self.messages), contestant.people("workshop"), strict=False)]
        assert contestant.variant.data is not None
        async with Campaigner.of(contestant.variant.data) as campaigner:
            sends = campaigner.write(people)

            async def run() -> Outcome:
                hearings: list[Hearing] = [contestant.world.expect(person, (sends.text,)) for person in people]
                began = time.perf_counter()
                taken_at = await campaigner.enqueue(sends)
                await contestant.world.heard(hearings, seconds=DRAIN_SECONDS)
                said = [Said(began, at, hearing) for at, hearing in zip(taken_at, hearings, strict=True)]
                return Outcome(tuple(each.exchange() for each in said), time.perf_counter() - began)

            yield run
