"""Calls without a known outcome: settled by status, or by time and watermark, never twice in silence."""

import asyncio
import time
import uuid

from services.embedded.meta.plans import Faults
from services.pb.common.v1 import events_pb2, results_pb2
from services.sender.domain.answers import Accepted, NotSent
from services.sender.domain.settling import Granted, Lost, Outcome, Turn, Wish

from .conftest import NUMBER, Stage, eventually, settled


async def test_a_lost_answer_is_settled_by_the_status(stage: Stage) -> None:
    stage.meta.faults.set_plan(Faults(accept_reset=1.0, delay_ms=1))
    room = await stage.sender(reconcile_seconds=60.0)
    await stage.put_token(room)
    conversation = uuid.uuid4()
    await stage.enqueue(room, stage.message(conversation, "first"), stage.message(conversation, "second"))
    for count in (1, 2):

        async def is_told(count: int = count) -> bool:
            return len(stage.statuses.kept) >= 2 * count

        await eventually(is_told)
        await stage.apply(room, *stage.statuses.kept)
        await settled(stage, count)
    assert stage.texts() == ["first", "second"]
    rows = await stage.rows("resolved_by", "is_maybe_duplicate")
    assert [row["resolved_by"] for row in rows] == ["status", "status"]
    assert not any(row["is_maybe_duplicate"] for row in rows)


async def test_every_kind_of_fault_comes_to_an_end_without_a_silent_duplicate(stage: Stage) -> None:
    plan = Faults(
        seed=11, accept_hang=0.1, accept_reset=0.1, accept_502=0.1, accept_garbage=0.1, reset_before_accept=0.1,
        refuse_transient=0.05, rate_limited=0.05, hang_seconds=3.0, delay_ms=1, shuffle=True, duplicate=0.3,
    )  # fmt: skip
    stage.meta.faults.set_plan(plan)
    stage.clearance.clear = True
    room = await stage.sender(http_timeout_seconds=0.5, reconcile_seconds=1.0)
    await stage.put_token(room)
    conversations = [uuid.uuid4() for _ in range(12)]
    await stage.enqueue(room, *(stage.message(c, f"{n}/{i}") for i in range(2) for n, c in enumerate(conversations)))

    async def are_all_settled() -> bool:
        await stage.apply(room, *stage.statuses.kept)
        return all(row["state"] == "accepted" for row in await stage.rows())

    await eventually(are_all_settled)
    texts = stage.texts()
    assert set(texts) == {f"{n}/{i}" for n in range(12) for i in range(2)}
    for n in range(12):
        assert next(text for text in texts if text.startswith(f"{n}/")) == f"{n}/0"
    rows = await stage.rows("is_maybe_duplicate")
    flagged = {str(row["message_id"]) for row in rows if row["is_maybe_duplicate"]}
    assert set(stage.meta.ledger.duplicates) <= flagged


async def test_a_status_before_the_answer_is_the_answer(stage: Stage) -> None:
    stage.meta.faults.set_plan(Faults(accept_hang=1.0, hang_seconds=0.6, delay_ms=1))
    room = await stage.sender(http_timeout_seconds=1.0, reconcile_seconds=60.0)
    await stage.put_token(room)
    await stage.enqueue(room, stage.message(uuid.uuid4(), "quick"))

    async def is_told() -> bool:
        return bool(stage.statuses.kept)

    await eventually(is_told)
    await stage.apply(room, *stage.statuses.kept)
    await settled(stage, 1)
    assert (await stage.rows("resolved_by"))[0]["resolved_by"] == "status"
    assert stage.texts() == ["quick"]


async def test_a_crash_before_the_call_is_waited_out_and_sent_again_flagged(stage: Stage) -> None:
    idle = await stage.sender()
    await idle.worker.stop()
    await stage.put_token(idle)
    conversation = uuid.uuid4()
    await stage.enqueue(idle, stage.message(conversation, "first"), stage.message(conversation, "second"))
    began = time.monotonic()
    await stage.crash_before_the_call()
    await stage.sender(reconcile_seconds=1.5)

    async def is_seen() -> bool:
        return bool(await stage.sql("SELECT 1 FROM sender.inbox_lane WHERE last_error = 'in doubt'"))

    await eventually(is_seen)
    stage.clearance.clear = True
    await settled(stage, 2)
    assert time.monotonic() - began >= 1.4
    assert stage.texts() == ["first", "second"]
    flags = {
        row["resolved_by"]: row["is_maybe_duplicate"] for row in await stage.rows("resolved_by", "is_maybe_duplicate")
    }
    assert flags == {"resend": True, "response": False}


