"""Templates that nodes name, held against what sender knows of them."""

import json
from uuid import uuid4

import pytest

from services.executor.domain.document import parse_document
from services.executor.domain.lint import Known, KnownTemplates, TemplateShape, problems
from services.executor.usecases import FlowKeeping
from tests.fakes.executor_templates import TemplatesToldOf
from tests.unit.executor.test_flow_keeping import Shelf

PARCEL = TemplateShape(header="image", body_values=2, buttons=(("Certo", False), ("Ver", True)))
IMAGE = {"type": "image", "link": "https://example.com/a.png"}
RIGHT = {"header": IMAGE, "body": ["{{nome}}", "AB-1"], "buttons": [{"index": 1, "type": "url", "value": "1"}]}


def flow_of(data: dict[str, object], kind: str = "template") -> dict[str, object]:
    nodes = [{"id": "s", "type": "start"}, {"id": "t", "type": kind, "data": data}, {"id": "f", "type": "end"}]
    edges = [{"source": "s", "target": "t"}, {"source": "t", "target": "f"}]
    return {"schema": "pytake.flow/1", "name": "t", "nodes": nodes, "edges": edges, "variables": {"nome": ""}}


def found(parameters: object, shape: TemplateShape = PARCEL, **data: object) -> list[str]:
    known = KnownTemplates(frozenset({"parcel:pt_BR"}), shapes={"parcel:pt_BR": shape})
    values = {"templateName": "parcel", "languageCode": "pt_BR", "parameters": parameters} | data
    document = parse_document(flow_of(values))
    return [each.message for each in problems(document, Known(templates=known)) if each.code == "template_parameters"]


def test_parameters_that_fit_are_no_finding() -> None:
    assert found(RIGHT) == []
    assert found({"body": ["x", "y"]}, TemplateShape(body_values=2)) == []
    assert found({"body": {"dia": "x"}}, TemplateShape(body_names=("dia",))) == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"body": ["x"]}, "takes 2 values in its body, not 1"),
        ({"header": "Oi"}, "shows image on top"),
        ({"buttons": []}, 'has the button "Ver" that takes a value'),
        ({"buttons": [*RIGHT["buttons"], {"index": 5, "type": "url", "value": "1"}]}, "has no button 5"),
    ],
)
def test_what_does_not_fit_is_an_error_at_its_node(change: dict[str, object], words: str) -> None:
    (message,) = found(RIGHT | change)
    assert words in message
    assert "of node t" in message


def test_names_that_are_wanted_must_be_given() -> None:
    (message,) = found({"body": ["x"]}, TemplateShape(body_names=("dia",)))
    assert "names the values of its body: dia" in message


def test_nothing_is_said_of_words_that_are_metas_own() -> None:
    assert found({"body": ["123"]}, TemplateShape(is_body_known=False)) == []


def part(kind: str, *parameters: object, **more: object) -> dict[str, object]:
    return {"type": kind, "parameters": list(parameters)} | more


TEXT: dict[str, object] = {"type": "text", "text": "{{nome}}"}
WHOLE = [
    part("HEADER", {"type": "image", "image": {"id": "1"}}), part("body", TEXT, TEXT),
    part("button", TEXT, sub_type="url", index="1"),
]  # fmt: skip


def test_components_in_metas_form_that_fit_are_no_finding() -> None:
    assert found({}, components=WHOLE) == []
    named = part("body", TEXT | {"parameter_name": "dia"})
    assert found({}, TemplateShape(body_names=("dia",)), components=[named]) == []


@pytest.mark.parametrize(
    ("components", "words"),
    [
        ([WHOLE[0], part("body", TEXT), WHOLE[2]], "takes 2 values in its body, not 1"),
        (WHOLE[1:], "shows image on top"),
        ([part("header", {"type": "video"}), *WHOLE[1:]], "shows image on top"),
        (WHOLE[:2], 'has the button "Ver" that takes a value'),
        ([*WHOLE, part("button", TEXT, sub_type="url", index=5)], "has no button 5"),
        ([*WHOLE, {"type": "carousel", "cards": [{"card_index": 0, "components": []}]}], "has no cards, not 1"),
    ],
)
def test_components_in_metas_form_are_held_against_the_template(components: list[object], words: str) -> None:
    # The parameters that would fit are not sent: components go before them.
    (message,) = found(RIGHT, components=components)
    assert words in message


