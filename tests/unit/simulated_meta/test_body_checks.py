"""Which bodies Meta takes; the limits are those of its reference."""

import orjson
import pytest

from services.embedded.meta.bodies import MarkRead, Send, read_request
from services.embedded.meta.refusals import GraphError
from tests.unit.simulated_meta.world import PHONE, buttons, interactive, listing, rows, text

Body = dict[str, object]


def message(kind: str, content: object, **more: object) -> Body:
    return {"messaging_product": "whatsapp", "to": PHONE, "type": kind, kind: content} | more


def refusal_of(body: object) -> GraphError:
    with pytest.raises(GraphError) as caught:
        read_request(orjson.dumps(body))
    return caught.value


WORDS: Body = {"body": {"text": "Look"}}


def card(index: int) -> Body:
    action = {"product_retailer_id": f"p{index}", "catalog_id": "1"}
    return {"card_index": index, "type": "product", "action": action}


def template(*components: Body) -> Body:
    return message("template", {"name": "t", "language": {"code": "en"}, "components": list(components)})


def button(**more: object) -> Body:
    return {"type": "button", "sub_type": "url", "index": "0", "parameters": [{"type": "text", "text": "x"}]} | more


TAKEN: dict[str, Body] = {
    "text": text("x" * 4096),
    "text in another script": text("ñ漢😀" * 1000),
    "three buttons": buttons("One", "Two", "x" * 20),
    "button header and footer": buttons("One", header={"type": "text", "text": "h" * 60}, footer={"text": "f" * 60}),
    "button with picture": buttons("One", header={"type": "image", "image": {"link": "https://example.org/a.png"}}),
    "ten rows": listing([{"rows": rows(10, description="d" * 72)}], body={"text": "b" * 4096}),
    "two sections": listing([{"title": "A", "rows": rows(1)}, {"title": "B", "rows": [{"id": "z", "title": "Z"}]}]),
    "image": message("image", {"id": "77", "caption": "c" * 1024}),
    "document": message("document", {"link": "https://example.org/a.pdf", "filename": "a.pdf"}),
    "voice": message("audio", {"id": "77", "voice": True}),
    "sticker": message("sticker", {"id": "77"}),
    "location": message("location", {"latitude": "0", "longitude": -179.5}),
    "contacts": message("contacts", [{"name": {"formatted_name": "Ann", "first_name": "Ann"}}]),
    "reaction": message("reaction", {"message_id": "wamid.x", "emoji": "👍"}),
    "reaction removed": message("reaction", {"message_id": "wamid.x", "emoji": ""}),
    "template": message("template", {"name": "t", "language": {"code": "en"}, "components": []}),
    "link button": interactive(
        WORDS
        | {
            "type": "cta_url",
            "action": {"name": "cta_url", "parameters": {"display_text": "Go", "url": "https://example.org"}},
        }
    ),
    "flow": interactive(
        WORDS
        | {
            "type": "flow",
            "action": {
                "name": "flow",
                "parameters": {"flow_message_version": "3", "flow_id": "1", "flow_cta": "c" * 30},
            },
        }
    ),
    "location request": interactive(WORDS | {"type": "location_request_message", "action": {"name": "send_location"}}),
    "carousel": interactive(WORDS | {"type": "carousel", "action": {"cards": [card(0), card(1)]}}),
    "quoting": text(context={"message_id": "wamid.x"}),
    "opaque data": text(biz_opaque_callback_data="o" * 512),
}

