"""A message of a flow that does not arrive is told to executor once, however its failure is found out."""

import uuid
from datetime import UTC, datetime
from typing import Any

from services.chassis.queue import Finish
from services.embedded.meta.plans import Faults
from services.pb.common.v1 import events_pb2
from services.sender.ports import Erasure

from .conftest import NUMBER, Stage, settled

FLOW = {"flow_id": "6f3f3f9e-9f60-4a8e-8d3e-0f4f2b7f3a11", "node_id": "n_offer"}
UNDELIVERABLE = 131026


def failed_status(wamid: str, callback: str, code: int = UNDELIVERABLE) -> events_pb2.MessageStatus:
    return events_pb2.MessageStatus(
        event_id=f"status:{wamid}:failed",
        phone_number_id=NUMBER,
        message_id=wamid,
        status="failed",
        callback_data=callback,
        occurred_at=1_790_000_000,
        error_codes=[code],
    )


async def sent(stage: Stage, **fields: Any) -> tuple[Any, Any]:
    """A message on its way; the room and the message."""
    room = await stage.sender()
    await stage.put_token(room)
    message = stage.message(uuid.uuid4(), "an offer", **fields)
    await stage.enqueue(room, message)
    await settled(stage, 1)
    return room, message


async def test_a_refusal_of_meta_is_told_with_flow_node_and_code(stage: Stage) -> None:
    stage.meta.faults.set_plan(Faults(refuse_for_good=1.0))
    _, message = await sent(stage, **FLOW)

    (event,) = await stage.failures()
    assert (event.event_id, event.conversation_id) == (f"failed:{message.message_id}", message.conversation_id)
    failed = event.failed_delivery
    assert (failed.flow_id, failed.node_id, failed.code) == (FLOW["flow_id"], FLOW["node_id"], UNDELIVERABLE)
    assert failed.message_id == message.message_id


async def test_a_failed_status_is_told_once_however_often_it_comes(stage: Stage) -> None:
    room, message = await sent(stage, **FLOW)
    assert await stage.failures() == []
    ((wamid,),) = [row["wamids"] for row in await stage.rows()]
    for _ in range(3):
        await stage.apply(room, failed_status(wamid, message.message_id))

    (event,) = await stage.failures()
    assert event.failed_delivery.code == UNDELIVERABLE


async def test_a_message_that_breaks_metas_limits_is_told_without_a_code(stage: Stage) -> None:
    await sent(stage, recipient_wa_id="no number", **FLOW)

    (event,) = await stage.failures()
    assert event.failed_delivery.code == 0


async def test_what_no_flow_said_and_what_arrived_is_told_to_nobody(stage: Stage) -> None:
    stage.meta.faults.set_plan(Faults(refuse_for_good=1.0))
    room, _ = await sent(stage)
    stage.meta.faults.set_plan(Faults(delay_ms=1))
    await stage.enqueue(room, stage.message(uuid.uuid4(), "fine", **FLOW))
    await settled(stage, 2)

    assert await stage.failures() == []


async def test_an_erasure_waits_until_the_flow_was_told(stage: Stage) -> None:
    stage.meta.faults.set_plan(Faults(refuse_for_good=1.0))
    room, message = await sent(stage, **FLOW)
    erasure = Erasure(
        conversation_ids=[uuid.UUID(message.conversation_id)],
        wa_ids=[message.recipient_wa_id],
        user_ids=[],
        wamid_parts=[],
        erased_at=datetime.now(UTC),
    )
    person = {"organization_id": uuid.UUID(stage.organization_id), "job_id": uuid.uuid4(), "erasure": erasure}

    waits = await room.privacy.erase(**person)
    assert (waits.counts, waits.waiting_for.partition(",")[0]) == ({}, "messages that are on their way")
    for claim in await room.failures.claim():
        async with stage.pool.transaction([claim.group_id]) as connection:
            await room.failures.finish(connection, [Finish(claim, claim.until)])
    assert (await room.privacy.erase(**person)).counts["sender.failures_item"] == 1
    assert await stage.failures() == []
