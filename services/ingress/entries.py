"""What each event of a webhook becomes: a lane item, or a kept event.

A lane is one person at one number, so that a person's messages stay in order; statuses have lanes of their own, so that
messages that wait (executor away) never hold back what settles sends in doubt.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from hashlib import blake2b, sha1
from typing import Any
from uuid import UUID, uuid5

import orjson

from services.ingress.domain.webhook import Event, NumberNews, TemplateNews
from services.pb.common.v1 import events_pb2

_NAMESPACE = UUID("6f0f3a52-51a5-5d0c-9a3d-2f3c0b8f1f5e")
_LARGEST = 2**63 - 1

# What a relay can hand on (chassis.queue.relay). Larger events lose what WhatsApp cannot have put into them.
MOST_PAYLOAD_BYTES = 1024 * 1024
MOST_KEPT_BYTES = 64 * 1024
# WhatsApp lets a person write so many characters; whatever else a message holds is shorter than this.
_LONGEST_TEXT = 65_536
_LONGEST_OTHER = 1024
_LARGEST_PART = 4096
_MOST_CODES = 100
_LONGEST_NAME = 64
# Seconds of a time that its milliseconds still fit.
_LATEST = 253_402_300_800
# What a person may say about marketing messages, and whether it stops them.
_PREFERENCES = {"stop": True, "resume": False, "signup": False}

# Keys of the normal form that are texts, and the fields that take them.
_MESSAGE_TEXTS = {
    "id": "message_id",
    "kind": "kind",
    "from": "wa_id",
    "user_id": "user_id",
    "parent_user_id": "parent_user_id",
    "name": "profile_name",
    "text": "text",
}
_STATUS_TEXTS = {
    "id": "message_id",
    "status": "status",
    "callback_data": "callback_data",
    "recipient_id": "recipient_wa_id",
    "recipient_user_id": "recipient_user_id",
    "pricing_category": "pricing_category",
    "pricing_type": "pricing_type",
}


@lru_cache(maxsize=4096)
def number_key(phone_number_id: str) -> UUID:
    """The group of all lanes of a number. ingress knows no organization yet."""
    return uuid5(_NAMESPACE, phone_number_id)


def lane_of(event: Event) -> UUID:
    """The lane of a message or status: who it is about, or the event itself when it is about nobody."""
    number, subject = event.phone_number_id or "", event.subject
    return lane_of_person(number, subject) if subject else _uuid5(number_key(number), event.dedupe_key)


@lru_cache(maxsize=8192)  # a person's message is followed by the statuses of its reply
def lane_of_person(phone_number_id: str, subject: str) -> UUID:
    """The lane, in both boxes, of somebody (phone number or user id) at a number."""
    return _uuid5(number_key(phone_number_id), subject)


def _uuid5(namespace: UUID, name: str) -> UUID:
    """What uuid.uuid5 gives (RFC 9562, 5.5), in half the time: that imports and slices more than it needs to."""
    digest = sha1(namespace.bytes + name.encode(), usedforsecurity=False).digest()
    return UUID(bytes=digest[:16], version=5)


def kept_key(dedupe_key: str) -> str:
    """The key under which an event is kept that drives no conversation.

    A message's key holds Meta's id of it, and that holds the phone number: a digest is as good a key.
    """
    return blake2b(dedupe_key.encode(), digest_size=16).hexdigest()


def message_payload(event: Event, *, received_at_ms: int, signed_by: tuple[str, ...]) -> bytes:
    """A message event as it travels. No message is lost for its size: one that is too large is cut, and says so."""
    message = _message_of(event, received_at_ms=received_at_ms, signed_by=signed_by)
    payload = message.SerializeToString()
    if len(payload) <= MOST_PAYLOAD_BYTES:
        return payload
    _cut_texts(message, _MESSAGE_TEXTS.values())
    _cut_texts(message.reply, ("kind", "id", "title"))
    message.fields = orjson.dumps(_cut(event.fields))
    _cut_texts(message.referral, ("source_id", "source_type"))
    for item in message.order_items:
        _cut_texts(item, ("product_retailer_id", "currency"))
    return message.SerializeToString()


def status_payload(event: Event, *, received_at_ms: int, signed_by: tuple[str, ...]) -> bytes:
    """A status event as it travels, cut like a message."""
    status = _status_of(event, received_at_ms=received_at_ms, signed_by=signed_by)
    payload = status.SerializeToString()
    if len(payload) <= MOST_PAYLOAD_BYTES:
        return payload
    _cut_texts(status, _STATUS_TEXTS.values())
    del status.error_codes[_MOST_CODES:]
    return status.SerializeToString()


def notice_payload(event: Event, *, received_at_ms: int, signed_by: tuple[str, ...]) -> bytes | None:
    """News for sender as they travel, on the statuses' road; None of an event that is none."""
    if event.type == "user_preference":
        notice = _preference(event, received_at_ms)
    elif event.template_news is not None:
        notice = _template_news(event.template_news, received_at_ms)
    elif event.number_news is not None:
        notice = _number_news(event, event.number_news, received_at_ms)
    else:
        return None
    if notice is None:
        return None
    notice.waba_id = (event.waba_id or "")[:_LONGEST_OTHER]
    return events_pb2.MessageStatus(
        event_id=event.dedupe_key,
        phone_number_id=event.phone_number_id or "",
        received_at_ms=received_at_ms,
        signed_by=signed_by,
        notice=notice,
    ).SerializeToString()


def notice_place(event: Event) -> tuple[UUID, UUID]:
    """The group and the lane of news: a person's at their number, a number's, or the account's own."""
    if event.phone_number_id and event.number_news is not None:
        group = number_key(event.phone_number_id)
        return group, _uuid5(group, "number")
    if event.phone_number_id:
        return number_key(event.phone_number_id), lane_of(event)
    group = number_key(f"account:{event.waba_id or ''}")
    return group, _uuid5(group, "templates" if event.template_news is not None else "numbers")


