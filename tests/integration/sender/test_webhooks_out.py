"""Webhooks out on real Postgres: durable, signed, in order, and given up after a day."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from dataclasses import replace as replaced
from datetime import UTC, datetime
from ipaddress import ip_network
from typing import Any

import orjson
import psycopg
import pytest
from aiohttp import web

from services.chassis.egress import Egress
from services.chassis.errors import NotFound
from services.chassis.sealing import NameHasher, Sealer
from services.embedded.addresses import LOOPBACK, choose_port
from services.pb.sender.v1 import sender_pb2
from services.sender.app import Room, Teams, furnish_teams
from services.sender.domain.webhooks import signature_of
from services.sender.ports import Erasure
from services.sender.server import WebhooksServer
from services.sender.store import PostgresPrivacy
from tests.fixtures.servers import Database

from .conftest import Stage, eventually, settled

NO_CONTEXT: Any = None
NOBODY: Any = None
"""Router, which webhooks never ask."""


@dataclass
class Receiver:
    """An organization's system: keeps what it took; `refusals` are statuses it answers with first."""

    url: str = ""
    taken: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    refusals: list[int] = field(default_factory=list)
    asked: int = 0

    async def take(self, request: web.Request) -> web.Response:
        self.asked += 1
        if self.refusals:
            return web.Response(status=self.refusals.pop(0))
        body = await request.read()
        self.bodies.append(body)
        self.headers.append(dict(request.headers))
        self.taken.append(orjson.loads(body))
        return web.Response()


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    site = web.Application()
    site.router.add_post("/hook", receiver.take)
    runner = web.AppRunner(site)
    await runner.setup()
    port = choose_port(taken=set())
    await web.TCPSite(runner, LOOPBACK, port).start()
    receiver.url = f"http://{LOOPBACK}:{port}/hook"
    yield receiver
    await runner.cleanup()


@dataclass
class Out:
    """Replicas that call webhooks, which may reach this machine."""

    stage: Stage
    receiver: Receiver
    teams: list[Teams] = field(default_factory=list)
    egresses: list[Egress] = field(default_factory=list)

    async def replica(self, *, is_allowed: bool = True) -> Room:
        room = await self.stage.sender()
        port = int(self.receiver.url.rsplit(":", 1)[1].partition("/")[0])
        settings = replaced(self.stage.settings, webhook_ports=f"443,{port}", webhook_allowed_networks="127.0.0.0/8")
        allowed = (ip_network("127.0.0.0/8"),) if is_allowed else ()
        egress = Egress(allowed=allowed, ports={443, port})
        sealer = Sealer.from_text(settings.sealing_keys)
        teams = furnish_teams(settings, self.stage.pool, room, sealer, NOBODY, egress)
        await teams.caller.start()
        self.teams.append(teams)
        self.egresses.append(egress)
        return room

    async def put(self, name: str = "crm", **changes: Any) -> sender_pb2.PutWebhookResponse:
        fields = {"url": self.receiver.url, "is_active": True} | changes
        request = sender_pb2.PutWebhookRequest(organization_id=self.stage.organization_id, name=name, **fields)
        return await WebhooksServer(self.teams[0].webhooks).PutWebhook(request, NO_CONTEXT)

    async def statuses(self, room: Room, count: int) -> None:
        """Let the simulated Meta's statuses of so many messages arrive."""

        async def are_there() -> bool:
            return len(self.stage.statuses.kept) >= 2 * count

        await eventually(are_there)
        await self.stage.apply(room, *self.stage.statuses.kept)

    def ring(self) -> None:
        """What the poll does every half second."""
        for teams in self.teams:
            teams.calls_bell.ring()

    async def taken(self, count: int) -> list[dict[str, Any]]:
        async def are_taken() -> bool:
            self.ring()
            return len(self.receiver.taken) >= count

        await eventually(are_taken)
        return self.receiver.taken

    async def hurry(self) -> None:
        """Let waits of lanes be over: a day and a half in one step. Items are as old as their waits."""
        await self.stage.sql(
            "UPDATE sender.hooks_lane SET wake_at = now() WHERE wake_at > now() AND lease IS NULL RETURNING 1"
        )


