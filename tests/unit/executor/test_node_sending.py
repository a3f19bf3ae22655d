"""What nodes send besides texts, and how it reads in the contract between the rooms."""

import base64
import json
from typing import Any

import pytest
from google.protobuf.json_format import MessageToDict

from services.executor.domain.commands import Say
from services.executor.domain.compile import CompiledFlow
from services.executor.domain.events import InboundMessage, TimerFired
from services.executor.domain.turn import Moment
from services.executor.worker.contents import fill_content
from services.executor.worker.messages import message_of
from services.pb.common.v1 import content_pb2, events_pb2
from tests.unit.executor.dialogues import NOW, plain, take
from tests.unit.executor.walks import ask, end, flow

LINK = "https://files.example/a b.png"
VARIABLES = {
    "n": "7", "list": ["a"], "where": {"lat": "-23,5", "lon": -46.6}, "long": "x" * 3000, "lines": "a\n\n b\t     c",
    "link": "https://files.example/menu.pdf", "empty": "",
}  # fmt: skip


def content(command: Say) -> dict[str, Any]:
    """A message as the next room gets it; only what is set."""
    filled = content_pb2.Content()
    fill_content(filled, command)
    return MessageToDict(filled, preserving_proto_field_name=True)


def sent(node_type: str, **data: Any) -> list[Any]:
    outcome = take(single(node_type, **data), None, InboundMessage("hi"))
    return [content(command) for command in outcome.commands if isinstance(command, Say)]


def single(node_type: str, **data: Any) -> CompiledFlow:
    return flow({"n": (node_type, data)}, variables=VARIABLES)


BUTTON = {"id": "a", "title": "A"}
MEDIA = {"kind": "MEDIA_KIND_DOCUMENT", "link": "https://files.example/menu.pdf", "filename": "menu 7.pdf"}


