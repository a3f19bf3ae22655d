"""F1, F2 and F3 of the storm table in one run: SIGKILLs over the services, Postgres stopped at once, Graph faults.

People talk to a flow that answers every line with that line, so that each reply can be told from every other. When they
are done and the last process was killed, the house must drain, and Meta's ledger must hold every reply once, in order.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import random
import secrets
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import aiohttp
import psycopg

from services.embedded.state import read_state
from tests.faults.house import RunningHouse, running_house
from tests.faults.leaks import answers_of, look_through
from tests.faults.ledger import Verdict, judge
from tests.faults.people import CANARY_WORDS, SECRET, Door, Person, write_lines
from tests.walls.canaries import Scan, Source
from tests.walls.watch import gather

ROOMS = ("ingress", "router", "executor", "sender", "analytics")
NUMBERS = ("200000000000001", "200000000000002")
# Looks like no token of Meta, so that no pattern hides it: our code must not say it.
ACCESS_TOKEN = "canary-access-token-of-the-storm"
VERIFY_TOKEN = "canary-verify-token-of-the-storm"

Say = Callable[[str], None]

FLOW = {
    "name": "echo",
    "nodes": [
        {"id": "start", "type": "start", "data": {}},
        {
            "id": "listen",
            "type": "question",
            "data": {"content": "heard {{line}}.", "variableName": "line", "kind": "text"},
        },
    ],
    "edges": [
        {"id": "a", "source": "start", "target": "listen"},
        {"id": "b", "source": "listen", "target": "listen"},
    ],
    "schema": "pytake.flow/1",
}


@dataclass(frozen=True, slots=True)
class Plan:
    """The form of a storm. Shares are of Graph calls; `reconcile_seconds` is sender's T."""

    seed: int = 1
    kills: int = 60
    postgres_stops: int = 2
    people: int = 30
    lines: int = 16
    seconds_between_kills: float = 0.8
    duplicate_share: float = 0.15
    fault_share: float = 0.05
    replicas: int = 1
    reconcile_seconds: float = 12.0
    http_timeout_seconds: float = 3.0
    drain_seconds: float = 120.0


@dataclass(frozen=True, slots=True)
class Report:
    """What a storm came to.

    `messages` counts what settled them (response, status, resend), and those that nothing did (unsettled). `scan` is
    what was looked through for secrets and people, and what was found.
    """

    plan: Plan
    verdict: Verdict
    kills: int
    postgres_stops: int
    graph: dict[str, Any]
    refused_posts: int
    repeated_posts: int
    answer_median_ms: float
    answers_over_1_s: float
    drain_seconds: float
    messages: Mapping[str, int]
    scan: Scan = field(default_factory=Scan)

    @property
    def is_clean(self) -> bool:
        """Whether the promise was kept and no canary was found."""
        return self.verdict.is_clean and not self.scan.found

    def as_json(self) -> str:
        """The report for programs."""
        return json.dumps(asdict(self), indent=2, default=str)


def people_of(plan: Plan) -> list[Person]:
    """Everybody, half at each number."""
    return [
        Person(
            wa_id=f"55119{70000000 + number:08d}",
            name=f"Canária da Tempestade {number}",
            phone_number_id=NUMBERS[number % len(NUMBERS)],
            lines=("hello", *(f"line {line}, {CANARY_WORDS}" for line in range(1, plan.lines))),
        )
        for number in range(plan.people)
    ]


def replies_to(person: Person) -> list[str]:
    """What the flow answers: the opening is no answer to anything yet."""
    return ["heard .", *(f"heard {line}." for line in person.lines[1:])]


async def run_storm(plan: Plan, data: Path, say: Say) -> Report:
    """Run one storm in `data`. Raises RuntimeError when the house itself cannot be started or provisioned."""
    environment = {
        "RECONCILE_SECONDS": str(plan.reconcile_seconds),
        "HTTP_TIMEOUT_SECONDS": str(plan.http_timeout_seconds),
        **chosen_secrets(),
    }
    async with running_house(data, "--replicas", str(plan.replicas), environment=environment) as house:
        storm = _Storm(plan, house, say)
        report = await storm.run()
    # After the end: what is said while stopping counts as well.
    scan = await asyncio.to_thread(look_through, data, storm.canaries | _SAID, storm.answers)
    return replace(report, scan=scan)


