"""A contact's message, from its protobuf form to the domain's words."""

from __future__ import annotations

from collections.abc import Mapping

import orjson

from services.executor.domain.events import InboundMessage
from services.executor.domain.json_value import Json, object_at
from services.pb.common.v1 import events_pb2

# Kinds whose text is a caption.
_FILES = frozenset({"image", "video", "audio", "voice", "document", "sticker"})
_FORM = "nfm_reply"


def message_of(message: events_pb2.InboundMessage) -> InboundMessage:
    """Read a message. Its normal form is parsed only for kinds that bring more than words. Raises ValueError."""
    kind, text = message.kind, message.text or None
    reply = message.reply if message.HasField("reply") else None
    if kind == "text" and reply is None:
        return InboundMessage(text=text, kind=kind)
    is_caption = kind in _FILES
    is_form = reply is not None and reply.kind == _FORM
    return InboundMessage(
        text=None if is_caption else text,
        # What comes back from a form is of a kind of its own: Meta calls every tap interactive.
        kind="form" if is_form else kind,
        reply_id=reply.id or None if reply is not None else None,
        reply_title=reply.title or None if reply is not None else None,
        caption=text if is_caption else None,
        details=_details(kind, message, is_form=is_form),
    )


def _details(kind: str, message: events_pb2.InboundMessage, *, is_form: bool) -> dict[str, Json]:
    if is_form:
        return object_at(object_at(_fields(message), "reply"), "data")
    if kind == "location":
        return object_at(_fields(message), "location")
    if kind == "order":
        return _order(message)
    return _file(object_at(_fields(message), "media")) if kind in _FILES else {}


def _file(media: Mapping[str, Json]) -> dict[str, Json]:
    names = {"media_id": "id", "mime_type": "mime_type", "filename": "filename"}
    return {ours: media[theirs] for ours, theirs in names.items() if theirs in media}


def _order(message: events_pb2.InboundMessage) -> dict[str, Json]:
    items: list[Json] = [
        {
            "product_retailer_id": item.product_retailer_id,
            "quantity": item.quantity,
            "item_price": item.item_price,
            "currency": item.currency,
        }
        for item in message.order_items
    ]
    return {"catalog_id": object_at(_fields(message), "order").get("catalog_id", ""), "items": items}


def _fields(message: events_pb2.InboundMessage) -> dict[str, Json]:
    """The normal form; none was written by an earlier release, and none is with a message from REST."""
    fields = orjson.loads(message.fields) if message.fields else {}
    return fields if isinstance(fields, dict) else {}