@pytest.mark.parametrize(
    ("node_type", "data", "expected"),
    [
        (
            "message",
            {"mediaType": "document", "mediaUrl": "{{link}}", "filename": "menu {{n}}.pdf", "content": "Menu {{n}}"},
            {"media": {"media": MEDIA, "caption": "Menu 7"}},
        ),
        (
            "message",
            {"mediaType": "image", "mediaId": "{{n}}", "mediaUrl": "{{link}}", "caption": "{{long}}"},
            {"media": {"media": {"kind": "MEDIA_KIND_IMAGE", "id": "7"}, "caption": "x" * 1023 + "…"}},
        ),
        (
            "message",
            {"content": "Ok?", "mediaType": "image", "mediaId": "7", "header": "H", "buttons": [BUTTON]},
            {
                "buttons": {
                    "body": "Ok?",
                    "buttons": [BUTTON],
                    "header_media": {"kind": "MEDIA_KIND_IMAGE", "id": "7"},
                }
            },
        ),
        (
            "location",
            {"latitude": "{{where.lat}}", "longitude": "{{where.lon}}", "name": "Shop {{n}}"},
            {"location": {"latitude": -23.5, "longitude": -46.6, "name": "Shop 7"}},
        ),
        (
            "contacts",
            {
                "contacts": [
                    {"name": "Ana Maria Sá", "phones": ["+55 11 90000-0007", "{{empty}}"], "emails": ["a@b.example"]},
                    {"name": "Bia", "phones": [{"phone": "190"}], "organization": "Shop"},
                ]
            },
            {
                "contacts": {
                    "cards": [
                        {
                            "name": {"formatted_name": "Ana Maria Sá", "first_name": "Ana", "last_name": "Maria Sá"},
                            "phones": [{"phone": "+55 11 90000-0007", "wa_id": "5511900000007"}],
                            "emails": [{"email": "a@b.example"}],
                        },
                        {
                            "name": {"formatted_name": "Bia", "first_name": "Bia"},
                            "phones": [{"phone": "190"}],
                            "organization": {"company": "Shop"},
                        },
                    ]
                }
            },
        ),
        (
            "cta_url",
            {"content": "Look", "header": "H", "footer": "F", "buttonText": "Open {{n}}", "url": "https://a.example/{{n}}?{{lines}}"},
            {
                "cta_url": {
                    "body": "Look", "header": "H", "footer": "F", "button_text": "Open 7",
                    "url": "https://a.example/7?a%0A%0A%20b%09%20%20%20%20%20c",
                }
            },
        ),
        ("location_request", {"content": "Where?"}, {"location_request": {"body": "Where?"}}),
        (
            "whatsapp_flow",
            {
                "content": "Fill in", "flowName": "form", "flowToken": "t{{n}}", "screen": "S", "mode": "draft",
                "payload": {"n": "{{n}}", "list": "{{list}}"},
            },
            {
                "whatsapp_flow": {
                    "body": "Fill in", "button_text": "Open", "flow_name": "form", "flow_token": "t7", "screen": "S",
                    "action": "WHATS_APP_FLOW_ACTION_NAVIGATE", "is_draft": True, "data": {"n": "7", "list": ["a"]},
                }
            },
        ),
        (
            "product",
            {"content": "This", "footer": "F", "catalogId": "1", "productId": "p{{n}}"},
            {"product": {"body": "This", "footer": "F", "product": {"catalog_id": "1", "product_retailer_id": "p7"}}},
        ),
        (
            "product",
            {"content": "These", "header": "All", "catalogId": "1", "sections": [{"products": ["a", "{{n}}"]}]},
            {
                "product_list": {
                    "body": "These", "header": "All", "catalog_id": "1",
                    "sections": [{"product_retailer_ids": ["a", "7"]}],
                }
            },
        ),
        (
            "template",
            {
                "templateName": "order",
                "parameters": {
                    "header": {"type": "document", "link": "{{link}}", "filename": "menu {{n}}.pdf"},
                    "body": ["{{lines}}", "{{empty}}", {"type": "text", "text": "x{{n}}"}],
                    "buttons": [
                        {"type": "quick_reply", "value": "yes {{n}}"},
                        {"index": 2, "type": "url", "value": "{{n}}"},
                        {"index": 3, "type": "copy_code", "value": "C"},
                        {"index": 4, "type": "flow", "value": "t", "payload": {"a": "{{n}}"}},
                    ],
                },
            },
            {
                "template": {
                    "name": "order",
                    "language": "en",
                    "header": {"media": MEDIA},
                    "body": [{"text": "a b c"}, {"text": "…"}, {"text": "x7"}],
                    "buttons": [
                        {"quick_reply_payload": "yes 7"},
                        {"index": 2, "url_suffix": "7"},
                        {"index": 3, "coupon_code": "C"},
                        {"index": 4, "flow": {"flow_token": "t", "data": {"a": "7"}}},
                    ],
                }
            },
        ),
        (
            "template",
            {
                "templateName": "place",
                "languageCode": "pt_BR",
                "parameters": {
                    "header": {"type": "location", "latitude": 1, "longitude": "{{n}}", "name": "N"},
                    "body": {"who": "{{n}}"},
                },
            },
            {
                "template": {
                    "name": "place", "language": "pt_BR",
                    "header": {"location": {"latitude": 1.0, "longitude": 7.0, "name": "N"}},
                    "body": [{"name": "who", "text": "7"}],
                }
            },
        ),
        (
            "template",
            {"templateName": "old", "components": [{"type": "body", "parameters": [{"text": "{{n}}"}]}]},
            {
                "template": {
                    "name": "old", "language": "en",
                    "components": [{"type": "body", "parameters": [{"text": "7"}]}],
                }
            },
        ),
    ],
)  # fmt: skip
def test_a_node_sends_its_message(node_type: str, data: dict[str, Any], expected: dict[str, Any]) -> None:
    assert [_readable(message) for message in sent(node_type, **data)] == [expected]


def _readable(message: dict[str, Any]) -> dict[str, Any]:
    """With the bytes of JSON in it as JSON."""
    for name, value in message.items():
        if name in ("data", "components") and isinstance(value, str):
            message[name] = json.loads(base64.b64decode(value))
        for part in value if isinstance(value, list) else [value]:
            if isinstance(part, dict):
                _readable(part)
    return message


