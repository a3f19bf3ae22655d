"""The object named like the message's type, for every type Meta documents."""

from collections.abc import Callable

from services.embedded.meta.refusals import ErrorKind, GraphError

from .fields import JsonObject, child, children, missing, optional_words, words, wrong
from .interactive import check_interactive, check_media_source

CAPTIONED = ("image", "video", "document")


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
        elif "caption" in media:
            wrong(f"{kind}.caption", "this type takes no caption")

    return check


def _check_location(location: JsonObject) -> None:
    _check_degrees(location, "latitude", 90)
    _check_degrees(location, "longitude", 180)


def _check_degrees(location: JsonObject, name: str, most: int) -> None:
    value = location.get(name)
    if value is None:
        missing(f"location.{name}")
    try:
        degrees = float(value) if isinstance(value, int | float | str) else most + 1
    except ValueError:
        degrees = most + 1
    if not -most <= degrees <= most:
        wrong(f"location.{name}", f"a number from -{most} to {most} is expected")


def _check_contacts(body: JsonObject) -> None:
    for contact in children(body, "contacts", "contacts", 1, 257):
        words(child(contact, "name", "contacts.name"), "formatted_name", "contacts.name.formatted_name", 1024)


def _check_reaction(reaction: JsonObject) -> None:
    words(reaction, "message_id", "reaction.message_id", 512)
    if "emoji" not in reaction:
        missing("reaction.emoji")
    optional_words(reaction, "emoji", "reaction.emoji", 64)


def _check_template(template: JsonObject) -> None:
    words(template, "name", "template.name", 512)
    words(child(template, "language", "template.language"), "code", "template.language.code", 16)
    if "components" in template:
        children(template, "components", "template.components", 0, 64)


_CHECKS: dict[str, Callable[[JsonObject], None]] = {
    "text": _check_text,
    "interactive": check_interactive,
    "location": _check_location,
    "reaction": _check_reaction,
    "template": _check_template,
} | {kind: _media_check(kind) for kind in (*CAPTIONED, "audio", "sticker")}