@pytest.fixture
async def out(stage: Stage, receiver: Receiver) -> AsyncIterator[Out]:
    out = Out(stage, receiver)
    yield out
    for teams in out.teams:
        await teams.caller.stop()
    for egress in out.egresses:
        await egress.close()


async def begin(out: Out) -> Room:
    room = await out.replica()
    await out.stage.put_token(room)
    return room


async def test_every_step_of_a_message_is_told_in_order_and_signed(out: Out) -> None:
    room = await begin(out)
    made = await out.put()
    conversation = uuid.uuid4()
    messages = [out.stage.message(conversation, f"{n}") for n in range(3)]
    await out.stage.enqueue(room, *messages)
    await settled(out.stage, 3)
    await out.statuses(room, 3)
    told = await out.taken(9)

    for message in messages:
        steps = [each for each in told if each["message_id"] == message.message_id]
        assert [each["status"] for each in steps] == ["accepted", "sent", "delivered"]
        assert {each["conversation_id"] for each in steps} == {str(conversation)}
        assert {each["phone_number_id"] for each in steps} == {message.phone_number_id}
    assert len({each["event_id"] for each in told}) == 9
    for headers, body, each in zip(out.receiver.headers, out.receiver.bodies, told, strict=True):
        expected = signature_of(made.secret, int(headers["X-PyTake-Timestamp"]), body)
        assert headers["X-PyTake-Signature"] == expected
        assert (headers["X-PyTake-Event"], headers["X-PyTake-Event-Id"]) == (each["event"], each["event_id"])


async def test_only_events_that_are_asked_for_are_told_and_nothing_of_before_the_webhook(out: Out) -> None:
    room = await begin(out)
    await out.stage.enqueue(room, out.stage.message(uuid.uuid4(), "before"))
    await settled(out.stage, 1)
    await out.put(events=["message.delivered", "message.failed"])
    await out.stage.enqueue(room, out.stage.message(uuid.uuid4(), "after"), out.stage.message(uuid.uuid4(), "x" * 5000))
    await settled(out.stage, 3)
    await out.statuses(room, 2)
    told = await out.taken(3)
    assert sorted(each["event"] for each in told) == ["message.delivered", "message.delivered", "message.failed"]


async def test_two_replicas_tell_everything_once_and_a_conversation_in_order(out: Out) -> None:
    room = await begin(out)
    await out.replica()
    await out.put()
    lanes = [uuid.uuid4() for _ in range(5)]
    messages = [out.stage.message(lane, f"{n}") for n in range(4) for lane in lanes]
    await out.stage.enqueue(room, *messages)
    await settled(out.stage, 20)
    told = await out.taken(20)
    order = {message.message_id: n for n, message in enumerate(messages)}
    for lane in lanes:
        places = [order[each["message_id"]] for each in told if each["conversation_id"] == str(lane)]
        assert places == sorted(places)
    assert len({each["event_id"] for each in told}) == len(told) == 20


async def test_what_is_not_taken_is_told_again_and_what_follows_waits_for_it(out: Out) -> None:
    room = await begin(out)
    await out.put(events=["message.accepted"])
    out.receiver.refusals = [500, 503]
    conversation = uuid.uuid4()
    messages = [out.stage.message(conversation, f"{n}") for n in range(2)]
    await out.stage.enqueue(room, *messages)
    await settled(out.stage, 2)

    async def is_over() -> bool:
        await out.hurry()
        out.ring()
        return len(out.receiver.taken) == 2

    await eventually(is_over)
    assert [each["message_id"] for each in out.receiver.taken] == [message.message_id for message in messages]
    assert out.receiver.asked == 4