def _preference(event: Event, received_at_ms: int) -> events_pb2.Notice | None:
    """A word about marketing; None for one that Meta has not documented, or of nobody."""
    fields = event.fields
    wa_id, user_id = _text(fields.get("from")), _text(fields.get("user_id"))
    value = _text(fields.get("value")).lower()
    if value not in _PREFERENCES or not (wa_id or user_id) or not event.phone_number_id:
        return None
    said_at = _number(fields.get("timestamp"))
    return events_pb2.Notice(
        preference=events_pb2.Preference(
            wa_id=wa_id[:_LONGEST_OTHER],
            user_id=user_id[:_LONGEST_OTHER],
            kind="marketing",
            is_out=_PREFERENCES[value],
            # A time ahead of ours would outlast whatever is said next.
            said_at_ms=min(said_at * 1000, received_at_ms) if 0 < said_at < _LATEST else received_at_ms,
            source="meta:user_preferences",
        )
    )


def _template_news(news: TemplateNews, received_at_ms: int) -> events_pb2.Notice:
    return events_pb2.Notice(
        template=events_pb2.TemplateNews(
            name=news.name[:_LONGEST_OTHER],
            language=news.language[:_LONGEST_NAME],
            template_id=news.template_id[:_LONGEST_NAME],
            status=news.status[:_LONGEST_NAME],
            quality=news.quality[:_LONGEST_NAME],
            category=news.category[:_LONGEST_NAME],
            reason=news.reason[:_LONGEST_OTHER],
            is_edited=news.is_edited,
            told_at_ms=received_at_ms,
        )
    )


def _number_news(event: Event, news: NumberNews, received_at_ms: int) -> events_pb2.Notice:
    return events_pb2.Notice(
        number=events_pb2.NumberNews(
            phone_number_id=event.phone_number_id or "",
            phone_number=news.phone_number[:_LONGEST_NAME],
            event=news.event[:_LONGEST_NAME],
            messages_per_second=news.messages_per_second,
            users_per_day=news.users_per_day,
            quality=news.quality[:_LONGEST_NAME],
            account_state=news.account_state,
            told_at_ms=received_at_ms,
        )
    )


def kept_fields(event: Event) -> str:
    """The normal form of an event that travels nowhere, as JSON."""
    fields = orjson.dumps(event.fields)
    return (fields if len(fields) <= MOST_KEPT_BYTES else orjson.dumps(_cut(event.fields))).decode()


def _cut_texts(message: Any, names: Iterable[str]) -> None:
    for name in names:
        longest = _LONGEST_TEXT if name == "text" else _LONGEST_OTHER
        if len(getattr(message, name)) > longest:
            setattr(message, name, getattr(message, name)[:longest])


def _cut(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The small parts of a normal form, and the beginning of its text."""
    small = {key: value for key, value in fields.items() if len(orjson.dumps(value)) <= _LARGEST_PART}
    text = fields.get("text")
    return small | ({"text": text[:_LONGEST_TEXT]} if isinstance(text, str) else {}) | {"cut": True}


def _message_of(event: Event, *, received_at_ms: int, signed_by: tuple[str, ...]) -> events_pb2.InboundMessage:
    """A message event as the other rooms read it."""
    fields = event.fields
    known = _known(event, _MESSAGE_TEXTS)
    reply = fields.get("reply")
    if isinstance(reply, dict):
        known["reply"] = _reply(reply)
    if event.order_items:
        known["order_items"] = [events_pb2.OrderItem(**item._asdict()) for item in event.order_items]
    if event.referral is not None:
        known["referral"] = events_pb2.Referral(**event.referral._asdict())
    return events_pb2.InboundMessage(
        **known,
        waba_id=event.waba_id or "",
        sent_at=_number(fields.get("timestamp")),
        is_flow_input=event.flow_input,
        fields=orjson.dumps(fields),
        received_at_ms=received_at_ms,
        signed_by=signed_by,
    )


def _status_of(event: Event, *, received_at_ms: int, signed_by: tuple[str, ...]) -> events_pb2.MessageStatus:
    """A status event as the other rooms read it."""
    fields = event.fields
    known = _known(event, _STATUS_TEXTS)
    codes = fields.get("error_codes")
    if isinstance(codes, list):
        known["error_codes"] = [_number(code) for code in codes]
    billable = fields.get("billable")
    if "pricing_type" not in known and isinstance(billable, bool):
        # Meta is to remove billable for type; older statuses have it alone.
        known["pricing_type"] = "regular" if billable else "free"
    return events_pb2.MessageStatus(
        **known,
        waba_id=event.waba_id or "",
        occurred_at=_number(fields.get("timestamp")),
        is_billable=billable is True,
        received_at_ms=received_at_ms,
        signed_by=signed_by,
    )


def _known(event: Event, names: Mapping[str, str]) -> dict[str, Any]:
    """Give what both kinds have, and of the texts those that are there: protobuf takes its time for every argument."""
    known: dict[str, Any] = {"event_id": event.dedupe_key, "phone_number_id": event.phone_number_id}
    fields = event.fields
    for key, name in names.items():
        value = fields.get(key)
        if isinstance(value, str):
            known[name] = value
    return known


def _reply(reply: Mapping[str, object]) -> events_pb2.Reply:
    return events_pb2.Reply(kind=_text(reply.get("kind")), id=_text(reply.get("id")), title=_text(reply.get("title")))


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _number(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not -_LARGEST <= value <= _LARGEST:
        return 0
    return value
