"""What importing reports, and the choices it makes where a source is loose."""

import pytest

from services.executor.domain.importers import UnreadableFlow, import_flow

START = {"id": "s", "type": "start", "data": {}}


def _flow(*nodes, edges=(), **rest):
    return {"nodes": [START, *nodes], "edges": [{"source": "s", "target": nodes[0]["id"]}, *edges], **rest}


def _node(source, node_id="n"):
    return next(node for node in import_flow(source).flow["nodes"] if node["id"] == node_id)


def _data(kind, **data):
    return _node(_flow({"id": "n", "type": kind, "data": data}))["data"]


def _messages(source, level):
    return [f"{item.node_id} {item.message}" for item in import_flow(source).report.at(level)]


@pytest.mark.parametrize("source", [None, 3, "flow", [], [{"nodes": []}]])
def test_what_is_no_object_is_refused_in_one_sentence(source):
    with pytest.raises(UnreadableFlow, match="give a JSON object that holds `nodes`"):
        import_flow(source)


@pytest.mark.parametrize("source", [{}, {"nodes": []}, {"nodes": {}}, {"flow": {"steps": [1]}}, {"nodes": [7]}])
def test_a_document_without_nodes_is_refused(source):
    with pytest.raises(UnreadableFlow, match="node"):
        import_flow(source)


def test_a_native_document_without_nodes_is_refused():
    with pytest.raises(UnreadableFlow, match="give it at least a start node"):
        import_flow({"schema": "pytake.flow/1", "nodes": []})


@pytest.mark.parametrize(
    "place", [(), ("canvas_data",), ("flow", "canvas_data"), ("flow",), ("flow_data", "canvas_data"), ("flow_data",)]
)
def test_the_graph_is_found_in_every_place(place):
    source = {"nodes": [START], "edges": []}
    for key in reversed(place):
        source = {key: source, "beside": 1}
    flow = import_flow(source).flow
    assert [node["id"] for node in flow["nodes"]] == ["s"]
    inner = flow["source"]
    for key in place:
        inner = inner[key]
    assert inner == {}


@pytest.mark.parametrize("key", ["content", "messageText", "message", "text"])
def test_a_message_text_is_found_under_every_spelling(key):
    assert _data("message", **{key: "Olá"}) == {"content": "Olá"}


@pytest.mark.parametrize("key", ["content", "questionText", "question", "message"])
@pytest.mark.parametrize("variable", ["variableName", "outputVariable", "variable"])
def test_a_question_is_found_under_every_spelling(key, variable):
    assert _data("question", **{key: "Quando?", variable: "dia"}) == {
        "content": "Quando?",
        "variableName": "dia",
        "kind": "text",
    }


@pytest.mark.parametrize(
    ("settings", "kind"),
    [
        ({"responseType": "email"}, "email"),
        ({"validationType": "number"}, "number"),
        ({"validation": {"type": "phone"}}, "phone"),
        ({"validation": "phone"}, "phone"),
        ({"validation": "min:2,max:5"}, "text"),
        ({"responseType": "yesno"}, "yes_no"),
        ({"responseType": "runes"}, "text"),
    ],
)
def test_the_kind_of_answer_is_read_from_every_place(settings, kind):
    assert _data("question", question="?", variable="v", **settings)["kind"] == kind


def test_a_label_is_the_question_also_when_the_keys_around_it_are_mixed():
    asked = {"id": "n", "type": "question", "data": {"label": "Seu nome?", "variable": "v"}}
    told = {"id": "m", "type": "message", "data": {"message": "Oi"}}
    assert _node(_flow(asked, told))["data"]["content"] == "Seu nome?"


def test_a_label_is_the_question_only_where_it_cannot_be_a_caption():
    plan = {"id": "n", "type": "question", "data": {"label": "Seu nome?", "variableName": "v"}}
    built = {"id": "n", "type": "default", "data": {"nodeType": "question", "label": "Nome", "outputVariable": "v"}}
    assert _node(_flow(plan))["data"]["content"] == "Seu nome?"
    assert _node(_flow(built))["data"]["content"] == ""
    assert "n The question has no text: fill 'content'." in _messages(_flow(built), "problem")


@pytest.mark.parametrize(
    ("written", "native"),
    [("eq", "=="), ("greater_than", ">"), ("gte", ">="), ("notIn", "not_in"), ("startsWith", "starts_with"),
     ("isEmpty", "is_empty"), ("!=", "!="), ("contains", "contains")],
)  # fmt: skip
def test_operators_of_all_spellings_become_one(written, native):
    rule = _data("condition", variable="{{ x }}", operator=written, value="1")["rules"][0]
    assert (rule["variable"], rule["operator"]) == ("x", native)


