"""/api/v1/inbox and /api/v1/conversations/{phone}/…: conversations as people work them off."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID, uuid4

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from services.chassis.errors import FailedPrecondition
from services.ingress.domain.outgoing import OutgoingMessage
from services.ingress.domain.people import (
    ConversationChange,
    ConversationFilter,
    ConversationPage,
    ConversationView,
    NoteView,
)
from services.ingress.domain.phone import international_form, national_form
from services.ingress.http.problems import Refusal
from services.ingress.http.rest.auth import Manager, Reader, Sender
from services.ingress.http.rest.conversations import Phone
from services.ingress.http.rest.messages import MessageResult
from services.ingress.http.rest.models import DisplayPhone, PhoneNumber, Time
from services.ingress.http.rest.people_requests import Cursor, Limit, TagsChange, TellsFields
from services.ingress.http.rest.refusals import refusals
from services.ingress.ports import Messages
from services.ingress.ports.people import Inbox
from services.pb.common.v1 import errors_pb2

_UNKNOWN = "Conversation not found: CONVERSATION_NOT_FOUND"
_PERSON = "0b8e4a4e-7a0c-4a44-9a53-8f3e7f5f1c11"
_NO_NUL = r"^[^\x00]*$"


class InboxConversation(BaseModel):
    """A conversation as people work it off."""

    conversation_id: str = Field(examples=["0d0a6f3e-4d2c-5f0e-9a51-7d1f7a1f0c22"])
    contact_id: str = Field(examples=["3f0c1f5e-5a0b-5d8e-9a54-2f7b1a1c0d11"])
    contact_name: str = Field(examples=["Bia"])
    phone_number: PhoneNumber = Field(examples=["+55 11 98765-4321"])
    display_phone: DisplayPhone = Field(examples=["11 98765-4321"])
    phone_number_id: str = Field(description="The business number.", examples=["106540352242922"])
    owner: Literal["bot", "person"] = Field(description="Who answers.", examples=["person"])
    agent_id: str | None = Field(description="The user it is assigned to.", examples=[_PERSON])
    queue_id: str | None = Field(
        description="The queue it waits in or was given from.", examples=["1e9b4a7c-22d0-4f6e-8a35-90c1d2e3f401"]
    )
    tags: list[str] = Field(examples=[["delivery"]])
    is_unread: bool = Field(description="Whether the contact wrote after somebody read it last.")
    last_inbound_at: Time = Field(examples=["2026-03-04T13:20:00Z"])
    window_expires_at: Time | None = Field(
        description="When the 24 hour window closes; null when none was ever open.", examples=["2026-03-05T13:20:00Z"]
    )

    @classmethod
    def of(cls, found: ConversationView) -> InboxConversation:
        """From a conversation."""
        return cls(
            conversation_id=found.conversation_id,
            contact_id=found.contact_id,
            contact_name=found.contact_name,
            phone_number=international_form(found.phone_number),
            display_phone=national_form(found.phone_number),
            phone_number_id=found.phone_number_id,
            owner=found.owner,
            agent_id=found.agent_id or None,
            queue_id=found.queue_id or None,
            tags=list(found.tags),
            is_unread=found.is_unread,
            last_inbound_at=found.last_inbound_at,
            window_expires_at=found.window_expires_at,
        )


class InboxList(BaseModel):
    """A page of conversations, latest message of the contact first."""

    conversations: list[InboxConversation]
    next: str | None = Field(description="`cursor` of the next page; null after the last.", examples=[None])

    @classmethod
    def of(cls, page: ConversationPage) -> InboxList:
        """From a page."""
        found = [InboxConversation.of(each) for each in page.conversations]
        return cls(conversations=found, next=page.cursor or None)


class NoteRequest(BaseModel):
    """A note to be written."""

    text: str = Field(min_length=1, max_length=4096, pattern=_NO_NUL, examples=["Calls back on Friday."])


class Note(BaseModel):
    """A note that only your organization's people see."""

    id: str = Field(examples=["7c9e6679-7425-40de-944b-e07fc1f90ae7"])
    author: str = Field(description="As in the audit log.", examples=[f"user:{_PERSON}"])
    text: str = Field(examples=["Calls back on Friday."])
    created_at: Time = Field(examples=["2026-03-04T13:20:00Z"])

    @classmethod
    def of(cls, note: NoteView) -> Note:
        """From a note."""
        return cls(id=note.id, author=note.author, text=note.text, created_at=note.created_at)


class NoteList(BaseModel):
    """Notes, oldest first."""

    notes: list[Note]


class AgentMessageRequest(BaseModel):
    """A message of a person to the contact."""

    content: dict[str, Any] = Field(
        description="What it says, as in protos/common/v1/content.proto: one kind of message.",
        examples=[{"text": {"body": "Bom dia, aqui é a Ana."}}],
    )
    reply_to: str = Field(
        default="", max_length=512, pattern=_NO_NUL, description="Meta's id of the message it quotes."
    )
    idempotency_key: str = Field(
        default="", max_length=255, pattern=_NO_NUL, description="Yours; under it the message counts once, for good."
    )


