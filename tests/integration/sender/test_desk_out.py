"""What happens at the desk on its way out, on real Postgres: by webhooks, and to who watches."""

import uuid
from datetime import UTC, datetime
from typing import Any

import pytest

from services.chassis.queue import Finish
from services.chassis.sealing import NameHasher
from services.pb.common.v1 import results_pb2
from services.pb.sender.v1 import sender_pb2
from services.sender.app import Room
from services.sender.ports import Erasure
from services.sender.server import DeliveryServer, MessageServiceServer
from services.sender.store import PostgresPrivacy

from .conftest import Stage, eventually, settled
from .test_webhooks_out import NO_CONTEXT, Out, Receiver, begin, out, receiver

__all__ = ["out", "receiver"]

OK, DUPLICATE = results_pb2.ITEM_OUTCOME_OK, results_pb2.ITEM_OUTCOME_DUPLICATE


@pytest.fixture
async def room(out: Out) -> Room:
    return await begin(out)


def event(stage: Stage, conversation: uuid.UUID, number: int, what: str = "queued", **more: Any) -> Any:
    made = sender_pb2.DeskEvent(
        organization_id=stage.organization_id,
        event_id=f"desk:{conversation}:{number}",
        event=f"conversation.{what}",
        conversation_id=str(conversation),
        phone_number_id="100200300",
        entry_id=str(uuid.uuid5(conversation, "entry")),
        sequence=number,
        **more,
    )
    made.occurred_at.FromSeconds(1_764_000_000 + number)
    return made


async def tell(room: Room, *events: Any) -> list[int]:
    server = DeliveryServer(room.deliver, room.notices, room.desk)
    answer = await server.TellDesk(sender_pb2.TellDeskRequest(events=events), NO_CONTEXT)
    return [result.outcome for result in answer.results]


async def test_a_conversations_way_is_told_in_order_beside_its_messages(out: Out, room: Room) -> None:
    await out.put()
    conversation, agent = uuid.uuid4(), str(uuid.uuid4())
    await out.stage.enqueue(room, out.stage.message(conversation, "oi"))
    await settled(out.stage, 1)
    events = [
        event(out.stage, conversation, 1, how="handoff"),
        event(out.stage, conversation, 2, "sla_at_risk"),
        event(out.stage, conversation, 3, "assigned", how="pull", agent_id=agent),
    ]
    assert await tell(room, *events) == [OK] * 3
    assert await tell(room, *events) == [DUPLICATE] * 3
    assert await tell(room, event(out.stage, conversation, 4, "released", how="released")) == [OK]
    told = await out.taken(5)

    desk = [each for each in told if each["event_id"].startswith("desk:")]
    assert [each["event"].removeprefix("conversation.") for each in desk] == [
        "queued", "sla_at_risk", "assigned", "released",
    ]  # fmt: skip
    assert [each["sequence"] for each in desk] == [1, 2, 3, 4]
    assert (desk[2]["agent_id"], desk[2]["how"], desk[2]["queue_id"], desk[2]["sla_due_at"]) == (
        agent, "pull", None, None,
    )  # fmt: skip
    assert desk[0]["occurred_at"] == "2025-11-24T16:00:01+00:00"
    assert {each["conversation_id"] for each in told} == {str(conversation)}
    assert len(told) == 5


async def test_only_the_events_that_a_webhook_chose_are_told(out: Out, room: Room, receiver: Receiver) -> None:
    await out.put(events=["conversation.sla_breached"])
    conversation = uuid.uuid4()
    await tell(room, *(event(out.stage, conversation, n, what) for n, what in enumerate(("queued", "sla_breached"))))
    await tell(room, event(out.stage, uuid.uuid4(), 1, "sla_breached"))
    told = await out.taken(2)
    assert {each["event"] for each in told} == {"conversation.sla_breached"}
    assert receiver.headers[0]["X-PyTake-Event"] == "conversation.sla_breached"


async def test_repeats_leave_nothing_to_look_for(out: Out, room: Room) -> None:
    await out.put()
    conversation = uuid.uuid4()
    for _ in range(3):
        await tell(room, event(out.stage, conversation, 1))
    await out.taken(1)

    async def is_read_to_the_end() -> bool:
        out.ring()
        behind = await out.stage.sql(
            "SELECT 1 FROM sender.webhook_feed f, unnest(f.lanes, f.positions) t(k, p) "
            "JOIN sender.records_lane l ON l.lane_id = t.k WHERE l.organization_id = f.organization_id AND l.tail > t.p"
        )
        return not behind

    await eventually(is_read_to_the_end)
    assert len(out.receiver.taken) == 1


async def test_a_bad_event_costs_its_neighbours_nothing(out: Out, room: Room) -> None:
    await out.put()
    conversation = uuid.uuid4()
    wrong = event(out.stage, conversation, 2, "painted")
    good = [event(out.stage, conversation, number) for number in (1, 3)]
    assert await tell(room, good[0], wrong, good[1]) == [OK, results_pb2.ITEM_OUTCOME_INVALID, OK]
    assert [each["sequence"] for each in await out.taken(2)] == [1, 3]


async def test_who_watches_hears_of_the_desk_from_where_they_stopped(out: Out, room: Room) -> None:
    teams = out.teams[0]
    server = MessageServiceServer(teams.send, teams.tell, teams.watching)
    mine, other = uuid.uuid4(), uuid.uuid4()

    async def heard(count: int, **which: str) -> list[sender_pb2.DeskEvent]:
        request = sender_pb2.WatchMessagesRequest(organization_id=out.stage.organization_id, cursor=cursor, **which)
        found: list[sender_pb2.DeskEvent] = []
        async for answer in server.Watch(request, NO_CONTEXT):
            found += answer.desk_events
            if len(found) >= count:
                break
        return found

    cursor = await teams.watching.cursor(organization_id=uuid.UUID(out.stage.organization_id))
    events = [event(out.stage, mine, 1), event(out.stage, other, 1), event(out.stage, mine, 2, "assigned")]
    await tell(room, *events)
    assert sorted(each.event_id for each in await heard(3)) == sorted(each.event_id for each in events)
    assert await heard(2, conversation_id=str(mine)) == [events[0], events[2]]


async def test_an_erasure_leaves_nothing_of_the_desk(out: Out, room: Room) -> None:
    await out.put()
    conversation = uuid.uuid4()
    await tell(room, event(out.stage, conversation, 1))
    await out.taken(1)
    erasure = Erasure(
        conversation_ids=[conversation], wa_ids=[], user_ids=[], wamid_parts=[], erased_at=datetime.now(UTC)
    )
    # What the relay to analytics does with it.
    await room.records.give_back([Finish(claim, claim.until) for claim in await room.records.claim()])
    privacy = PostgresPrivacy(out.stage.pool, NameHasher.from_text(out.stage.settings.tombstone_key))

    async def is_erased() -> bool:
        cleared = await privacy.erase(
            organization_id=uuid.UUID(out.stage.organization_id), job_id=uuid.uuid4(), erasure=erasure
        )
        return not cleared.waiting_for and not cleared.cursor

    await eventually(is_erased)
    for table in ("sender.records_item", "sender.hooks_item"):
        rows = await out.stage.sql(
            f"SELECT 1 FROM {table} WHERE position(convert_to('{conversation}', 'UTF8') IN payload) > 0"
        )
        assert rows == [], table
