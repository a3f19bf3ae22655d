"""A message whose number takes it: whose it is, who sent it, and the mark it leaves on its conversation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple
from uuid import UUID

from services.router.domain.choice import choose
from services.router.domain.contacts import Contact
from services.router.domain.conversation import Conversation, Touch, combine, said_at, window_after
from services.router.domain.identity import Naming
from services.router.domain.message import Message
from services.router.domain.organization import OrganizationPlan
from services.router.domain.outcome import refusal_of_message
from services.router.ports import ContactMemory, Guess, PlanMemory, RoutedMessage


class Letter(NamedTuple):
    """A message and all that routing finds out about it but the conversation's state."""

    message: Message
    plan: OrganizationPlan
    contact: Contact
    touch: Touch


def guess_letters(
    messages: Sequence[Message], plans: PlanMemory, contacts: ContactMemory, now: int
) -> list[Letter | None]:
    """A letter for each message that memory alone can route, None for the others; to be verified."""
    meant: dict[UUID, Contact] = {}
    likely = {number: plans.likely_plan(number) for number in {message.phone_number_id for message in messages}}
    letters: list[Letter | None] = []
    for message in messages:
        letter = _guess(message, likely[message.phone_number_id], contacts, now)
        # One conversation is verified once: whoever remembers its contact otherwise is not verified by it.
        if letter is not None and meant.setdefault(letter.touch.conversation_id, letter.contact) is not letter.contact:
            letter = None
        letters.append(letter)
    return letters


def guesses_in(letters: Sequence[Letter | None]) -> list[Guess]:
    """What has to be true for these letters, one guess a conversation, sorted."""
    by_conversation = {letter.touch.conversation_id: letter for letter in letters if letter is not None}
    touches = combine([letter.touch for letter in letters if letter is not None])
    return [_as_guess(touch, by_conversation[touch.conversation_id]) for touch in touches]


def touch_of(message: Message, organization_id: UUID, contact_id: UUID, conversation_id: UUID, now: int) -> Touch:
    """The mark a message leaves."""
    at = said_at(sent_at=message.sent_at, received_at_ms=message.received_at_ms, now=now)
    window = window_after(kind=message.kind, said_at=at)
    return Touch(organization_id, conversation_id, contact_id, message.phone_number_id, at, window)


def routed(letter: Letter, conversations: Mapping[UUID, Conversation]) -> RoutedMessage:
    """The letter as it goes to executor."""
    message, plan, contact, touch = letter
    conversation = conversations[touch.conversation_id]
    choice = choose(plan, message, owner=conversation.owner)
    word = plan.words.meant_by(kind=message.kind, text=message.text) if message.is_flow_input else None
    if word is not None:
        contact = contact.saying(wants_messages=not word.is_out)
    return RoutedMessage(
        message, contact, conversation, choice, plan.organization.time_zone, word, touch.last_inbound_at
    )


def _guess(message: Message, plan: OrganizationPlan | None, contacts: ContactMemory, now: int) -> Letter | None:
    # A refusal is told only by whoever has read the setup of this moment.
    if plan is None or refusal_of_message(message, plan.numbers.get(message.phone_number_id)) is not None:
        return None
    organization_id = plan.organization.organization_id
    known = contacts.recall(Naming(organization_id, message.phone_number_id, message.wa_id, message.user_id))
    if known is None or not known.contact.is_as_in(message):
        return None
    touch = touch_of(message, organization_id, known.contact.contact_id, known.conversation_id, now)
    return Letter(message, plan, known.contact, touch)


def _as_guess(touch: Touch, letter: Letter) -> Guess:
    return Guess(touch, letter.contact, letter.plan.organization.config_version)
