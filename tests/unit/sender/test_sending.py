"""A team's message is taken once under its key, or refused at once with the reason."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.chassis.errors import InvalidArgument, Unavailable
from services.pb.common.v1 import content_pb2, errors_pb2
from services.pb.sender.v1 import sender_pb2
from services.sender.domain.settling import PairLimit
from services.sender.ports import NewMessage
from services.sender.ports.teams import Conversation, NoConversation, Recipient
from services.sender.server import written
from services.sender.usecases.sending import MOST_MESSAGES, Draft, Send, SendResult, message_id_of
from services.sender.worker.checking import broken_fields
from tests.fakes.sender_store import Clock, FakeStore

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
OPEN, CLOSED = int(NOW.timestamp()) + 60, int(NOW.timestamp())
NUMBER = "700800900"
ORGANIZATION = UUID(int=7)
CONVERSATION = UUID(int=70)


@dataclass
class Router:
    """Knows one conversation; `asked` is whom it was asked for."""

    window_expires_at: int = OPEN
    asked: list[Recipient] = field(default_factory=list)
    is_away: bool = False

    async def open(
        self, *, organization_id: UUID, recipients: Sequence[Recipient]
    ) -> list[Conversation | NoConversation]:
        if self.is_away:
            raise Unavailable("router is away", reason=errors_pb2.ERROR_REASON_PEER_UNAVAILABLE)
        self.asked += recipients
        return [self._one(recipient) for recipient in recipients]

    def _one(self, recipient: Recipient) -> Conversation | NoConversation:
        if recipient.phone_number_id == "404":
            return NoConversation(errors_pb2.ERROR_REASON_NUMBER_NOT_FOUND, "phone_number_id is no number")
        return Conversation(
            conversation_id=CONVERSATION, phone_number_id=NUMBER, wa_id="5521900000007", user_id="BR.7",
            window_expires_at=self.window_expires_at,
        )  # fmt: skip


class Deliver:
    """Stores what it is given; keeps the payloads."""

    def __init__(self, store: FakeStore) -> None:
        self._store = store
        self.taken: list[sender_pb2.OutboundMessage] = []

    async def enqueue(self, messages: Sequence[NewMessage]) -> Sequence[bool]:
        self.taken += [sender_pb2.OutboundMessage.FromString(message.payload) for message in messages]
        return await self._store.enqueue(messages)


class Desk:
    def __init__(self) -> None:
        store = FakeStore(Clock(), limit=PairLimit(45, 6.0))
        self.router, self.deliver = Router(), Deliver(store)
        deliver: Any = self.deliver
        self._send = Send(store, self.router, deliver, check=broken_fields, write=written, now=lambda: NOW)

    async def send(self, *drafts: Draft) -> list[SendResult]:
        return await self._send(organization_id=ORGANIZATION, drafts=drafts)


def text(key: str, body: str = "Bom dia", **recipient: Any) -> Draft:
    content = content_pb2.Content(text=content_pb2.TextContent(body=body))
    return draft(key, content, **recipient)


def template(key: str) -> Draft:
    named = content_pb2.TemplateContent(name="lembrete", language="pt_BR")
    return draft(key, content_pb2.Content(template=named))


def draft(key: str, content: content_pb2.Content, **recipient: Any) -> Draft:
    named = Recipient(**({"phone_number_id": NUMBER, "phone_number": "5521900000007"} | recipient))
    is_template = content.WhichOneof("kind") == "template"
    return Draft(key=key, recipient=named, content=content, is_template=is_template, reply_to_wamid="")


def outcomes(results: Sequence[SendResult]) -> list[str]:
    return [result.outcome for result in results]


async def test_a_message_goes_into_the_conversation_that_router_names() -> None:
    desk = Desk()
    (result,) = await desk.send(text("pedido-1"))
    (taken,) = desk.deliver.taken
    assert (result.outcome, result.conversation_id) == ("ok", CONVERSATION)
    assert result.message_id == message_id_of(ORGANIZATION, "pedido-1") == UUID(taken.message_id)
    assert (taken.conversation_id, taken.recipient_wa_id, taken.recipient_user_id) == (
        str(CONVERSATION), "5521900000007", "BR.7",
    )  # fmt: skip
    assert (taken.window_expires_at, taken.content.text.body) == (OPEN, "Bom dia")


async def test_a_repeat_is_a_repeat_though_the_window_closed_and_router_is_away() -> None:
    desk = Desk()
    await desk.send(text("pedido-1"))
    desk.router.window_expires_at, desk.router.is_away = CLOSED, True
    (result,) = await desk.send(text("pedido-1", "something else"))
    assert (result.outcome, result.conversation_id) == ("duplicate", CONVERSATION)
    assert len(desk.deliver.taken) == 1


async def test_the_same_key_in_another_organization_is_another_message() -> None:
    assert message_id_of(ORGANIZATION, "pedido-1") != message_id_of(uuid4(), "pedido-1")


async def test_a_free_message_outside_the_window_is_refused_and_a_template_is_not() -> None:
    desk = Desk()
    desk.router.window_expires_at = CLOSED
    late, allowed = await desk.send(text("a"), template("b"))
    assert (late.outcome, late.reason) == ("invalid", errors_pb2.ERROR_REASON_WINDOW_EXPIRED)
    assert "window is closed; send a template" in late.problem
    assert allowed.outcome == "ok"
    assert [taken.content.WhichOneof("kind") for taken in desk.deliver.taken] == ["template"]


async def test_who_never_wrote_gets_templates_only() -> None:
    desk = Desk()
    desk.router.window_expires_at = 0
    (result,) = await desk.send(text("a"))
    assert "never written" in result.problem


async def test_a_broken_limit_is_told_field_by_field_and_router_is_not_asked() -> None:
    desk = Desk()
    buttons = [content_pb2.ReplyButton(id=f"b{n}", title="x" * 21) for n in range(4)]
    content = content_pb2.Content(buttons=content_pb2.ButtonsContent(body="Escolha", buttons=buttons))
    (result,) = await desk.send(draft("a", content))
    assert (result.outcome, result.reason) == ("invalid", errors_pb2.ERROR_REASON_INVALID_FIELD)
    named = {each.field for each in result.fields}
    assert {"interactive.action.buttons", "interactive.action.buttons[0].reply.title"} <= named
    assert all(each.problem for each in result.fields)
    assert not desk.router.asked


async def test_one_that_is_refused_costs_its_neighbours_nothing_and_order_is_kept() -> None:
    desk = Desk()
    results = await desk.send(
        text("1", "um"), text("2", ""), text("3", "três"), text("4", phone_number_id="404"), text("5", "cinco")
    )
    assert outcomes(results) == ["ok", "invalid", "ok", "invalid", "ok"]
    assert results[3].reason == errors_pb2.ERROR_REASON_NUMBER_NOT_FOUND
    assert [taken.content.text.body for taken in desk.deliver.taken] == ["um", "três", "cinco"]


@pytest.mark.parametrize("key", ["", "x" * 256, "a\nb", "a\0"])
async def test_a_key_that_can_be_none_is_refused(key: str) -> None:
    desk = Desk()
    (result,) = await desk.send(text(key))
    assert result.outcome == "invalid"
    assert [each.field for each in result.fields] == ["idempotency_key"]


async def test_two_messages_of_one_call_need_two_keys() -> None:
    desk = Desk()
    assert outcomes(await desk.send(text("a"), text("a", "other"))) == ["ok", "invalid"]


async def test_a_content_without_kind_and_a_quote_that_is_too_long_are_refused() -> None:
    desk = Desk()
    quoting = Draft(
        key="b", recipient=Recipient(conversation_id=CONVERSATION), is_template=False, reply_to_wamid="w" * 513,
        content=content_pb2.Content(text=content_pb2.TextContent(body="oi")),
    )  # fmt: skip
    empty, quote = await desk.send(draft("a", content_pb2.Content()), quoting)
    assert "content" in empty.problem
    assert [each.field for each in quote.fields] == ["reply_to_wamid"]


@pytest.mark.parametrize("count", [0, MOST_MESSAGES + 1])
async def test_none_and_too_many_at_once_are_refused(count: int) -> None:
    with pytest.raises(InvalidArgument, match="messages has"):
        await Desk().send(*[text(f"{n}") for n in range(count)])


async def test_while_router_is_away_nothing_is_taken() -> None:
    desk = Desk()
    desk.router.is_away = True
    with pytest.raises(Unavailable):
        await desk.send(text("a"))
    assert not desk.deliver.taken
