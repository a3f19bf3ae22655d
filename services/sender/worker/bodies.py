"""Graph API bodies from content, with Meta's limits checked in characters before any call."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TypeAlias

import orjson

from services.pb.common.v1 import content_pb2
from services.pb.sender.v1 import sender_pb2

Json: TypeAlias = dict[str, object]

_DIGITS = re.compile(r"\+?[0-9]{5,20}")


class BodyRefused(Exception):
    """Meta would refuse this message for good; the text says which limit it breaks."""


def body_of(message: sender_pb2.OutboundMessage) -> bytes:
    """The JSON to post. Raises BodyRefused."""
    body: Json = {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        **_recipient(message),
        **_content(message.content),
        # Meta hands it back in every status: how a message is known whose answer was lost.
        "biz_opaque_callback_data": message.message_id,
    }
    return orjson.dumps(body)


def _recipient(message: sender_pb2.OutboundMessage) -> Json:
    if message.recipient_wa_id:
        if not _DIGITS.fullmatch(message.recipient_wa_id):
            raise BodyRefused("recipient_wa_id is not a phone number in digits")
        # Without the plus Meta may put the business's own country code in front.
        return {"to": "+" + message.recipient_wa_id.removeprefix("+")}
    if message.recipient_user_id:
        return {"recipient": message.recipient_user_id}
    raise BodyRefused("the message has neither a phone number nor a user id")


def _content(content: content_pb2.Content) -> Json:
    match content.WhichOneof("kind"):
        case "text":
            _check("text body", content.text.body, 4096)
            text: Json = {"body": content.text.body, "preview_url": content.text.preview_url}
            return {"type": "text", "text": text}
        case "buttons":
            return {"type": "interactive", "interactive": _buttons(content.buttons)}
        case "list":
            return {"type": "interactive", "interactive": _list(content.list)}
        case _:
            raise BodyRefused("the message has no content")


def _buttons(content: content_pb2.ButtonsContent) -> Json:
    interactive = _frame("button", content.body, 1024, content.header, content.footer)
    if not 1 <= len(content.buttons) <= 3:
        raise BodyRefused(f"{len(content.buttons)} reply buttons; Meta takes 1 to 3")
    for button in content.buttons:
        _check("button id", button.id, 256)
        _check("button title", button.title, 20)
    _check_unique("button ids", (button.id for button in content.buttons))
    _check_unique("button titles", (button.title for button in content.buttons))
    replies = [{"type": "reply", "reply": {"id": button.id, "title": button.title}} for button in content.buttons]
    return {**interactive, "action": {"buttons": replies}}


def _list(content: content_pb2.ListContent) -> Json:
    interactive = _frame("list", content.body, 4096, content.header, content.footer)
    _check("list button", content.button_text, 20)
    if not 1 <= len(content.sections) <= 10:
        raise BodyRefused(f"{len(content.sections)} list sections; Meta takes 1 to 10")
    rows = [row for section in content.sections for row in section.rows]
    if not 1 <= len(rows) <= 10:
        raise BodyRefused(f"{len(rows)} list rows; Meta takes 1 to 10 in all")
    _check_unique("row ids", (row.id for row in rows))
    sections = [_section(section, is_alone=len(content.sections) == 1) for section in content.sections]
    return {**interactive, "action": {"button": content.button_text, "sections": sections}}


def _section(section: content_pb2.ListSection, *, is_alone: bool) -> Json:
    if not section.rows:
        raise BodyRefused("a list section has no row")
    if not is_alone or section.title:
        _check("section title", section.title, 24)
    rows = [_row(row) for row in section.rows]
    return {"title": section.title, "rows": rows} if section.title else {"rows": rows}


def _row(row: content_pb2.ListRow) -> Json:
    _check("row id", row.id, 200)
    _check("row title", row.title, 24)
    if not row.description:
        return {"id": row.id, "title": row.title}
    _check("row description", row.description, 72)
    return {"id": row.id, "title": row.title, "description": row.description}


def _frame(kind: str, body: str, longest_body: int, header: str, footer: str) -> Json:
    _check("body", body, longest_body)
    interactive: Json = {"type": kind, "body": {"text": body}}
    if header:
        _check("header", header, 60)
        interactive["header"] = {"type": "text", "text": header}
    if footer:
        _check("footer", footer, 60)
        interactive["footer"] = {"text": footer}
    return interactive


def _check(what: str, text: str, longest: int) -> None:
    if not text.strip():
        raise BodyRefused(f"{what} is empty")
    if len(text) > longest:
        raise BodyRefused(f"{what} has {len(text)} characters; Meta takes {longest}")


def _check_unique(what: str, values: Iterable[str]) -> None:
    listed = list(values)
    if len(set(listed)) != len(listed):
        raise BodyRefused(f"{what} repeat; Meta wants each only once")
