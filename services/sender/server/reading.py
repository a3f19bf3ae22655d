"""Requests read into values; what cannot be is refused with a sentence."""

from __future__ import annotations

from uuid import UUID

from services.chassis.errors import InvalidArgument
from services.pb.sender.v1 import sender_pb2
from services.sender.domain.message import Price
from services.sender.ports import NewMessage, StatusEvent

_LONGEST_TEXT = 1024
# As analytics takes it; Meta's are shorter.
_LONGEST_PRICE = 64


def read_message(message: sender_pb2.OutboundMessage) -> NewMessage:
    """A message to be stored. Raises InvalidArgument."""
    if not message.phone_number_id.isascii() or not message.phone_number_id.isdigit():
        raise InvalidArgument("phone_number_id is not a number's id; it has digits only")
    kind = message.content.WhichOneof("kind")
    if kind is None:
        # A newer executor's message becomes a dead letter there, and is brought again once sender knows the kind too.
        raise InvalidArgument("content is empty, or of a kind this release does not know; set one, or upgrade sender")
    if not (message.recipient_wa_id or message.recipient_user_id or message.recipient_group_id):
        raise InvalidArgument("the recipient is empty; set recipient_wa_id, recipient_user_id or recipient_group_id")
    if message.window_expires_at <= 0 and kind != "template":
        raise InvalidArgument("window_expires_at is missing; give the second at which the 24 hour window closes")
    return NewMessage(
        organization_id=read_id("organization_id", message.organization_id),
        message_id=read_id("message_id", message.message_id),
        lane_id=read_id("conversation_id", message.conversation_id),
        phone_number_id=message.phone_number_id,
        recipient_wa_id=read_text("recipient_wa_id", message.recipient_wa_id),
        recipient_user_id=read_text("recipient_user_id", message.recipient_user_id),
        flow_id=read_text("flow_id", message.flow_id),
        node_id=read_text("node_id", message.node_id),
        payload=message.SerializeToString(),
    )


def read_status(item: sender_pb2.OrganizationStatus) -> StatusEvent:
    """A status webhook. Raises InvalidArgument; callback data that is not ours counts as none."""
    status = item.status
    if not status.message_id.isprintable() or not 0 < len(status.message_id) <= _LONGEST_TEXT:
        raise InvalidArgument("status.message_id is not an id of Meta")
    code = status.error_codes[0] if status.error_codes else 0
    return StatusEvent(
        organization_id=read_id("organization_id", item.organization_id),
        event_id=read_text("event_id", status.event_id),
        wamid=status.message_id,
        status=read_text("status", status.status),
        callback=_own_id(status.callback_data),
        error_code=code if abs(code) < 2**31 else 0,
        # Microseconds of it must fit 64 bits; a time beyond the year 9999 is no time.
        occurred_at=status.occurred_at if 0 < status.occurred_at < 253_402_300_800 else 0,
        recipient_wa_id=status.recipient_wa_id,
        recipient_user_id=status.recipient_user_id,
        phone_number_id=status.phone_number_id if status.phone_number_id.isascii() else "",
        waba_id=status.waba_id if status.waba_id.isascii() and status.waba_id.isdigit() else "",
        price=Price(_word(status.pricing_category), _word(status.pricing_type)),
    )


def read_id(field: str, text: str) -> UUID:
    """A UUID. Raises InvalidArgument."""
    try:
        return UUID(text)
    except ValueError:
        raise InvalidArgument(f"{field} is not a UUID") from None


def _word(text: str) -> str:
    """A word of Meta's about a price; what is none counts as untold, for the status itself is worth more."""
    return text if len(text) <= _LONGEST_PRICE and text.isprintable() else ""


def _own_id(callback_data: str) -> UUID | None:
    try:
        return UUID(callback_data)
    except ValueError:
        return None


def read_text(field: str, text: str) -> str:
    """A text that may be stored. Raises InvalidArgument."""
    if len(text) > _LONGEST_TEXT or "\x00" in text:
        raise InvalidArgument(f"{field} has more than {_LONGEST_TEXT} characters, or a NUL among them")
    return text
