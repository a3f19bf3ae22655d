"""A RapidPro or Glific definition becomes a flow: texts, waits with their routers, actions, expressions."""

import json
from pathlib import Path

import pytest

from services.executor.domain.document import parse_document
from services.executor.domain.importers import UnreadableFlow, detect_dialect, import_flow
from services.executor.domain.lint import problems
from tests.unit.executor.foreign_flows import data_of, definition, edges_of, message, nodes_of, step, told, waiting

FOLDER = Path(__file__).parents[2] / "data/flows/import"
CLINIC = json.loads((FOLDER / "rapidpro/clinic.json").read_text("utf-8"))
LIBRARY = json.loads((FOLDER / "glific/library.json").read_text("utf-8"))


def _asked(*cases, **router):
    """A text, and the wait for its answer: the node w decides."""
    ways = [(name, "z") for name in dict.fromkeys(case[2] for case in cases)]
    return definition(
        step("n", message("a", "Diga"), to="w"), waiting("w", *cases, ways=ways, default="n", **router), step("z")
    )


def _route(kind, *arguments):
    return data_of(_asked((kind, arguments, "Sim")), "w")["routes"][0]["rules"]


def test_every_node_and_every_way_of_a_definition_is_in_the_flow_or_reported():
    imported = import_flow(CLINIC, name="Consulta")
    ids = {node["id"] for node in imported.flow["nodes"]}
    source = CLINIC["flows"][1]
    assert {node["uuid"] for node in source["nodes"]} <= ids
    ways = {way["uuid"] for node in source["nodes"] for way in node["exits"] if way.get("destination_uuid")}
    assert ways - {edge["id"] for edge in imported.flow["edges"]} == {"x13"}
    assert "a8 exits" in [f"{item.node_id} {item.field}" for item in imported.report.at("dropped")]
    kept = json.dumps(imported.flow, ensure_ascii=False)
    assert all(json.dumps(action, ensure_ascii=False) in kept for node in source["nodes"] for action in node["actions"])


def test_definitions_are_told_by_their_structure_and_glifics_by_what_only_it_has():
    assert detect_dialect(CLINIC) == "rapidpro"
    assert detect_dialect(LIBRARY) == "glific"
    assert detect_dialect(definition(step("n", message("a")))) == "rapidpro"
    assert detect_dialect(definition(step("n", message("a")), vars=["f"])) == "glific"


@pytest.mark.parametrize(
    "source",
    [
        {"version": 7, "flows": [{"version": 7, "flow_type": "M", "base_language": "base", "action_sets": []}]},
        {"version": "11.12", "flows": [{"action_sets": [], "rule_sets": [], "metadata": {}}]},
        {"flows": [{"spec_version": "12.0.0", "nodes": [{"uuid": "n", "actions": [], "exits": []}]}]},
    ],
)
def test_an_older_definition_is_refused_with_the_reason(source):
    with pytest.raises(UnreadableFlow, match="version 13 and newer are read"):
        import_flow(source)


def test_a_definition_without_nodes_is_refused():
    with pytest.raises(UnreadableFlow, match="no nodes"):
        import_flow(definition())


def test_a_newer_definition_is_read_and_said_to_be_newer():
    source = definition(step("n", message("a"))) | {"spec_version": "14.3.1"}
    assert " spec_version" in told(source, "kept")


def test_of_several_flows_the_one_that_no_other_enters_is_read_or_the_one_that_is_named():
    assert import_flow(CLINIC).flow["name"] == "Consulta"
    assert import_flow(CLINIC, name="Endereço").flow["name"] == "Endereço"
    assert " flows" in told(CLINIC, "dropped")
    assert import_flow(CLINIC).flow["source"]["flows"][0] == CLINIC["flows"][0]


def test_keywords_start_the_flow_and_its_settings_come_along():
    flow = import_flow(CLINIC).flow
    assert flow["nodes"][0]["data"]["triggers"] == [{"kind": "keyword", "keywords": ["consulta"], "match": "exact"}]
    assert (flow["language"], flow["settings"]) == ("pt_BR", {"session_ttl_seconds": 5400})
    assert import_flow(LIBRARY).flow["nodes"][0]["data"]["triggers"][0]["keywords"] == ["livros"]
    assert "start triggers" in told(CLINIC, "dropped")
    everybody = json.loads(json.dumps(CLINIC).replace('"trigger_type": "M"', '"trigger_type": "C"'))
    assert {"kind": "any"} in import_flow(everybody).flow["nodes"][0]["data"]["triggers"]


def test_what_the_flow_does_not_hold_is_reported():
    assert {" fields", " localization.eng"} <= set(told(CLINIC, "dropped"))


def test_notes_on_the_canvas_stay_notes():
    assert nodes_of(CLINIC)["st1"]["data"] == {"content": "Atenção\nConferir a agenda"}


