"""Who has two phone numbers is one person, and what Meta refuses of a country it refuses of all who are there."""

import time
import uuid
from datetime import UTC, datetime
from typing import Any

import pytest

from services.embedded.meta.scripted import read_answers
from services.pb.common.v1 import events_pb2
from services.pb.sender.v1 import sender_pb2
from services.sender.app import Room
from services.sender.ports import Erasure
from services.sender.ports.teams import Conversation, NoConversation, Recipient
from services.sender.server import NumbersServer
from services.sender.store import PostgresAliases
from services.sender.usecases.names import MetasNames
from tests.integration.sender.conftest import NUMBER, Stage, settled
from tests.integration.sender.test_consent import hear, preference

# The same subscriber in Recife, with and without the ninth digit.
WRITTEN, METAS = "5581988887777", "558188887777"
COUNTRY_RESTRICTED = 130497
ELSEWHERE = "351910000001"


@pytest.fixture
async def room(stage: Stage) -> Room:
    room = await stage.sender()
    await stage.put_token(room)
    return room


def answer(stage: Stage, http: int, body: dict[str, Any]) -> None:
    """What Meta says to the next message."""
    stage.meta.script.put(NUMBER, read_answers({"answers": [{"http": http, "body": body}]}))


def accept_as(stage: Stage, wa_id: str) -> None:
    contacts = [{"input": f"+{WRITTEN}", "wa_id": wa_id}]
    answer(stage, 200, {"messaging_product": "whatsapp", "contacts": contacts, "messages": [{"id": f"wamid.{wa_id}"}]})


def status_of(message: sender_pb2.OutboundMessage, status: str, recipient: str) -> events_pb2.MessageStatus:
    return events_pb2.MessageStatus(
        event_id=f"{status}:{message.message_id}", phone_number_id=NUMBER, message_id=f"wamid.{METAS}",
        status=status, occurred_at=int(time.time()), recipient_wa_id=recipient, waba_id="7700",
    )  # fmt: skip


async def aliases(stage: Stage) -> list[tuple[str, str, bool]]:
    return [tuple(row) for row in await stage.sql("SELECT recipient, other, is_metas FROM sender.alias ORDER BY 1")]


BOTH = [(METAS, WRITTEN, False), (WRITTEN, METAS, True)]


async def test_a_status_under_metas_own_number_finds_its_message(stage: Stage, room: Room) -> None:
    accept_as(stage, METAS)
    message = stage.message(uuid.uuid4(), "Oi", recipient_wa_id=WRITTEN)
    await stage.enqueue(room, message)
    await settled(stage, 1)
    await stage.apply(room, status_of(message, "delivered", METAS))
    (row,) = await stage.rows("status")
    assert row["status"] == "delivered"
    assert await aliases(stage) == BOTH


async def test_the_other_number_is_learned_from_a_status_when_the_answer_was_lost(stage: Stage, room: Room) -> None:
    message = stage.message(uuid.uuid4(), "Oi", recipient_wa_id=WRITTEN)
    await stage.enqueue(room, message)
    await settled(stage, 1)
    assert await aliases(stage) == []
    status = status_of(message, "sent", METAS)
    status.callback_data = message.message_id
    await stage.apply(room, status)
    assert await aliases(stage) == BOTH


@pytest.mark.parametrize(("said_by", "written_to"), [(METAS, WRITTEN), (WRITTEN, METAS)])
async def test_a_wish_holds_for_the_person_under_both_numbers(
    stage: Stage, room: Room, said_by: str, written_to: str
) -> None:
    accept_as(stage, METAS)
    await stage.enqueue(room, stage.message(uuid.uuid4(), "Oi", recipient_wa_id=WRITTEN))
    await settled(stage, 1)

    await hear(stage, room, preference(said_by))
    await stage.enqueue(room, stage.message(uuid.uuid4(), "more", recipient_wa_id=written_to))
    await settled(stage, 2)
    assert [row["error_code"] for row in await stage.rows("error_code")] == [0, 131050]

    # Taken back under the other number, it is taken back.
    await hear(stage, room, preference(written_to, is_out=False, at=int(time.time() * 1000) + 1))
    await stage.enqueue(room, stage.message(uuid.uuid4(), "again", recipient_wa_id=written_to))
    await settled(stage, 3)
    assert [row["error_code"] for row in await stage.rows("error_code")] == [0, 131050, 0]