def test_an_unknown_operator_is_reported():
    source = _flow({"id": "n", "type": "condition", "data": {"variable": "x", "operator": "resembles", "value": 1}})
    assert "n Operator 'resembles' is not known" in _messages(source, "problem")[0]


@pytest.mark.parametrize(
    ("text", "rules", "match"),
    [
        ("cor == 'azul e branco'", [("cor", "==", "azul e branco")], "all"),
        ("cor != azul", [("cor", "!=", "azul")], "all"),
        ("pronto", [("pronto", "is_not_empty", None), ("pronto", "!=", "false")], "all"),
        ("a == '1' || b == \"2\"", [("a", "==", "1"), ("b", "==", "2")], "any"),
        ("a >= 3 && pronto", [("a", ">=", "3"), ("pronto", "is_not_empty", None), ("pronto", "!=", "false")], "all"),
    ],
)
def test_a_condition_written_as_text_is_understood(text, rules, match):
    data = _data("condition", condition=text)
    assert [(rule["variable"], rule["operator"], rule.get("value")) for rule in data["rules"]] == rules
    assert data["match"] == match


def test_a_condition_that_is_not_understood_is_reported():
    source = _flow({"id": "n", "type": "condition", "data": {"condition": "lambda: 1/0"}})
    assert "n The condition 'lambda: 1/0' is not understood" in _messages(source, "problem")[0]


def test_the_only_unnamed_edge_of_a_condition_takes_what_is_left():
    edges = [{"source": "n", "target": "s", "label": "Sim"}, {"source": "n", "target": "m"}]
    source = _flow(
        {"id": "n", "type": "condition", "data": {"variable": "x", "operator": "==", "value": 1}},
        {"id": "m", "type": "end"},
        edges=edges,
    )
    handles = {edge["target"]: edge.get("sourceHandle") for edge in import_flow(source).flow["edges"][1:]}
    assert handles == {"s": "true", "m": "false"}


def test_an_edge_that_says_yes_twice_is_one_edge():
    source = _flow(
        {"id": "n", "type": "condition", "data": {"variable": "x", "operator": "in", "value": "1,2"}},
        {"id": "m", "type": "end"},
        edges=[{"source": "n", "target": "m", "sourceHandle": "yes", "label": "Sim"}],
    )
    assert _node(source)["data"]["rules"] == [{"variable": "x", "operator": "in", "value": ["1", "2"]}]


def test_a_target_named_in_the_node_wins_over_an_edge():
    source = _flow(
        {"id": "n", "type": "condition", "data": {"condition": "x", "trueNodeId": "b"}},
        {"id": "a", "type": "end"},
        {"id": "b", "type": "end"},
        edges=[{"id": "e", "source": "n", "target": "a", "label": "true"}],
    )
    edge = import_flow(source).flow["edges"][1]
    assert (edge["id"], edge["target"], edge["originalTarget"]) == ("e", "b", "a")


def test_two_edges_on_one_way_out_are_reported_as_ambiguous():
    source = _flow(
        {"id": "n", "type": "message", "data": {"content": "a"}},
        {"id": "a", "type": "end"},
        {"id": "b", "type": "end"},
        edges=[{"source": "n", "target": "a"}, {"source": "n", "target": "b"}],
    )
    assert any("2 edges leave the same plain way out" in message for message in _messages(source, "problem"))


def test_an_unknown_target_is_a_problem_unless_the_flow_has_a_fallback_node():
    source = _flow(
        {"id": "n", "type": "switch", "data": {"variable": "v", "cases": {"1": "nowhere"}}}, {"id": "m", "type": "end"}
    )
    assert any("unknown node 'nowhere'" in message for message in _messages(source, "problem"))
    mended = import_flow(source | {"settings": {"fallback_node": "m"}})
    assert mended.flow["edges"][-1] | {"id": ""} == {
        "id": "", "source": "n", "target": "m", "sourceHandle": "1", "originalTarget": "nowhere",
    }  # fmt: skip
    assert mended.report.at("problem") == ()


def test_a_flow_without_a_start_is_reported():
    source = {"nodes": [{"id": "m", "type": "message", "data": {"content": "a"}}], "edges": []}
    assert "The flow has no start node" in _messages(source, "problem")[0]


