"""Inputs: questions that are answered by typing, by a number, or by a file."""

from collections.abc import Callable

from services.executor.domain.importers.reading import Draft
from services.executor.domain.importers.typebot.source import Block, Reading
from services.executor.domain.importers.values import Object, as_list, as_number, as_object, as_text, present

_STANDARD_SCALE = (1, 10)
# Endings of files by the type WhatsApp names them with.
_MIME_TYPES = {
    ".pdf": "application/pdf",
    ".doc": "application/msword",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".xls": "application/vnd.ms-excel",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".ppt": "application/vnd.ms-powerpoint",
    ".pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    ".txt": "text/plain",
    ".csv": "text/csv",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".png": "image/png",
    ".mp4": "video/mp4",
    ".mp3": "audio/mpeg",
    ".ogg": "audio/ogg",
}


def question(kind: str) -> Callable[[Block], Reading]:
    """A reader of inputs that differ in nothing but what they accept."""
    return lambda block: Reading(Draft("question", asking(block, kind)))


def read_text(block: Block) -> Reading:
    for name in ("attachments", "audioClip"):
        if as_object(block.options.get(name)).get("isEnabled") is True:
            block.note("dropped", name, "The question takes words only: ask for the file in a question of its own.")
    return Reading(Draft("question", asking(block, "text")))


def read_number(block: Block) -> Reading:
    limits: Object = {name: _limit(block, name) for name in ("min", "max")}
    block.without(("step",), "any number is taken.")
    return Reading(Draft("question", asking(block, "number", limits)))


def read_date(block: Block) -> Reading:
    options = block.options
    if options.get("isRange") is True or options.get("hasTime") is True:
        what = "two dates" if options.get("isRange") is True else "a date with a time"
        block.note("changed", "kind", f"The input asks for {what}; the question accepts any text.")
        return Reading(Draft("question", asking(block, "text")))
    if as_text(options.get("format")):
        block.note("changed", "format", "The date is stored as YYYY-MM-DD, however it is typed.")
    return Reading(Draft("question", asking(block, "date", {name: _day(options.get(name)) for name in ("min", "max")})))


def read_rating(block: Block) -> Reading:
    low, high = as_number(block.options.get("startsAt")), as_number(block.options.get("length"))
    if low is None and block.options.get("startsAt") is not None:
        block.note("problem", "startsAt", "The lowest number is a variable: write it in digits.")
    low, high = _STANDARD_SCALE[0] if low is None else low, _STANDARD_SCALE[1] if high is None else high
    data = asking(block, "rating", {"min": low, "max": high})
    labels = as_object(block.options.get("labels"))
    ends = [(number, block.text("labels", labels.get(side))) for number, side in ((low, "left"), (high, "right"))]
    lines = [f"{number:g} = {text}" for number, text in ends if text]
    if lines:
        data["content"] = "\n".join([as_text(data["content"]) or "", *lines]).strip("\n")
        data.pop("silent", None)
    return Reading(Draft("question", data))


def read_file(block: Block) -> Reading:
    options = block.options
    if options.get("isMultipleAllowed") is True:
        block.note("changed", "isMultipleAllowed", "The question takes one file; ask again for the next.")
    allowed = as_object(options.get("allowedFileTypes"))
    types = [name for name in map(as_text, as_list(allowed.get("types"))) if name]
    accept = [_mime(block, name) for name in types] if allowed.get("isEnabled") is True else []
    rules: Object = {"accept": [name for name in accept if name] or None}
    if options.get("isRequired") is False:
        rules |= {"required": False, "maxAttempts": 1}
        block.note("changed", "isRequired", "The file is not needed: any answer without one goes on as well.")
    return Reading(Draft("question", asking(block, "file", rules)))


def read_code(block: Block) -> Reading:
    block.note("problem", "type", "One-time codes are neither sent nor checked here: use an http_request for both.")
    return Reading(Draft("question", asking(block, "text")))


def read_payment(block: Block) -> Reading:
    block.note("problem", "type", "Payments are not taken inside a chat: send a payment link, and replace the node.")
    return Reading(Draft("action", {"actionType": "payment"}))


def asking(block: Block, kind: str, rules: Object | None = None) -> Object:
    """The data of a question; without a bubble before it, it sends nothing and only waits."""
    data: Object = {"content": block.asked, "kind": kind, "variableName": answer_variable(block)}
    again = block.text("retryMessageContent", block.options.get("retryMessageContent"))
    validation = present((rules or {}) | {"errorMessage": again or None})
    return data | ({"validation": validation} if validation else {}) | ({} if block.asked else {"silent": True})


def answer_variable(block: Block) -> str:
    """The variable an answer goes to; empty, and reported, when the input names none."""
    name = block.variable()
    if name is None:
        block.note("kept", "variableName", "The input names no variable, so its answer is only in the log.")
    return name or ""


def _limit(block: Block, name: str) -> int | float | None:
    value = block.options.get(name)
    number = as_number(value)
    if number is None and value not in (None, ""):
        block.note("problem", name, f"The limit '{name}' is a variable: write it in digits, or use a condition.")
    return number


def _day(value: object) -> str | None:
    """The day of an ISO date or moment."""
    text = (as_text(value) or "")[:10]
    return text if len(text) == 10 and text[4] == text[7] == "-" else None


def _mime(block: Block, name: str) -> str | None:
    known = name if "/" in name else _MIME_TYPES.get("." + name.lstrip(".").casefold())
    if known is None:
        block.note("dropped", "allowedFileTypes", f"The file type '{name}' is not known and is not asked for.")
    return known
