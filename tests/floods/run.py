"""Flood a house and the dummy in turn while people talk to the house; measure what they notice."""

from __future__ import annotations

import asyncio
import json
import sys
from asyncio.subprocess import PIPE
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import psycopg

from services.ingress.entries import number_key
from tests.benchmarks.cpu import resident_mb
from tests.faults.house import ROOT, RunningHouse, running_house
from tests.floods.kinds import SECRET, Kind
from tests.floods.valid import FLOW, NUMBER, Heard, Talk

Say = Callable[[str], None]

SAMPLE_SECONDS = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How long each part lasts, how many messages a second people write, and how many processes flood.

    The flood is under way `lead_seconds` before the people are listened to, and goes on as long after them. Where it
    `is_compared`, they are listened to without it and beside the dummy as well. `share` makes floods smaller.
    """

    seconds: float = 10.0
    per_second: float = 20.0
    flooders: int = 1
    lead_seconds: float = 1.0
    is_compared: bool = True
    share: float = 1.0


@dataclass(frozen=True, slots=True)
class Flooded:
    """What the flooders say: requests sent, answers by status, seconds."""

    sent: int
    answers: dict[str, int]
    seconds: float

    @property
    def answered_per_second(self) -> float:
        """Answers of any kind a second."""
        return sum(count for status, count in self.answers.items() if status.isdigit()) / self.seconds


@dataclass(frozen=True, slots=True)
class Memory:
    """Resident megabytes of ingress: before the flood, the most during it, and after."""

    before: float
    most: float
    after: float


@dataclass(frozen=True, slots=True)
class Result:
    """One kind of flood. `control` is the same flood against the dummy; `rows` are those the flood has made.

    `is_same` says whether ingress was the same process before and after.
    """

    kind: Kind
    is_same: bool
    alone: Heard
    control: Heard
    under: Heard
    control_flood: Flooded
    flood: Flooded
    memory: Memory
    rows: int


async def run(kinds: Sequence[Kind], plan: Plan, folder: Path, say: Say) -> list[Result]:
    """Run the kinds one after the other against one house. Raises RuntimeError when the house cannot be started."""
    async with running_house(folder) as house, _dummy() as dummy_port:
        await _provision(house)
        ground = await Ground.of(house, dummy_port)
        try:
            await ground.talk.run(plan.per_second, plan.seconds / 2)  # warm up
            results = []
            for kind in kinds:
                results.append(await ground.flood(kind, plan))
                say(kind.name)
            return results
        finally:
            ground.talk.close()


class Ground:
    """A house, the dummy, and the people."""

    def __init__(self, house: RunningHouse, http: str, graph: str, database_url: str, dummy_port: int) -> None:
        self.talk = Talk(http, graph)
        self._house = house
        self._port = urlsplit(http).port or 0
        self._database_url = database_url
        self._dummy_port = dummy_port

    @classmethod
    async def of(cls, house: RunningHouse, dummy_port: int) -> Ground:
        """Ask the house where it is."""
        status = await house.status()
        return cls(house, status["http"], status["simulator"]["url"], status["postgres"]["url"], dummy_port)

    async def flood(self, kind: Kind, plan: Plan) -> Result:
        """Listen to the people alone, under the flood of the dummy, and under that of the house."""
        alone, control, control_flood = Heard(), Heard(), Flooded(0, {}, 1.0)
        if plan.is_compared:
            alone = await self.talk.run(plan.per_second, plan.seconds)
            control, control_flood = await self._under_flood(kind, self._dummy_port, plan)
        before, rows_before, pids = await self._resident(), await self._rows(kind.number), await self._pids()
        watching = asyncio.create_task(self._watch())
        under, flood = await self._under_flood(kind, self._port, plan)
        watching.cancel()
        (most,) = await asyncio.gather(watching)
        after = await self._resident()
        return Result(
            kind, pids == await self._pids(), alone, control, under, control_flood, flood,
            Memory(before, max(most, after), after), await self._rows(kind.number) - rows_before,
        )  # fmt: skip

    async def _under_flood(self, kind: Kind, port: int, plan: Plan) -> tuple[Heard, Flooded]:
        flooding = asyncio.create_task(_flood(kind, port, plan))
        await asyncio.sleep(plan.lead_seconds)
        heard = await self.talk.run(plan.per_second, plan.seconds)
        return heard, await flooding

    async def _watch(self) -> float:
        """The most memory ingress took, until cancelled."""
        most = 0.0
        try:
            while True:
                most = max(most, await self._resident())
                await asyncio.sleep(SAMPLE_SECONDS)
        except asyncio.CancelledError:
            return most

    async def _resident(self) -> float:
        return resident_mb({"ingress": await self._pids()})["ingress"]

    async def _pids(self) -> tuple[int, ...]:
        return tuple((await _state_of(self._house))["services"]["ingress"]["pids"])

    async def _rows(self, number: str) -> int:
        """How many rows there are of a number."""
        async with await psycopg.AsyncConnection.connect(self._database_url) as connection:
            cursor = await connection.execute(
                """SELECT (SELECT count(*) FROM ingress.out_item WHERE number_key = %(key)s)
                        + (SELECT count(*) FROM ingress.status_item WHERE number_key = %(key)s)
                        + (SELECT count(*) FROM ingress.event WHERE phone_number_id = %(number)s)""",
                {"key": number_key(number), "number": number},
            )
            row = await cursor.fetchone()
        assert row is not None
        return int(row[0])


async def _state_of(house: RunningHouse) -> dict[str, dict[str, dict[str, list[int]]]]:
    text = await asyncio.to_thread((house.data / "run" / "state.json").read_text)
    state: dict[str, dict[str, dict[str, list[int]]]] = json.loads(text)
    return state


async def _flood(kind: Kind, port: int, plan: Plan) -> Flooded:
    seconds, share = plan.seconds + 2 * plan.lead_seconds, plan.flooders / plan.share
    command = (sys.executable, "-m", "tests.floods.flooder", kind.name, str(port), str(seconds), str(share))
    processes = [await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=PIPE) for _ in range(plan.flooders)]
    told = [json.loads((await process.communicate())[0]) for process in processes]
    answers: Counter[str] = Counter()
    for one in told:
        answers.update(one["answers"])
    return Flooded(sum(one["sent"] for one in told), dict(answers), max(one["seconds"] for one in told))


@asynccontextmanager
async def _dummy() -> AsyncIterator[int]:
    command = (sys.executable, "-m", "tests.floods.dummy")
    process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdin=PIPE, stdout=PIPE)
    assert process.stdin
    assert process.stdout
    try:
        yield int(await process.stdout.readline())
    finally:
        process.stdin.close()
        await process.wait()


async def _provision(house: RunningHouse) -> None:
    organization = {
        "name": "floods",
        "meta_apps": [{"name": "floods", "app_secret": SECRET, "verify_token": "floods-verify"}],
        "flows": [{"name": "echo", "document": FLOW, "publish": True}],
        "numbers": [
            {
                "phone_number_id": NUMBER,
                "display_phone_number": f"+{NUMBER}",
                "access_token": "floods-token",
                "app": "floods",
                "default_flow": "echo",
            }
        ],
    }
    file = house.data / "floods.json"
    file.write_text(json.dumps({"organizations": [organization]}))
    await house.pytake("apply", str(file))
