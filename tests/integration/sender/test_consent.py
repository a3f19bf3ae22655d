"""People who want no messages: their word on real Postgres, looked at in the transaction that permits a call."""

import time
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.pb.common.v1 import content_pb2, events_pb2, results_pb2
from services.pb.sender.v1 import sender_pb2
from services.sender.app import Room
from services.sender.domain.templates import Template
from services.sender.ports import Erasure
from services.sender.server import DeliveryServer
from services.sender.store import PostgresTemplates
from tests.integration.sender.conftest import NUMBER, Stage, eventually

OK, INVALID = results_pb2.ITEM_OUTCOME_OK, results_pb2.ITEM_OUTCOME_INVALID
ERASED = results_pb2.ITEM_OUTCOME_ERASED
DAY_MS = 24 * 3600 * 1000


def now_ms() -> int:
    return int(time.time() * 1000)


def preference(wa_id: str, *, is_out: bool = True, kind: str = "all", at: int = 0, **fields: Any) -> events_pb2.Notice:
    told = {"wa_id": wa_id, "kind": kind, "is_out": is_out, "said_at_ms": at or now_ms(), "source": "word"}
    return events_pb2.Notice(preference=events_pb2.Preference(**told | fields))


async def hear(
    stage: Stage, room: Room, *notices: events_pb2.Notice, confirmation: sender_pb2.OutboundMessage | None = None
) -> list[int]:
    items = [
        sender_pb2.OrganizationNotice(organization_id=stage.organization_id, notice=notice, confirmation=confirmation)
        for notice in notices
    ]
    response = await DeliveryServer(room.deliver, room.notices, room.desk).ApplyNotices(
        sender_pb2.ApplyNoticesRequest(notices=items),
        None,  # type: ignore[arg-type]  # the server uses no context
    )
    return [result.outcome for result in response.results]


async def settled(stage: Stage) -> list[tuple[str, int]]:
    """Every message, in the order they came, once all are settled."""

    async def are_settled() -> bool:
        return all(row["state"] in ("accepted", "failed") for row in await stage.rows())

    await eventually(are_settled)
    return [(row["state"], row["error_code"]) for row in await stage.rows("error_code")]


@pytest.fixture
async def room(stage: Stage) -> Room:
    room = await stage.sender()
    await stage.put_token(room)
    return room


async def test_after_a_stop_word_only_its_confirmation_leaves(stage: Stage, room: Room) -> None:
    conversation = uuid.uuid4()
    answer = stage.message(conversation, "Quer ver mais?")
    confirmation = stage.message(conversation, "Pronto", is_confirmation=True)
    stop = preference(answer.recipient_wa_id)
    assert await hear(stage, room, stop, confirmation=confirmation) == [OK]
    await stage.enqueue(room, answer)
    assert await settled(stage) == [("accepted", 0), ("failed", 131050)]
    assert stage.texts() == ["Pronto"]
    # Sender was told twice: nothing leaves twice.
    assert await hear(stage, room, stop, confirmation=confirmation) == [OK]
    assert await settled(stage) == [("accepted", 0), ("failed", 131050)]


async def test_what_waits_when_a_person_stops_does_not_leave_either(stage: Stage) -> None:
    room = await stage.sender()
    waiting = stage.message(uuid.uuid4(), "um momento")
    await stage.enqueue(room, waiting)
    await hear(stage, room, preference(waiting.recipient_wa_id))
    await stage.put_token(room)
    assert await settled(stage) == [("failed", 131050)]
    assert stage.texts() == []


async def test_an_answer_to_what_was_written_afterwards_leaves(stage: Stage, room: Room) -> None:
    later = stage.message(uuid.uuid4(), "claro", window_expires_at=int(time.time()) + 24 * 3600)
    await hear(stage, room, preference(later.recipient_wa_id, at=now_ms() - 60_000))
    await stage.enqueue(room, later)
    assert await settled(stage) == [("accepted", 0)]


async def test_whoever_wants_messages_again_gets_them(stage: Stage, room: Room) -> None:
    first = stage.message(uuid.uuid4(), "de volta")
    person, said = first.recipient_wa_id, now_ms()
    await hear(stage, room, preference(person, at=said), preference(person, kind="marketing", at=said))
    await hear(stage, room, preference(person, is_out=False, at=said + 1))
    # A repeat of the older word comes late and changes nothing.
    await hear(stage, room, preference(person, at=said))
    await stage.enqueue(room, first)
    assert await settled(stage) == [("accepted", 0)]
    assert await stage.sql("SELECT DISTINCT is_out FROM sender.opt_out") == [(False,)]


