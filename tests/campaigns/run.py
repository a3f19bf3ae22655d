"""One campaign in a house of its own: filled, started, paused, its senders killed; then counted at Meta."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import psycopg

from services.chassis.errors import Unavailable
from services.cli.rooms import Rooms
from services.embedded.state import read_state
from services.pb.common.v1 import content_pb2
from services.pb.sender.v1 import sender_pb2, sender_pb2_grpc
from tests.faults.house import RunningHouse, running_house

NUMBER = "200000000000009"
_PER_CALL, _PER_PAGE = 1000, 5000
# Paced so that it lasts this long at least: there must be a middle to pause and kill in.
_LASTS_SECONDS = 20
_PER_SECOND = 100_000.0
_PAUSED_LOOKS = 3
_ANSWER_MS = 100
_GLANCE_SECONDS = 0.02

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Plan:
    """The form of a run: it is paused after a quarter, and every sender is killed after a half."""

    recipients: int = 300
    pause_seconds: float = 0.5
    look_seconds: float = 0.5
    patience_seconds: float = 120.0


@dataclass(frozen=True, slots=True)
class Report:
    """What a run came to. Memory is the largest of a sender in MiB, early in the run and in all of it.

    `settled_by` counts messages by what told that Meta has them: its answer, a status, or the answer to a second call.
    """

    recipients: int
    reached: int
    missed: int
    twice: int
    figures: dict[str, int]
    settled_by: dict[str, int]
    handed_on_while_paused: int
    killed: int
    fill_seconds: float
    send_seconds: float
    messages_per_second: float
    early_mib: float
    most_mib: float

    @property
    def is_kept(self) -> bool:
        """Whether each recipient was reached exactly once, and every counter says so."""
        counted = {name: self.figures[name] for name in ("recipients", "sent", "delivered")}
        others = [self.figures[name] for name in ("pending", "queued", "failed", "skipped", "retries", "uncertain")]
        return (
            self.reached == self.recipients
            and not self.missed
            and not self.twice
            and not any(others)
            and set(counted.values()) == {self.recipients}
            and self.handed_on_while_paused == 0
            and self.killed > 0
        )


def phone_of(n: int) -> str:
    """The phone number of the n-th recipient."""
    return f"55118{n:08d}"


async def run_campaign(plan: Plan, data: Path, say: Say) -> Report:
    """Run it in `data`. Raises RuntimeError when the house cannot be started, TimeoutError when it does not end."""
    environment = {"NUMBER_MESSAGES_PER_SECOND": str(_PER_SECOND)}
    async with running_house(data, environment=environment) as house, aiohttp.ClientSession() as session:
        await _provision(house)
        meta = (await house.status())["simulator"]["url"]
        await _unlimit(session, meta)
        async with Rooms.of(read_state(data)) as rooms:
            return await _Run(plan, house, rooms, session, meta, say).run()


async def _provision(house: RunningHouse) -> None:
    number = {"phone_number_id": NUMBER, "display_phone_number": f"+{NUMBER}", "access_token": "token-of-campaigns"}
    file = house.data / "campaigns.json"
    file.write_text(json.dumps({"organizations": [{"name": "campaigns", "numbers": [number]}]}))
    await house.pytake("apply", str(file))


async def _unlimit(session: aiohttp.ClientSession, meta: str) -> None:
    async with session.get(f"{meta}/_sim/numbers") as answer:
        (number,) = [each for each in (await answer.json())["numbers"] if each["phone_number_id"] == NUMBER]
    number |= {"messaging_limit": "TIER_UNLIMITED", "limits": {"messages_per_second": 0, "pair_burst": 0}}
    async with session.put(f"{meta}/_sim/numbers/{NUMBER}", json=number) as answer:
        answer.raise_for_status()
    # As long as Meta takes: so that there are calls under way whenever senders are killed.
    async with session.put(f"{meta}/_sim/faults", json={"latency_ms": _ANSWER_MS}) as answer:
        answer.raise_for_status()


class _Run:
    def __init__(
        self, plan: Plan, house: RunningHouse, rooms: Rooms, session: aiohttp.ClientSession, meta: str, say: Say
    ) -> None:
        self._plan = plan
        self._house = house
        self._rooms = rooms
        self._session = session
        self._meta = meta
        self._say = say
        self._stub = rooms.peer("sender").stub(sender_pb2_grpc.CampaignsStub)
        self._names: dict[str, str] = {}
        self._memory: list[float] = []

    async def run(self) -> Report:
        began = time.monotonic()
        await self._fill()
        filled = time.monotonic()
        self._say(f"{self._plan.recipients} recipients in {filled - began:.1f} s")
        await self._call(self._stub.Start, sender_pb2.StartCampaignRequest(**self._names))
        await self._until(lambda got: got.campaign.done >= self._plan.recipients // 4)
        early = max(self._memory, default=0.0)
        leaked = await self._pause()
        await self._until(lambda got: got.campaign.done >= self._plan.recipients // 2)
        killed = await self._kill()
        await self._until(lambda got: got.figures.sent >= self._plan.recipients)
        sent = time.monotonic()
        got = await self._until(
            lambda got: got.campaign.state == "completed" and got.figures.delivered >= self._plan.recipients
        )
        reached = await self._reached()
        wanted = {phone_of(n) for n in range(self._plan.recipients)}
        return Report(
            recipients=self._plan.recipients,
            reached=len(reached),
            missed=len(wanted - set(reached)),
            twice=sum(count > 1 for count in reached.values()),
            figures={field.name: getattr(got.figures, field.name) for field in got.figures.DESCRIPTOR.fields},
            settled_by=await asyncio.to_thread(_settled_by, str((await self._house.status())["postgres"]["url"])),
            handed_on_while_paused=leaked,
            killed=killed,
            fill_seconds=round(filled - began, 1),
            send_seconds=round(sent - filled, 1),
            messages_per_second=round(self._plan.recipients / (sent - filled), 1),
            early_mib=early,
            most_mib=max(self._memory, default=0.0),
        )

    async def _fill(self) -> None:
        organization_id = await self._rooms.organization_id("campaigns")
        body = [content_pb2.TemplateParameter(text="Olá {{name}}")]
        template = content_pb2.TemplateContent(name="spring", language="pt_BR", body=body)
        request = sender_pb2.CreateCampaignRequest(
            organization_id=organization_id, idempotency_key="run", name="run", phone_number_id=NUMBER,
            content=content_pb2.Content(template=template),
            messages_per_hour=self._plan.recipients * 3600 // _LASTS_SECONDS,
        )  # fmt: skip
        campaign = (await self._call(self._stub.Create, request)).campaign
        self._names = {"organization_id": organization_id, "campaign_id": campaign.campaign_id}
        for start in range(0, self._plan.recipients, _PER_CALL):
            some = [
                sender_pb2.CampaignRecipient(phone_number=phone_of(n), parameters={"name": f"n{n}"})
                for n in range(start, min(start + _PER_CALL, self._plan.recipients))
            ]
            await self._call(self._stub.AddRecipients, sender_pb2.AddRecipientsRequest(**self._names, recipients=some))

    async def _pause(self) -> int:
        """Pause for a while; how many more were handed on meanwhile."""
        await self._call(self._stub.Pause, sender_pb2.PauseCampaignRequest(**self._names))
        before = (await self._get()).campaign.done
        for _ in range(_PAUSED_LOOKS):
            await asyncio.sleep(self._plan.pause_seconds)
        leaked = (await self._get()).campaign.done - before
        self._say(f"paused at {before}, {leaked} more meanwhile")
        await self._call(self._stub.Resume, sender_pb2.ResumeCampaignRequest(**self._names))
        return int(leaked)

    async def _kill(self) -> int:
        pids = (await self._house.status())["services"]["sender"]["pids"]
        # Right after Meta accepted some: its answers are still on their way.
        before = await self._accepted_count()
        async with asyncio.timeout(self._plan.patience_seconds):
            while True:
                if await self._accepted_count() > before:
                    break
                await asyncio.sleep(_GLANCE_SECONDS)
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        self._say(f"{len(pids)} senders killed")
        return len(pids)

    async def _accepted_count(self) -> int:
        """How many messages Meta has accepted."""
        async with self._session.get(f"{self._meta}/_sim/stats") as answer:
            return int((await answer.json())["accepted"])

    async def _until(
        self, is_reached: Callable[[sender_pb2.GetCampaignResponse], bool]
    ) -> sender_pb2.GetCampaignResponse:
        async with asyncio.timeout(self._plan.patience_seconds):
            while True:
                # Who was killed is away for a moment.
                with suppress(Unavailable):
                    got = await self._get()
                    if is_reached(got):
                        return got
                    await self._weigh()
                    self._tell(got)
                await asyncio.sleep(self._plan.look_seconds)

    def _tell(self, got: sender_pb2.GetCampaignResponse) -> None:
        figures = got.figures
        self._say(
            f"{got.campaign.state}: {got.campaign.done} handed on, {figures.sent} sent, "
            f"{figures.delivered} delivered, {self._memory[-1]:.0f} MiB"
        )

    async def _weigh(self) -> None:
        pids = (await self._house.status())["services"]["sender"]["pids"]
        self._memory.append(max((_mib_of(pid) for pid in pids), default=0.0))

    async def _get(self) -> sender_pb2.GetCampaignResponse:
        return await self._call(self._stub.Get, sender_pb2.GetCampaignRequest(**self._names))

    async def _call(self, method: Callable[[Any], Any], request: object) -> Any:
        return await self._rooms.call("sender", method, request)

    async def _reached(self) -> Counter[str]:
        """How many messages Meta accepted for each recipient."""
        return Counter([to async for to in self._accepted()])

    async def _accepted(self) -> AsyncIterator[str]:
        after = 0
        while True:
            query = {"after": str(after), "limit": str(_PER_PAGE)}
            async with self._session.get(f"{self._meta}/_sim/ledger", params=query) as answer:
                page = (await answer.json())["messages"]
            if not page:
                return
            after = page[-1]["sequence"]
            for entry in page:
                yield entry["to"]


def _settled_by(url: str) -> dict[str, int]:
    with psycopg.connect(url) as connection:
        rows = connection.execute("SELECT resolved_by, count(*) FROM sender.message GROUP BY 1 ORDER BY 1").fetchall()
    return dict(rows)


def _mib_of(pid: int) -> float:
    """What a process holds in memory; nothing when it is gone."""
    try:
        fields = Path(f"/proc/{pid}/statm").read_text().split()
    except OSError:
        return 0.0
    return int(fields[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20
