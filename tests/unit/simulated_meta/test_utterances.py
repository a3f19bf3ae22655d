"""What a phone can say besides texts and taps."""

from typing import Any

import pytest

from services.embedded.meta.plans import InputError
from services.embedded.meta.utterances import read_line, read_message, words_of
from tests.unit.simulated_meta.world import PHONE, World, interactive, text

FORM = interactive(
    {
        "type": "flow",
        "body": {"text": "Who comes?"},
        "action": {"name": "flow", "parameters": {"flow_message_version": "3", "flow_id": "1", "flow_cta": "Go"}},
    }
)


@pytest.mark.parametrize(
    ("line", "kind", "content", "words"),
    [
        ("/location -8.05 -34.88 Pier 3", "location",
         {"latitude": -8.05, "longitude": -34.88, "name": "Pier 3"}, "[location] Pier 3"),
        ("/location 10 20", "location", {"latitude": 10.0, "longitude": 20.0}, "[location] 10.0, 20.0"),
        ("/contact +351 21 555-0101 Rui Prado", "contacts",
         [{"name": {"formatted_name": "Rui Prado", "first_name": "Rui Prado"},
           "phones": [{"phone": "+351 21 555-0101", "wa_id": "351215550101"}]}], "[contacts]"),
        ("/order 5500 vest-m=2 ring", "order",
         {"catalog_id": "5500", "text": "", "product_items": [
             {"product_retailer_id": "vest-m", "quantity": 2, "item_price": 1, "currency": "BRL"},
             {"product_retailer_id": "ring", "quantity": 1, "item_price": 1, "currency": "BRL"},
         ]}, "[order]"),
        ('/form {"adults": 2}', "interactive",
         {"type": "nfm_reply", "nfm_reply": {"name": "flow", "body": "Sent", "response_json": '{"adults":2}'}},
         "[form]"),
    ],
)  # fmt: skip
def test_a_line_with_a_slash_becomes_a_message(line: str, kind: str, content: Any, words: str) -> None:
    message = read_line(line)

    assert message == {"type": kind, kind: content}
    assert words_of(message) == words
    assert read_message(message) == message


@pytest.mark.parametrize(
    ("line", "kind", "told", "words"),
    [
        ("/image The ticket", "image", {"mime_type": "image/jpeg", "caption": "The ticket"}, "[image] The ticket"),
        ("/video", "video", {"mime_type": "video/mp4"}, "[video]"),
        ("/document pass.pdf", "document", {"filename": "pass.pdf"}, "[document] pass.pdf"),
        ("/audio", "audio", {"voice": False}, "[audio]"),
        ("/voice", "audio", {"mime_type": "audio/ogg; codecs=opus", "voice": True}, "[audio]"),
        ("/sticker Ha", "sticker", {"mime_type": "image/webp"}, "[sticker]"),
    ],
)
def test_a_file_has_an_id_and_a_hash(line: str, kind: str, told: dict[str, object], words: str) -> None:
    message = read_line(line)
    assert message is not None
    content = message[kind]
    assert isinstance(content, dict)

    assert content.items() >= told.items()
    assert str(content["id"]).isdigit()
    assert len(str(content["sha256"])) == 64
    assert words_of(message) == words


@pytest.mark.parametrize(
    "line",
    [
        "/start",
        "hello",
        "/",
        "/location here",
        "/location 1",
        "/contact Rui",
        "/order 5500",
        "/order 5500 =2",
        "/form {",
    ],
)
def test_what_fits_no_form_is_a_text(line: str) -> None:
    assert read_line(line) is None


@pytest.mark.parametrize(
    "given",
    [
        "x", {}, {"type": "text", "text": {"body": "x"}}, {"type": "image"}, {"type": "image", "image": "x.png"},
        {"type": "contacts", "contacts": {}}, {"type": "interactive", "interactive": {"type": "button_reply"}},
    ],
)  # fmt: skip
def test_what_no_phone_sends_is_refused(given: object) -> None:
    with pytest.raises(InputError, match="message"):
        read_message(given)


async def test_a_place_becomes_a_webhook_and_a_bubble(world: World) -> None:
    status, _ = await world.write({"message": read_line("/location -8.05 -34.88 Pier 3")})
    await world.pass_time(0)
    (message,) = world.receiver.messages()

    assert status == 200
    assert (message["type"], message["location"]["name"]) == ("location", "Pier 3")
    assert "context" not in message


async def test_a_forms_answers_quote_the_newest_form(world: World) -> None:
    await world.send(FORM)
    _, sent = await world.send(FORM)
    await world.send(text())
    await world.write({"message": read_line('/form {"adults": 2}')})
    await world.pass_time(0)
    (message,) = world.receiver.messages()

    assert message["context"] == {"from": "442079460018", "id": sent["messages"][0]["id"]}
    assert message["interactive"]["nfm_reply"]["response_json"] == '{"adults":2}'
    assert message["from"] == PHONE