async def test_a_start_word_of_somebody_who_never_stopped_is_not_confirmed(stage: Stage, room: Room) -> None:
    confirmation = stage.message(uuid.uuid4(), "Pronto", is_confirmation=True)
    start = preference(confirmation.recipient_wa_id, is_out=False)
    assert await hear(stage, room, start, confirmation=confirmation) == [OK]
    assert await stage.rows() == []


async def test_another_organizations_people_are_other_people(stage: Stage, room: Room) -> None:
    free = stage.message(uuid.uuid4(), "olá")
    own, stage.organization_id = stage.organization_id, str(uuid.uuid4())
    await hear(stage, room, preference(free.recipient_wa_id))
    stage.organization_id = own
    await stage.enqueue(room, free)
    assert await settled(stage) == [("accepted", 0)]


async def test_who_wants_no_advertising_gets_other_templates_only(stage: Stage, room: Room) -> None:
    organization_id = uuid.UUID(stage.organization_id)
    templates = [
        Template(waba_id="1", name=name, language="pt_BR", category=category, status="APPROVED", components="[]")
        for name, category in (("offer", "MARKETING"), ("receipt", "UTILITY"))
    ]
    await PostgresTemplates(stage.pool, room.audit).replace(
        organization_id=organization_id, waba_id="1", phone_number_id=NUMBER, templates=templates
    )
    conversation = uuid.uuid4()
    messages = [
        stage.message(
            conversation,
            "",
            content=content_pb2.Content(template=content_pb2.TemplateContent(name=name, language="pt_BR")),
        )
        for name in ("offer", "receipt", "nobody_knows")
    ]
    await hear(stage, room, preference(messages[0].recipient_wa_id, kind="marketing"))
    await stage.enqueue(room, *messages)
    await settled(stage)
    told = {str(row["message_id"]): row["error_code"] for row in await stage.rows("error_code")}
    assert [told[each.message_id] for each in messages] == [131050, 0, 131050]


async def test_what_no_word_can_be_costs_only_itself(stage: Stage, room: Room) -> None:
    good = preference("5511900000001")
    bad = [preference("", user_id=""), preference("1", kind="some"), events_pb2.Notice()]
    assert await hear(stage, room, good, *bad) == [OK, INVALID, INVALID, INVALID]


async def test_a_closed_window_is_told_to_the_flow_with_metas_code(stage: Stage, room: Room) -> None:
    late = stage.message(
        uuid.uuid4(), "tarde", window_expires_at=int(time.time()) - 1, flow_id=str(uuid.uuid4()), node_id="n1"
    )
    await stage.enqueue(room, late)
    assert await settled(stage) == [("failed", 131047)]
    (event,) = await stage.failures()
    assert (event.failed_delivery.node_id, event.failed_delivery.code) == ("n1", 131047)


async def test_a_persons_word_goes_with_their_export_and_their_erasure(stage: Stage, room: Room) -> None:
    await hear(stage, room, preference("5511900000009"))
    organization_id = uuid.UUID(stage.organization_id)
    page = await room.privacy.page(
        organization_id=organization_id, conversation_ids=[], names=["5511900000009"], cursor=""
    )
    ((kind, data),) = [(row.kind, row.data) for row in page.rows]
    assert (kind, data["kind"], data["wants_none"]) == ("opt_out", "all", True)
    await erase(stage, room, "5511900000009")
    assert await stage.sql("SELECT 1 FROM sender.opt_out") == []


async def test_a_word_of_before_an_erasure_does_not_come_back_with_a_repeat(stage: Stage, room: Room) -> None:
    of_before = preference("5511900000009", at=now_ms() - 5000)
    assert await hear(stage, room, of_before) == [OK]
    await erase(stage, room, "5511900000009")
    neighbour = preference("5511900000008")
    assert await hear(stage, room, of_before, neighbour) == [ERASED, OK]
    assert await stage.sql("SELECT recipient FROM sender.opt_out") == [("5511900000008",)]


async def test_a_word_said_after_an_erasure_outlives_the_erasures_second_look(stage: Stage, room: Room) -> None:
    erased_at = datetime.now(UTC) - timedelta(seconds=20)
    await erase(stage, room, "5511900000009", erased_at)
    assert await hear(stage, room, preference("5511900000009")) == [OK]
    await erase(stage, room, "5511900000009", erased_at)
    assert await stage.sql("SELECT recipient FROM sender.opt_out") == [("5511900000009",)]


async def erase(stage: Stage, room: Room, wa_id: str, erased_at: datetime | None = None) -> None:
    erasure = Erasure(
        conversation_ids=[], wa_ids=[wa_id], user_ids=[], wamid_parts=[], erased_at=erased_at or datetime.now(UTC)
    )
    organization_id = uuid.UUID(stage.organization_id)
    await room.privacy.erase(organization_id=organization_id, job_id=uuid.uuid4(), erasure=erasure)
