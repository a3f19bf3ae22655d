"""Senders on one Postgres, one simulated Meta behind HTTP; a number and an organization of its own for each case."""

import asyncio
import base64
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from uuid import UUID, uuid5

from aiohttp import web

from services.chassis.db import Database as Pool
from services.chassis.db import fetch_all
from services.chassis.redis import OptionalRedis
from services.chassis.sealing import Sealer
from services.chassis.settings import Secret
from services.embedded.addresses import LOOPBACK, choose_port
from services.embedded.meta.app import build_runner, build_simulator
from services.embedded.meta.plans import BusinessNumber, Faults, Limits
from services.embedded.meta.scripted import read_answers
from services.embedded.meta.simulator import SimulatedMeta
from services.pb.common.v1 import content_pb2
from services.pb.sender.v1 import sender_pb2
from services.sender.app import Room, furnish
from services.sender.server import DeliveryServer
from services.sender.settings import Settings
from tests.graph_answers.cases import TIMES, Case, Road
from tests.graph_answers.judge import Seen

TOKEN = "EAAanswers"
NOWHERE = "http://no-such-host.invalid"
# A name that does not exist may take its time to be found missing.
HTTP_SECONDS, RECONCILE_SECONDS, PATIENCE = 3.0, 6.0, 120.0

# What is left of each message: everything that the judge looks at, in one row.
_LOOK = """
    SELECT m.message_id, m.state, m.attempts, m.error_code, m.error_action, cardinality(m.wamids),
           extract(epoch FROM l.wake_at - now())::float8, extract(epoch FROM d.due_at - now())::float8,
           coalesce((SELECT array_agg(p.scope) FROM sender.pause p WHERE p.organization_id = m.organization_id), '{}'),
           coalesce((SELECT array_agg(extract(epoch FROM p.probe_at - now())::float8) FROM sender.pause p
                     WHERE p.organization_id = m.organization_id), '{}'),
           coalesce((SELECT array_agg(o.kind) FROM sender.opt_out o WHERE o.organization_id = m.organization_id), '{}')
    FROM sender.message m
    JOIN sender.inbox_lane l ON (l.organization_id, l.lane_id) = (m.organization_id, m.lane_id)
    LEFT JOIN sender.deferred d ON (d.organization_id, d.message_id) = (m.organization_id, m.message_id)
    WHERE l.lease IS NULL"""


class Clearance:
    """Ingress, as far as sender asks it: no status is on its way."""

    async def is_clear(self) -> bool:
        return True


@dataclass
class House:
    """Everything that runs on one road."""

    meta: SimulatedMeta
    pool: Pool
    room: Room

    async def send(self, cases: Sequence[Case]) -> None:
        """Lay down each case's answer and send its message."""
        for case in cases:
            self.meta.register(_number(case))
            self.meta.script.put(case.phone_number_id, read_answers({"answers": [{**case.answer, "times": TIMES}]}))
        await asyncio.gather(*(self._send(case) for case in cases))

    async def _send(self, case: Case) -> None:
        await self.room.credentials.put(
            organization_id=case.organization_id, phone_number_id=case.phone_number_id, token=TOKEN
        )
        request = sender_pb2.EnqueueRequest(messages=[_message(case)])
        await DeliveryServer(self.room.deliver, self.room.notices, self.room.desk).Enqueue(request, None)  # type: ignore[arg-type]  # it uses no context

    async def look(self, cases: Sequence[Case]) -> dict[UUID, Seen]:
        """Every message after its first answer; raises TimeoutError when one has none."""
        seen: dict[UUID, Seen] = {}
        async with asyncio.timeout(PATIENCE):
            while len(seen) < len(cases):
                for message_id, each in (await self._rows(cases)).items():
                    if each.action or each.state == "accepted":
                        seen.setdefault(message_id, each)
                await asyncio.sleep(0.05)
        return seen

    async def still_out(self, cases: Sequence[Case]) -> set[UUID]:
        """Let Meta take everything from now on; gives the messages that it has not got when patience ends."""
        for case in cases:
            self.meta.script.put(case.phone_number_id, [])
        waiting = {case.message_id for case in cases}
        ends_at = time.monotonic() + PATIENCE
        while waiting and time.monotonic() < ends_at:
            rows = await self._rows(cases)
            waiting -= {message_id for message_id, each in rows.items() if each.state == "accepted"}
            await asyncio.sleep(0.2)
        return waiting

    async def _rows(self, cases: Sequence[Case]) -> dict[UUID, Seen]:
        async with self.pool.transaction([case.organization_id for case in cases]) as connection:
            rows = await fetch_all(connection, _LOOK)
        return {
            row[0]: Seen(
                state=row[1],
                attempts=row[2],
                error_code=row[3],
                action=row[4],
                wamids=row[5],
                lane_rests=row[6],
                deferred_for=row[7],
                pauses=dict(zip(row[8], row[9], strict=True)),
                opt_outs=tuple(row[10]),
            )
            for row in rows
        }


