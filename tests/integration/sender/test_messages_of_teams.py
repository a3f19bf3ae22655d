"""Messages of teams on real Postgres and the simulated Meta: sent once, told as they change, on whatever replica."""

import time
import uuid
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest

from services.chassis.egress import Egress
from services.chassis.sealing import Sealer
from services.pb.common.v1 import content_pb2, errors_pb2, results_pb2
from services.pb.sender.v1 import sender_pb2
from services.sender.app import Teams, furnish_teams
from services.sender.ports import NumberFacts
from services.sender.ports.teams import Conversation, NoConversation, Recipient
from services.sender.server import MessageServiceServer
from services.sender.usecases.sending import message_id_of

from .conftest import NUMBER, Stage, eventually, settled
from .test_consent import hear, preference

OK, DUPLICATE, INVALID = (
    results_pb2.ITEM_OUTCOME_OK, results_pb2.ITEM_OUTCOME_DUPLICATE, results_pb2.ITEM_OUTCOME_INVALID,
)  # fmt: skip
NO_CONTEXT: Any = None


class Router:
    """Every phone number has a conversation; its window is open unless the number ends in 0."""

    async def open(
        self, *, organization_id: uuid.UUID, recipients: Sequence[Recipient]
    ) -> list[Conversation | NoConversation]:
        return [self._one(organization_id, recipient) for recipient in recipients]

    def _one(self, organization_id: uuid.UUID, recipient: Recipient) -> Conversation:
        wa_id = recipient.phone_number
        return Conversation(
            conversation_id=uuid.uuid5(organization_id, wa_id), phone_number_id=NUMBER, wa_id=wa_id, user_id="",
            window_expires_at=0 if wa_id.endswith("0") else int(time.time()) + 3600,
        )  # fmt: skip


async def desk(stage: Stage) -> tuple[MessageServiceServer, Teams]:
    """One more replica, as teams call it."""
    room = await stage.sender()
    sealer = Sealer.from_text(stage.settings.sealing_keys)
    teams = furnish_teams(stage.settings, stage.pool, room, sealer, Router(), Egress())
    return MessageServiceServer(teams.send, teams.tell, teams.watching), teams


@pytest.fixture
async def service(stage: Stage) -> AsyncIterator[MessageServiceServer]:
    server, teams = await desk(stage)
    await stage.put_token(stage.rooms[0])
    yield server
    await teams.watching.stop()


def message(key: str, text: str, phone: str = "5511900000001") -> sender_pb2.MessageToSend:
    content = content_pb2.Content(text=content_pb2.TextContent(body=text))
    return sender_pb2.MessageToSend(idempotency_key=key, phone_number_id=NUMBER, phone_number=phone, content=content)


async def send(
    service: MessageServiceServer, stage: Stage, *messages: sender_pb2.MessageToSend
) -> sender_pb2.SendMessagesResponse:
    request = sender_pb2.SendMessagesRequest(organization_id=stage.organization_id, messages=messages)
    return await service.Send(request, NO_CONTEXT)


def made_of_template(key: str, name: str, *values: str, phone: str) -> sender_pb2.MessageToSend:
    body = [content_pb2.TemplateParameter(text=value) for value in values]
    content = content_pb2.Content(template=content_pb2.TemplateContent(name=name, language="pt_BR", body=body))
    return sender_pb2.MessageToSend(idempotency_key=key, phone_number_id=NUMBER, phone_number=phone, content=content)


async def codes(stage: Stage) -> dict[str, int]:
    """What became of every message by the key it was sent under, once all are settled: 0 left."""

    async def are_settled() -> bool:
        return all(row["state"] in ("accepted", "failed") for row in await stage.rows())

    await eventually(are_settled)
    organization_id = uuid.UUID(stage.organization_id)
    keys = {str(message_id_of(organization_id, key)): key for key in "abcd"}
    return {keys[str(row["message_id"])]: row["error_code"] for row in await stage.rows("error_code")}


async def watched(
    service: MessageServiceServer, stage: Stage, until: str, **asked: str
) -> tuple[list[sender_pb2.MessageChange], str]:
    """Changes until one has this status, and the cursor behind them."""
    request = sender_pb2.WatchMessagesRequest(organization_id=stage.organization_id, **asked)
    changes: list[sender_pb2.MessageChange] = []
    async for told in service.Watch(request, NO_CONTEXT):
        changes += told.changes
        if any(change.status == until for change in told.changes):
            return changes, told.cursor
    raise AssertionError("the stream ended before it was told")


async def test_a_message_is_sent_once_however_often_it_is_given(service: MessageServiceServer, stage: Stage) -> None:
    first = await send(service, stage, message("a", "um"), message("b", "dois"))
    again = await send(service, stage, message("b", "dois"), message("a", "um"), message("c", "três"))
    await settled(stage, 3)
    assert [result.outcome for result in first.results] == [OK, OK]
    assert [result.outcome for result in again.results] == [DUPLICATE, DUPLICATE, OK]
    assert stage.texts() == ["um", "dois", "três"]


async def test_outside_the_window_nothing_is_taken(service: MessageServiceServer, stage: Stage) -> None:
    answer = await send(service, stage, message("a", "tarde", phone="5511900000010"), message("b", "cedo"))
    await settled(stage, 1)
    assert [result.outcome for result in answer.results] == [INVALID, OK]
    assert answer.results[0].reason == errors_pb2.ERROR_REASON_WINDOW_EXPIRED
    assert stage.texts() == ["cedo"]


