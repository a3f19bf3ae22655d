"""Take a message in a contact's name, to try a flow: the same road as a real one, behind ingress."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from services.chassis.clock import Now
from services.chassis.errors import InvalidArgument, NotFound, Unavailable
from services.pb.common.v1 import errors_pb2
from services.router.domain.choice import Choice, choose
from services.router.domain.contacts import ContactBook
from services.router.domain.conversation import WINDOW_SECONDS, Conversation, Touch
from services.router.domain.identity import conversation_id_of, read_identity
from services.router.domain.message import Message
from services.router.domain.organization import OrganizationPlan, compile_setup
from services.router.ports import Executor, RoutedMessage, RoutingStore
from services.router.usecases.fields import phone_number, text_of
from services.router.usecases.races import again_while_raced


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialMessage:
    """What to say in whose name; `flow_id` None means the usual choice."""

    organization_id: UUID
    phone_number: str
    text: str
    flow_id: UUID | None
    event_id: str


class SubmitTestMessage:
    """Submits test messages."""

    def __init__(self, store: RoutingStore, executor: Executor, now: Now) -> None:
        self._store = store
        self._executor = executor
        self._now = now

    async def submit(self, wanted: TrialMessage) -> UUID:
        """The conversation the message went into. Safe to repeat under the same event_id.

        Raises InvalidArgument, NotFound (organization or number) or Unavailable.
        """
        phone = phone_number("phone_number", wanted.phone_number)
        text_of("text", wanted.text, most=4096)
        text_of("event_id", wanted.event_id, most=600)
        routed = await again_while_raced(lambda: self._place(wanted, phone))
        (outcome,) = await self._executor.submit([routed], is_repeat=False)
        if outcome.kind == "retry":
            raise Unavailable(
                "executor takes no message now; try again", reason=errors_pb2.ERROR_REASON_PEER_UNAVAILABLE
            )
        if outcome.kind in ("invalid", "unroutable"):
            raise InvalidArgument(outcome.reason)
        return routed.conversation.conversation_id

    async def _place(self, wanted: TrialMessage, phone: str) -> RoutedMessage:
        now = int(self._now().timestamp())
        async with self._store.routing([wanted.organization_id]) as work:
            plan = compile_setup(await work.setup_of(wanted.organization_id))
            identity = read_identity(wanted.organization_id, phone)
            book = ContactBook(*await work.contacts_of([identity]))
            contact_id = book.admit(_message(wanted, phone, "", now), [identity], None)
            latest = await work.latest_conversation(organization_id=wanted.organization_id, contact_id=contact_id)
            message = _message(wanted, phone, _choose_number(plan, latest), now)
            await work.save_contacts(book.changes())
            touch = _touch(wanted.organization_id, contact_id, message.phone_number_id, now, latest)
            conversation = (await work.touch([touch]))[touch.conversation_id]
        return RoutedMessage(
            message=message,
            contact=book.contact(contact_id),
            conversation=conversation,
            choice=_choose_flow(plan, message, conversation, wanted.flow_id),
            time_zone=plan.organization.time_zone,
        )


def _message(wanted: TrialMessage, phone: str, phone_number_id: str, now: int) -> Message:
    return Message(
        event_id=wanted.event_id,
        phone_number_id=phone_number_id,
        wa_id=phone,
        text=wanted.text,
        sent_at=now,
        received_at_ms=now * 1000,
    )


def _choose_number(plan: OrganizationPlan, latest: Conversation | None) -> str:
    """The number of the contact's latest conversation, otherwise the first of the active ones."""
    active = sorted(key for key, number in plan.numbers.items() if number.number.is_active)
    if not active:
        raise NotFound(
            "the organization has no active number; add one with `pytake apply`",
            reason=errors_pb2.ERROR_REASON_NUMBER_NOT_FOUND,
        )
    return latest.phone_number_id if latest is not None and latest.phone_number_id in active else active[0]


def _touch(organization_id: UUID, contact_id: UUID, number: str, now: int, latest: Conversation | None) -> Touch:
    """Open a window where none is open: the test acts as the contact. A real one keeps its real end."""
    conversation_id = conversation_id_of(contact_id, number)
    is_open = latest is not None and latest.conversation_id == conversation_id and latest.window_expires_at > now
    window = 0 if is_open else now + WINDOW_SECONDS
    return Touch(organization_id, conversation_id, contact_id, number, now, window)


def _choose_flow(plan: OrganizationPlan, message: Message, conversation: Conversation, flow_id: UUID | None) -> Choice:
    usual = choose(plan, message, owner=conversation.owner)
    return Choice(True, flow_id, "test") if flow_id is not None and usual.may_run_flow else usual
