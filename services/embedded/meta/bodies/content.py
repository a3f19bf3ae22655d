"""The object named like the message's type, for every type Meta documents."""

import re
from collections.abc import Callable

from services.embedded.meta.refusals import ErrorKind, GraphError

from .fields import JsonObject, child, children, missing, number, optional_words, words, wrong
from .interactive import check_interactive
from .media import check_media_source
from .template import check_template

CAPTIONED = ("image", "video", "document")
NAME_PARTS = ("first_name", "last_name", "middle_name", "prefix", "suffix")
CARD_PARTS = (("phones", "phone", 64), ("emails", "email", 320), ("urls", "url", 2048))
BIRTHDAY = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")


def check_content(kind: str, body: JsonObject) -> None:
    """Refuse what Meta refuses in the message itself. Unknown types are 131051."""
    if kind == "contacts":
        _check_contacts(body)
        return
    check = _CHECKS.get(kind)
    if check is None:
        raise GraphError(ErrorKind.UNSUPPORTED_TYPE, f"Message type {kind} is not supported")
    check(child(body, kind, kind))


def _check_text(text: JsonObject) -> None:
    body = text.get("body")
    if isinstance(body, str) and len(body) > 4096:
        details = "Param text['body'] must be at most 4096 characters long."
        raise GraphError(ErrorKind.INVALID_PARAMETER, details)
    words(text, "body", "text.body", 4096)


def _media_check(kind: str) -> Callable[[JsonObject], None]:
    def check(media: JsonObject) -> None:
        check_media_source(media, kind)
        if kind in CAPTIONED:
            optional_words(media, "caption", f"{kind}.caption", 1024)
            optional_words(media, "filename", f"{kind}.filename", 240)
        elif "caption" in media:
            wrong(f"{kind}.caption", "this type takes no caption")

    return check


def _check_location(location: JsonObject) -> None:
    number(location, "latitude", "location.latitude", -90, 90)
    number(location, "longitude", "location.longitude", -180, 180)
    optional_words(location, "name", "location.name", 1024)
    optional_words(location, "address", "location.address", 1024)


def _check_contacts(body: JsonObject) -> None:
    for contact in children(body, "contacts", "contacts", 1, 257):
        name = child(contact, "name", "contacts.name")
        words(name, "formatted_name", "contacts.name.formatted_name", 1024)
        if not any(name.get(part) for part in NAME_PARTS):
            missing("contacts.name.first_name")
        if "birthday" in contact and not BIRTHDAY.fullmatch(words(contact, "birthday", "contacts.birthday", 16)):
            wrong("contacts.birthday", "a day as 1990-12-31 is expected")
        for part, field, most in CARD_PARTS:
            for entry in children(contact, part, f"contacts.{part}", 0, 64) if part in contact else ():
                words(entry, field, f"contacts.{part}.{field}", most)


def _check_reaction(reaction: JsonObject) -> None:
    words(reaction, "message_id", "reaction.message_id", 512)
    if "emoji" not in reaction:
        missing("reaction.emoji")
    optional_words(reaction, "emoji", "reaction.emoji", 64)


_CHECKS: dict[str, Callable[[JsonObject], None]] = {
    "text": _check_text,
    "interactive": check_interactive,
    "location": _check_location,
    "reaction": _check_reaction,
    "template": check_template,
} | {kind: _media_check(kind) for kind in (*CAPTIONED, "audio", "sticker")}