class Router:
    """Keeps whom it was asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def open(
        self, *, organization_id: uuid.UUID, recipients: list[Recipient]
    ) -> list[Conversation | NoConversation]:
        self.asked += [recipient.phone_number for recipient in recipients]
        return []


async def test_teams_write_into_the_conversation_that_metas_number_has(stage: Stage, room: Room) -> None:
    accept_as(stage, METAS)
    await stage.enqueue(room, stage.message(uuid.uuid4(), "Oi", recipient_wa_id=WRITTEN))
    await settled(stage, 1)
    router = Router()
    names = MetasNames(PostgresAliases(stage.pool), router)  # type: ignore[arg-type]  # it answers nothing
    recipients = [Recipient(phone_number=number) for number in ("+55 81 98888-7777", METAS, "+55 81 90000-0000", "")]
    await names.open(organization_id=uuid.UUID(stage.organization_id), recipients=recipients)
    assert router.asked == [METAS, METAS, "+55 81 90000-0000", ""]


async def test_who_is_erased_is_erased_under_both_numbers(stage: Stage, room: Room) -> None:
    accept_as(stage, METAS)
    lane = uuid.uuid4()
    await stage.enqueue(room, stage.message(lane, "Oi", recipient_wa_id=WRITTEN))
    await settled(stage, 1)
    await hear(stage, room, preference(WRITTEN))
    organization_id = uuid.UUID(stage.organization_id)
    page = await room.privacy.page(organization_id=organization_id, conversation_ids=[lane], names=[METAS], cursor="")
    assert ("other_phone_number", {"phone_number": METAS, "other_phone_number": WRITTEN}) in [
        (row.kind, row.data) for row in page.rows
    ]

    now = datetime.now(UTC)
    erasure = Erasure(conversation_ids=[], wa_ids=[METAS], user_ids=[], wamid_parts=[], erased_at=now)
    await room.privacy.erase(organization_id=organization_id, job_id=uuid.uuid4(), erasure=erasure)
    assert await aliases(stage) == []
    assert await stage.sql("SELECT 1 FROM sender.opt_out") == []


def restricted(stage: Stage) -> None:
    error = {
        "message": "Business account is restricted from messaging users in this country.",
        "code": COUNTRY_RESTRICTED,
    }
    answer(stage, 403, {"error": error})


async def write_to(stage: Stage, room: Room, *numbers: str) -> list[tuple[str, int, int]]:
    """Write to them one after the other; gives state, error code and calls of these messages."""
    before = len(await stage.rows())
    for count, number in enumerate(numbers, start=1):
        await stage.enqueue(room, stage.message(uuid.uuid4(), "Oi", recipient_wa_id=number))
        await settled(stage, before + count)
    rows = await stage.rows("error_code", "attempts")
    return [(row["state"], row["error_code"], row["attempts"]) for row in rows[before:]]


async def test_what_goes_to_a_country_meta_keeps_the_account_from_fails_without_a_call(
    stage: Stage, room: Room
) -> None:
    restricted(stage)
    assert await write_to(stage, room, "5511900000001", "5521900000002", ELSEWHERE) == [
        ("failed", COUNTRY_RESTRICTED, 1),
        ("failed", COUNTRY_RESTRICTED, 0),
        ("accepted", 0, 1),
    ]
    request = sender_pb2.ListPausesRequest(organization_id=stage.organization_id)
    (pause,) = (await NumbersServer(room.numbers).ListPauses(request, None)).pauses  # type: ignore[arg-type]  # unused
    assert (pause.scope, pause.name.rpartition("/")[2], pause.error_code) == ("country", "+55", COUNTRY_RESTRICTED)
    assert 3500 < pause.probe_in_seconds <= 3600


async def test_one_message_tries_a_country_again_and_ends_the_restriction(stage: Stage, room: Room) -> None:
    restricted(stage)
    await write_to(stage, room, "5511900000001")
    await stage.sql("UPDATE sender.pause SET probe_at = now() RETURNING 1")
    await room.pauses.refresh()
    assert await write_to(stage, room, "5511900000003", "5511900000004") == [("accepted", 0, 1)] * 2
    assert await stage.sql("SELECT 1 FROM sender.pause") == []


async def test_a_failed_status_tells_of_a_country_as_well(stage: Stage, room: Room) -> None:
    message = stage.message(uuid.uuid4(), "Oi", recipient_wa_id="5511900000001")
    await stage.enqueue(room, message)
    await settled(stage, 1)
    status = status_of(message, "failed", "5511900000001")
    status.callback_data, status.error_codes[:] = message.message_id, [COUNTRY_RESTRICTED]
    await stage.apply(room, status)
    assert await write_to(stage, room, "5511900000002") == [("failed", COUNTRY_RESTRICTED, 0)]
