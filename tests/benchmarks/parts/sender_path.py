"""Sender alone: messages in, calls out, statuses in, on real Postgres and a Graph API that answers at once.

`python -m tests.benchmarks.parts.sender_path` prints CPU µs a message and a status, of this process and of Postgres.
Only ratios within one run compare.
"""

import asyncio
import base64
import os
import resource
import time
import uuid
from dataclasses import dataclass
from typing import Any

import uvloop

from services.chassis.db import Database as Pool
from services.chassis.redis import OptionalRedis
from services.chassis.sealing import Sealer
from services.chassis.settings import Secret
from services.pb.common.v1 import content_pb2, events_pb2
from services.pb.sender.v1 import sender_pb2
from services.sender import app
from services.sender.domain.answers import Accepted, Answer
from services.sender.server import DeliveryServer
from services.sender.settings import Settings
from tests.benchmarks.cpu import process_table, tree_cpu_seconds
from tests.fixtures.servers import copied_database, join_run, make_template, start_servers

BATCHES = (1, 16, 64)
CONVERSATIONS = 640
NUMBERS = 16
STATUSES = ("sent", "delivered", "read")


@dataclass(frozen=True, slots=True)
class Cost:
    """CPU µs for each of `count` messages or statuses."""

    what: str
    batch: int
    count: int
    own: float
    postgres: float


class InstantGraph:
    """Accepts everything, without a wire."""

    def __init__(self, *_: Any, **__: Any) -> None:
        self.accepted: list[tuple[str, str]] = []

    async def post(self, *, phone_number_id: str, token: str, body: bytes, is_fresh: Any) -> Answer:
        """Take a message."""
        message_id = body.decode().partition('"biz_opaque_callback_data":"')[2][:36]
        wamid = f"wamid.{message_id}"
        self.accepted.append((message_id, wamid))
        return Accepted(wamid)

    async def check(self, *, phone_number_id: str, token: str) -> str:
        """All is well."""
        return ""


class Watermark:
    """Nothing is ever in doubt here."""

    async def is_clear(self) -> bool:
        """Never asked."""
        return False


@dataclass
class Road:
    """A furnished sender, and what is sent through it."""

    room: app.Room
    graph: InstantGraph
    organization_id: uuid.UUID
    conversations: list[uuid.UUID]
    postmaster: int

    def _cpu(self) -> tuple[float, float]:
        used = resource.getrusage(resource.RUSAGE_SELF)
        return used.ru_utime + used.ru_stime, tree_cpu_seconds(self.postmaster, process_table())

    async def measure(self, batch: int, count: int) -> list[Cost]:
        """The cost of `count` messages in calls of `batch`, and of their statuses."""
        before = self._cpu()
        self.graph.accepted.clear()
        for start in range(0, count, batch):
            await self._send(start, batch)
        between = self._cpu()
        accepted = list(self.graph.accepted)
        assert len(accepted) == count
        for status in STATUSES:
            for start in range(0, count, batch):
                await self._tell(status, accepted[start : start + batch])
        after = self._cpu()
        return [
            _cost("message", batch, count, before, between),
            _cost("status", batch, count * len(STATUSES), between, after),
        ]

    async def _send(self, start: int, batch: int) -> None:
        chosen = [self.conversations[(start + n) % len(self.conversations)] for n in range(batch)]
        request = sender_pb2.EnqueueRequest(messages=[self._message(conversation) for conversation in chosen])
        await DeliveryServer(self.room.deliver, self.room.notices, self.room.desk).Enqueue(request, None)  # type: ignore[arg-type]  # it uses no context
        wanted = start + batch
        while len(self.graph.accepted) < wanted or self.room.worker._walks:
            walks = list(self.room.worker._walks)
            await (asyncio.wait(walks) if walks else asyncio.sleep(0.0005))

    def _message(self, conversation: uuid.UUID) -> sender_pb2.OutboundMessage:
        return sender_pb2.OutboundMessage(
            organization_id=str(self.organization_id), message_id=str(uuid.uuid4()), conversation_id=str(conversation),
            phone_number_id=str(conversation.int % NUMBERS + 1), recipient_wa_id=f"55119{conversation.int % 10**8:08d}",
            content=content_pb2.Content(text=content_pb2.TextContent(body="Good morning, what may it be?")),
            window_expires_at=int(time.time()) + 3600, flow_id="flow", node_id="node",
        )  # fmt: skip

    async def _tell(self, status: str, accepted: list[tuple[str, str]]) -> None:
        statuses = [
            sender_pb2.OrganizationStatus(
                organization_id=str(self.organization_id),
                status=events_pb2.MessageStatus(
                    event_id=f"{wamid}:{status}", phone_number_id="1", message_id=wamid, status=status,
                    callback_data=message_id, occurred_at=int(time.time()),
                ),
            )
            for message_id, wamid in accepted
        ]  # fmt: skip
        request = sender_pb2.ApplyStatusesRequest(statuses=statuses)
        await DeliveryServer(self.room.deliver, self.room.notices, self.room.desk).ApplyStatuses(request, None)  # type: ignore[arg-type]  # as above


def _cost(what: str, batch: int, count: int, before: tuple[float, float], after: tuple[float, float]) -> Cost:
    own, postgres = ((late - early) / count * 1e6 for early, late in zip(before, after, strict=True))
    return Cost(what, batch, count, own, postgres)


async def _measure(url: str, count: int) -> list[Cost]:
    settings = Settings(
        database_url=Secret(url), service_key_file="", service_jwks_file="",
        ingress_target="unused", analytics_target="unused", executor_target="unused",
        sealing_keys=Secret(base64.b64encode(b"k" * 32).decode()),
        tombstone_key=Secret(base64.b64encode(b"t" * 32).decode()), router_target="unused",
        messages_per_second=1e6, replicas=1, pair_burst=100_000, drain_seconds=3.0,
    )  # fmt: skip
    pool = await Pool.open(url, size=6, name="sender")
    graph = InstantGraph()
    app.GraphApi = lambda *_, **__: graph  # type: ignore[misc,assignment]  # this script is no test: no wire here
    room = app.furnish(settings, pool, OptionalRedis(""), Watermark(), Sealer.from_text(settings.sealing_keys))
    organization_id = uuid.uuid4()
    for number in range(NUMBERS):
        await room.credentials.put(organization_id=organization_id, phone_number_id=str(number + 1), token="token")
    async with pool.transaction(()) as connection:
        backend = (await (await connection.execute("SELECT pg_backend_pid()")).fetchone() or (0,))[0]
    road = Road(
        room, graph, organization_id, [uuid.uuid4() for _ in range(CONVERSATIONS)], process_table()[backend].parent
    )
    await room.worker.start()
    await road.measure(64, CONVERSATIONS)
    costs = [cost for batch in BATCHES for cost in await road.measure(batch, max(count // (64 // batch), 400))]
    await room.worker.stop()
    await pool.close()
    return costs


def measure(count: int = 12_800) -> list[Cost]:
    """CPU of messages and statuses in calls of 1, 16 and 64; `count` messages in the largest calls, fewer in others."""
    from services.chassis.migrate import migrate

    with join_run():
        servers = start_servers()
        make_template(servers, migrate)
        with copied_database(servers) as database:
            return uvloop.run(_measure(database.url_of("sender"), count))


if __name__ == "__main__":
    for cost in measure(int(os.environ.get("COUNT", "12800"))):
        print(f"{cost.what:8} batch {cost.batch:3}: {cost.own:7.0f} own {cost.postgres:7.0f} Postgres µs CPU each")
