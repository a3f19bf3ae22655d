"""What templates take, whether messages bring it, and what Meta tells of them."""

import json

import pytest

from services.sender.domain.templates import Shape, faults, language_of, shape_of, shape_of_text, status_of, template_in

PARCEL = [
    {"type": "HEADER", "format": "IMAGE", "example": {"header_handle": ["https://example.com/a.png"]}},
    {"type": "BODY", "text": "Olá {{1}}, a encomenda {{2}} sai hoje. {{1}}!"},
    {"type": "FOOTER", "text": "Padaria Aurora"},
    {
        "type": "BUTTONS",
        "buttons": [
            {"type": "QUICK_REPLY", "text": "Certo"},
            {"type": "URL", "text": "Ver", "url": "https://example.com/e/{{1}}"},
            {"type": "URL", "text": "Loja", "url": "https://example.com"},
            {"type": "COPY_CODE", "text": "Copiar"},
        ],
    },
]
IMAGE = {"type": "header", "parameters": [{"type": "image", "image": {"id": "1"}}]}


def body(*texts: str) -> dict[str, object]:
    return {"type": "body", "parameters": [{"type": "text", "text": text} for text in texts]}


def button(index: int | str, sub_type: str = "url") -> dict[str, object]:
    return {"type": "button", "sub_type": sub_type, "index": index, "parameters": [{"type": "text", "text": "x"}]}


WHOLE = [IMAGE, body("Iara", "AB-1"), button("1"), button(3, "copy_code")]


def test_a_shape_counts_each_placeholder_once() -> None:
    shape = shape_of(PARCEL)
    assert (shape.header, shape.body_names) == ("image", ("1", "2"))
    assert [(each.type, each.needs_value) for each in shape.buttons] == [
        ("quick_reply", False), ("url", True), ("url", False), ("copy_code", True),
    ]  # fmt: skip


def test_values_that_have_names_are_known_by_them() -> None:
    shape = shape_of([{"type": "HEADER", "format": "TEXT", "text": "Oi {{nome}}"}, {"type": "BODY", "text": "{{dia}}"}])
    assert (shape.header_names, shape.body_names) == (("nome",), ("dia",))


def test_a_message_that_brings_what_is_wanted_has_no_fault() -> None:
    assert faults("parcel/pt_BR", shape_of(PARCEL), WHOLE) == ()


@pytest.mark.parametrize(
    ("sent", "code", "words"),
    [
        ([IMAGE, body("Iara"), *WHOLE[2:]], 132000, "takes 2 values in its body, and the message brings 1"),
        (WHOLE[1:], 132000, "shows an image on top"),
        ([{"type": "header", "parameters": [{"type": "video"}]}, *WHOLE[1:]], 132012, "not a video"),
        (WHOLE[:2] + WHOLE[3:], 132000, 'the button "Ver" (1) that takes a value'),
        ([*WHOLE, button(4)], 132000, "brings a value for button 4"),
    ],
)
def test_what_does_not_fit_is_told_with_the_mend(sent: list[object], code: int, words: str) -> None:
    (fault,) = faults("parcel/pt_BR", shape_of(PARCEL), sent)
    assert fault.code == code
    assert words in fault.text
    assert 'the template "parcel/pt_BR"' in fault.text
    assert "; " in fault.text


CAKES = [
    {"type": "BODY", "text": "Olá {{1}}"},
    {"type": "CAROUSEL", "cards": [{"components": PARCEL[:2]}, {"components": PARCEL[:2]}]},
]


def cards(*parts: list[object]) -> dict[str, object]:
    return {"type": "carousel", "cards": [{"card_index": n, "components": each} for n, each in enumerate(parts)]}


@pytest.mark.parametrize(
    ("sent", "code", "words"),
    [
        ([body("Iara"), cards(WHOLE[:2], WHOLE[:2])], 0, ""),
        ([body("Iara"), cards(WHOLE[:2])], 132000, "has 2 cards, and the message brings 1"),
        ([body("Iara"), cards(WHOLE[:2], WHOLE[:1])], 132000, "has the card 1 that takes 2 values in its body"),
        ([body("Iara"), cards(WHOLE[1:2], WHOLE[:2])], 132000, "has the card 0 that shows an image on top"),
    ],
)
def test_each_card_of_a_carousel_brings_what_it_takes(sent: list[object], code: int, words: str) -> None:
    found = faults("cakes/pt_BR", shape_of(CAKES), sent)
    assert [(fault.code, words in fault.text) for fault in found] == [(code, True)] * bool(words)


def test_a_template_without_cards_takes_none() -> None:
    (fault,) = faults("parcel/pt_BR", shape_of(PARCEL), [*WHOLE, cards([])])
    assert (fault.code, "has no cards" in fault.text) == (132012, True)


def test_a_carousel_of_products_may_have_more_cards_than_its_template() -> None:
    product = {"components": [{"type": "HEADER", "format": "PRODUCT"}]}
    shape = shape_of([{"type": "CAROUSEL", "cards": [product, product]}])
    shown: list[object] = [{"type": "header", "parameters": [{"type": "product"}]}]
    assert faults("shop/pt_BR", shape, [cards(shown, shown, shown)]) == ()


def test_values_by_name_must_be_the_names_of_the_template() -> None:
    shape = shape_of([{"type": "BODY", "text": "{{dia}} às {{hora}}"}])
    named = [{"type": "text", "parameter_name": name, "text": "x"} for name in ("dia", "hora")]
    assert faults("visit/pt_BR", shape, [{"type": "BODY", "parameters": named}]) == ()
    (fault,) = faults("visit/pt_BR", shape, [{"type": "body", "parameters": named[:1]}])
    assert "dia, hora" in fault.text


def test_nothing_is_said_of_words_that_are_metas_own() -> None:
    shape = shape_of([{"type": "BODY", "add_security_recommendation": True}])
    assert faults("code/pt_BR", shape, [body("123456")]) == ()


def test_a_template_without_placeholders_takes_none() -> None:
    shape = shape_of_text(json.dumps([{"type": "BODY", "text": "Bom dia"}]))
    assert shape == Shape()
    assert faults("hello/pt_BR", shape, []) == ()
    (fault,) = faults("hello/pt_BR", shape, [body("x")])
    assert "takes no values" in fault.text


@pytest.mark.parametrize(
    ("event", "status"),
    [("APPROVED", "APPROVED"), ("reinstated", "APPROVED"), ("FLAGGED", ""), ("PAUSED", "PAUSED"), ("", "")],
)
def test_an_event_leaves_a_template_in_a_status(event: str, status: str) -> None:
    assert status_of(event) == status


def test_languages_are_written_as_sends_name_them() -> None:
    assert language_of("en-US") == "en_US"


def test_a_template_is_read_from_metas_list() -> None:
    told = {
        "id": "9", "name": "parcel", "language": "pt_BR", "status": "REJECTED", "category": "utility",
        "quality_score": {"score": "yellow"}, "rejected_reason": "INVALID_FORMAT",
    }  # fmt: skip
    template = template_in("1", told, "[]")
    assert template is not None
    assert (template.template_id, template.status, template.category) == ("9", "REJECTED", "UTILITY")
    assert (template.quality, template.reason) == ("YELLOW", "INVALID_FORMAT")
    assert template_in("1", {"name": "parcel"}, "[]") is None
