"""A whole sender in this process: real Postgres as svc_sender, the simulated Meta over HTTP, statuses by hand."""

import asyncio
import base64
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import orjson
import pytest
from aiohttp import web

from services.chassis.db import Database as Pool
from services.chassis.db import fetch_all
from services.chassis.queue import Box, Lanes, StoredItem, payloads_of
from services.chassis.redis import OptionalRedis
from services.chassis.sealing import NameHasher, Sealer
from services.chassis.settings import Secret
from services.embedded.addresses import LOOPBACK, choose_port
from services.embedded.meta.app import build_runner, build_simulator
from services.embedded.meta.simulator import SimulatedMeta
from services.pb.analytics.v1 import analytics_pb2
from services.pb.common.v1 import content_pb2, events_pb2
from services.pb.executor.v1 import executor_pb2
from services.pb.sender.v1 import sender_pb2
from services.sender.app import Room, furnish
from services.sender.domain.settling import Granted, PairLimit, Turn, Wish
from services.sender.peers import failure_bytes, record_bytes
from services.sender.server import DeliveryServer
from services.sender.settings import Settings
from services.sender.store import PostgresStore, Telling
from tests.fixtures.servers import Database

NUMBER = "5511990001"
TOKEN = "EAAtesting"
DEADLINE_SECONDS = 15.0


class Statuses:
    """Takes the simulator's webhooks instead of ingress, and keeps the statuses in them."""

    def __init__(self) -> None:
        self.kept: list[events_pb2.MessageStatus] = []

    async def post(self, url: str, body: bytes, headers: Mapping[str, str], timeout_seconds: float) -> bool:
        for entry in orjson.loads(body)["entry"]:
            for change in entry["changes"]:
                self.kept += [_status(change["value"], status) for status in change["value"].get("statuses", [])]
        return True

    async def close(self) -> None:
        """Nothing is open."""


def _status(value: dict[str, Any], status: dict[str, Any]) -> events_pb2.MessageStatus:
    number = value["metadata"]["phone_number_id"]
    return events_pb2.MessageStatus(
        event_id=f"status:{number}:{status['id']}:{status['status']}",
        phone_number_id=number,
        message_id=status["id"],
        status=status["status"],
        callback_data=status.get("biz_opaque_callback_data", ""),
        occurred_at=int(status["timestamp"]),
        error_codes=[error["code"] for error in status.get("errors", [])],
    )


class Clearance:
    """A watermark that says what the test wants."""

    def __init__(self) -> None:
        self.clear = False

    async def is_clear(self) -> bool:
        return self.clear