REFUSED: dict[str, tuple[int, Body]] = {
    "nothing": (100, {}),
    "another product": (100, text(messaging_product="telegram")),
    "no recipient": (131008, {"messaging_product": "whatsapp", "text": {"body": "x"}}),
    "a recipient that is no number": (131009, text(to="Ann")),
    "a recipient too short": (131009, text(to="+4477")),
    "a recipient that is a number in JSON": (131009, text() | {"to": 447700900123}),
    "a user id without country": (131009, {"messaging_product": "whatsapp", "recipient": "90210"}),
    "an unknown recipient type": (131009, text(recipient_type="crowd")),
    "an unknown type": (131051, message("hologram", {})),
    "no content": (131008, {"messaging_product": "whatsapp", "to": PHONE, "type": "image"}),
    "content that is no object": (131009, message("image", "x.png")),
    "an empty text": (131008, text("")),
    "a text too long": (100, text("x" * 4097)),
    "a text that is no text": (131009, message("text", {"body": 5})),
    "no buttons": (131009, buttons()),
    "four buttons": (131009, buttons("1", "2", "3", "4")),
    "a button title too long": (131009, buttons("x" * 21)),
    "a button without title": (131008, buttons("")),
    "two buttons alike": (131009, buttons("Same", "Same")),
    "a button body too long": (131009, buttons("One", body={"text": "x" * 1025})),
    "a button without body": (131008, interactive({"type": "button", "action": {"buttons": []}})),
    "a footer too long": (131009, buttons("One", footer={"text": "x" * 61})),
    "a header too long": (131009, buttons("One", header={"type": "text", "text": "x" * 61})),
    "a header of another kind": (131009, buttons("One", header={"type": "sticker", "sticker": {"id": "1"}})),
    "eleven rows": (131009, listing([{"title": "A", "rows": rows(6)}, {"title": "B", "rows": rows(5)}])),
    "rows with one id": (131009, listing([{"rows": [*rows(1), *rows(1)]}])),
    "a row title too long": (131009, listing([{"rows": [{"id": "r", "title": "x" * 25}]}])),
    "a row description too long": (131009, listing([{"rows": rows(1, description="x" * 73)}])),
    "a row id too long": (131009, listing([{"rows": [{"id": "x" * 201, "title": "R"}]}])),
    "a section title too long": (131009, listing([{"title": "x" * 25, "rows": rows(1)}])),
    "two sections without titles": (131008, listing([{"rows": rows(1)}, {"rows": rows(2)}])),
    "a list label too long": (131009, listing([{"rows": rows(1)}], button="x" * 21)),
    "a list header that is a picture": (
        131009,
        listing([{"rows": rows(1)}], header={"type": "image", "image": {"id": "1"}}),
    ),
    "an unknown interactive type": (131009, interactive({"type": "wheel"})),
    "a carousel of one": (131009, interactive(WORDS | {"type": "carousel", "action": {"cards": [card(0)]}})),
    "cards out of order": (131009, interactive(WORDS | {"type": "carousel", "action": {"cards": [card(1), card(0)]}})),
    "a carousel with a footer": (
        131009,
        interactive(WORDS | {"type": "carousel", "footer": {"text": "f"}, "action": {"cards": [card(0), card(1)]}}),
    ),
    "an action of another name": (
        131009,
        interactive(WORDS | {"type": "location_request_message", "action": {"name": "location"}}),
    ),
    "a product under a header": (
        131009,
        interactive(
            WORDS | {
                "type": "product",
                "header": {"type": "text", "text": "h"},
                "action": {"catalog_id": "1", "product_retailer_id": "p"},
            }
        ),
    ),
    "products without a header": (
        131008,
        interactive(
            WORDS | {
                "type": "product_list",
                "action": {"catalog_id": "1", "sections": [{"product_items": [{"product_retailer_id": "p"}]}]},
            }
        ),
    ),
    "a name with its whole form only": (131008, message("contacts", [{"name": {"formatted_name": "Ann"}}])),
    "a reaction that quotes": (
        131009,
        message("reaction", {"message_id": "wamid.x", "emoji": "👍"}, context={"message_id": "wamid.y"}),
    ),
    "a template component of another kind": (131009, template({"type": "trailer"})),
    "a template value of another kind": (131009, template(button(parameters=[{"type": "hologram"}]))),
    "a template button without place": (131008, template(button(index=None))),
    "a template button beyond the tenth": (131009, template(button(index="10"))),
    "a template button without kind": (131008, template(button(sub_type=""))),
    "a flow with two names": (
        131009,
        interactive(
            WORDS | {
                "type": "flow",
                "action": {
                    "name": "flow",
                    "parameters": {
                        "flow_message_version": "3", "flow_id": "1", "flow_name": "f", "flow_cta": "c",
                    },
                },
            }
        ),
    ),
    "media without source": (131008, message("video", {"caption": "c"})),
    "media from a file": (131009, message("video", {"link": "file:///etc/hosts"})),
    "a caption on audio": (131009, message("audio", {"id": "1", "caption": "c"})),
    "a place off the globe": (131009, message("location", {"latitude": 91, "longitude": 0})),
    "a place without longitude": (131008, message("location", {"latitude": 1})),
    "no contacts": (131009, message("contacts", [])),
    "a reaction to nothing": (131008, message("reaction", {"emoji": "👍"})),
    "a template without language": (131008, message("template", {"name": "t"})),
    "opaque data too long": (131009, text(biz_opaque_callback_data="o" * 513)),
    "a receipt for nothing": (131008, {"messaging_product": "whatsapp", "status": "read"}),
    "a receipt of another kind": (
        131009,
        {"messaging_product": "whatsapp", "status": "played", "message_id": "wamid.x"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", TAKEN)
def test_a_sound_body_is_taken(name: str) -> None:
    taken = read_request(orjson.dumps(TAKEN[name]))
    assert isinstance(taken, Send)
    assert taken.kind == TAKEN[name]["type"]


@pytest.mark.parametrize("name", REFUSED)
def test_a_faulty_body_is_refused_with_metas_code(name: str) -> None:
    code, body = REFUSED[name]
    assert refusal_of(body).form.code == code


def test_a_refusal_names_the_parameter_and_the_limit() -> None:
    details = refusal_of(buttons("x" * 21)).details
    assert "reply.title" in details
    assert "at most 20 characters" in details


def test_a_message_without_type_is_a_text() -> None:
    taken = read_request(b'{"messaging_product":"whatsapp","to":"+447700900123","text":{"body":"x"}}')
    assert isinstance(taken, Send)
    assert taken.kind == "text"


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b'"text"', b"\xff"])
def test_what_is_no_json_object_is_an_invalid_parameter(raw: bytes) -> None:
    with pytest.raises(GraphError) as caught:
        read_request(raw)
    assert caught.value.form.code == 100


def test_a_receipt_says_whether_the_business_types() -> None:
    body = {"messaging_product": "whatsapp", "status": "read", "message_id": "wamid.x"}
    assert read_request(orjson.dumps(body)) == MarkRead("wamid.x", typing=False)
    typing = body | {"typing_indicator": {"type": "text"}}
    assert read_request(orjson.dumps(typing)) == MarkRead("wamid.x", typing=True)