def test_nodes_that_no_way_leads_to_and_unknown_types_are_reported():
    source = _flow({"id": "n", "type": "end"}, {"id": "lost", "type": "oracle", "data": {"deck": 3}})
    problems = _messages(source, "problem")
    assert any(message.startswith("lost Node type 'oracle' is not known") for message in problems)
    assert any(message.startswith("lost No way leads to this node") for message in problems)
    assert _node(source, "lost")["data"] == {"deck": 3}


@pytest.mark.parametrize("written", ["QUEUE_UUID_AQUI", "<queue id>", "YOUR_QUEUE", "xxxx", None])
def test_a_missing_or_placeholder_queue_is_reported(written):
    source = _flow({"id": "n", "type": "handoff", "data": {"handoffType": "queue", "queueId": written}})
    assert any("queueId" in message for message in _messages(source, "problem"))


def test_a_real_queue_is_not_reported():
    source = _flow({"id": "n", "type": "handoff", "data": {"handoffType": "queue", "queueId": "q-42"}})
    assert import_flow(source).report.items == ()


def test_texts_over_the_limits_of_whatsapp_are_reported_and_kept():
    title = "a" * 21
    source = _flow({"id": "n", "type": "buttons", "data": {"message": "?", "buttons": [{"id": "b", "text": title}]}})
    assert "has 21 characters; WhatsApp takes 20" in _messages(source, "problem")[0]
    assert _node(source)["data"]["buttons"] == [{"id": "b", "title": title}]


@pytest.mark.parametrize(
    ("data", "seconds"),
    [
        ({"delaySeconds": 4}, 4),
        ({}, 3),
        ({"duration": 2, "unit": "hours"}, 7200),
        ({"duration": "1", "unit": "day"}, 86400),
    ],
)
def test_a_delay_is_in_seconds_whatever_its_unit(data, seconds):
    assert _data("delay", **data)["seconds"] == seconds


@pytest.mark.parametrize(
    ("item", "assignment"),
    [
        ({"name": "a", "valueType": "variable", "variableSource": "{{b}}"}, ("a", "variable", "b")),
        ({"name": "a", "valueType": "expression", "expression": "{{b}} * 2"}, ("a", "expression", "{{b}} * 2")),
        ({"name": "a", "value": "{{b}}!"}, ("a", "static", "{{b}}!")),
        ({"name": "a", "valueType": "number", "value": "7"}, ("a", "static", 7)),
        ({"name": "a", "operation": "append", "value": "!"}, ("a", "static", "{{a}}!")),
    ],
)
def test_assignments_of_every_form_become_one(item, assignment):
    [done] = _data("set_variable", variables=[item])["assignments"]
    assert (done["name"], done["valueType"], done["value"]) == assignment


def test_secrets_in_clear_text_are_not_taken_over():
    model = _data("ai_prompt", prompt="Oi", apiKey="sk-1")
    query = _data("db_postgres", query="select 1", password="p", connectionString="postgres://u:p@h/d")
    assert "apiKey" not in model
    assert query == {"query": "select 1"}


def test_fields_nobody_reads_are_reported():
    source = _flow({"id": "n", "type": "message", "data": {"content": "a", "mood": "calm", "icon": "x"}})
    assert [(item.level, item.field) for item in import_flow(source).report.items if item.node_id == "n"] == [
        ("kept", "mood"),
        ("kept", "edges"),
    ]


def test_ids_may_be_numbers_positions_pairs_and_nodes_an_object():
    source = {
        "nodes": {"7": {"type": "start", "position": [1, 2]}, "8": {"id": 8, "type": "end", "position": [1]}},
        "edges": [{"source": 7, "target": 8.0}],
    }
    flow = import_flow(source).flow
    assert [(node["id"], node.get("position")) for node in flow["nodes"]] == [("7", {"x": 1, "y": 2}), ("8", None)]
    assert flow["edges"] == [{"id": "e-7-8", "source": "7", "target": "8"}]


def test_doubled_ids_are_renamed_and_reported():
    source = _flow({"id": "n", "type": "end"}, {"id": "n", "type": "end"})
    assert [node["id"] for node in import_flow(source).flow["nodes"]] == ["s", "n", "n-2"]
    assert any("Two nodes have the id 'n'" in message for message in _messages(source, "problem"))


def test_edges_without_ends_and_entries_that_are_no_objects_are_reported_as_dropped():
    source = {"nodes": [START, 5], "edges": [{"source": "s"}, "e"]}
    assert len(_messages(source, "dropped")) == 3