def test_a_text_before_a_wait_is_the_question_and_the_wait_decides():
    source = _asked(("has_any_word", ["sim"], "Sim"), result_name="Certeza?")
    assert data_of(source, "n") == {
        "content": "Diga", "kind": "text", "variableName": "certeza", "validation": {"maxAttempts": 1},
    }  # fmt: skip
    assert nodes_of(source)["w"]["type"] == "condition"
    assert {("n", "", "w"), ("n", "invalid", "w"), ("w", "Sim", "z"), ("w", "default", "n")} <= edges_of(source)


def test_a_wait_that_other_ways_lead_to_is_a_question_that_says_nothing():
    source = definition(waiting("w", ("has_text", [], "Sim"), ways=[("Sim", "z")], default="w"), step("z"))
    assert data_of(source, "w")["silent"] is True
    assert ("w", "", "w-router") in edges_of(source)
    assert ("w-router", "default", "w") in edges_of(source)
    assert [one.code for one in problems(parse_document(import_flow(source).flow)) if one.severity == "error"] == []


def test_a_node_that_speaks_and_waits_asks_by_its_last_text():
    actions = [message("a1", "Oi"), message("a2", "Nome?")]
    source = definition(waiting("w", actions=actions, default="z", result_name="Nome"), step("z", message("a3", "Fim")))
    nodes = nodes_of(source)
    assert (nodes["w"]["type"], nodes["a2"]["type"], nodes["a2"]["data"]["content"]) == ("message", "question", "Nome?")
    assert {("w", "", "a2"), ("a2", "", "z"), ("a2", "invalid", "z")} <= edges_of(source)


def test_a_wait_without_a_test_leads_on_at_once():
    source = definition(step("n", message("a", "Nome?"), to="w"), waiting("w", default="z"), step("z", message("b")))
    assert nodes_of(source)["w"]["type"] == "note"
    assert {("n", "", "w"), ("w", "", "z")} <= edges_of(source)


def test_no_answer_in_time_is_a_way_of_the_question():
    wait = {"type": "msg", "timeout": {"seconds": 90, "category_uuid": "Nada"}}
    source = definition(
        step("n", message("a"), to="w"), waiting("w", ways=[("Nada", "z")], default="n", wait=wait), step("z")
    )
    assert data_of(source, "n")["timeoutSeconds"] == 90
    assert ("n", "no_reply", "z") in edges_of(source)


def test_the_category_of_a_result_is_stored_where_something_reads_it():
    source = _asked(("has_any_word", ["sim"], "Sim"), result_name="Ok")
    source["nodes"][2]["actions"] = [message("b", "Foi @results.ok.category_localized")]
    assert data_of(source, "z")["content"] == "Foi {{ok_category}}"
    assert data_of(source, "w-Sim")["assignments"] == [{"name": "ok_category", "valueType": "static", "value": "Sim"}]
    assert {("w", "Sim", "w-Sim"), ("w-Sim", "", "z")} <= edges_of(source)


def test_a_category_named_like_a_way_of_the_engine_gets_a_number():
    source = _asked(("has_text", [], "next"))
    assert data_of(source, "w")["routes"][0]["handle"] == "next-2"
    assert ("w", "next-2", "z") in edges_of(source)


def _matches(value):
    return [{"variable": "user_message", "operator": "matches", "value": value}]


BEFORE, AFTER = r"(?i)(?:^|[^\pL\pN_])", r"(?:$|[^\pL\pN_])"


@pytest.mark.parametrize(
    ("kind", "arguments", "rules"),
    [
        ("has_any_word", ["sim, quero"], _matches(f"{BEFORE}(?:sim|quero){AFTER}")),
        ("has_all_words", ["sim quero"], [*_matches(f"{BEFORE}sim{AFTER}"), *_matches(f"{BEFORE}quero{AFTER}")]),
        ("has_phrase", ["bom dia"], _matches(rf"{BEFORE}bom[^\pL\pN]+dia{AFTER}")),
        ("has_only_phrase", ["bom dia"], [{"variable": "user_message", "operator": "==", "value": "bom dia"}]),
        ("has_beginning", ["bom"], [{"variable": "user_message", "operator": "starts_with", "value": "bom"}]),
        ("has_text", [], [{"variable": "user_message", "operator": "is_not_empty"}]),
        ("has_pattern", [r"^\d+$"], _matches(r"(?mi)^\d+$")),
        ("has_number_eq", ["4"], [{"variable": "user_message", "operator": "==", "value": 4}]),
        ("has_number_between", ["1", "5"], [
            {"variable": "user_message", "operator": ">=", "value": 1},
            {"variable": "user_message", "operator": "<=", "value": 5}]),
        ("has_group", ["u-1", "VIP"], [{"variable": "user_message", "operator": "contains", "value": "VIP"}]),
    ],
)  # fmt: skip
def test_a_test_of_a_router_is_a_rule(kind, arguments, rules):
    assert _route(kind, *arguments) == rules


