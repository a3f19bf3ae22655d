"""What pywce's stages and routes become where a choice had to be made."""

import pytest

from services.executor.domain.importers import detect_dialect, import_flow


def _stage(kind="text", message="Oi?", routes=None, **more):
    return {"kind": kind, "message": message, "routes": routes or {}, **more}


def _edges(source):
    flow = import_flow(source).flow
    return [(edge["source"], edge.get("sourceHandle"), edge["target"]) for edge in flow["edges"]]


def _node(source, node_id="a"):
    return next(node for node in import_flow(source).flow["nodes"] if node["id"] == node_id)


def _messages(source, level="problem"):
    return [item.message for item in import_flow(source).report.at(level)]


@pytest.mark.parametrize(
    ("routes", "kind", "handles"),
    [
        ({}, "message", []),
        ({"re:.*": "a"}, "question", ["answered"]),
        ({"re:^\\d+$": "a"}, "question", ["answered"]),
        ({"sim": "a", "não": "a"}, "question", ["sim", "não"]),
    ],
)
def test_a_text_waits_when_a_route_leaves_it(routes, kind, handles):
    source = {"a": _stage(routes=routes)}
    assert _node(source)["type"] == kind
    assert [handle for source_id, handle, _ in _edges(source) if source_id == "a"] == handles


@pytest.mark.parametrize(
    ("pattern", "regex"), [("^\\d{4}$", "^\\d{4}$"), ("\\d", "(?s:.*)(?:\\d)(?s:.*)"), ("(?i)ok$", "(?i)ok$")]
)
def test_an_only_pattern_is_what_the_answer_must_match(pattern, regex):
    assert _node({"a": _stage(routes={f"re:{pattern}": "a"})})["data"]["validation"] == {"regex": regex}


def test_patterns_come_before_exact_answers_and_any_other_is_asked_again():
    source = {"a": _stage(prop="v", routes={"sair": "b", "re:^\\d$": "a"}), "b": _stage()}
    routes = _node(source, "a-routes")["data"]["routes"]
    assert [route["rules"][0] for route in routes] == [
        {"variable": "v", "operator": "matches", "value": "^\\d$"},
        {"variable": "v", "operator": "==", "value": "sair"},
    ]
    assert ("a-routes", "default", "a") in _edges(source)


def test_routes_after_one_that_takes_everything_are_reported_as_dropped():
    source = {"a": _stage(routes={"sair": "b", "re:.*": "a"}), "b": _stage()}
    assert any("'sair' to 'b' comes after one that takes every answer" in line for line in _messages(source, "dropped"))


def test_a_pattern_that_cannot_be_read_is_reported():
    assert any("is not valid RE2" in message for message in _messages({"a": _stage(routes={"re:(?=a)": "a"})}))


def test_more_patterns_than_a_dialogue_needs_are_reported():
    routes = {f"re:^{number}$": "a" for number in range(51)}
    assert any("too many patterns" in line for line in _messages({"a": _stage(routes=routes)}, "dropped"))
    stages = {f"s{place}": _stage(routes={f"re:^{number}$": "s0" for number in range(50)}) for place in range(11)}
    assert len(_messages(stages, "dropped")) == 50


def test_buttons_are_found_by_title_pattern_or_place():
    message = {"body": "?", "buttons": ["Um", "Dois", "Três"]}
    by_title = {"a": _stage("button", message, {"dois": "b", "re:^T": "b", "re:.*": "a"}), "b": _stage()}
    edges = _edges(by_title)
    assert ("a", "Três", "b") in edges
    assert ("a", None, "a") in edges
    built = [{"id": "a", "type": "button", "message": message, "routes": [{"connectedTo": "b"}, {"connectedTo": "a"}]},
             {"id": "b", "type": "text", "message": "fim"}]  # fmt: skip
    assert {("a", "Um", "b"), ("a", "Dois", "a")} <= set(_edges({"templates": built}))


@pytest.mark.parametrize(
    "sections",
    [
        {"S": {0: {"title": "A"}, "k": {"title": "B", "description": "d"}}},
        [{"title": "S", "rows": [{"id": 0, "title": "A"}, {"identifier": "k", "title": "B", "desc": "d"}]}],
    ],
)
def test_rows_are_found_by_their_ids_in_both_forms(sections):
    keyed = {str(key): value for key, value in sections["S"].items()} if isinstance(sections, dict) else None
    message = {"body": "?", "sections": {"S": keyed} if keyed else sections}
    source = {"a": _stage("list", message, {"k": "a"})}
    assert _node(source)["data"]["sections"] == [
        {"title": "S", "rows": [{"id": "0", "title": "A"}, {"id": "k", "title": "B", "description": "d"}]}
    ]
    assert ("a", "k", "a") in _edges(source)


def test_the_replies_of_a_template_are_its_ways_out():
    source = {"a": _stage("template", {"name": "t"}, {"Sim": "a", "Não": "b"}), "b": _stage()}
    assert {("a", "Sim", "a"), ("a", "Não", "b")} <= set(_edges(source))


def test_what_is_no_text_waits_as_well_when_a_route_leaves_it():
    link = {"body": "b", "button": "B", "url": "https://a.example.org"}
    edges = _edges({"a": _stage("cta", link, {"re:.*": "b"}), "b": _stage()})
    assert {("a", None, "a-reply"), ("a-reply", "answered", "b")} <= set(edges)
    assert _node({"a": _stage("cta", link, {"re:^x": "a", "y": "a"})}, "a-reply")["data"]["silent"] is True
    assert ("a", None, "a-reply") not in _edges({"a": _stage("cta", link)})


@pytest.mark.parametrize(
    ("kind", "message", "native"),
    [
        ("location", {"lat": 1, "lon": 2}, "location"),
        ("media", {"type": "video", "id": "9"}, "message"),
        ("catalog", {"body": "b", "product-id": "p"}, "product"),
        ("request-location", "Onde?", "location_request"),
    ],
)
def test_every_kind_has_its_node(kind, message, native):
    assert _node({"a": _stage(kind, message)})["type"] == native


def test_a_route_to_a_stage_named_start_in_another_file_does_not_lead_to_our_start():
    source = {"a": _stage(routes={"re:.*": "start"})}
    assert any("unknown node 'start'" in message for message in _messages(source))


def test_the_dialogue_begins_where_it_is_marked_triggered_or_called_so():
    stages = {"x": _stage(), "START-MENU": _stage()}
    assert ("start", None, "START-MENU") in _edges(stages)
    assert ("start", None, "x") in _edges({"x": _stage(), "y": _stage()})
    marked = [{"id": i, "type": "text", "message": "m", "settings": {"isStart": i == "q"}} for i in ("p", "q")]
    assert ("start", None, "q") in _edges({"templates": marked})


@pytest.mark.parametrize(
    "source",
    [
        {"nodes": [], "a": _stage()},
        {"a": "b"},
        {"templates": [{"type": "t"}]},
        {"a": {"kind": "text"}, "b": [], "c": []},
        {"screens": [], "version": "1"},
    ],
)
def test_what_only_looks_alike_is_not_taken_for_pywce(source):
    assert detect_dialect(source) not in {"pywce", "whatsapp_flow"}