def chosen_secrets() -> dict[str, str]:
    """Secrets of this storm, as an operator gives them by the environment."""
    names = ("SECRET_KEY", "LOG_SECRET", "WEBHOOK_VERIFY_TOKEN", "META_APP_SECRET", "META_ACCESS_TOKEN")
    chosen = {name: f"canary-{name}-{secrets.token_hex(16)}" for name in names}
    keys = [base64.b64encode(secrets.token_bytes(32)).decode() for _ in range(2)]
    return chosen | {"SEALING_KEYS": ",".join(keys)}


# What the house cannot tell of itself: it forgets texts, and knows its people by what they wrote.
_SAID: Mapping[str, str] = {
    "words of people": CANARY_WORDS,
    "access token": ACCESS_TOKEN,
    "app secret": SECRET,
    "verify token": VERIFY_TOKEN,
}


class _Storm:
    def __init__(self, plan: Plan, house: RunningHouse, say: Say) -> None:
        self._plan = plan
        self._house = house
        self._say = say
        self._chance = random.Random(plan.seed)
        self._door = Door()
        self._kills = 0
        self._stops = 0
        self.canaries: dict[str, str] = {}
        self.answers: list[Source] = []

    async def run(self) -> Report:
        await self._provision()
        status = await self._house.status()
        url, graph = f"{status['http']}/api/v1/whatsapp/webhook", status["simulator"]["url"]
        people = people_of(self._plan)
        timeout = aiohttp.ClientTimeout(total=10)
        connector = aiohttp.TCPConnector(limit=0)
        async with aiohttp.ClientSession(timeout=timeout, connector=connector) as session:
            await self._set_faults(session, graph)
            await asyncio.gather(self._kill_things(), self._talk(people, url, session))
            drained, accepted = await self._drain(people, graph, session)
            messages = await self._settled()
            stats = await _get(session, f"{graph}/_sim/stats")
            self.canaries = await asyncio.to_thread(gather, self._house.data)
            self.answers = await answers_of(self._house, session, people[0].wa_id)
        verdict = judge({p.wa_id: replies_to(p) for p in people}, accepted)
        return self._report(verdict, stats, drained, messages)

    async def _provision(self) -> None:
        numbers = [
            {
                "phone_number_id": number,
                "display_phone_number": f"+{number}",
                "access_token": ACCESS_TOKEN,
                "app": "storm",
                "default_flow": "echo",
            }
            for number in NUMBERS
        ]
        organization = {
            "name": "storm",
            "meta_apps": [{"name": "storm", "app_secret": SECRET, "verify_token": VERIFY_TOKEN}],
            "flows": [{"name": "echo", "document": FLOW, "publish": True}],
            "numbers": numbers,
        }
        file = self._house.data / "storm.json"
        file.touch(mode=0o600)
        file.write_text(json.dumps({"organizations": [organization]}))
        await self._house.pytake("apply", str(file))

    async def _set_faults(self, session: aiohttp.ClientSession, graph: str) -> None:
        share = self._plan.fault_share
        kinds = ("rate_limited", "reset_before_accept", "accept_hang", "accept_reset", "accept_502")
        faults = dict.fromkeys(kinds, share) | {"seed": self._plan.seed}
        async with session.put(f"{graph}/_sim/faults", json=faults) as response:
            response.raise_for_status()

    async def _talk(self, people: Sequence[Person], url: str, session: aiohttp.ClientSession) -> None:
        length = self._plan.kills * self._plan.seconds_between_kills
        pause = length / self._plan.lines
        await asyncio.gather(
            *(
                write_lines(
                    person, url, session, self._door, self._chance, pause=pause, duplicates=self._plan.duplicate_share
                )
                for person in people
            )
        )

    async def _kill_things(self) -> None:
        stops_at = {
            round((number + 1) * self._plan.kills / (self._plan.postgres_stops + 1))
            for number in range(self._plan.postgres_stops)
        }
        while self._kills < self._plan.kills:
            await asyncio.sleep(self._chance.uniform(0.5, 1.5) * self._plan.seconds_between_kills)
            status = await self._house.status()
            if self._kills in stops_at:
                stops_at.discard(self._kills)
                self._stops += _signal(status["postgres"]["pid"], signal.SIGQUIT)
            self._kills += _signal(self._victim(status), signal.SIGKILL)
            if self._kills % 10 == 0:
                self._say(f"{self._kills} kills, {self._stops} stops of Postgres, {len(self._door.seconds)} answers")

    def _victim(self, status: dict[str, Any]) -> int | None:
        pids = status["services"][self._chance.choice(ROOMS)]["pids"]
        return self._chance.choice(pids) if pids else None

    async def _drain(
        self, people: Sequence[Person], graph: str, session: aiohttp.ClientSession
    ) -> tuple[float, dict[str, list[str]]]:
        """Wait until every reply is there, or until patience ends; then a little longer, for duplicates to show."""
        started = time.monotonic()
        expected = sum(len(replies_to(person)) for person in people)
        while True:
            accepted = await _accepted(session, graph)
            total = sum(len(set(replies)) for replies in accepted.values())
            drained = time.monotonic() - started
            if total >= expected or drained > self._plan.drain_seconds:
                break
            await asyncio.sleep(0.5)
        self._say(f"drained {total} of {expected} replies in {drained:.1f} s")
        await asyncio.sleep(min(3.0, self._plan.reconcile_seconds))
        return drained, await _accepted(session, graph)

    async def _settled(self) -> dict[str, int]:
        """What settled sender's messages, once all are or a doubt has had its time twice."""
        until = time.monotonic() + 2 * self._plan.reconcile_seconds
        while True:
            counts = await asyncio.to_thread(_count_messages, self._postgres_url())
            if not counts.get("unsettled") or time.monotonic() > until:
                return {"unsettled": 0} | counts
            await asyncio.sleep(0.5)

    def _postgres_url(self) -> str:
        server = read_state(self._house.data)["postgres"]
        assert isinstance(server, dict)
        return str(server["url"])

    def _report(self, verdict: Verdict, stats: dict[str, Any], drained: float, messages: Mapping[str, int]) -> Report:
        return Report(
            plan=self._plan,
            verdict=verdict,
            kills=self._kills,
            postgres_stops=self._stops,
            graph=stats,
            refused_posts=self._door.refused,
            repeated_posts=self._door.repeated,
            answer_median_ms=round(self._door.median * 1000, 1),
            answers_over_1_s=round(self._door.share_over(1.0), 4),
            drain_seconds=round(drained, 1),
            messages=messages,
        )


def _count_messages(url: str) -> dict[str, int]:
    with psycopg.connect(url, autocommit=True) as connection:
        rows = connection.execute(
            "SELECT CASE WHEN state IN ('queued', 'attempting') THEN 'unsettled' ELSE resolved_by END, count(*) "
            "FROM sender.message GROUP BY 1"
        ).fetchall()
    return {str(row[0]): int(row[1]) for row in rows}


def _signal(pid: int | None, number: signal.Signals) -> int:
    """Signal a process of the house; 0 when it is just being replaced."""
    if pid is None:
        return 0
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return 0
    return 1


async def _get(session: aiohttp.ClientSession, url: str) -> dict[str, Any]:
    async with session.get(url) as response:
        response.raise_for_status()
        answer: dict[str, Any] = await response.json()
        return answer


async def _accepted(session: aiohttp.ClientSession, graph: str) -> dict[str, list[str]]:
    """Accepted texts per person, in the order Meta accepted them."""
    entries = (await _get(session, f"{graph}/_sim/ledger"))["messages"]
    accepted: dict[str, list[str]] = {}
    for entry in entries:
        accepted.setdefault(entry["to"].removeprefix("+"), []).append(entry["body"]["text"]["body"])
    return accepted