async def test_a_call_that_nobody_takes_for_a_day_becomes_a_dead_letter(out: Out, database: Database) -> None:
    room = await begin(out)
    await out.put(events=["message.accepted"])
    out.receiver.refusals = [500] * 100
    await out.stage.enqueue(room, out.stage.message(uuid.uuid4(), "oi"))
    await settled(out.stage, 1)

    async def was_tried() -> bool:
        out.ring()
        return out.receiver.asked > 0

    await eventually(was_tried)
    # As superuser: the item came a day ago.
    async with await psycopg.AsyncConnection.connect(database.superuser_url, autocommit=True) as superuser:
        await superuser.execute("SELECT app.ensure_partitions('sender.hooks_item', 'week', 3)")
        await superuser.execute("UPDATE sender.hooks_item SET received_at = received_at - interval '25 hours'")

    async def is_buried() -> bool:
        await out.hurry()
        out.ring()
        return bool(await out.stage.sql("SELECT 1 FROM sender.hooks_dead"))

    await eventually(is_buried)
    ((error,),) = await out.stage.sql("SELECT error FROM sender.hooks_dead")
    assert error == "it answered 500"
    assert await out.stage.sql("SELECT 1 FROM sender.hooks_lane WHERE wake_at IS NOT NULL") == []


async def test_what_a_replica_left_behind_is_told_by_another(out: Out) -> None:
    room = await begin(out)
    await out.put(events=["message.accepted"])
    # It fed the calls and stopped before it made one.
    await out.teams[0].caller.stop()
    await out.stage.enqueue(room, out.stage.message(uuid.uuid4(), "oi"))
    await settled(out.stage, 1)
    await out.replica()
    assert len(await out.taken(1)) == 1


async def test_an_address_inside_is_never_called_though_its_webhook_is_stored(out: Out) -> None:
    await out.replica(is_allowed=False)
    room = out.stage.rooms[0]
    await out.stage.put_token(room)
    await out.put(events=["message.accepted"])
    await out.stage.enqueue(room, out.stage.message(uuid.uuid4(), "oi"))
    await settled(out.stage, 1)

    async def was_refused() -> bool:
        out.ring()
        rows = await out.stage.sql("SELECT last_error FROM sender.hooks_lane WHERE last_error IS NOT NULL")
        return bool(rows) and "may not be called" in rows[0][0]

    await eventually(was_refused)
    assert out.receiver.asked == 0


async def test_a_secret_is_sealed_and_changes_are_noted_without_it(out: Out) -> None:
    await begin(out)
    made = await out.put()
    ((sealed,),) = await out.stage.sql("SELECT sealed FROM sender.webhook")
    assert made.secret.encode() not in bytes(sealed)
    assert not (await out.put()).is_changed
    renewed = await out.put(is_secret_renewed=True)
    assert renewed.secret not in ("", made.secret)
    assert renewed.webhook.webhook_id == made.webhook.webhook_id
    notes = await out.stage.sql(
        "SELECT action, object FROM sender.audit_event WHERE action LIKE 'webhook%' ORDER BY seq"
    )
    assert notes == [("webhook.put", f"webhook:{made.webhook.webhook_id}")] * 2


async def test_a_removed_webhook_is_told_nothing_and_its_name_can_be_given_again(out: Out) -> None:
    room = await begin(out)
    made = await out.put(events=["message.accepted"])
    webhooks = WebhooksServer(out.teams[0].webhooks)
    request = sender_pb2.DeleteWebhookRequest(
        organization_id=out.stage.organization_id, webhook_id=made.webhook.webhook_id
    )
    await webhooks.DeleteWebhook(request, NO_CONTEXT)
    with pytest.raises(NotFound):
        await webhooks.DeleteWebhook(request, NO_CONTEXT)
    listed = sender_pb2.ListWebhooksRequest(organization_id=out.stage.organization_id)
    assert list((await webhooks.ListWebhooks(listed, NO_CONTEXT)).webhooks) == []
    assert await out.stage.sql("SELECT 1 FROM sender.webhook_feed") == []

    await out.stage.enqueue(room, out.stage.message(uuid.uuid4(), "unheard"))
    await settled(out.stage, 1)
    again = await out.put(events=["message.accepted"])
    assert again.secret not in ("", made.secret)
    await out.stage.enqueue(room, out.stage.message(uuid.uuid4(), "heard"))
    await settled(out.stage, 2)
    assert len(await out.taken(1)) == 1