@dataclass
class Stage:
    """One or more senders on one database, one simulated Meta, one organization."""

    settings: Settings
    meta: SimulatedMeta
    statuses: Statuses
    pool: Pool
    redis: OptionalRedis
    clearance: Clearance = field(default_factory=Clearance)
    organization_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    rooms: list[Room] = field(default_factory=list)

    async def sender(self, **changes: Any) -> Room:
        """Start one more sender."""
        settings = replace(self.settings, **changes)
        room = furnish(settings, self.pool, self.redis, self.clearance, Sealer.from_text(settings.sealing_keys))
        await room.graph.start()
        await room.worker.start()
        await room.poll.start()
        self.rooms.append(room)
        return room

    async def put_token(self, room: Room, token: str = TOKEN) -> None:
        await room.credentials.put(organization_id=uuid.UUID(self.organization_id), phone_number_id=NUMBER, token=token)

    def store(self, *, lease_seconds: float = 6.0) -> PostgresStore:
        """The store alone, to play a sender that stops in the middle."""
        boxes = {
            name: Lanes(Box("sender", name), self.pool, lease_seconds=lease_seconds)
            for name in ("inbox", "records", "failures")
        }
        tell = Telling(boxes["records"], record_bytes, boxes["failures"], failure_bytes)
        limit = PairLimit(self.settings.pair_burst, self.settings.pair_seconds)
        names = NameHasher.from_text(self.settings.tombstone_key)
        return PostgresStore(
            self.pool,
            inbox=boxes["inbox"],
            tell=tell,
            limit=limit,
            names=names,
            on_record=lambda: None,
            on_failure=lambda: None,
        )

    async def crash_before_the_call(self, *, lease_seconds: float = 0.2) -> uuid.UUID:
        """A sender marks the first message as attempted, and dies; gives the message."""
        store = self.store(lease_seconds=lease_seconds)
        (claim,) = await store.claim(limit=1)
        wish = Wish(uuid.UUID(claim.items[0].event_id), claim.items[0].position, time.time() + 3600)
        (settlement,) = await store.settle([(claim, Turn(claim.head, wish=wish))])
        assert settlement.verdict == Granted(1)
        return wish.message_id

    def message(self, conversation: uuid.UUID, text: str, **fields: Any) -> sender_pb2.OutboundMessage:
        """A text to one contact."""
        values: dict[str, Any] = {
            "organization_id": self.organization_id,
            "message_id": str(uuid.uuid4()),
            "conversation_id": str(conversation),
            "phone_number_id": NUMBER,
            "recipient_wa_id": f"55119{conversation.int % 10**8:08d}",
            "content": content_pb2.Content(text=content_pb2.TextContent(body=text)),
            "window_expires_at": int(time.time()) + 3600,
        }
        return sender_pb2.OutboundMessage(**values | fields)

    async def enqueue(self, room: Room, *messages: sender_pb2.OutboundMessage) -> list[int]:
        response = await DeliveryServer(room.deliver, room.notices, room.desk).Enqueue(
            sender_pb2.EnqueueRequest(messages=messages),
            None,  # type: ignore[arg-type]  # the server uses no context
        )
        return [result.outcome for result in response.results]

    async def apply(self, room: Room, *statuses: events_pb2.MessageStatus) -> list[int]:
        items = [sender_pb2.OrganizationStatus(organization_id=self.organization_id, status=s) for s in statuses]
        response = await DeliveryServer(room.deliver, room.notices, room.desk).ApplyStatuses(
            sender_pb2.ApplyStatusesRequest(statuses=items),
            None,  # type: ignore[arg-type]  # as above
        )
        return [result.outcome for result in response.results]

    async def rows(self, *columns: str) -> list[dict[str, Any]]:
        """Messages, oldest first."""
        names = ("message_id", "state", "status", "wamids", *columns)
        statement = f"SELECT {', '.join(names)} FROM sender.message ORDER BY created_at, message_id"
        async with self.pool.transaction([self.organization_id]) as connection:
            return [dict(zip(names, row, strict=True)) for row in await fetch_all(connection, statement)]

    async def sql(self, statement: str) -> list[tuple[Any, ...]]:
        async with self.pool.transaction([self.organization_id]) as connection:
            return await fetch_all(connection, statement)

    async def records(self) -> list[analytics_pb2.Record]:
        """What analytics is to be told, oldest first."""
        rows = await self.sql(
            "SELECT pos, event_id, payload, received_at FROM sender.records_item ORDER BY received_at"
        )
        payloads = [payload for row in rows for payload in payloads_of(StoredItem(*row))]
        return [analytics_pb2.Record.FromString(payload) for payload in payloads]

    async def failures(self) -> list[executor_pb2.ConversationEvent]:
        """What executor is to be told, oldest first."""
        rows = await self.sql("SELECT payload FROM sender.failures_item ORDER BY received_at, pos")
        return [executor_pb2.ConversationEvent.FromString(row[0]) for row in rows]

    def texts(self) -> list[str]:
        """What Meta accepted, in order."""
        return [orjson.loads(entry.body)["text"]["body"] for entry in self.meta.ledger.read()]

    def arrivals(self) -> list[int]:
        """Requests under which Meta accepted something, in order."""
        return [entry.arrival for entry in self.meta.ledger.read()]


async def eventually(check: Callable[[], Awaitable[bool]], seconds: float = DEADLINE_SECONDS) -> None:
    """Poll until the check holds; fails at the deadline."""
    deadline = time.monotonic() + seconds
    while not await check():
        assert time.monotonic() < deadline, "it did not come to pass"
        await asyncio.sleep(0.02)


async def settled(stage: Stage, count: int) -> None:
    """Wait until so many messages are accepted or failed."""

    async def check() -> bool:
        rows = await stage.rows()
        return len([row for row in rows if row["state"] in ("accepted", "failed")]) == count

    await eventually(check)


@pytest.fixture
async def stage(database: Database, tmp_path: Path) -> AsyncIterator[Stage]:
    statuses = Statuses()
    port = choose_port(taken=set())
    number = {
        "phone_number_id": NUMBER, "display_phone_number": "5511990001", "waba_id": "77", "access_tokens": [TOKEN],
        "app_secret": "hush", "webhook_url": "http://unused",
        "limits": {"messages_per_second": 0, "pair_burst": 0},
    }  # fmt: skip
    meta = build_simulator({"numbers": [number], "faults": {"delay_ms": 1}}, poster=statuses)
    runner = build_runner(meta)
    await runner.setup()
    await web.TCPSite(runner, LOOPBACK, port).start()
    pool = await Pool.open(database.url_of("sender"), size=6, name="sender")
    redis = OptionalRedis("")
    settings = Settings(
        database_url=Secret(database.url_of("sender")),
        service_key_file="", service_jwks_file="",
        ingress_target="unused", analytics_target="unused", executor_target="unused",
        sealing_keys=Secret(base64.b64encode(b"k" * 32).decode()),
        tombstone_key=Secret(base64.b64encode(b"t" * 32).decode()),
        graph_api_base=f"http://{LOOPBACK}:{port}/v26.0",
        http_timeout_seconds=1.0, reconcile_seconds=1.5, media_folder=str(tmp_path / "media"),
        messages_per_second=100_000.0, replicas=1, drain_seconds=3.0,
    )  # fmt: skip
    stage = Stage(settings, meta, statuses, pool, redis)
    yield stage
    for room in stage.rooms:
        await room.poll.stop()
        await room.worker.stop()
        await room.graph.stop()
        await room.files.close()
    await redis.close()
    await pool.close()
    await runner.cleanup()
