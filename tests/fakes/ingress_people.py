"""router's contacts, conversations and settings behind ingress' REST API, in memory, by organization."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TypeVar
from uuid import UUID, uuid4, uuid5

from services.chassis.errors import AlreadyExists, InvalidArgument, NotFound, Unavailable
from services.ingress.domain.idempotency import KeptAnswer
from services.ingress.domain.outgoing import Told
from services.ingress.domain.people import (
    ChatbotChange,
    ChatbotView,
    ContactChange,
    ContactFilter,
    ContactPage,
    ContactView,
    ConversationChange,
    ConversationFilter,
    ConversationPage,
    ConversationView,
    NewContact,
    NewNumber,
    NoteView,
    NumberChange,
    NumberView,
    OrganizationChange,
    OrganizationView,
    Seen,
    Unchanged,
)
from services.ingress.http.site import ForPeople
from services.ingress.live import LiveEvents
from services.ingress.ports.answers import Held, Taken
from services.pb.common.v1 import errors_pb2

MORNING = datetime(2026, 3, 4, 9, 30, 15, tzinfo=UTC)
Value = TypeVar("Value")


def _or(changed: Value | Unchanged, before: Value) -> Value:
    return before if isinstance(changed, Unchanged) else changed


def _id_or(changed: UUID | Unchanged | None, before: str) -> str:
    return before if isinstance(changed, Unchanged) else str(changed or "")


@dataclass(slots=True)
class Desk:
    """Everything; each part is what one port sees."""

    contacts: dict[UUID, dict[str, ContactView]] = field(default_factory=dict)
    conversations: dict[UUID, list[ConversationView]] = field(default_factory=dict)
    notes: dict[str, list[NoteView]] = field(default_factory=dict)
    organizations: dict[UUID, OrganizationView] = field(default_factory=dict)
    numbers: dict[UUID, dict[str, NumberView]] = field(default_factory=dict)
    chatbots: dict[UUID, dict[str, ChatbotView]] = field(default_factory=dict)
    tokens: list[tuple[UUID, str, str]] = field(default_factory=list)
    rounds: list[list[Told]] = field(default_factory=list)
    watched: list[tuple[UUID, str, str, str]] = field(default_factory=list)

    def behind(self) -> ForPeople:
        """As the site takes it."""
        return ForPeople(
            contacts=FakeContacts(self),
            inbox=FakeInbox(self),
            settings=FakeSettings(self),
            credentials=FakeCredentials(self),
            live=LiveEvents(ScriptedChanges(self), ScriptedViews(self), most=4, monotonic=lambda: 0.0, sleep=_no_sleep),
        )

    def conversation(self, organization_id: UUID, phone_number: str, **more: object) -> ConversationView:
        """A conversation that is there."""
        found = ConversationView(
            conversation_id=str(uuid4()), contact_id=str(uuid4()), contact_name="Bia", phone_number=phone_number,
            user_id="", phone_number_id="106540352242922", owner="bot", agent_id="", queue_id="", tags=(),
            is_unread=True, last_inbound_at=MORNING, window_expires_at=None,
        )  # fmt: skip
        made = replace(found, **more)  # type: ignore[arg-type]  # fields by name
        self.conversations.setdefault(organization_id, []).append(made)
        return made


@dataclass(slots=True)
class FakeContacts:
    """See ports.people.Contacts."""

    desk: Desk

    def _of(self, organization_id: UUID) -> dict[str, ContactView]:
        return self.desk.contacts.setdefault(organization_id, {})

    async def page(self, *, organization_id: UUID, chosen: ContactFilter, limit: int, cursor: str) -> ContactPage:
        found = [
            each
            for each in self._of(organization_id).values()
            if chosen.search in each.name and chosen.tag in ("", *each.tags)
        ]
        start = int(cursor or 0)
        return ContactPage(found[start : start + limit], str(start + limit) if start + limit < len(found) else "")

    async def one(self, *, organization_id: UUID, contact_id: UUID) -> ContactView:
        found = self._of(organization_id).get(str(contact_id))
        if found is None:
            raise NotFound("nobody", reason=errors_pb2.ERROR_REASON_CONTACT_NOT_FOUND)
        return found

    async def create(self, *, organization_id: UUID, wanted: NewContact) -> ContactView:
        contact_id = str(uuid5(organization_id, wanted.phone_number or wanted.user_id))
        if contact_id in self._of(organization_id):
            raise AlreadyExists("there", reason=errors_pb2.ERROR_REASON_CONTACT_EXISTS)
        made = ContactView(
            id=contact_id,
            name=wanted.change.name or "",
            whatsapp_name="",
            phone_number="".join(sign for sign in wanted.phone_number if sign.isdigit()),
            user_id=wanted.user_id,
            attributes=dict(wanted.change.attributes or {}),
            tags=tuple(wanted.change.add_tags),
            language=wanted.change.language or "",
            opted_in=wanted.change.opted_in,
            created_at=MORNING,
        )
        self._of(organization_id)[contact_id] = made
        return made

    async def change(self, *, organization_id: UUID, contact_id: UUID, change: ContactChange) -> ContactView:
        before = await self.one(organization_id=organization_id, contact_id=contact_id)
        merged = {**before.attributes, **(change.attributes or {})}
        after = replace(
            before,
            name=before.name if change.name is None else change.name,
            attributes={name: value for name, value in merged.items() if value is not None},
            tags=[tag for tag in (*before.tags, *change.add_tags) if tag not in change.remove_tags],
            language=before.language if change.language is None else change.language,
            opted_in=before.opted_in if change.opted_in is None else change.opted_in,
        )
        self._of(organization_id)[before.id] = after
        return after

    async def merge(self, *, organization_id: UUID, contact_id: UUID, other_contact_id: UUID) -> ContactView:
        winner = await self.one(organization_id=organization_id, contact_id=contact_id)
        await self.one(organization_id=organization_id, contact_id=other_contact_id)
        del self._of(organization_id)[str(other_contact_id)]
        return winner


@dataclass(slots=True)
class FakeInbox:
    """See ports.people.Inbox."""

    desk: Desk

    async def page(
        self, *, organization_id: UUID, chosen: ConversationFilter, limit: int, cursor: str
    ) -> ConversationPage:
        found = [
            each
            for each in self.desk.conversations.get(organization_id, [])
            if chosen.owner in (None, each.owner)
            and (chosen.agent_id is None or each.agent_id == str(chosen.agent_id))
            and (chosen.queue_id is None or each.queue_id == str(chosen.queue_id))
            and chosen.tag in ("", *each.tags)
            and (each.is_unread or not chosen.is_unread)
        ]
        return ConversationPage(found[:limit], "")

    async def latest_of(self, *, organization_id: UUID, phone_number: str) -> ConversationView:
        for each in self.desk.conversations.get(organization_id, []):
            if each.phone_number == phone_number:
                return each
        raise NotFound("nobody", reason=errors_pb2.ERROR_REASON_CONVERSATION_NOT_FOUND)

    async def change(
        self, *, organization_id: UUID, conversation_id: str, change: ConversationChange
    ) -> ConversationView:
        conversations = self.desk.conversations[organization_id]
        (place,) = [n for n, each in enumerate(conversations) if each.conversation_id == conversation_id]
        before = conversations[place]
        conversations[place] = replace(
            before,
            tags=[tag for tag in (*before.tags, *change.add_tags) if tag not in change.remove_tags],
            is_unread=before.is_unread and not change.is_read,
        )
        return conversations[place]

    async def add_note(self, *, organization_id: UUID, conversation_id: str, text: str) -> NoteView:
        note = NoteView(id=str(uuid4()), author="user:tests", text=text, created_at=MORNING)
        self.desk.notes.setdefault(conversation_id, []).append(note)
        return note

    async def notes(self, *, organization_id: UUID, conversation_id: str) -> Sequence[NoteView]:
        return self.desk.notes.get(conversation_id, [])


@dataclass(slots=True)
class FakeSettings:
    """See ports.people.Settings."""

    desk: Desk

    async def organizations(self) -> Sequence[OrganizationView]:
        return sorted(self.desk.organizations.values(), key=lambda each: each.name)

    async def organization(self, *, organization_id: UUID) -> OrganizationView:
        made = OrganizationView(
            id=str(organization_id), name="Padaria", fallback_flow_id="", time_zone="America/Sao_Paulo"
        )
        return self.desk.organizations.setdefault(organization_id, made)

    async def change_organization(self, *, organization_id: UUID, change: OrganizationChange) -> OrganizationView:
        before = await self.organization(organization_id=organization_id)
        self.desk.organizations[organization_id] = replace(
            before,
            fallback_flow_id=_id_or(change.fallback_flow_id, before.fallback_flow_id),
            time_zone=_or(change.time_zone, before.time_zone),
        )
        return self.desk.organizations[organization_id]

    async def numbers(self, *, organization_id: UUID) -> Sequence[NumberView]:
        return list(self.desk.numbers.get(organization_id, {}).values())

    async def number(self, *, organization_id: UUID, phone_number_id: str) -> NumberView:
        found = self.desk.numbers.get(organization_id, {}).get(phone_number_id)
        if found is None:
            raise NotFound("none", reason=errors_pb2.ERROR_REASON_NUMBER_NOT_FOUND)
        return found

    async def create_number(self, *, organization_id: UUID, wanted: NewNumber) -> NumberView:
        for owner, numbers in self.desk.numbers.items():
            if wanted.phone_number_id in numbers:
                mine = owner == organization_id
                reason = errors_pb2.ERROR_REASON_NUMBER_EXISTS if mine else errors_pb2.ERROR_REASON_NUMBER_TAKEN
                raise AlreadyExists("there", reason=reason)
        made = NumberView(
            phone_number_id=wanted.phone_number_id,
            display_phone_number=wanted.display_phone_number,
            chatbot_id=str(wanted.chatbot_id or ""),
            default_flow_id=str(wanted.default_flow_id or ""),
            app=wanted.app,
            is_active=wanted.is_active,
            waba_id=wanted.waba_id,
        )
        self.desk.numbers.setdefault(organization_id, {})[wanted.phone_number_id] = made
        return made

    async def change_number(self, *, organization_id: UUID, phone_number_id: str, change: NumberChange) -> NumberView:
        before = await self.number(organization_id=organization_id, phone_number_id=phone_number_id)
        after = replace(
            before,
            display_phone_number=_or(change.display_phone_number, before.display_phone_number),
            chatbot_id=_id_or(change.chatbot_id, before.chatbot_id),
            default_flow_id=_id_or(change.default_flow_id, before.default_flow_id),
            is_active=_or(change.is_active, before.is_active),
            waba_id=_or(change.waba_id, before.waba_id),
        )
        self.desk.numbers[organization_id][phone_number_id] = after
        return after

    async def chatbots(self, *, organization_id: UUID) -> Sequence[ChatbotView]:
        return list(self.desk.chatbots.get(organization_id, {}).values())

    async def chatbot(self, *, organization_id: UUID, chatbot_id: UUID) -> ChatbotView:
        found = self.desk.chatbots.get(organization_id, {}).get(str(chatbot_id))
        if found is None:
            raise NotFound("none", reason=errors_pb2.ERROR_REASON_CHATBOT_NOT_FOUND)
        return found

    async def create_chatbot(
        self, *, organization_id: UUID, name: str, main_flow_id: UUID | None, is_active: bool
    ) -> ChatbotView:
        chatbot_id = str(uuid5(organization_id, name))
        chatbots = self.desk.chatbots.setdefault(organization_id, {})
        if chatbot_id in chatbots:
            raise AlreadyExists("there", reason=errors_pb2.ERROR_REASON_CHATBOT_EXISTS)
        made = ChatbotView(id=chatbot_id, name=name, main_flow_id=str(main_flow_id or ""), is_active=is_active)
        chatbots[chatbot_id] = made
        return made

    async def change_chatbot(self, *, organization_id: UUID, chatbot_id: UUID, change: ChatbotChange) -> ChatbotView:
        before = await self.chatbot(organization_id=organization_id, chatbot_id=chatbot_id)
        after = replace(
            before,
            main_flow_id=_id_or(change.main_flow_id, before.main_flow_id),
            is_active=_or(change.is_active, before.is_active),
        )
        self.desk.chatbots[organization_id][str(chatbot_id)] = after
        return after

    async def delete_chatbot(self, *, organization_id: UUID, chatbot_id: UUID) -> None:
        await self.chatbot(organization_id=organization_id, chatbot_id=chatbot_id)
        del self.desk.chatbots[organization_id][str(chatbot_id)]


@dataclass(slots=True)
class ScriptedViews:
    """See ports.people.Views: tells the conversation once, and nothing more until somebody leaves."""

    desk: Desk

    async def watch(self, *, organization_id: UUID, conversation_id: str, cursor: str) -> AsyncIterator[Seen]:
        (found,) = [
            each for each in self.desk.conversations[organization_id] if each.conversation_id == conversation_id
        ]
        if cursor != "1":
            yield Seen("1", found)
        await asyncio.Event().wait()


@dataclass(slots=True)
class ScriptedChanges:
    """See ports.Changes: tells one round after the other, then sender is out of reach."""

    desk: Desk

    async def watch(
        self, *, organization_id: UUID, conversation_id: str, message_id: str, cursor: str
    ) -> AsyncIterator[Told]:
        self.desk.watched.append((organization_id, conversation_id, message_id, cursor))
        if cursor == "none":
            raise InvalidArgument("cursor is none that was given out; begin without one")
        if not self.desk.rounds:
            raise Unavailable("sender is out of reach; try again", reason=errors_pb2.ERROR_REASON_PEER_UNAVAILABLE)
        for told in self.desk.rounds.pop(0):
            yield told


async def _no_sleep(_: float) -> None:
    return


@dataclass(slots=True)
class MemoryAnswers:
    """See ports.answers.Answers."""

    kept: dict[tuple[UUID, bytes], tuple[bytes, KeptAnswer | None, Held]] = field(default_factory=dict)

    async def begin(self, *, organization_id: UUID, key_hash: bytes, request_hash: bytes) -> Held | KeptAnswer | Taken:
        found = self.kept.get((organization_id, key_hash))
        if found is None:
            held = Held(uuid4())
            self.kept[organization_id, key_hash] = (request_hash, None, held)
            return held
        if found[0] != request_hash:
            return "other"
        return found[1] or "running"

    async def keep(self, *, organization_id: UUID, key_hash: bytes, held: Held, answer: KeptAnswer) -> None:
        request_hash, _, mine = self.kept[organization_id, key_hash]
        assert mine == held
        self.kept[organization_id, key_hash] = (request_hash, answer, held)

    async def forget(self, *, organization_id: UUID, key_hash: bytes, held: Held) -> None:
        del self.kept[organization_id, key_hash]


@dataclass(slots=True)
class FakeCredentials:
    """See ports.people.Credentials."""

    desk: Desk

    async def put(self, *, organization_id: UUID, phone_number_id: str, access_token: str) -> None:
        self.desk.tokens.append((organization_id, phone_number_id, access_token))
