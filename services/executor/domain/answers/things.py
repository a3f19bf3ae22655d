"""Answers that are no words: a place, a file, an order, a form."""

from collections.abc import Mapping
from typing import Final

from services.executor.domain.answers.verdict import Accepted, Judge, Rejected, Verdict
from services.executor.domain.events import InboundMessage
from services.executor.domain.json_value import Json, text_at, text_of

# Question kinds whose answer is an object.
OBJECT_KINDS: Final = frozenset({"location", "file"})

# What a file may come as; a voice message is one as well.
_FILES: Final = frozenset({"image", "video", "audio", "voice", "document", "sticker"})

# A form that was filled in, as we call it, and as Meta does.
_FORMS: Final = frozenset({"form", "nfm_reply", "interactive"})


def judge_location(message: InboundMessage) -> Verdict:
    """Take a place on the map as {latitude, longitude, name, address}."""
    details = message.details
    latitude, longitude = details.get("latitude"), details.get("longitude")
    if message.kind != "location" or latitude is None or longitude is None:
        return Rejected("location")
    place: dict[str, Json] = {"latitude": latitude, "longitude": longitude}
    return Accepted({**place, "name": text_at(details, "name"), "address": text_at(details, "address")})


def compile_file(validation: Mapping[str, Json]) -> Judge:
    """Take a file as {media_id, mime_type, filename, kind}, of the sorts in `accept` only, if there are any.

    A sort is a MIME type (application/pdf), a family of them (image/*), an ending (.csv), or a kind (image).
    """
    written = validation.get("accept")
    sorts = tuple(text_of(sort).strip().casefold() for sort in (written if isinstance(written, list) else []))

    def judge(message: InboundMessage) -> Verdict:
        media_id = text_at(message.details, "media_id")
        if message.kind not in _FILES or not media_id:
            return Rejected("file")
        mime_type, filename = text_at(message.details, "mime_type"), text_at(message.details, "filename")
        if sorts and not any(_is_sort(sort, message.kind, mime_type, filename) for sort in sorts):
            return Rejected("file_kind")
        return Accepted({"media_id": media_id, "mime_type": mime_type, "filename": filename, "kind": message.kind})

    return judge


def _is_sort(sort: str, kind: str, mime_type: str, filename: str) -> bool:
    # "audio/ogg; codecs=opus" is audio/ogg.
    plain = mime_type.partition(";")[0].strip().casefold()
    if sort in ("*", "*/*"):
        return True
    if sort.endswith("/*"):
        return plain.startswith(sort[:-1])
    if sort.startswith("."):
        return filename.casefold().endswith(sort)
    return sort in (plain, kind)


def judge_order(message: InboundMessage) -> Verdict:
    """Take an order from a catalog as {catalog_id, items}."""
    items = message.details.get("items")
    if message.kind != "order" or not isinstance(items, list):
        return Rejected("order")
    return Accepted({"catalog_id": text_at(message.details, "catalog_id"), "items": items})


def judge_form(message: InboundMessage) -> Verdict:
    """Take the answers of a form; the token that comes back with them is none."""
    if message.kind not in _FORMS or (message.kind == "interactive" and not message.details):
        return Rejected("form")
    return Accepted({name: value for name, value in message.details.items() if name != "flow_token"})
