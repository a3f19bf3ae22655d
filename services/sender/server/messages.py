"""sender.v1.MessageService: messages of teams, and what became of all messages."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from grpc import aio

from services.chassis.errors import InvalidArgument
from services.chassis.rpc.sizes import fitting
from services.pb.common.v1 import content_pb2, results_pb2
from services.pb.sender.v1 import sender_pb2, sender_pb2_grpc
from services.sender.domain.changes import Change
from services.sender.domain.desk import DeskEvent
from services.sender.ports import NewMessage
from services.sender.ports.teams import Conversation, Listed, MessageFilter, Recipient
from services.sender.server.desk import desk_form
from services.sender.server.reading import read_id, read_message
from services.sender.usecases.sending import Draft, Send, SendResult
from services.sender.usecases.telling import TellMessages, Watched, WatchMessages

_OUTCOMES: dict[str, results_pb2.ItemOutcome.ValueType] = {
    "ok": results_pb2.ITEM_OUTCOME_OK,
    "duplicate": results_pb2.ITEM_OUTCOME_DUPLICATE,
    "invalid": results_pb2.ITEM_OUTCOME_INVALID,
}


class MessageServiceServer(sender_pb2_grpc.MessageServiceServicer):
    """Messages of teams."""

    def __init__(self, send: Send, tell: TellMessages, watching: WatchMessages) -> None:
        self._send = send
        self._tell = tell
        self._watching = watching

    async def Send(
        self, request: sender_pb2.SendMessagesRequest, context: aio.ServicerContext[Any, Any]
    ) -> sender_pb2.SendMessagesResponse:
        """Takes messages to be sent; one result each."""
        organization_id = read_id("organization_id", request.organization_id)
        drafts = [_draft(message) for message in request.messages]
        cursor = await self._watching.cursor(organization_id=organization_id)
        results = await self._send(organization_id=organization_id, drafts=drafts)
        return sender_pb2.SendMessagesResponse(results=[_result(each) for each in results], watch_cursor=cursor)

    async def Get(
        self, request: sender_pb2.GetMessageRequest, context: aio.ServicerContext[Any, Any]
    ) -> sender_pb2.GetMessageResponse:
        """Gives one message."""
        organization_id = read_id("organization_id", request.organization_id)
        cursor = await self._watching.cursor(organization_id=organization_id)
        message = await self._tell.one(
            organization_id=organization_id,
            message_id=_optional_id("message_id", request.message_id),
            key=request.idempotency_key,
        )
        return sender_pb2.GetMessageResponse(message=_record(message), watch_cursor=cursor)

    async def List(
        self, request: sender_pb2.ListMessagesRequest, context: aio.ServicerContext[Any, Any]
    ) -> sender_pb2.ListMessagesResponse:
        """Lists messages, newest first."""
        chosen = MessageFilter(
            lane_id=_optional_id("conversation_id", request.conversation_id),
            phone_number_id=request.phone_number_id,
            state=request.state,
            status=request.status,
            since=_moment(request, "since"),
            until=_moment(request, "until"),
        )
        page = await self._tell.page(
            organization_id=read_id("organization_id", request.organization_id),
            chosen=chosen,
            limit=request.limit,
            cursor=request.cursor,
        )
        records = fitting([_record(message) for message in page.messages])
        cursor = page.cursor
        if len(records) < len(page.messages):
            cursor = self._tell.cursor_after(page.messages[len(records) - 1])
        return sender_pb2.ListMessagesResponse(messages=records, cursor=cursor)

    async def Watch(
        self, request: sender_pb2.WatchMessagesRequest, context: aio.ServicerContext[Any, Any]
    ) -> AsyncGenerator[sender_pb2.WatchMessagesResponse, None]:
        """Tells changes as they happen."""
        watched = Watched(
            organization_id=read_id("organization_id", request.organization_id),
            message_id=_optional_id("message_id", request.message_id),
            lane_id=_optional_id("conversation_id", request.conversation_id),
        )
        async for told in self._watching.watch(watched, request.cursor):
            changes = [_change(change) for change in told.changes if isinstance(change, Change)]
            events = [desk_form(watched.organization_id, each) for each in told.changes if isinstance(each, DeskEvent)]
            yield sender_pb2.WatchMessagesResponse(cursor=told.cursor, changes=changes, desk_events=events)


def written(organization_id: UUID, message_id: UUID, draft: Draft, conversation: Conversation) -> NewMessage:
    """A draft as a message to be stored (usecases.sending.Write). Raises InvalidArgument."""
    assert isinstance(draft.content, content_pb2.Content)
    return read_message(
        sender_pb2.OutboundMessage(
            organization_id=str(organization_id),
            message_id=str(message_id),
            conversation_id=str(conversation.conversation_id),
            phone_number_id=conversation.phone_number_id,
            recipient_wa_id=conversation.wa_id,
            recipient_user_id=conversation.user_id,
            content=draft.content,
            window_expires_at=conversation.window_expires_at,
            reply_to_wamid=draft.reply_to_wamid,
        )
    )


def _draft(message: sender_pb2.MessageToSend) -> Draft:
    recipient = Recipient(
        conversation_id=_optional_id("conversation_id", message.conversation_id),
        phone_number_id=message.phone_number_id,
        phone_number=message.phone_number,
        user_id=message.user_id,
    )
    return Draft(
        key=message.idempotency_key,
        recipient=recipient,
        content=message.content,
        is_template=message.content.WhichOneof("kind") == "template",
        reply_to_wamid=message.reply_to_wamid,
    )


def _result(result: SendResult) -> sender_pb2.SendResult:
    return sender_pb2.SendResult(
        outcome=_OUTCOMES[result.outcome],
        message_id=str(result.message_id),
        conversation_id=str(result.conversation_id) if result.conversation_id else "",
        reason=result.reason,
        problem=result.problem,
        fields=[sender_pb2.FieldProblem(field=each.field, problem=each.problem) for each in result.fields],
    )


def _change(change: Change) -> sender_pb2.MessageChange:
    occurred_at = Timestamp()
    occurred_at.FromMicroseconds(change.occurred_at_us)
    return sender_pb2.MessageChange(
        event_id=change.event_id,
        message_id=str(change.message_id),
        conversation_id=str(change.lane_id),
        status=change.status,
        error_code=change.error_code,
        occurred_at=occurred_at,
        sequence=change.sequence,
    )


def _record(message: Listed) -> sender_pb2.MessageRecord:
    created_at = Timestamp()
    created_at.FromDatetime(message.created_at)
    return sender_pb2.MessageRecord(
        message_id=str(message.message_id),
        conversation_id=str(message.lane_id),
        phone_number_id=message.phone_number_id,
        state=message.state,
        status=message.status,
        attempts=message.attempts,
        wamids=message.wamids,
        resolved_by=message.resolved_by,
        is_maybe_duplicate=message.is_maybe_duplicate,
        error_code=message.error_code,
        created_at=created_at,
        error_text=message.error_text,
        error_action=message.error_action,
    )


def _optional_id(field: str, text: str) -> UUID | None:
    return read_id(field, text) if text else None


def _moment(request: Message, field: str) -> datetime | None:
    if not request.HasField(field):
        return None
    value: Timestamp = getattr(request, field)
    try:
        return value.ToDatetime(UTC)
    except (ValueError, OverflowError):
        raise InvalidArgument(f"{field} is no moment between the years 1 and 9999") from None