async def test_while_statuses_may_be_on_their_way_nothing_is_sent_again(stage: Stage) -> None:
    idle = await stage.sender()
    await idle.worker.stop()
    await stage.put_token(idle)
    await stage.enqueue(idle, stage.message(uuid.uuid4(), "once"))
    message_id = await stage.crash_before_the_call()
    room = await stage.sender(reconcile_seconds=1.1)

    async def is_overdue() -> bool:
        rows = await stage.sql(
            "SELECT 1 FROM sender.message, sender.inbox_lane WHERE attempted_at < now() - interval '1.3 s' "
            "AND last_error = 'in doubt' AND wake_at > now()"
        )
        return bool(rows)

    await eventually(is_overdue)
    assert stage.texts() == []
    status = events_pb2.MessageStatus(
        event_id="s", phone_number_id=NUMBER, message_id="wamid.late", status="delivered", callback_data=str(message_id)
    )
    await stage.apply(room, status)
    await settled(stage, 1)

    async def is_idle() -> bool:
        return await stage.sql("SELECT head = tail, wake_at FROM sender.inbox_lane") == [(True, None)]

    await eventually(is_idle)
    assert stage.texts() == []
    assert (await stage.rows())[0]["wamids"] == ["wamid.late"]


async def test_a_zombie_records_its_acceptance_and_changes_nothing_else(stage: Stage) -> None:
    idle = await stage.sender()
    await idle.worker.stop()
    message = stage.message(uuid.uuid4(), "mine")
    await stage.enqueue(idle, message)
    zombie = stage.store(lease_seconds=0.05)
    (claim,) = await zombie.claim(limit=1)
    message_id, position = uuid.UUID(message.message_id), claim.items[0].position
    wish = Wish(message_id, position, time.time() + 3600)
    await zombie.settle([(claim, Turn(claim.head, wish=wish))])
    other = stage.store()
    taken: list[object] = []

    async def is_taken_over() -> bool:
        taken.extend(await other.claim(limit=1))
        return bool(taken)

    await eventually(is_taken_over)
    outcome = Outcome(message_id, 1, Accepted("wamid.z"), position, time.time() + 3600)
    (settlement,) = await zombie.settle([(claim, Turn(claim.head, outcome))])
    assert isinstance(settlement.verdict, Lost)
    ((row),) = await stage.rows()
    assert (row["state"], row["wamids"]) == ("accepted", ["wamid.z"])
    assert await stage.sql("SELECT head, lease IS NOT NULL FROM sender.inbox_lane") == [(0, True)]


async def test_a_frozen_sender_does_not_send_on_an_old_permission(stage: Stage) -> None:
    idle = await stage.sender()
    await stage.put_token(idle)
    answer = await idle.graph.post(phone_number_id=NUMBER, token="EAAtesting", body=b"{}", is_fresh=lambda: False)
    assert isinstance(answer, NotSent)
    assert stage.meta.ledger.accepted == 0


async def test_repeated_statuses_change_nothing_and_unknown_ones_wait_for_their_message(stage: Stage) -> None:
    room = await stage.sender()
    await stage.put_token(room)
    stranger = events_pb2.MessageStatus(
        event_id="s1", phone_number_id=NUMBER, message_id="wamid.x", status="read", callback_data="no id of ours"
    )
    ok = results_pb2.ITEM_OUTCOME_OK
    assert await stage.apply(room, stranger, stranger) == [ok, ok]
    assert await stage.sql("SELECT wamid FROM sender.parked_status") == [("wamid.x",)]
    await room.worker.stop()
    message = stage.message(uuid.uuid4(), "found")
    await stage.enqueue(room, message)
    store = stage.store()
    (claim,) = await store.claim(limit=1)
    message_id, position = uuid.UUID(message.message_id), claim.items[0].position
    (granted,) = await store.settle([(claim, Turn(claim.head, wish=Wish(message_id, position, time.time() + 99)))])
    assert granted.verdict == Granted(1)
    outcome = Outcome(message_id, 1, Accepted("wamid.x"), position, time.time() + 99)
    await store.settle([(claim, Turn(claim.head, outcome))])
    ((row),) = await stage.rows()
    assert (row["state"], row["status"]) == ("accepted", "read")
    assert await stage.sql("SELECT wamid FROM sender.parked_status") == []
    assert [record.record_id.rpartition(":")[2] for record in await stage.records()] == ["accepted", "read"]


async def test_a_second_acceptance_is_found_by_its_id(stage: Stage) -> None:
    room = await stage.sender()
    await stage.put_token(room)
    message = stage.message(uuid.uuid4(), "twice")
    await stage.enqueue(room, message)
    await settled(stage, 1)
    other = events_pb2.MessageStatus(
        event_id="s2", phone_number_id=NUMBER, message_id="wamid.other", status="sent", callback_data=message.message_id
    )
    await stage.apply(room, other)
    ((row),) = await stage.rows()
    assert len(row["wamids"]) == 2


async def test_two_senders_share_the_lanes_without_sending_twice(stage: Stage) -> None:
    first, second = await stage.sender(), await stage.sender()
    await stage.put_token(first)
    conversations = [uuid.uuid4() for _ in range(10)]
    messages = [stage.message(c, f"{n}/{i}") for i in range(3) for n, c in enumerate(conversations)]
    await asyncio.gather(stage.enqueue(first, *messages), stage.enqueue(second, *messages))
    await settled(stage, 30)
    texts = stage.texts()
    assert len(texts) == 30
    for n in range(10):
        assert [text for text in texts if text.startswith(f"{n}/")] == [f"{n}/{i}" for i in range(3)]