@pytest.mark.parametrize(
    ("node_type", "data", "said", "note"),
    [
        ("message", {"mediaType": "image", "mediaUrl": "{{n}}", "content": "Look"}, ["Look"], "no_media"),
        ("location", {"latitude": "{{n}}00", "longitude": 1}, [], "bad_location"),
        ("contacts", {"contacts": [{"name": "{{empty}} "}]}, [], "no_contacts"),
        ("cta_url", {"content": "Look", "buttonText": "B", "url": "{{n}}"}, ["Look"], "bad_url"),
        ("product", {"content": "This", "catalogId": "1", "productId": "{{empty}} "}, ["This"], "no_product"),
        ("template", {"templateName": "{{empty}} "}, [], "no_template"),
    ],
)
def test_what_comes_to_nothing_that_can_be_sent_is_noted(
    node_type: str, data: dict[str, Any], said: list[str], note: str
) -> None:
    outcome = take(single(node_type, **data), None, InboundMessage("hi"))
    assert [plain(command) for command in outcome.commands[:-1]] == said
    assert [item.code for item in outcome.trace.notes] == [note]


def test_a_sound_has_its_words_in_a_text_of_its_own() -> None:
    audio = sent("message", mediaType="audio", mediaId="1", content="Listen")
    assert audio == [{"media": {"media": {"kind": "MEDIA_KIND_AUDIO", "id": "1"}}}, {"text": {"body": "Listen"}}]


def test_a_template_is_sent_though_the_window_is_closed() -> None:
    closed = Moment(NOW, window_closes_at=NOW)
    outcome = take(single("template", templateName="hello"), None, InboundMessage("hi"), moment=closed)
    assert isinstance(outcome.commands[0], Say)


def test_a_node_says_its_template_in_place_of_what_it_may_not_say() -> None:
    question = ask(
        "Which size?", onWindowClosed="template", windowTemplate={"templateName": "back", "parameters": ["{{n}}"]}
    )
    asking = flow({"n": question, "bye": end("Done {{answer}}.")}, ("n", "bye"), variables=VARIABLES)
    closed = Moment(NOW, window_closes_at=NOW)
    outcome = take(asking, None, InboundMessage("hi"), moment=closed)
    assert [content(command) for command in outcome.commands if isinstance(command, Say)] == [
        {"template": {"name": "back", "language": "en", "body": [{"text": "7"}]}}
    ]
    assert plain(take(asking, outcome.session, InboundMessage("L")).commands[0]) == "Done L."


def test_a_pause_before_a_message_is_short_and_loses_nothing() -> None:
    nodes = {"m": ("message", {"content": "Hello", "delay_ms": 1500}), "ask": ask(), "bye": end("{{answer}}!")}
    paused = flow(nodes, ("m", "ask"), ("ask", "bye"))
    waiting = take(paused, None, InboundMessage("hi"))
    assert waiting.commands == ()
    early = take(paused, waiting.session, InboundMessage("Ana"))
    assert early.commands == ()
    (kind,) = early.session.timers
    assert [plain(command) for command in take(paused, early.session, TimerFired(kind)).commands[:3]] == [
        "Hello",
        "?",
        "Ana!",
    ]


def inbound(kind: str, fields: dict[str, Any] | None = None, **more: Any) -> InboundMessage:
    written = json.dumps(fields).encode() if fields is not None else b""
    return message_of(events_pb2.InboundMessage(kind=kind, fields=written, **more))


FORM = events_pb2.Reply(kind="nfm_reply")
ITEM = {"product_retailer_id": "p", "quantity": 2.0, "item_price": 3.5, "currency": "BRL"}


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (inbound("text", None, text="oi"), InboundMessage("oi")),
        (
            inbound("location", {"location": {"latitude": 0, "longitude": 0, "name": "N"}}),
            InboundMessage(kind="location", details={"latitude": 0, "longitude": 0, "name": "N"}),
        ),
        (
            inbound("document", {"media": {"id": "1", "mime_type": "text/csv", "filename": "a.csv"}}, text="T"),
            InboundMessage(
                kind="document", caption="T", details={"media_id": "1", "mime_type": "text/csv", "filename": "a.csv"}
            ),
        ),
        (
            inbound("order", {"order": {"catalog_id": "c", "items": 1}}, order_items=[events_pb2.OrderItem(**ITEM)]),
            InboundMessage(kind="order", details={"catalog_id": "c", "items": [ITEM]}),
        ),
        (
            inbound("interactive", {"reply": {"data": {"name": "Ana"}}}, reply=FORM, text="Sent"),
            InboundMessage("Sent", kind="form", details={"name": "Ana"}),
        ),
        (
            inbound("button", {}, reply=events_pb2.Reply(kind="template_button", id="yes", title="Yes!"), text="Yes!"),
            InboundMessage("Yes!", kind="button", reply_id="yes", reply_title="Yes!"),
        ),
        (inbound("location"), InboundMessage(kind="location")),
        (inbound("image", {"cut": True}), InboundMessage(kind="image")),
    ],
)  # fmt: skip
def test_a_message_brings_what_its_kind_has_besides_words(message: InboundMessage, expected: InboundMessage) -> None:
    assert message == expected