async def test_a_neighbours_webhook_hears_nothing(out: Out) -> None:
    room = await begin(out)
    await out.put()
    ours = out.stage.organization_id
    out.stage.organization_id = str(uuid.uuid4())
    await out.stage.put_token(room)
    await out.put()
    await out.stage.enqueue(room, out.stage.message(uuid.uuid4(), "oi"))
    await settled(out.stage, 1)
    told = await out.taken(1)
    assert {each["organization_id"] for each in told} == {out.stage.organization_id}
    assert ours != out.stage.organization_id


async def test_an_erasure_waits_until_webhooks_were_told_and_leaves_nothing_of_the_calls(out: Out) -> None:
    room = await begin(out)
    made = await out.put()
    out.receiver.refusals = [500]
    conversation = uuid.uuid4()
    await out.stage.enqueue(room, out.stage.message(conversation, "oi"))
    await settled(out.stage, 1)

    async def was_tried() -> bool:
        out.ring()
        return out.receiver.asked > 0 and bool(
            await out.stage.sql("SELECT 1 FROM sender.hooks_lane WHERE lease IS NULL")
        )

    await eventually(was_tried)
    privacy = PostgresPrivacy(out.stage.pool, NameHasher.from_text(out.stage.settings.tombstone_key))
    erasure = Erasure(
        conversation_ids=[conversation], wa_ids=[], user_ids=[], wamid_parts=[], erased_at=datetime.now(UTC)
    )
    organization_id = uuid.UUID(out.stage.organization_id)
    waiting = await privacy.erase(organization_id=organization_id, job_id=uuid.uuid4(), erasure=erasure)
    assert "webhooks" in waiting.waiting_for

    await out.hurry()
    await out.taken(1)
    # Also of a webhook that is there no more.
    await out.teams[0].webhooks.delete(organization_id=organization_id, webhook_id=uuid.UUID(made.webhook.webhook_id))

    async def is_erased() -> bool:
        cleared = await privacy.erase(organization_id=organization_id, job_id=uuid.uuid4(), erasure=erasure)
        # Records for analytics wait for good here: nobody takes them.
        return "webhooks" not in cleared.waiting_for

    await eventually(is_erased)
    assert await out.stage.sql("SELECT 1 FROM sender.hooks_item") == []
    assert await out.stage.sql("SELECT 1 FROM sender.hooks_lane") == []


async def test_a_slow_system_does_not_keep_others_from_being_told(out: Out) -> None:
    room = await begin(out)
    hangs = asyncio.Event()

    async def take(request: web.Request) -> web.Response:
        await hangs.wait()
        return web.Response()

    site = web.Application()
    site.router.add_post("/hook", take)
    runner = web.AppRunner(site)
    await runner.setup()
    await out.put("quick", events=["message.accepted"])
    await web.TCPSite(runner, "127.0.0.2", int(out.receiver.url.rsplit(":", 1)[1].partition("/")[0])).start()
    await out.put("slow", url=out.receiver.url.replace(LOOPBACK, "127.0.0.2"), events=["message.accepted"])
    messages = [out.stage.message(uuid.uuid4(), f"{n}") for n in range(3)]
    await out.stage.enqueue(room, *messages)
    await settled(out.stage, 3)
    assert len(await out.taken(3)) == 3
    hangs.set()
    await runner.cleanup()
