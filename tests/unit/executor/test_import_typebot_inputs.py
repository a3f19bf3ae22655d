"""What a Typebot bot asks: inputs as questions, choices as buttons, lists or lines."""

import pytest

from services.executor.domain.document import parse_document
from services.executor.domain.importers import import_flow
from services.executor.domain.lint import problems
from tests.unit.executor.foreign_flows import bot, data_of, edges_of, nodes_of, said, told


def _ask(kind, options=None, text="Diga", **rest):
    block = {"id": "b", "type": kind, "options": {"variableId": "v-x"} | (options or {}), **rest}
    return nodes_of(bot(said("t", {"text": text}), block, variables=["x"]))["b"]


def test_the_text_before_an_input_is_its_question_and_its_own_node_a_note():
    nodes = nodes_of(bot(said("t", {"text": "Nome?"}), {"id": "q", "type": "text input", "options": {}}))
    assert (nodes["t"]["type"], nodes["q"]["data"]["content"]) == ("note", "Nome?")


def test_an_input_without_a_text_before_it_only_waits():
    source = bot({"id": "q", "type": "text input", "options": {"variableId": "v-x"}}, variables=["x"])
    assert data_of(source, "q") == {"content": "", "kind": "text", "variableName": "x", "silent": True}
    assert "empty_text" not in {one.code for one in problems(parse_document(import_flow(source).flow))}


@pytest.mark.parametrize(
    ("kind", "options", "expected"),
    [
        ("text input", {}, {"kind": "text"}),
        ("number input", {"min": 1, "max": "9"}, {"kind": "number", "validation": {"min": 1, "max": 9}}),
        ("email input", {"retryMessageContent": "Ops"}, {"kind": "email", "validation": {"errorMessage": "Ops"}}),
        ("url input", {}, {"kind": "url"}),
        ("phone number input", {"defaultCountryCode": "BR"}, {"kind": "phone"}),
        ("time input", {}, {"kind": "time"}),
        ("date input", {"min": "2030-01-02T00:00"}, {"kind": "date", "validation": {"min": "2030-01-02"}}),
        ("date input", {"hasTime": True}, {"kind": "text"}),
        ("rating input", {"length": 5}, {"kind": "rating", "validation": {"min": 1, "max": 5}}),
        ("file input", {"allowedFileTypes": {"isEnabled": True, "types": [".pdf", "image/*"]}},
         {"kind": "file", "validation": {"accept": ["application/pdf", "image/*"]}}),
    ],
)  # fmt: skip
def test_an_input_is_a_question_of_its_kind(kind, options, expected):
    node = _ask(kind, options)
    assert node["type"] == "question"
    assert node["data"] == {"content": "Diga", "variableName": "x", **expected}


def test_a_wrong_answer_is_asked_for_again_for_ever():
    source = bot(said("t"), {"id": "q", "type": "email input", "options": {}})
    assert ("q", "invalid", "q") in edges_of(source)


def test_a_file_that_is_not_needed_goes_on_without_one():
    source = bot(said("t"), {"id": "q", "type": "file input", "options": {"isRequired": False}}, said("z"))
    assert ("q", "invalid", "z") in edges_of(source)


def test_a_limit_that_is_a_variable_is_a_problem():
    source = bot({"id": "b", "type": "number input", "options": {"min": "{{x}}"}}, variables=["x"])
    assert "b min" in told(source, "problem")


def _choices(*titles, **options):
    items = [{"id": f"i{place}", "content": title} for place, title in enumerate(titles)]
    return _ask("choice input", options, items=items)


def test_up_to_three_choices_are_buttons_ten_a_list_more_numbered_lines():
    assert _choices("Sim", "Não")["data"]["buttons"] == [{"id": "Sim", "title": "Sim"}, {"id": "Não", "title": "Não"}]
    rows = _choices(*"abcd")["data"]["sections"][0]["rows"]
    assert [row["id"] for row in rows] == list("abcd")
    many = _choices(*"abcdefghijk")["data"]
    assert (many["kind"], many["content"].splitlines()[:2]) == ("choice", ["Diga", "1. a"])
    assert [option["value"] for option in many["options"]] == list("abcdefghijk")


def test_choices_too_long_for_a_menu_are_numbered_lines():
    assert _choices("Uma resposta que não cabe em botão")["data"]["kind"] == "choice"


def test_a_choice_stores_its_text_and_leads_where_its_item_leads():
    source = bot(
        said("t"),
        {"id": "q", "type": "choice input", "options": {"variableId": "v-x"},
         "items": [{"id": "i1", "content": "Sim", "outgoingEdgeId": "e1"}, {"id": "i2", "content": "Não"}]},
        said("z"),
        groups=[{"id": "g2", "title": "Dois", "blocks": [said("w")]}],
        edges=[{"id": "e1", "from": {"blockId": "q", "itemId": "i1"}, "to": {"groupId": "g2"}}],
        variables=["x"],
    )  # fmt: skip
    assert {("q", "Sim", "w"), ("q", "", "z")} <= edges_of(source)


def test_several_choices_at_once_are_typed():
    node = _choices("a", "b", isMultipleChoice=True)
    assert (node["data"]["kind"], node["data"]["content"]) == ("text", "Diga\n- a\n- b")


def test_choices_of_a_list_are_lines_of_its_items():
    node = _choices(dynamicVariableId="v-x")
    assert node["data"]["content"] == "Diga\n{{#each x}}{{index}}. {{this}}\n{{/each}}"


def test_pictures_to_choose_from_are_a_list_with_words():
    items = [{"id": "i", "title": "Bolo", "description": "de milho", "pictureSrc": "https://x.example/b.png"}]
    node = _ask("picture choice input", items=items)
    assert node["data"]["sections"][0]["rows"] == [{"id": "Bolo", "title": "Bolo", "description": "de milho"}]


def test_cards_offer_their_buttons():
    cards = [
        {"id": "c1", "title": "Pão", "paths": [{"id": "p1", "text": "Comprar"}]},
        {"id": "c2", "title": "Bolo", "paths": [{"id": "p2", "text": "Comprar"}]},
    ]
    source = bot(
        said("t"),
        {"id": "b", "type": "cards input", "items": cards,
         "options": {"saveResponseMapping": [{"field": "Title", "variableId": "v-x"}]}},
        said("z"),
        edges=[{"id": "e1", "from": {"blockId": "b", "itemId": "c2", "pathId": "p2"}, "to": {"groupId": "g1"}}],
        variables=["x"],
    )  # fmt: skip
    assert data_of(source, "b")["variableName"] == "x"
    assert [button["title"] for button in data_of(source, "b")["buttons"]] == ["Pão: Comprar", "Bolo: Comprar"]
    assert ("b", "Bolo", "t") in edges_of(source)