async def test_who_wants_no_messages_gets_none_of_teams_either(service: MessageServiceServer, stage: Stage) -> None:
    stopped, no_advertising = "5511900000001", "5511900000002"
    room = stage.rooms[0]
    await hear(stage, room, preference(stopped), preference(no_advertising, kind="marketing"))
    answer = await send(
        service, stage,
        message("a", "oi", phone=stopped), made_of_template("b", "offer", phone=stopped),
        message("c", "olá", phone=no_advertising), made_of_template("d", "offer", phone=no_advertising),
    )  # fmt: skip
    assert [result.outcome for result in answer.results] == [OK] * 4
    assert await codes(stage) == {"a": 131050, "b": 131050, "c": 0, "d": 131050}
    assert stage.texts() == ["olá"]


async def test_a_template_of_teams_is_held_against_what_it_takes_before_any_call(
    service: MessageServiceServer, stage: Stage
) -> None:
    room, account = stage.rooms[0], stage.meta.numbers[NUMBER].waba_id
    organization_id = uuid.UUID(stage.organization_id)
    await room.numbers.put_limits(
        organization_id=organization_id, phone_number_id=NUMBER, facts=NumberFacts(waba_id=account)
    )
    part = {"type": "BODY", "text": "Olá {{1}}, até {{2}}."}
    stage.meta.templates.create(
        account, {"name": "parcel", "language": "pt_BR", "category": "UTILITY", "components": [part]}
    )
    await room.templates.sync(organization_id=organization_id, phone_number_id=NUMBER)
    closed = "5511900000020"  # a template needs no window
    await send(
        service, stage,
        made_of_template("a", "parcel", "Iara", phone=closed),
        made_of_template("b", "parcel", "Iara", "sexta", phone=closed),
    )  # fmt: skip
    assert await codes(stage) == {"a": 132000, "b": 0}
    assert sorted(row["attempts"] for row in await stage.rows("attempts")) == [0, 1]


async def test_what_becomes_of_a_message_is_told_in_order_and_gone_on_with_on_another_replica(
    service: MessageServiceServer, stage: Stage
) -> None:
    sent = await send(service, stage, message("a", "oi"))
    (result,) = sent.results
    begun, cursor = await watched(service, stage, "accepted", message_id=result.message_id, cursor=sent.watch_cursor)

    other, teams = await desk(stage)

    async def are_told() -> bool:
        return {status.status for status in stage.statuses.kept} == {"sent", "delivered"}

    await eventually(are_told)
    # Statuses come as they like: the later one first, and one of them twice.
    kept = sorted(stage.statuses.kept, key=lambda status: status.status)
    await stage.apply(stage.rooms[0], *kept, kept[0])
    rest, _ = await watched(other, stage, "delivered", message_id=result.message_id, cursor=cursor)
    await teams.watching.stop()

    told = [*begun, *rest]
    assert [change.status for change in begun] == ["accepted"]
    assert [change.status for change in told][-1] == "delivered"
    assert [change.sequence for change in told] == sorted({change.sequence for change in told})
    assert {change.conversation_id for change in told} == {result.conversation_id}
    assert all(change.message_id == result.message_id and change.event_id for change in told)


async def test_a_watch_of_a_conversation_tells_nothing_of_another_and_nothing_of_a_neighbour(
    service: MessageServiceServer, stage: Stage
) -> None:
    sent = await send(service, stage, message("a", "um"), message("b", "dois", phone="5511900000002"))
    await settled(stage, 2)
    mine, theirs = sent.results
    changes, _ = await watched(
        service, stage, "accepted", conversation_id=mine.conversation_id, cursor=sent.watch_cursor
    )
    assert {change.message_id for change in changes} == {mine.message_id}
    assert theirs.message_id != mine.message_id

    stage.organization_id = str(uuid.uuid4())
    neighbours = sender_pb2.WatchMessagesRequest(organization_id=stage.organization_id, cursor="0.0.0.0")
    stream = service.Watch(neighbours, NO_CONTEXT)
    assert list((await anext(stream)).changes) == []
    await stream.aclose()


async def test_a_message_is_got_and_listed_page_by_page(service: MessageServiceServer, stage: Stage) -> None:
    drafts = [message(f"k{n}", f"{n}", phone=f"551190000000{1 + n % 3}") for n in range(7)]
    sent = await send(service, stage, *drafts)
    await settled(stage, 7)
    by_key = await service.Get(
        sender_pb2.GetMessageRequest(organization_id=stage.organization_id, idempotency_key="k3"), NO_CONTEXT
    )
    assert by_key.message.message_id == sent.results[3].message_id
    assert (by_key.message.state, len(by_key.message.wamids)) == ("accepted", 1)

    ids: list[str] = []
    request = sender_pb2.ListMessagesRequest(organization_id=stage.organization_id, limit=3, state="accepted")
    while True:
        page = await service.List(request, NO_CONTEXT)
        ids += [record.message_id for record in page.messages]
        if not page.cursor:
            break
        request.cursor = page.cursor
    assert sorted(ids) == sorted(result.message_id for result in sent.results)

    of_one = sender_pb2.ListMessagesRequest(
        organization_id=stage.organization_id, conversation_id=sent.results[0].conversation_id, phone_number_id=NUMBER
    )
    assert len((await service.List(of_one, NO_CONTEXT)).messages) == 3
    elsewhere = sender_pb2.ListMessagesRequest(organization_id=stage.organization_id, phone_number_id="9")
    assert list((await service.List(elsewhere, NO_CONTEXT)).messages) == []
