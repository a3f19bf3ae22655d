"""What became of messages."""

from __future__ import annotations

from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp
from grpc import aio

from services.pb.sender.v1 import sender_pb2, sender_pb2_grpc
from services.sender.ports import Listed
from services.sender.server.reading import read_id
from services.sender.usecases import ListMessages


class MessagesServer(sender_pb2_grpc.MessagesServicer):
    """What became of messages."""

    def __init__(self, list_messages: ListMessages) -> None:
        self._list_messages = list_messages

    async def ListMessages(
        self, request: sender_pb2.ListMessagesRequest, context: aio.ServicerContext[Any, Any]
    ) -> sender_pb2.ListMessagesResponse:
        """Lists messages of an organization, newest first."""
        lane_id = read_id("conversation_id", request.conversation_id) if request.conversation_id else None
        listed = await self._list_messages(
            organization_id=read_id("organization_id", request.organization_id),
            lane_id=lane_id,
            state=request.state,
            limit=request.limit,
        )
        return sender_pb2.ListMessagesResponse(messages=[_record(message) for message in listed])


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
    )
