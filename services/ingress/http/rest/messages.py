"""/api/v1/messages: messages that no flow says, and what became of all messages."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from services.ingress.domain.outgoing import (
    MessageFilter,
    MessagePage,
    MessageView,
    Outcome,
    OutgoingMessage,
    SendResult,
)
from services.ingress.http.rest.auth import Reader, Sender
from services.ingress.http.rest.models import Moment, Time
from services.ingress.http.rest.refusals import refusals
from services.ingress.http.rest.rules import one_of
from services.ingress.ports import Messages

MOST_MESSAGES = 100
# What sender knows; the empty one is all.
_STATES = ("", "queued", "attempting", "accepted", "failed")
_STATUSES = ("", "none", "sent", "delivered", "read", "played", "failed")
_NO_NUL = r"^[^\x00]*$"
_CONVERSATION = "5f0c7b1c-6a0e-4c7e-9a44-0c6a3f3b9d10"

Text = Annotated[str, Field(max_length=512, pattern=_NO_NUL)]


class MessageRequest(BaseModel):
    """A message to a contact: into a conversation, or from a number to a phone number or a user id."""

    idempotency_key: str = Field(
        max_length=255,
        pattern=_NO_NUL,
        description="Yours; under it the message counts once, for good.",
        examples=["order-1042-shipped"],
    )
    conversation_id: UUID | None = Field(
        default=None, description="The conversation; or the fields below.", examples=[None]
    )
    phone_number_id: Text = Field(
        default="", description="The business number it leaves from.", examples=["106540352242922"]
    )
    phone_number: Text = Field(default="", examples=["+55 11 98765-4321"])
    user_id: Text = Field(default="", description="The business-scoped user id, in place of a phone number.")
    content: dict[str, Any] = Field(
        description="What it says, as in protos/common/v1/content.proto: one kind of message.",
        examples=[{"text": {"body": "Seu pedido saiu para entrega."}}],
    )
    reply_to: Text = Field(default="", description="Meta's id of the contact's message that it quotes.")

    def read(self) -> OutgoingMessage:
        """As the service behind takes it."""
        return OutgoingMessage(
            key=self.idempotency_key,
            conversation_id=str(self.conversation_id or ""),
            phone_number_id=self.phone_number_id,
            phone_number=self.phone_number,
            user_id=self.user_id,
            content=self.content,
            reply_to=self.reply_to,
        )


class MessagesRequest(BaseModel):
    """Messages to be sent, in order within each conversation."""

    messages: list[MessageRequest] = Field(min_length=1, max_length=MOST_MESSAGES)


class FieldProblem(BaseModel):
    """What is wrong with a field."""

    field: str = Field(examples=["text.body"])
    message: str = Field(examples=["is empty; give it 1 to 4,096 characters"])


class MessageResult(BaseModel):
    """What became of one message."""

    outcome: Outcome
    message_id: str = Field(examples=["9b2f0e0c-54b8-4f7e-8f39-6a52a9d5c001"])
    conversation_id: str | None = Field(description="Null when it was refused.", examples=[_CONVERSATION])
    error_code: str | None = Field(description="Why it was refused, such as WINDOW_EXPIRED.", examples=[None])
    detail: str | None = Field(description="The same in one sentence.", examples=[None])
    errors: list[FieldProblem] = Field(examples=[[]])

    @classmethod
    def of(cls, result: SendResult) -> MessageResult:
        """From a result."""
        return cls(
            outcome=result.outcome,
            message_id=result.message_id,
            conversation_id=result.conversation_id or None,
            error_code=result.reason or None,
            detail=result.problem or None,
            errors=[FieldProblem(field=name, message=problem) for name, problem in result.fields],
        )


class MessageResults(BaseModel):
    """One result per message, in order."""

    results: list[MessageResult]


class Message(BaseModel):
    """A message and what became of it."""

    id: str = Field(examples=["9b2f0e0c-54b8-4f7e-8f39-6a52a9d5c001"])
    conversation_id: str = Field(examples=[_CONVERSATION])
    phone_number_id: str = Field(examples=["106540352242922"])
    state: str = Field(description="queued, attempting, accepted or failed.", examples=["accepted"])
    status: str = Field(description="none, sent, delivered, read, played or failed.", examples=["delivered"])
    attempts: int = Field(description="Calls made to the Graph API.", examples=[1])
    wamids: list[str] = Field(
        description="Meta's ids; two mean a duplicate that was found.", examples=[["wamid.EXAMPLE"]]
    )
    is_maybe_duplicate: bool = Field(description="Whether it was sent again after a doubt that nothing settled.")
    error_code: int | None = Field(description="Meta's code of a failure.", examples=[None])
    error: str | None = Field(description="What was said of it.", examples=[None])
    created_at: Time = Field(examples=["2026-03-04T13:20:00Z"])

    @classmethod
    def of(cls, message: MessageView) -> Message:
        """From a message."""
        return cls(
            id=message.message_id,
            conversation_id=message.conversation_id,
            phone_number_id=message.phone_number_id,
            state=message.state,
            status=message.status,
            attempts=message.attempts,
            wamids=list(message.wamids),
            is_maybe_duplicate=message.is_maybe_duplicate,
            error_code=message.error_code or None,
            error=message.error_text or None,
            created_at=message.created_at,
        )


class MessageList(BaseModel):
    """A page of messages, newest first."""

    messages: list[Message]
    next: str | None = Field(description="`cursor` of the next page; null after the last.", examples=[None])

    @classmethod
    def of(cls, page: MessagePage) -> MessageList:
        """From a page."""
        return cls(messages=[Message.of(each) for each in page.messages], next=page.cursor or None)


class _Endpoints:
    """What one does with messages."""

    def __init__(self, messages: Messages) -> None:
        self._messages = messages

    async def send(self, organization_id: Sender, wanted: MessagesRequest) -> MessageResults:
        """Send messages. Permission: messages:send.

        Each has a result: what breaks one of Meta's limits, or may not leave outside the 24 hour window, is refused and
        says why; the others are taken. Repeating the call changes nothing.
        """
        drafts = [each.read() for each in wanted.messages]
        results = await self._messages.send(organization_id=organization_id, messages=drafts)
        return MessageResults(results=[MessageResult.of(result) for result in results])

    async def read(self, organization_id: Reader, message_id: UUID) -> Message:
        """A message and what became of it. Permission: conversations:read."""
        return Message.of(await self._messages.one(organization_id=organization_id, message_id=message_id))

    async def page(
        self,
        organization_id: Reader,
        conversation_id: Annotated[UUID | None, Query(description="Only of this conversation.")] = None,
        phone_number_id: Annotated[Text, Query(description="Only of this business number.")] = "",
        state: Annotated[
            Text, Query(description="queued, attempting, accepted or failed.", json_schema_extra=one_of(*_STATES))
        ] = "",
        status: Annotated[
            Text,
            Query(description="none, sent, delivered, read, played or failed.", json_schema_extra=one_of(*_STATUSES)),
        ] = "",
        since: Annotated[Moment | None, Query(description="Only from this moment on.")] = None,
        until: Annotated[Moment | None, Query(description="Only before this moment.")] = None,
        limit: Annotated[int, Query(ge=1, le=1000, description="How many to give.")] = 100,
        cursor: Annotated[Text, Query(description="`next` of the page before.")] = "",
    ) -> MessageList:
        """Messages of your organization, newest first, those of flows as well. Permission: conversations:read."""
        chosen = MessageFilter(
            conversation_id=str(conversation_id or ""),
            phone_number_id=phone_number_id,
            state=state,
            status=status,
            since=since,
            until=until,
        )
        page = await self._messages.page(organization_id=organization_id, chosen=chosen, limit=limit, cursor=cursor)
        return MessageList.of(page)


def message_routes(messages: Messages) -> APIRouter:
    """The routes, to be put under /api/v1."""
    endpoints = _Endpoints(messages)
    routes = APIRouter(prefix="/messages", tags=["messages"])
    routes.add_api_route("", endpoints.page, summary="List messages", responses=refusals())
    routes.add_api_route("", endpoints.send, methods=["POST"], summary="Send messages", responses=refusals())
    routes.add_api_route(
        "/{message_id}",
        endpoints.read,
        summary="Read a message",
        responses=refusals(on_404="No message has this id: MESSAGE_NOT_FOUND"),
    )
    return routes
