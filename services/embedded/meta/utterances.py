"""What a phone says besides texts and taps: a place, a file, a card, an order, a form's answers.

In the terminal each is a line that begins with a slash:

    /location LATITUDE LONGITUDE [NAME]
    /image [CAPTION]    /video [CAPTION]    /document [FILENAME]    /audio    /voice    /sticker
    /contact PHONE NAME
    /order CATALOG PRODUCT[=QUANTITY]…
    /form JSON
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Mapping

import orjson

from .plans import InputError

Message = dict[str, object]

MIME_TYPES = {
    "image": "image/jpeg",
    "video": "video/mp4",
    "document": "application/pdf",
    "audio": "audio/mpeg",
    "voice": "audio/ogg; codecs=opus",
    "sticker": "image/webp",
}
TYPES = ("image", "video", "document", "audio", "sticker", "location", "contacts", "order", "interactive")
DEGREES = ("latitude", "longitude")
NUMBER = r"-?\d{1,3}(?:\.\d+)?"
PLACE = re.compile(rf"({NUMBER}) +({NUMBER})(?: +(.+))?")
CARD = re.compile(r"(\+?[0-9][0-9 ()-]*[0-9]) +(\D.*)")
ITEM = re.compile(r"([^\s=]+)(?:=([0-9]{1,4}))?")


def read_line(line: str) -> Message | None:
    """The message of a typed line; None when it is a text, as a slash before any other word is."""
    word, _, rest = line.partition(" ")
    read = _READERS.get(word)
    return read(rest.strip()) if read else None


def read_message(given: object) -> Message:
    """A message in the form of a webhook, as a program gives it. Raises InputError."""
    kind = given.get("type") if isinstance(given, Mapping) else None
    if not isinstance(given, Mapping) or kind not in TYPES:
        raise InputError(f"message has a type, one of {', '.join(TYPES)}, and beside it what it says")
    content = given.get(str(kind))
    if not (isinstance(content, list) if kind == "contacts" else isinstance(content, Mapping)):
        raise InputError(f"message.{kind} is missing")
    if kind == "interactive" and (not isinstance(content, Mapping) or content.get("type") != "nfm_reply"):
        raise InputError("message.interactive is a form's answers (nfm_reply); tap other choices with reply")
    return {"type": str(kind), str(kind): content}


def words_of(message: Message) -> str:
    """How the message stands on its own phone."""
    kind = str(message["type"])
    content = message[kind]
    if not isinstance(content, Mapping):
        return f"[{kind}]"
    match kind:
        case "location":
            return f"[location] {content.get('name') or ', '.join(str(content.get(part)) for part in DEGREES)}"
        case "order":
            return f"[order] {content.get('text') or ''}".strip()
        case "interactive":
            return "[form]"
    return f"[{kind}] {content.get('caption') or content.get('filename') or ''}".strip()


def _media(word: str) -> Callable[[str], Message | None]:
    def read(rest: str) -> Message:
        kind = "audio" if word == "voice" else word
        content: Message = {
            "id": str(secrets.randbelow(10**15)),
            "mime_type": MIME_TYPES[word],
            "sha256": secrets.token_hex(32),
        }
        if kind == "audio":
            content["voice"] = word == "voice"
        elif rest and kind != "sticker":
            content["filename" if kind == "document" else "caption"] = rest
        return {"type": kind, kind: content}

    return read


def _location(rest: str) -> Message | None:
    found = PLACE.fullmatch(rest)
    if found is None:
        return None
    place: Message = {"latitude": float(found[1]), "longitude": float(found[2])}
    return {"type": "location", "location": place | ({"name": found[3]} if found[3] else {})}


def _contact(rest: str) -> Message | None:
    found = CARD.fullmatch(rest)
    if found is None:
        return None
    card = {
        "name": {"formatted_name": found[2], "first_name": found[2]},
        "phones": [{"phone": found[1], "wa_id": re.sub("[^0-9]", "", found[1])}],
    }
    return {"type": "contacts", "contacts": [card]}


def _order(rest: str) -> Message | None:
    catalog, *wanted = rest.split() or [""]
    items = [found for word in wanted if (found := ITEM.fullmatch(word))]
    if not items or len(items) < len(wanted):
        return None
    products = [
        {"product_retailer_id": item[1], "quantity": int(item[2] or 1), "item_price": 1, "currency": "BRL"}
        for item in items
    ]
    return {"type": "order", "order": {"catalog_id": catalog, "text": "", "product_items": products}}


def _form(rest: str) -> Message | None:
    try:
        answers = orjson.loads(rest)
    except orjson.JSONDecodeError:
        return None
    reply = {"name": "flow", "body": "Sent", "response_json": orjson.dumps(answers).decode()}
    return {"type": "interactive", "interactive": {"type": "nfm_reply", "nfm_reply": reply}}


_READERS: dict[str, Callable[[str], Message | None]] = {
    "/location": _location,
    "/contact": _contact,
    "/order": _order,
    "/form": _form,
} | {f"/{word}": _media(word) for word in MIME_TYPES}
