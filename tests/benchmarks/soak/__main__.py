"""`python -m tests.benchmarks.soak`: the whole house under steady load; do memory, tables or latencies grow?

Meta posts three statuses for every reply. The rate is 60 % of what the house does at saturation, or a given one.
"""

import argparse
import asyncio
import os
import secrets
import signal
import sys
import tempfile
import time
from collections import deque
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import uvloop

from services.embedded.errors import HouseError
from services.embedded.keys import ROOMS
from services.embedded.state import read_state
from tests.benchmarks import road
from tests.benchmarks.__main__ import first_sentence, say
from tests.benchmarks.arithmetic import percentile
from tests.benchmarks.conditions import conditions
from tests.benchmarks.errors import Void
from tests.benchmarks.load import Outcome, Rate, Saturation, greet_everybody
from tests.benchmarks.meta.people import Person, make_people, phone_number_ids
from tests.benchmarks.meta.world import World
from tests.benchmarks.soak.findings import Findings, Minute, find
from tests.benchmarks.soak.report import markdown, write_json
from tests.benchmarks.soak.sampling import Look, memory_of, redis_commands, tables_of, wal_written
from tests.benchmarks.variant import Surroundings, Variant

RESULTS = Path(".bench")
NUMBERS = 100
IN_FLIGHT = 64
SATURATION_SECONDS = 15.0
SHARE_OF_SATURATION = 0.6
MINUTE = 60.0
SHARES_MEMORY = frozenset({"Postgres"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is run: `minutes` of `rate` messages a second (None: 60 % of saturation), a look every so often."""

    minutes: float
    rate: float | None
    people: int
    look_seconds: float
    with_statuses: bool


def read_plan(arguments: Sequence[str]) -> Plan:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0, help="how long; 10 is the full form")
    parser.add_argument("--rate", type=float, help="messages a second; 60 %% of what saturation gives when left out")
    parser.add_argument("--people", type=int, default=2000, help="contacts who write")
    parser.add_argument("--look-seconds", type=float, default=5.0, help="time between two looks")
    parser.add_argument("--no-statuses", action="store_true", help="Meta posts no statuses")
    given = parser.parse_args(arguments)
    return Plan(
        minutes=given.minutes,
        rate=given.rate,
        people=given.people,
        look_seconds=given.look_seconds,
        with_statuses=not given.no_statuses,
    )


class Soak:
    """One house under load, and who looks at it."""

    def __init__(self, plan: Plan, folder: Path, world: World, variant: Variant) -> None:
        self._plan = plan
        self._state: dict[str, Any] = read_state(folder)
        self._world = world
        self._variant = variant
        self._people: deque[Person] = deque(make_people(plan.people, phone_number_ids(NUMBERS)))
        self._began = 0.0
        self.looks: list[Look] = []

    async def run(self) -> Findings:
        """Warm up, find the rate, load, look. Raises Void."""
        say("warming up")
        await greet_everybody(self._world, self._people, IN_FLIGHT)
        rate = self._plan.rate or await self._affordable_rate()
        say(f"{rate:.0f} messages a second for {self._plan.minutes:g} minutes")
        self._began = time.monotonic()
        looking = asyncio.create_task(self._keep_looking())
        try:
            minutes = [await self._minute(rate, seconds) for seconds in lengths(self._plan.minutes)]
        finally:
            looking.cancel()
            await asyncio.wait({looking})
        if not looking.cancelled() and (error := looking.exception()):
            raise error
        await self._world.settle()
        self.looks.append(await self._look())
        return find(self.looks, minutes)

    async def _affordable_rate(self) -> float:
        outcome = await Saturation(IN_FLIGHT, SATURATION_SECONDS).run(self._world, self._people)
        await self._world.settle()
        say(f"at saturation: {outcome.messages_per_second:.0f} messages a second")
        return SHARE_OF_SATURATION * outcome.messages_per_second

    async def _minute(self, rate: float, seconds: float) -> Minute:
        minute = minute_of(await Rate(rate, seconds).run(self._world, self._people))
        say(f"{minute.messages} messages, reply p99 {minute.reply_p99_ms:.0f} ms")
        return minute

    async def _keep_looking(self) -> None:
        while True:
            self.looks.append(await self._look())
            await asyncio.sleep(self._plan.look_seconds)

    async def _look(self) -> Look:
        async with await psycopg.AsyncConnection.connect(self._state["postgres"]["url"], autocommit=True) as connection:
            tables, wal = await tables_of(connection, list(ROOMS)), await wal_written(connection)
        memory = memory_of(self._variant.pids, shared=SHARES_MEMORY)
        commands = await redis_commands(self._state["redis"]["url"])
        return Look(time.monotonic() - self._began, memory, tables, wal, commands)


def lengths(minutes: float) -> list[float]:
    """Return the seconds of each minute; the last may be shorter."""
    whole, rest = divmod(minutes * MINUTE, MINUTE)
    return [MINUTE] * int(whole) + ([rest] if rest else [])


def minute_of(outcome: Outcome) -> Minute:
    """Turn a minute's exchanges into its figures."""
    answers = sorted(1000 * exchange.answer_seconds for exchange in outcome.exchanges)
    replies = sorted(1000 * exchange.reply_seconds for exchange in outcome.exchanges)
    return Minute(len(answers), percentile(answers, 99), percentile(replies, 50), percentile(replies, 99))


async def run(plan: Plan, folder: Path) -> tuple[Findings, list[Look]]:
    """Start the house and Meta, soak, stop both. Raises Void."""
    app_secret = secrets.token_hex(16)
    run_name = secrets.token_hex(4)
    world = World(run=run_name, app_secret=app_secret, latency_seconds=0.0, with_statuses=plan.with_statuses)
    await world.graph.open()
    async with AsyncExitStack() as stack:
        stack.push_async_callback(world.close)
        say("starting PyTake")
        around = Surroundings(world.graph.base_url, app_secret, phone_number_ids(NUMBERS))
        variant = await stack.enter_async_context(road.running_road(folder, around))
        world.connect(variant.webhook_url)
        soak = Soak(plan, folder, world, variant)
        return await soak.run(), soak.looks


def main() -> int:
    """Run the plan of the command line; 1 when the run is void, 2 when something grows that must not."""
    plan = read_plan(sys.argv[1:])
    before = conditions(plan)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # as Ctrl-C: what was started is stopped
    with tempfile.TemporaryDirectory(prefix="pytake-soak-") as name:
        folder = Path(name)
        folder.chmod(0o711)  # the user Postgres runs as for root must pass through
        try:
            findings, looks = uvloop.run(run(plan, folder))
        except (Void, HouseError, ExceptionGroup) as error:
            say(f"VOID: {first_sentence(error)}")
            return 1
    file = RESULTS / f"soak-{before['at']}.json".replace(":", "")
    write_json(file, findings, looks, conditions=before)
    print(markdown(findings))
    print(f"{os.cpu_count()} shared cores, load average {before['load_average']:.1f} at the start; looks: {file}")
    return 2 if findings.complaints else 0


if __name__ == "__main__":
    sys.exit(main())
