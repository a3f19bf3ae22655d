"""Kept items of a conversation, read again: events as arrivals, messages as a person would tell them."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from google.protobuf.message import DecodeError

from services.chassis.queue import StoredItem
from services.executor.domain.arrival import Arrival
from services.executor.domain.effects import Said
from services.executor.usecases import ToldMessage
from services.executor.worker.codec import arrival_of, encode_said
from services.pb.common.v1 import content_pb2
from services.pb.executor.v1 import executor_pb2
from services.pb.sender.v1 import sender_pb2

# Where kinds keep their words, the most telling first.
_WORDS = ("body", "caption", "name")


def recorded_arrival(item: StoredItem, organization_id: UUID, conversation_id: UUID) -> Arrival | None:
    """An event as it was worked on; None when it cannot be read."""
    try:
        event = executor_pb2.ConversationEvent.FromString(item.payload)
        return arrival_of(event, item.event_id, organization_id, conversation_id)
    except (DecodeError, ValueError):
        return None


def told_message(payload: bytes) -> ToldMessage:
    """A message as it went to sender."""
    message = sender_pb2.OutboundMessage.FromString(payload)
    content = message.content
    kind = content.WhichOneof("kind") or ""
    part = getattr(content, kind) if kind else None
    words = (str(getattr(part, name, "")) for name in _WORDS)
    return ToldMessage(
        content=content.SerializeToString(deterministic=True),
        kind=kind,
        text=next(filter(None, words), ""),
        options=tuple(_options(content)),
        node_id=message.node_id,
    )


def told_said(said: Said) -> ToldMessage:
    """A message as it would go to sender."""
    return told_message(encode_said(said).payload)


def _options(content: content_pb2.Content) -> Iterable[str]:
    if content.HasField("buttons"):
        return (button.title for button in content.buttons.buttons)
    return (row.title for section in content.list.sections for row in section.rows)