class _Endpoints:
    """What people do with conversations."""

    def __init__(self, inbox: Inbox, messages: Messages) -> None:
        self._inbox = inbox
        self._messages = messages

    async def page(
        self,
        organization_id: Reader,
        owner: Annotated[Literal["bot", "person"] | None, Query(description="Only those it answers.")] = None,
        agent_id: Annotated[UUID | None, Query(description="Only those assigned to this user.")] = None,
        queue_id: Annotated[UUID | None, Query(description="Only those in this queue, waiting or given.")] = None,
        department_id: Annotated[UUID | None, Query(description="Only those in queues of this department.")] = None,
        tag: Annotated[str, Query(max_length=512, description="Only those with this tag.")] = "",
        unread: Annotated[bool, Query(description="Only those nobody has read since the contact wrote.")] = False,
        limit: Limit = 50,
        cursor: Cursor = "",
    ) -> InboxList:
        """Conversations as people work them off, the one a contact wrote into last first. Permission:
        conversations:read.
        """
        chosen = ConversationFilter(
            owner=owner, agent_id=agent_id, queue_id=queue_id, department_id=department_id, tag=tag, is_unread=unread
        )
        page = await self._inbox.page(organization_id=organization_id, chosen=chosen, limit=limit, cursor=cursor)
        return InboxList.of(page)

    async def read(self, organization_id: Reader, phone: Phone) -> InboxConversation:
        """The conversation in which a contact wrote last. Permission: conversations:read."""
        return InboxConversation.of(await self._inbox.latest_of(organization_id=organization_id, phone_number=phone))

    async def tag(self, organization_id: Manager, phone: Phone, wanted: TagsChange) -> InboxConversation:
        """Put tags on a conversation and take tags off. Permission: conversations:manage."""
        found = await self._inbox.latest_of(organization_id=organization_id, phone_number=phone)
        change = ConversationChange(add_tags=wanted.add, remove_tags=wanted.remove)
        return await self._change(organization_id, found, change)

    async def mark_read(self, organization_id: Manager, phone: Phone) -> InboxConversation:
        """Everything the contact wrote up to now was read. Permission: conversations:manage."""
        found = await self._inbox.latest_of(organization_id=organization_id, phone_number=phone)
        return await self._change(organization_id, found, ConversationChange(is_read=True))

    async def add_note(self, organization_id: Manager, phone: Phone, wanted: NoteRequest) -> Note:
        """Write a note that only your organization's people see. Permission: conversations:manage."""
        found = await self._inbox.latest_of(organization_id=organization_id, phone_number=phone)
        note = await self._inbox.add_note(
            organization_id=organization_id, conversation_id=found.conversation_id, text=wanted.text
        )
        return Note.of(note)

    async def notes(self, organization_id: Reader, phone: Phone) -> NoteList:
        """Notes of a conversation, oldest first. Permission: conversations:read."""
        found = await self._inbox.latest_of(organization_id=organization_id, phone_number=phone)
        notes = await self._inbox.notes(organization_id=organization_id, conversation_id=found.conversation_id)
        return NoteList(notes=[Note.of(each) for each in notes])

    async def say(self, organization_id: Sender, phone: Phone, wanted: AgentMessageRequest) -> MessageResult:
        """Send the contact a message of any kind, as a person of your organization. Permission: messages:send.

        It goes into the conversation in which the contact wrote last; outside the 24 hour window only a template may.
        """
        found = await self._inbox.latest_of(organization_id=organization_id, phone_number=phone)
        message = OutgoingMessage(
            key=wanted.idempotency_key or f"agent:{uuid4()}",
            conversation_id=found.conversation_id,
            phone_number_id="",
            phone_number="",
            user_id="",
            content=wanted.content,
            reply_to=wanted.reply_to,
        )
        (result,) = await self._messages.send(organization_id=organization_id, messages=[message])
        if result.outcome == "invalid":
            raise _refused(result.reason, result.problem, result.fields)
        return MessageResult.of(result)

    async def _change(
        self, organization_id: UUID, found: ConversationView, change: ConversationChange
    ) -> InboxConversation:
        changed = await self._inbox.change(
            organization_id=organization_id, conversation_id=found.conversation_id, change=change
        )
        return InboxConversation.of(changed)


def inbox_routes(inbox: Inbox, messages: Messages) -> APIRouter:
    """The routes, to be put under /api/v1."""
    endpoints = _Endpoints(inbox, messages)
    routes = APIRouter(tags=["inbox"], route_class=TellsFields)
    one, post, known = "/conversations/{phone}", ["POST"], refusals(on_404=_UNKNOWN)
    routes.add_api_route("/inbox", endpoints.page, summary="List conversations to be worked off", responses=refusals())
    routes.add_api_route("/inbox/{phone}", endpoints.read, summary="Read who has a conversation", responses=known)
    for path, action, summary in (
        ("tags", endpoints.tag, "Change a conversation's tags"),
        ("read", endpoints.mark_read, "Note that it was read"),
    ):
        routes.add_api_route(f"{one}/{path}", action, methods=post, summary=summary, responses=known)
    routes.add_api_route(f"{one}/notes", endpoints.notes, summary="List notes", responses=known)
    routes.add_api_route(
        f"{one}/notes", endpoints.add_note, methods=post, status_code=201, summary="Write a note", responses=known
    )
    routes.add_api_route(
        f"{one}/messages",
        endpoints.say,
        methods=post,
        status_code=201,
        summary="Send as a person",
        responses=refusals(
            on_400="24-hour window expired; only a template may be sent: WINDOW_EXPIRED", on_404=_UNKNOWN
        ),
    )
    return routes


def _refused(reason: str, problem: str, fields: Any) -> Exception:
    if reason == "WINDOW_EXPIRED":
        return FailedPrecondition(problem, reason=errors_pb2.ERROR_REASON_WINDOW_EXPIRED)
    errors = [{"field": f"content.{name}", "message": text} for name, text in fields]
    return Refusal(422, problem, "VALIDATION_ERROR", errors=errors or [{"field": "content", "message": problem}])
