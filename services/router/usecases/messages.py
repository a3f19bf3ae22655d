"""Route contacts' messages: whose number, whose contact, which flow; then hand them to executor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from services.chassis.clock import Now
from services.router.domain.choice import choose
from services.router.domain.contacts import ContactBook
from services.router.domain.conversation import Conversation, Touch, combine, said_at, window_after
from services.router.domain.identity import Identity, conversation_id_of, identities_of, parent_of
from services.router.domain.message import Message
from services.router.domain.organization import OrganizationPlan
from services.router.domain.outcome import RETRY, Outcome, refusal_of_identities, refusal_of_message
from services.router.ports import BadValue, Executor, PlanMemory, RoutedMessage, RoutingStore, RoutingWork
from services.router.usecases.handover import hand_over
from services.router.usecases.plans import Plans, load_plans, number_plan
from services.router.usecases.races import again_while_raced


@dataclass(frozen=True, slots=True)
class _Letter:
    """A message whose number takes it: whose it is and whom it names."""

    message: Message
    plan: OrganizationPlan
    identities: tuple[Identity, ...]
    parent: Identity | None


class RouteMessages:
    """Routes batches of messages of any organizations."""

    def __init__(self, store: RoutingStore, executor: Executor, memory: PlanMemory, now: Now) -> None:
        self._store = store
        self._executor = executor
        self._memory = memory
        self._now = now

    async def route(self, messages: Sequence[Message]) -> Sequence[Outcome]:
        """One outcome a message, in order; ok only for those executor has durably. Raises Unavailable.

        Safe to repeat: ids are made from the messages, windows only grow, executor drops repeats by event id.
        """
        try:
            placed = await again_while_raced(lambda: self._place(messages))
        except BadValue:
            return await self._route_singly(messages)
        routed = [item for item in placed if isinstance(item, RoutedMessage)]
        told = iter(await hand_over(routed, self._executor.submit, lane_of=_lane_of))
        return [item if isinstance(item, Outcome) else next(told) for item in placed]

    async def _route_singly(self, messages: Sequence[Message]) -> Sequence[Outcome]:
        """One value the database refuses costs its neighbours nothing but time."""
        if len(messages) == 1:
            return [Outcome("invalid", reason="the message holds a value that cannot be stored")]
        outcomes: list[Outcome] = []
        held: set[str] = set()
        for message in messages:
            outcome = RETRY if _sender_key(message) in held else (await self.route([message]))[0]
            if outcome.kind == "retry":
                held.add(_sender_key(message))
            outcomes.append(outcome)
        return outcomes

    async def _place(self, messages: Sequence[Message]) -> list[RoutedMessage | Outcome]:
        phone_number_ids = {message.phone_number_id for message in messages}
        likely = self._memory.likely_owners(phone_number_ids)
        async with self._store.routing(likely) as work:
            plans = await load_plans(work, self._memory, phone_number_ids=phone_number_ids, named=likely)
            opened = [_open(message, plans) for message in messages]
            letters = [item for item in opened if isinstance(item, _Letter)]
            book, contact_ids = await _find_contacts(work, letters)
            now = int(self._now().timestamp())
            touches = [
                _touch(letter, book.contact(contact_id).contact_id, now)
                for letter, contact_id in zip(letters, contact_ids, strict=True)
            ]
            conversations = await work.touch(combine(touches)) if touches else {}
        routed = iter(
            _routed(letter, book, touch, conversations) for letter, touch in zip(letters, touches, strict=True)
        )
        return [item if isinstance(item, Outcome) else next(routed) for item in opened]


def _open(message: Message, plans: Plans) -> _Letter | Outcome:
    refusal = refusal_of_message(message, number_plan(plans, message.phone_number_id))
    if refusal is not None:
        return refusal
    plan = plans[message.phone_number_id]
    identities = identities_of(plan.organization.organization_id, message)
    parent = parent_of(plan.organization.organization_id, message)
    return refusal_of_identities(identities, parent) or _Letter(message, plan, identities, parent)


async def _find_contacts(work: RoutingWork, letters: Sequence[_Letter]) -> tuple[ContactBook, list[UUID]]:
    """The contact of each letter, created, linked and merged in the store where need be."""
    wanted = {identity for letter in letters for identity in letter.identities}
    wanted.update(letter.parent for letter in letters if letter.parent is not None)
    book = ContactBook(await work.contacts_of(wanted) if wanted else {})
    contact_ids = [book.admit(letter.message, letter.identities, letter.parent) for letter in letters]
    await work.save_contacts(book.changes())
    return book, contact_ids


def _touch(letter: _Letter, contact_id: UUID, now: int) -> Touch:
    message = letter.message
    at = said_at(sent_at=message.sent_at, received_at_ms=message.received_at_ms, now=now)
    return Touch(
        letter.plan.organization.organization_id,
        conversation_id_of(contact_id, message.phone_number_id),
        contact_id,
        message.phone_number_id,
        at,
        window_after(kind=message.kind, said_at=at),
    )


def _routed(
    letter: _Letter, book: ContactBook, touch: Touch, conversations: Mapping[UUID, Conversation]
) -> RoutedMessage:
    message, conversation = letter.message, conversations[touch.conversation_id]
    choice = choose(
        letter.plan,
        message.phone_number_id,
        owner=conversation.owner,
        is_flow_input=message.is_flow_input,
        text=message.text,
    )
    return RoutedMessage(
        message=message,
        contact=book.contact(touch.contact_id),
        conversation=conversation,
        choice=choice,
        time_zone=letter.plan.organization.time_zone,
    )


def _lane_of(routed: RoutedMessage) -> UUID:
    return routed.conversation.conversation_id


def _sender_key(message: Message) -> str:
    return f"{message.phone_number_id}:{message.wa_id or message.user_id}"
