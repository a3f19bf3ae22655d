"""What each event of a webhook becomes: a lane item, or a kept event.

A lane is one person at one number, so that a person's messages stay in order; statuses have lanes of their own, so that
messages that wait (executor away) never hold back what settles sends in doubt.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from uuid import UUID, uuid5

import orjson

from services.ingress.domain.webhook import Event
from services.pb.common.v1 import events_pb2

_NAMESPACE = UUID("6f0f3a52-51a5-5d0c-9a3d-2f3c0b8f1f5e")
_LARGEST = 2**63 - 1


@lru_cache(maxsize=4096)
def number_key(phone_number_id: str) -> UUID:
    """The group of all lanes of a number. ingress knows no organization yet."""
    return uuid5(_NAMESPACE, phone_number_id)


def lane_of(event: Event) -> UUID:
    """The lane of a message or status: who it is about, or the event itself when it is about nobody."""
    return uuid5(number_key(event.phone_number_id or ""), event.subject or event.dedupe_key)


def message_of(event: Event, *, received_at_ms: int, signed_by: tuple[str, ...]) -> events_pb2.InboundMessage:
    """A message event as the other rooms read it."""
    fields = event.fields
    reply = fields.get("reply")
    return events_pb2.InboundMessage(
        event_id=event.dedupe_key,
        phone_number_id=event.phone_number_id or "",
        waba_id=event.waba_id or "",
        message_id=_text(fields.get("id")),
        kind=_text(fields.get("kind")),
        wa_id=_text(fields.get("from")),
        user_id=_text(fields.get("user_id")),
        parent_user_id=_text(fields.get("parent_user_id")),
        profile_name=_text(fields.get("name")),
        sent_at=_number(fields.get("timestamp")),
        text=_text(fields.get("text")),
        reply=_reply(reply) if isinstance(reply, dict) else None,
        is_flow_input=event.flow_input,
        fields=orjson.dumps(fields),
        received_at_ms=received_at_ms,
        signed_by=signed_by,
    )


def status_of(event: Event, *, received_at_ms: int, signed_by: tuple[str, ...]) -> events_pb2.MessageStatus:
    """A status event as the other rooms read it."""
    fields = event.fields
    codes = fields.get("error_codes")
    return events_pb2.MessageStatus(
        event_id=event.dedupe_key,
        phone_number_id=event.phone_number_id or "",
        message_id=_text(fields.get("id")),
        status=_text(fields.get("status")),
        callback_data=_text(fields.get("callback_data")),
        occurred_at=_number(fields.get("timestamp")),
        error_codes=[_number(code) for code in codes] if isinstance(codes, list) else (),
        recipient_wa_id=_text(fields.get("recipient_id")),
        recipient_user_id=_text(fields.get("recipient_user_id")),
        pricing_category=_text(fields.get("pricing_category")),
        is_billable=fields.get("billable") is True,
        received_at_ms=received_at_ms,
        signed_by=signed_by,
    )


def _reply(reply: Mapping[str, object]) -> events_pb2.Reply:
    return events_pb2.Reply(kind=_text(reply.get("kind")), id=_text(reply.get("id")), title=_text(reply.get("title")))


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _number(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not -_LARGEST <= value <= _LARGEST:
        return 0
    return value
