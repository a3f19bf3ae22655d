"""/api/v1/whatsapp/{id}/qrcode: the link of a number, drawn as people ask for it."""

from typing import Any
from xml.etree import ElementTree

import pytest

from services.ingress.domain.click_to_chat import click_to_chat
from tests.fixtures.rest import Asker, asking

NUMBER = "106540352242922"
PNG = b"\x89PNG\r\n\x1a\n"


def test_a_link_has_the_digits_and_what_is_typed() -> None:
    assert click_to_chat("+55 11 3333-4444", "") == "https://wa.me/551133334444"
    assert click_to_chat("551133334444", "Olá & tchau?") == "https://wa.me/551133334444?text=Ol%C3%A1%20%26%20tchau%3F"
    for none in ("", "counter", "+55 11 3333-4444 or ask Rui"):
        with pytest.raises(ValueError, match="phone number"):
            click_to_chat(none, "oi")


async def with_number(asker: Asker, display: str = "+55 11 3333-4444") -> None:
    body = {"phone_number_id": NUMBER, "display_phone_number": display}
    assert (await asker.client.post("/api/v1/whatsapp/", headers=asker.headers, json=body)).status_code == 201


async def get(asker: Asker, query: str = "", **headers: str) -> Any:
    return await asker.client.get(f"/api/v1/whatsapp/{NUMBER}/qrcode{query}", headers=asker.headers | headers)


async def test_a_code_is_drawn_in_the_form_that_is_asked_for() -> None:
    async with asking() as asker:
        await with_number(asker)
        svg = await get(asker)
        assert (svg.status_code, svg.headers["content-type"]) == (200, "image/svg+xml")
        assert ElementTree.fromstring(svg.text).tag == "{http://www.w3.org/2000/svg}svg"
        for answer in (await get(asker, "?format=png"), await get(asker, accept="image/png, */*")):
            assert answer.headers["content-type"] == "image/png"
            assert answer.content.startswith(PNG)
        assert (await get(asker, "?format=svg", accept="image/png")).content == svg.content
        assert (await get(asker, "?text=Oi")).content != svg.content


async def test_as_json_it_is_the_link() -> None:
    async with asking() as asker:
        await with_number(asker)
        expected = {
            "phone_number_id": NUMBER, "display_phone_number": "+55 11 3333-4444", "text": "Olá",
            "link": "https://wa.me/551133334444?text=Ol%C3%A1",
        }  # fmt: skip
        assert (await get(asker, "?text=Ol%C3%A1&format=json")).json() == expected
        answer = await get(asker, "?text=Ol%C3%A1", accept="application/json")
        assert (answer.json(), answer.headers["vary"]) == (expected, "accept")


async def test_what_cannot_be_drawn_is_refused_with_why() -> None:
    async with asking() as asker:
        unknown = await get(asker)
        assert (unknown.status_code, unknown.json()["error_code"]) == (404, "NUMBER_NOT_FOUND")
        await with_number(asker, "")
        undialled = await get(asker)
        assert (undialled.status_code, undialled.json()["error_code"]) == (409, "NUMBER_WITHOUT_PHONE")
    async with asking() as asker:
        await with_number(asker)
        for query in ("?format=gif", f"?text={'a' * 701}", "?text=%00"):
            assert (await get(asker, query)).status_code == 422, query
        assert (await get(asker, f"?text={'a' * 700}")).status_code == 200
        # Each of these takes twelve characters in a link.
        long = await get(asker, f"?text={'%F0%9F%98%80' * 700}")
        assert (long.status_code, long.json()["errors"][0]["field"]) == (422, "text")
