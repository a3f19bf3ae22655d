"""Find or open the conversations that somebody wants to write into, without a word of the contact's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from services.chassis.clock import Now
from services.chassis.errors import InvalidArgument
from services.pb.common.v1 import errors_pb2
from services.router.domain.contacts import ContactBook
from services.router.domain.conversation import Touch, combine
from services.router.domain.identity import MOST_CHARACTERS, Identity, conversation_id_of
from services.router.domain.message import Message
from services.router.ports import Addressed, ConversationStore, RoutingStore
from services.router.usecases.fields import number_id, phone_number, text_of
from services.router.usecases.races import again_while_raced

MOST_ADDRESSEES = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Addressee:
    """A conversation by id, or a contact by phone number or user id together with the business number."""

    conversation_id: UUID | None = None
    phone_number_id: str = ""
    phone_number: str = ""
    user_id: str = ""


@dataclass(frozen=True, slots=True)
class Unaddressed:
    """Why there is no conversation: a value of ErrorReason and a sentence."""

    reason: errors_pb2.ErrorReason.ValueType
    problem: str


_UNKNOWN = Unaddressed(
    errors_pb2.ERROR_REASON_CONVERSATION_NOT_FOUND,
    "conversation_id is no conversation of the organization; give phone_number_id and phone_number or user_id",
)
_NO_NUMBER = Unaddressed(
    errors_pb2.ERROR_REASON_NUMBER_NOT_FOUND,
    "phone_number_id is no active number of the organization; add it with `pytake apply`",
)


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A contact by one name, and the business number."""

    identity: Identity
    phone_number_id: str


class OpenConversations:
    """Finds or opens conversations, in the order in which they are asked for."""

    def __init__(self, store: RoutingStore, conversations: ConversationStore, now: Now) -> None:
        self._store = store
        self._conversations = conversations
        self._now = now

    async def open(self, *, organization_id: UUID, addressees: Sequence[Addressee]) -> list[Addressed | Unaddressed]:
        """One answer an addressee. Safe to repeat: ids follow from names. Raises NotFound, Unavailable."""
        if len(addressees) > MOST_ADDRESSEES:
            raise InvalidArgument(f"addressees has {len(addressees)} entries; use at most {MOST_ADDRESSEES}")
        read = [_read(organization_id, addressee) for addressee in addressees]
        wanted = list(dict.fromkeys(each for each in read if isinstance(each, _Wanted)))
        opened = await again_while_raced(lambda: self._open(organization_id, wanted)) if wanted else {}
        asked = {each for each in read if isinstance(each, UUID)} | {
            each for each in opened.values() if isinstance(each, UUID)
        }
        found = await self._conversations.addressed(organization_id=organization_id, conversation_ids=asked)
        return [_answer(opened.get(each, each) if isinstance(each, _Wanted) else each, found) for each in read]

    async def _open(self, organization_id: UUID, wanted: Sequence[_Wanted]) -> Mapping[_Wanted, UUID | Unaddressed]:
        """The conversations of these contacts with these numbers; contacts and conversations made where need be."""
        now = int(self._now().timestamp())
        async with self._store.routing([organization_id]) as work:
            setup = await work.setup_of(organization_id)
            active = {number.phone_number_id for number in setup.numbers if number.is_active}
            chosen = [each for each in wanted if each.phone_number_id in active]
            book = ContactBook(*await work.contacts_of({each.identity for each in chosen}))
            contacts = {each: book.admit(_silence(each, now), [each.identity], None) for each in chosen}
            await work.save_contacts(book.changes())
            touches = [_touch(organization_id, book.contact(contacts[each]).contact_id, each, now) for each in chosen]
            ids = {touch.conversation_id for touch in touches}
            known = await self._conversations.addressed(organization_id=organization_id, conversation_ids=ids)
            fresh = combine([touch for touch in touches if touch.conversation_id not in known])
            if fresh:
                await work.touch(fresh)
        opened: dict[_Wanted, UUID | Unaddressed] = dict.fromkeys(wanted, _NO_NUMBER)
        opened.update({each: touch.conversation_id for each, touch in zip(chosen, touches, strict=True)})
        return opened


def _read(organization_id: UUID, addressee: Addressee) -> UUID | _Wanted | Unaddressed:
    if addressee.conversation_id is not None:
        return addressee.conversation_id
    try:
        number_id("phone_number_id", addressee.phone_number_id)
        return _Wanted(_name(organization_id, addressee), addressee.phone_number_id)
    except InvalidArgument as error:
        return Unaddressed(error.reason, error.sentence)


def _name(organization_id: UUID, addressee: Addressee) -> Identity:
    """One name only: that two belong to one person is Meta's to say, for it makes one contact of two."""
    if addressee.phone_number and addressee.user_id:
        raise InvalidArgument("phone_number and user_id are both given; give one of them")
    if addressee.phone_number:
        return Identity(organization_id, "wa_id", phone_number("phone_number", addressee.phone_number))
    if not addressee.user_id:
        raise InvalidArgument("the recipient is empty; give conversation_id, phone_number or user_id")
    return Identity(organization_id, "user_id", text_of("user_id", addressee.user_id, most=MOST_CHARACTERS))


def _silence(wanted: _Wanted, now: int) -> Message:
    """Nothing was said; only who it would have been."""
    name = wanted.identity
    return Message(
        event_id="",
        phone_number_id=wanted.phone_number_id,
        wa_id=name.value if name.kind == "wa_id" else "",
        user_id=name.value if name.kind == "user_id" else "",
        sent_at=now,
        received_at_ms=now * 1000,
    )


def _touch(organization_id: UUID, contact_id: UUID, wanted: _Wanted, now: int) -> Touch:
    """No window. Retention counts from now: who never wrote has no other moment."""
    conversation_id = conversation_id_of(contact_id, wanted.phone_number_id)
    return Touch(organization_id, conversation_id, contact_id, wanted.phone_number_id, now, 0)


def _answer(each: UUID | Unaddressed | _Wanted, found: Mapping[UUID, Addressed]) -> Addressed | Unaddressed:
    if isinstance(each, Unaddressed):
        return each
    return found.get(each, _UNKNOWN) if isinstance(each, UUID) else _UNKNOWN