def test_nothing_is_said_of_values_that_are_only_known_when_the_message_is_made() -> None:
    open_ended = [{"type": "header", "parameters": "{{nome}}"}, {"type": "body", "parameters": "{{nome}}"}, WHOLE[2]]
    assert found({}, components=open_ended) == []
    cakes = TemplateShape(cards=(TemplateShape(), TemplateShape()))
    assert found({}, cakes, components=[{"type": "carousel", "cards": "{{nome}}"}]) == []


CARD = TemplateShape(header="image", body_values=1, buttons=(("Ver", True),))
CAROUSEL = TemplateShape(body_values=1, cards=(CARD, CARD))


def card(place: object, *left_out: str) -> dict[str, object]:
    parts = [WHOLE[0], part("body", TEXT), part("button", TEXT, sub_type="url", index=0)]
    return {"card_index": place, "components": [each for each in parts if str(each["type"]).lower() not in left_out]}


@pytest.mark.parametrize(
    ("cards", "words"),
    [
        ([card(0), card("1")], ""),
        ([card(0)], "has 2 cards, not 1"),
        ([card(0), card(2)], "has 2 cards, not 2"),
        ([card(0), card(1, "body")], "has the card 1 that takes 1 value in its body, not 0"),
        ([card(0, "header"), card(1)], "has the card 0 that shows image on top"),
        ([card(0), card(1, "button")], 'has the card 1 that has the button "Ver" that takes a value'),
    ],
)
def test_a_carousel_gets_each_of_its_cards_with_what_it_takes(cards: list[object], words: str) -> None:
    messages = found({}, CAROUSEL, components=[part("body", TEXT), {"type": "carousel", "cards": cards}])
    assert [words in message for message in messages] == [True] * bool(words)


def test_parameters_cannot_make_a_carousel() -> None:
    (message,) = found({"body": ["x"]}, CAROUSEL)
    assert "has 2 cards, not 0" in message


def test_a_carousel_of_products_gets_as_many_cards_as_there_are_products() -> None:
    product = TemplateShape(header="product")
    cards = [{"card_index": n, "components": [part("header", {"type": "product"})]} for n in range(3)]
    assert found({}, TemplateShape(cards=(product, product)), components=[{"type": "carousel", "cards": cards}]) == []


def test_the_template_for_a_closed_window_is_checked_as_well() -> None:
    window = {"templateName": "parcel", "languageCode": "pt_BR", "parameters": {}}
    document = parse_document(flow_of({"content": "Oi", "windowTemplate": window}, "message"))
    known = KnownTemplates(frozenset(), shapes={"parcel:pt_BR": TemplateShape(body_values=1)})
    codes = {each.code for each in problems(document, Known(templates=known)) if each.node_id == "t"}
    assert {"template_parameters", "template_not_approved"} <= codes


def test_a_paused_template_is_reported_as_paused() -> None:
    document = parse_document(flow_of({"templateName": "parcel", "languageCode": "pt_BR"}))
    known = KnownTemplates(frozenset(), {"parcel:pt_BR": "PAUSED"})
    (finding,) = [each for each in problems(document, Known(templates=known)) if each.code.startswith("template_")]
    assert (finding.code, finding.severity) == ("template_stopped", "warning")
    assert "is PAUSED" in finding.message


@pytest.mark.parametrize("is_known", [True, False])
async def test_a_flow_whose_template_gets_too_little_is_published_only_while_nobody_knows(is_known: bool) -> None:
    told = KnownTemplates(frozenset({"parcel:pt_BR"}), shapes={"parcel:pt_BR": PARCEL}) if is_known else None
    shelf = Shelf()
    keeping = FlowKeeping(shelf, TemplatesToldOf(told))  # type: ignore[arg-type]  # what these tests need of it
    document = json.dumps(flow_of({"templateName": "parcel", "languageCode": "pt_BR"})).encode()
    put = await keeping.put(organization_id=uuid4(), name="t", document=document, publish=True, dry_run=False)
    assert put.published_version == (0 if is_known else 1)
    verdict = await keeping.validate(organization_id=uuid4(), document=document, strict=False)
    assert verdict.is_valid is not is_known
