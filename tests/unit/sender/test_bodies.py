"""Graph API bodies and the limits checked before a call."""

import json
from typing import Any

import pytest

from services.pb.common.v1.content_pb2 import (
    ButtonsContent,
    Content,
    ListContent,
    ListRow,
    ListSection,
    ReplyButton,
    TextContent,
)
from services.pb.sender.v1.sender_pb2 import OutboundMessage
from services.sender.worker.bodies import BodyRefused, body_of

ID = "0f3c1f6e-8d7d-5b8c-9d3a-0b1c2d3e4f50"


def body(content: Content, **fields: Any) -> dict[str, Any]:
    values: dict[str, Any] = {"message_id": ID, "recipient_wa_id": "5511987654321", "content": content}
    read: dict[str, Any] = json.loads(body_of(OutboundMessage(**values | fields)))
    return read


def buttons(*titles: str, text: str = "?", **frame: str) -> Content:
    replies = [ReplyButton(id=f"b{n}", title=title) for n, title in enumerate(titles)]
    return Content(buttons=ButtonsContent(body=text, buttons=replies, **frame))


def listing(*sections: tuple[str, int], **frame: str) -> Content:
    made = []
    for n, (title, count) in enumerate(sections):
        made.append(ListSection(title=title, rows=[ListRow(id=f"{n}.{i}", title=f"row {i}") for i in range(count)]))
    return Content(list=ListContent(**{"body": "?", "button_text": "Open"} | frame, sections=made))


def row(title: str) -> Content:
    section = ListSection(rows=[ListRow(id="1", title=title)])
    return Content(list=ListContent(body="?", button_text="o", sections=[section]))


def test_a_text_goes_to_a_number_with_plus() -> None:
    assert body(Content(text=TextContent(body="Olá", preview_url=True))) == {
        "messaging_product": "whatsapp", "recipient_type": "individual", "to": "+5511987654321", "type": "text",
        "text": {"body": "Olá", "preview_url": True}, "biz_opaque_callback_data": ID,
    }  # fmt: skip


def test_without_a_number_the_user_id_is_the_recipient() -> None:
    made = body(Content(text=TextContent(body="x")), recipient_wa_id="", recipient_user_id="BR.77")
    assert made["recipient"] == "BR.77"
    assert "to" not in made


def test_buttons_and_lists_have_only_the_parts_that_are_set() -> None:
    made = body(buttons("Yes", "No", footer="f"))["interactive"]
    assert made["action"]["buttons"][1] == {"type": "reply", "reply": {"id": "b1", "title": "No"}}
    assert made["footer"] == {"text": "f"}
    assert "header" not in made
    made = body(listing(("", 2), header="h"))["interactive"]
    assert made["header"] == {"type": "text", "text": "h"}
    assert made["action"] == {
        "button": "Open", "sections": [{"rows": [{"id": "0.0", "title": "row 0"}, {"id": "0.1", "title": "row 1"}]}],
    }  # fmt: skip


def test_characters_are_counted_not_bytes() -> None:
    assert body(Content(text=TextContent(body="😀" * 4096)))["type"] == "text"
    assert body(buttons("😀" * 20))["type"] == "interactive"


@pytest.mark.parametrize(
    "content",
    [
        Content(),
        Content(text=TextContent(body="")),
        Content(text=TextContent(body=" \n")),
        Content(text=TextContent(body="x" * 4097)),
        buttons(),
        buttons("1", "2", "3", "4"),
        buttons("x" * 21),
        buttons("same", "same"),
        buttons("ok", text="x" * 1025),
        buttons("ok", header="x" * 61),
        buttons("ok", footer="x" * 61),
        listing(),
        listing(("a", 0)),
        listing(("a", 6), ("b", 5)),
        listing(("a", 1), ("", 1)),
        listing(("x" * 25, 1)),
        listing(("a", 1), button_text="x" * 21),
        listing(("a", 1), body="x" * 4097),
        row("x" * 25),
        row(""),
    ],
)  # fmt: skip
def test_what_meta_would_refuse_is_refused_before_a_call(content: Content) -> None:
    with pytest.raises(BodyRefused):
        body(content)


def test_a_recipient_must_be_named() -> None:
    for number in ("", "abc", "+55 11"):
        with pytest.raises(BodyRefused):
            body(Content(text=TextContent(body="x")), recipient_wa_id=number)
