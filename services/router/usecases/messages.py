"""Route contacts' messages: whose number, whose contact, which flow; then hand them to executor.

What memory knows is verified and marked by one statement; whatever is new or has changed is looked up first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import NamedTuple
from uuid import UUID

from services.chassis.clock import Now
from services.router.domain.contacts import Acquaintance, ContactBook, Known
from services.router.domain.conversation import Conversation, combine
from services.router.domain.identity import Identity, Naming, conversation_id_of, identities_of, parent_of
from services.router.domain.message import Message
from services.router.domain.outcome import (
    ERASED,
    RETRY,
    Outcome,
    refusal_of_identities,
    refusal_of_number,
    refusal_of_rest,
)
from services.router.ports import (
    BadValue,
    ContactMemory,
    Executor,
    PlanMemory,
    RoutedMessage,
    RoutingStore,
    RoutingWork,
)
from services.router.usecases.accounts import LearnAccounts
from services.router.usecases.consents import NoteConsents
from services.router.usecases.handover import hand_over
from services.router.usecases.letters import Letter, guess_letters, guesses_in, routed, touch_of
from services.router.usecases.plans import Plans, load_plans, number_plan
from services.router.usecases.races import again_while_raced


class _Names(NamedTuple):
    """Whom a message names in an organization."""

    identities: tuple[Identity, ...]
    parent: Identity | None

    @property
    def all(self) -> tuple[Identity, ...]:
        return self.identities if self.parent is None else (*self.identities, self.parent)


class _Found(NamedTuple):
    """What looking up brought: an item a message, conversations by id, stored contacts that it changed."""

    letters: list[Letter | Outcome]
    conversations: Mapping[UUID, Conversation]
    changed: set[UUID]


class RouteMessages:
    """Routes batches of messages of any organizations."""

    def __init__(
        self,
        store: RoutingStore,
        executor: Executor,
        consents: NoteConsents,
        accounts: LearnAccounts,
        plans: PlanMemory,
        contacts: ContactMemory,
        now: Now,
    ) -> None:
        self._store = store
        self._executor = executor
        self._consents = consents
        self._accounts = accounts
        self._plans = plans
        self._contacts = contacts
        self._now = now

    async def route(self, messages: Sequence[Message], *, is_repeat: bool) -> Sequence[Outcome]:
        """One outcome a message, in order; ok only for those executor has durably. Raises Unavailable.

        Safe to repeat: ids are made from the messages, windows only grow, executor drops repeats by event id.
        """
        try:
            placed = await self._place(messages)
        except BadValue:
            return await self._route_singly(messages, is_repeat=is_repeat)
        letters = [item for item in placed if isinstance(item, RoutedMessage)]
        await self._accounts.learn((each.contact.organization_id, each.message.waba_id) for each in letters)
        untold = await self._consents.note(letters)
        if untold:
            placed = [RETRY if _is_held(item, untold) else item for item in placed]
            letters = [item for item in placed if isinstance(item, RoutedMessage)]
        submit = partial(self._executor.submit, is_repeat=is_repeat)
        told = iter(await hand_over(letters, submit, lane_of=_lane_of))
        return [item if isinstance(item, Outcome) else next(told) for item in placed]

    async def _route_singly(self, messages: Sequence[Message], *, is_repeat: bool) -> Sequence[Outcome]:
        """One value the database refuses costs its neighbours nothing but time."""
        if len(messages) == 1:
            return [Outcome("invalid", reason="the message holds a value that cannot be stored")]
        outcomes: list[Outcome] = []
        held: set[str] = set()
        for message in messages:
            key = _sender_key(message)
            outcome = RETRY if key in held else (await self.route([message], is_repeat=is_repeat))[0]
            if outcome.kind == "retry":
                held.add(key)
            outcomes.append(outcome)
        return outcomes

    async def _place(self, messages: Sequence[Message]) -> list[RoutedMessage | Outcome]:
        now = int(self._now().timestamp())
        guessed = guess_letters(messages, self._plans, self._contacts, now)
        guesses = guesses_in(guessed)
        touched = await self._store.touch_guessed(guesses) if guesses else {}
        letters = [letter if letter and letter.touch.conversation_id in touched else None for letter in guessed]
        found = await self._look_up([m for m, letter in zip(messages, letters, strict=True) if letter is None], now)
        if any(letter is not None and letter.contact.contact_id in found.changed for letter in letters):
            # A contact of the others is not what it was: all of them once more, from the start.
            letters = [None] * len(letters)
            found = await self._look_up(messages, now)
        rest = iter(found.letters)
        conversations = {**touched, **found.conversations}
        whole = [letter or next(rest) for letter in letters]
        return [item if isinstance(item, Outcome) else routed(item, conversations) for item in whole]

    async def _look_up(self, messages: Sequence[Message], now: int) -> _Found:
        """Letters with what the store knows, contacts created, linked and merged where need be; remembered after."""
        if not messages:
            return _Found([], {}, set())
        found = await again_while_raced(lambda: self._find(messages, now))
        for letter in found.letters:
            if isinstance(letter, Letter) and letter.message.notice is None:
                message, touch = letter.message, letter.touch
                naming = Naming(touch.organization_id, touch.phone_number_id, message.wa_id, message.user_id)
                self._contacts.keep(naming, Acquaintance(letter.contact, touch.conversation_id))
        return found

    async def _find(self, messages: Sequence[Message], now: int) -> _Found:
        phone_number_ids = {message.phone_number_id for message in messages}
        likely = self._plans.likely_owners(phone_number_ids)
        asked = _identities_to_ask(messages, likely)
        async with self._store.routing(likely.values()) as work:
            owners, known = await work.look_up(phone_number_ids, asked)
            organization_ids = {owner.organization_id for owner in owners.values()}
            if not organization_ids <= set(likely.values()):
                work.work_for(organization_ids)
            plans = await load_plans(work, self._plans, owners)
            opened = [_open(message, plans) for message in messages]
            wanted = {identity for item in opened if isinstance(item, _Names) for identity in item.all}
            book = ContactBook(*known.and_also(await _contacts_of(work, wanted - asked)))
            letters = _admit(messages, opened, plans, book, now)
            changes = book.changes()
            await work.save_contacts(changes)
            touches = combine([letter.touch for letter in letters if isinstance(letter, Letter)])
            conversations = await work.touch(touches) if touches else {}
        return _Found(letters, conversations, changes.stored_contact_ids())


def _is_held(item: RoutedMessage | Outcome, conversation_ids: set[UUID]) -> bool:
    return isinstance(item, RoutedMessage) and item.conversation.conversation_id in conversation_ids


def _names(organization_id: UUID, message: Message) -> _Names:
    return _Names(identities_of(organization_id, message), parent_of(organization_id, message))


def _identities_to_ask(messages: Sequence[Message], likely: Mapping[str, UUID]) -> set[Identity]:
    """The identities the messages probably name; what cannot be stored is not asked for."""
    asked: set[Identity] = set()
    for message in messages:
        if message.phone_number_id in likely:
            names = _names(likely[message.phone_number_id], message)
            if refusal_of_identities(*names) is None:
                asked.update(names.all)
    return asked


def _open(message: Message, plans: Plans) -> _Names | Outcome:
    number = message.phone_number_id
    refusal = refusal_of_number(number, number_plan(plans, number), message.signed_by)
    if refusal is not None:
        return refusal
    names = _names(plans[number].organization.organization_id, message)
    refusal = refusal_of_identities(*names)
    return names if refusal is None else refusal_of_rest(plans[number].numbers[number]) or refusal


async def _contacts_of(work: RoutingWork, identities: set[Identity]) -> Known:
    """What was not asked for by guess."""
    return await work.contacts_of(identities) if identities else Known({}, {})


def _admit(
    messages: Sequence[Message], opened: Sequence[_Names | Outcome], plans: Plans, book: ContactBook, now: int
) -> list[Letter | Outcome]:
    """The messages in order; contacts as they are after the last of them."""
    admitted = [
        item if isinstance(item, Outcome) else _let_in(message, item, plans, book)
        for message, item in zip(messages, opened, strict=True)
    ]
    letters: list[Letter | Outcome] = []
    for message, item in zip(messages, admitted, strict=True):
        if isinstance(item, Outcome):
            letters.append(item)
            continue
        plan, contact = plans[message.phone_number_id], book.contact(item)
        conversation_id = conversation_id_of(contact.contact_id, message.phone_number_id)
        organization_id = plan.organization.organization_id
        touch = touch_of(message, organization_id, contact.contact_id, conversation_id, now)
        letters.append(Letter(message, plan, contact, touch))
    return letters


def _let_in(message: Message, names: _Names, plans: Plans, book: ContactBook) -> UUID | Outcome:
    """Whose message it is, or why it goes nowhere. Before anything else: whoever was erased leaves no trace."""
    if book.is_of_erased(message, names.identities):
        return ERASED
    number = message.phone_number_id
    return refusal_of_rest(plans[number].numbers[number]) or book.admit(message, *names)


def _lane_of(routed_message: RoutedMessage) -> UUID:
    return routed_message.conversation.conversation_id


def _sender_key(message: Message) -> str:
    return f"{message.phone_number_id}:{message.wa_id or message.user_id}"