@pytest.mark.parametrize(
    ("node_type", "data", "wrong", "good", "stored"),
    [
        (
            "location_request",
            {"content": "?"},
            InboundMessage("here"),
            InboundMessage(kind="location", details={"latitude": 1, "longitude": 2, "name": "N", "url": "u"}),
            {"latitude": 1, "longitude": 2, "name": "N", "address": ""},
        ),
        (
            "whatsapp_flow",
            {"content": "?", "flowId": "1"},
            InboundMessage(kind="interactive", reply_id="a"),
            InboundMessage(kind="form", details={"name": "Ana", "flow_token": "t"}),
            {"name": "Ana"},
        ),
        (
            "product",
            {"content": "?", "catalogId": "c", "productId": "p"},
            InboundMessage("that one"),
            InboundMessage(kind="order", details={"catalog_id": "c", "items": [ITEM]}),
            {"catalog_id": "c", "items": [ITEM]},
        ),
        (
            "question",
            {"kind": "file", "content": "?", "validation": {"accept": ["image/*", ".csv"]}},
            InboundMessage(
                kind="document", details={"media_id": "1", "mime_type": "application/pdf", "filename": "a.pdf"}
            ),
            InboundMessage(kind="document", details={"media_id": "1", "mime_type": "text/plain", "filename": "A.CSV"}),
            {"media_id": "1", "mime_type": "text/plain", "filename": "A.CSV", "kind": "document"},
        ),
        (
            "question",
            {"kind": "location", "content": "?"},
            InboundMessage(kind="image", details={"media_id": "1"}),
            InboundMessage(kind="location", details={"latitude": 0, "longitude": 0}),
            {"latitude": 0, "longitude": 0, "name": "", "address": ""},
        ),
    ],
)
def test_a_node_that_asks_for_a_thing_takes_nothing_else(
    node_type: str, data: dict[str, Any], wrong: InboundMessage, good: InboundMessage, stored: object
) -> None:
    asking = single(node_type, **data, variableName="thing")
    session = take(asking, None, InboundMessage("hi")).session
    refused = take(asking, session, wrong)
    assert len(refused.trace.failures) == 1
    assert take(asking, refused.session, good).session.variables["thing"] == stored


def test_a_file_that_is_not_required_may_be_left_out_and_one_that_comes_counts() -> None:
    asking = single("question", kind="file", content="?", variableName="file", validation={"required": False})
    session = take(asking, None, InboundMessage("hi")).session
    assert take(asking, session, InboundMessage(kind="sticker")).session.variables["file"] == ""
    came = InboundMessage(kind="image", details={"media_id": "1", "mime_type": "image/png"})
    assert take(asking, session, came).session.variables["file"] != ""


@pytest.mark.parametrize(("reply", "way"), [("yes", "agreed"), ("no", "refused"), ("maybe", "other")])
def test_a_template_waits_for_its_quick_replies_when_edges_name_them(reply: str, way: str) -> None:
    buttons = [{"type": "quick_reply", "value": "yes"}, {"type": "quick_reply", "value": "no"}]
    nodes = {
        "n": ("template", {"templateName": "sure", "parameters": {"buttons": buttons}, "variableName": "v"}),
        **{name: end(name) for name in ("agreed", "refused", "other")},
    }
    waiting = flow(nodes, ("n", "agreed", "yes"), ("n", "refused", "no"), ("n", "other", "else"))
    session = take(waiting, None, InboundMessage("hi")).session
    assert session.awaiting_input
    tapped = take(waiting, session, InboundMessage(kind="button", reply_id=reply, reply_title="Tapped"))
    assert tapped.trace.visited == (way,)