@pytest.mark.parametrize("kind", ["has_number", "has_phone", "has_email", "has_date", "has_time"])
def test_a_test_of_a_form_is_a_pattern_that_re2_takes(kind):
    source = _asked((kind, [], "Sim"))
    assert _route(kind)[0]["operator"] == "matches"
    assert "bad_regex" not in {one.code for one in problems(parse_document(import_flow(source).flow))}


@pytest.mark.parametrize(
    ("kind", "operator", "guard"),
    [
        ("has_number_lt", "<", ">="),
        ("has_number_lte", "<=", ">="),
        ("has_number_gt", ">", "<="),
        ("has_number_gte", ">=", "<="),
    ],
)
def test_words_are_neither_above_nor_below_a_number(kind, operator, guard):
    assert [rule["operator"] for rule in _route(kind, "5")] == [operator, guard]


@pytest.mark.parametrize(
    "kind", ["has_intent", "has_top_intent", "has_district", "has_date_lt", "has_error", "nunca_visto"]
)
def test_a_test_without_a_counterpart_has_no_rules_and_is_a_problem(kind):
    assert _route(kind, "x") == []
    assert "w cases" in told(_asked((kind, ["x"], "Sim")), "problem")


def test_more_words_than_a_flow_may_hold_patterns_are_compared_as_a_whole():
    cases = [("has_any_word", [f"palavra{number}"], f"C{number}") for number in range(45)]
    source = _asked(*cases)
    operators = [route["rules"][0]["operator"] for route in data_of(source, "w")["routes"]]
    assert (operators[:40], operators[40:]) == (["matches"] * 40, ["in"] * 5)
    assert "w cases" in told(source, "changed")
    assert "too_many_patterns" not in {one.code for one in problems(parse_document(import_flow(source).flow))}


def test_a_router_on_a_result_compares_its_variable():
    router = waiting("r", ("has_any_word", ["sim"], "Sim"), ways=[("Sim", None)])
    router["router"] |= {"operand": "@results.ok", "wait": None}
    rules = data_of(definition(router), "r")["routes"][0]["rules"]
    assert rules[0]["variable"] == "ok"


def test_a_router_on_a_text_assigns_it_first():
    router = waiting("r", ("has_text", [], "Sim"), ways=[("Sim", None)])
    router["router"] |= {"operand": "@results.a de @results.b", "wait": None}
    source = definition(router)
    name = data_of(source, "r")["assignments"][0]["name"]
    assert data_of(source, "r")["assignments"][0]["value"] == "{{a}} de {{b}}"
    assert data_of(source, "r-decision")["routes"][0]["rules"][0]["variable"] == name


def test_groups_are_tags():
    router = waiting("r", ("has_group", ["u", "VIP"], "Sim"), ways=[("Sim", None)])
    router["router"] |= {"operand": "@contact.groups", "wait": None}
    source = definition(
        step("n", {"uuid": "a", "type": "add_contact_groups", "groups": [{"name": "VIP"}]}, to="r"), router
    )
    assert data_of(source, "n") == {"addTags": ["VIP"]}
    rule = data_of(source, "r")["routes"][0]["rules"][0]
    assert rule == {"variable": "contact.tags", "operator": "contains", "value": "VIP"}


def test_a_random_split_draws_lots():
    node = {
        "uuid": "r", "router": {"type": "random", "categories": [{"uuid": "1", "name": "A", "exit_uuid": "x"}]},
        "exits": [{"uuid": "x", "destination_uuid": "z"}],
    }  # fmt: skip
    source = definition(node, step("z"))
    assert data_of(source, "r") == {"variants": [{"handle": "A", "weight": 1, "label": "A"}], "sticky": False}
    assert ("r", "A", "z") in edges_of(source)


def test_a_wait_for_a_picture_is_a_question_for_a_file():
    source = _asked(("has_image", [], "Foto"))
    data = data_of(source, "n")
    assert (data["kind"], data["validation"]) == ("file", {"maxAttempts": 1, "accept": ["image/*"]})
    assert {("n", "", "w"), ("w", "", "z"), ("n", "invalid", "n")} <= edges_of(source)
    assert told(source, "problem") == []


def test_a_node_that_does_nothing_is_a_note_and_a_way_nobody_takes_is_reported():
    source = definition(step("n", to="z"), step("z", message("a")))
    source["nodes"][0]["exits"].append({"uuid": "y", "destination_uuid": "z"})
    assert nodes_of(source)["n"]["type"] == "note"
    assert "n exits" in told(source, "dropped")


def test_a_way_to_a_node_that_is_missing_is_a_problem():
    assert "n target" in told(definition(step("n", message("a"), to="gone")), "problem")