@asynccontextmanager
async def running_house(url: str, road: Road) -> AsyncIterator[House]:
    """Run on a migrated database of its own (URL of sender's role): whoever works there takes any message."""
    port = choose_port(taken=set())
    bases: dict[Road, str] = {
        "graph": f"http://{LOOPBACK}:{port}/v26.0",
        "refused": f"http://{LOOPBACK}:{choose_port(taken={port})}",
        "dns": NOWHERE,
    }
    settings = Settings(
        database_url=Secret(url), service_key_file="", service_jwks_file="",
        ingress_target="unused", executor_target="unused", analytics_target="unused",
        sealing_keys=Secret(base64.b64encode(b"k" * 32).decode()),
        tombstone_key=Secret(base64.b64encode(b"t" * 32).decode()),
        graph_api_base=bases[road], http_timeout_seconds=HTTP_SECONDS, reconcile_seconds=RECONCILE_SECONDS,
        replicas=1, drain_seconds=1.0,
    )  # fmt: skip
    async with AsyncExitStack() as stack:
        meta = build_simulator({})
        meta.faults.set_plan(Faults(statuses=()))
        runner = build_runner(meta)
        stack.push_async_callback(runner.cleanup)
        await runner.setup()
        await web.TCPSite(runner, LOOPBACK, port).start()
        pool = await Pool.open(url, size=8, name="sender")
        stack.push_async_callback(pool.close)
        room = furnish(settings, pool, OptionalRedis(""), Clearance(), Sealer.from_text(settings.sealing_keys))
        for part in (room.graph, room.worker, room.poll):
            await part.start()
            stack.push_async_callback(part.stop)
        yield House(meta, pool, room)


def _number(case: Case) -> BusinessNumber:
    return BusinessNumber(
        phone_number_id=case.phone_number_id, display_phone_number=case.phone_number_id, waba_id="1",
        access_tokens=(TOKEN,), app_secret="unused", limits=Limits(messages_per_second=0, pair_burst=0),
    )  # fmt: skip


def _message(case: Case) -> sender_pb2.OutboundMessage:
    content = {
        "text": content_pb2.Content(text=content_pb2.TextContent(body="The ferry leaves at nine")),
        "template": content_pb2.Content(template=content_pb2.TemplateContent(name="departure", language="en_GB")),
        "read_receipt": content_pb2.Content(read_receipt=content_pb2.ReadReceiptContent(message_id="wamid.IN")),
    }[case.kind]
    return sender_pb2.OutboundMessage(
        organization_id=str(case.organization_id), message_id=str(case.message_id),
        conversation_id=str(uuid5(case.organization_id, "conversation")), phone_number_id=case.phone_number_id,
        recipient_wa_id="447700900456", content=content, window_expires_at=int(time.time()) + 864_000,
    )  # fmt: skip
