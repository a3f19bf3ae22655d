"""What the linter finds, and that errors refuse to compile."""

import time
from collections.abc import Sequence
from typing import Any

import pytest

from services.executor.domain.compile import compile_flow
from services.executor.domain.document import MAX_NODES, FlowDocument, parse_document
from services.executor.domain.finding import InvalidFlow
from services.executor.domain.lint import problems
from services.executor.domain.lint.content import MAX_PATTERNS
from services.executor.domain.nodes import LATER_TYPES
from services.executor.domain.variables import MAX_VARIABLES
from tests.unit.executor.dialogues import all_dialogues, document_of

Data = dict[str, Any]
START: Data = {"id": "s", "type": "start"}
END: Data = {"id": "f", "type": "end"}


def flow(*nodes: Data, edges: Sequence[tuple[str, ...]] = (), **extra: Any) -> FlowDocument:
    wires = [{"source": one[0], "target": one[1], "sourceHandle": one[2] if len(one) > 2 else None} for one in edges]
    return parse_document({"schema": "pytake.flow/1", "name": "t", "nodes": list(nodes), "edges": wires, **extra})


def around(node_type: str, data: Data, *handles: str, **extra: Any) -> FlowDocument:
    """A flow of start, the node, and an end that every given handle leads to."""
    edges = [("s", "n"), *(("n", "f", handle) for handle in handles or ("",))]
    return flow(START, {"id": "n", "type": node_type, "data": data}, END, edges=edges, **extra)


def codes(document: FlowDocument, severity: str) -> set[tuple[str, str | None]]:
    return {(item.code, item.node_id) for item in problems(document) if item.severity == severity}


def menu(*titles: str, **extra: Any) -> Data:
    return {
        "content": "Oi",
        "buttons": [{"id": str(place), "title": title} for place, title in enumerate(titles)],
        **extra,
    }


def rows(number: int, **row: Any) -> Data:
    many = [{"id": f"r{place}", "title": f"Linha {place}", **row} for place in range(number)]
    return {"content": "Oi", "sections": [{"rows": many}]}


MATCHES: Data = {"variable": "contact.name", "operator": "matches", "value": "^A"}


def rule(**change: Any) -> Data:
    return {"rules": [{"variable": "contact.name", "operator": "==", "value": "x", **change}]}


ERRORS_IN_A_NODE: list[tuple[str, str, Data]] = [
    ("empty_text", "message", {}),
    ("empty_text", "message", {"content": " \n"}),
    ("empty_text", "question", {"variableName": "x"}),
    ("empty_text", "question", {"variableName": "x", "silent": "yes"}),
    ("empty_text", "list", {**rows(1), "content": ""}),
    ("too_long", "message", {"content": "é" * 4097}),
    ("too_long", "question", {"content": "é" * 4097}),
    ("too_long", "buttons", menu("x" * 21)),
    ("too_long", "buttons", {**menu("x"), "content": "é" * 1025}),
    ("too_long", "buttons", menu("x", header="é" * 61)),
    ("too_long", "buttons", menu("x", footer="é" * 61)),
    ("too_long", "buttons", {"content": "Oi", "buttons": [{"id": "x" * 257, "title": "x"}]}),
    ("too_long", "list", rows(1, title="x" * 25)),
    ("too_long", "list", rows(1, description="x" * 73)),
    ("too_long", "list", rows(1, id="x" * 201)),
    ("too_long", "list", {**rows(1), "buttonText": "x" * 21}),
    ("too_long", "list", {"content": "Oi", "sections": [{"title": "x" * 25, "rows": [{"id": "a", "title": "a"}]}]}),
    ("option_count", "buttons", menu()),
    ("option_count", "buttons", menu("a", "b", "c", "d")),
    ("option_count", "message", menu("a", "b", "c", "d")),
    ("option_count", "list", rows(11)),
    ("option_count", "list", {"content": "Oi", "sections": []}),
    ("option_count", "list", {"content": "Oi", "sections": [{"rows": []}, *rows(1)["sections"]]}),
    ("empty_text", "list", {"content": "Oi", "sections": rows(1)["sections"] + rows(1, id="z")["sections"]}),
    ("empty_option", "buttons", menu("a", "")),
    ("duplicate_option", "buttons", menu("a", "a")),
    ("duplicate_option", "list", rows(2, id="same")),
    ("not_runnable", "buttons", menu("a", header={"type": "image"})),
    ("not_runnable", "message", {"content": "Veja", "mediaType": "image", "mediaUrl": "https://x.example/a.png"}),
    ("not_runnable", "question", {"content": "Nota?", "variableName": "x", "kind": "rating"}),
    ("no_options", "question", {"content": "Cor?", "variableName": "x", "kind": "choice"}),
    ("duplicate_option", "question", {"content": "?", "kind": "choice", "options": [{"value": "a"}, {"label": "A"}]}),
    ("unknown_presentation", "question", {"content": "?", "presentation": "cards"}),
    ("bad_regex", "question", {"content": "?", "validation": {"regex": "(?=a)"}}),
    ("bad_regex", "question", {"content": "?", "validation": {"regex": "a" * 1001}}),
    ("bad_regex", "condition", rule(operator="matches", value="[")),
    ("unknown_operator", "condition", rule(operator="like")),
    ("no_variable", "condition", rule(variable="")),
    ("no_rules", "condition", {}),
    ("no_rules", "condition", {"routes": [{"handle": "a", "rules": []}]}),
    ("no_handle", "condition", {"routes": [rule()]}),
    ("no_variable", "switch", {"cases": {"a": "a"}}),
    ("no_cases", "switch", {"variable": "contact.name"}),
    ("no_assignments", "set_variable", {}),
    ("no_variable", "set_variable", {"assignments": [{"value": 1}]}),
    ("bad_expression", "set_variable", {"assignments": [{"name": "x", "valueType": "expression", "value": "1 +"}]}),
    ("unknown_value_type", "set_variable", {"assignments": [{"name": "x", "valueType": "js", "value": "1"}]}),
    ("bad_template", "message", {"content": "{{#each x}}"}),
    ("bad_template", "buttons", menu("{{x|shout}}")),
    ("bad_template", "set_variable", {"assignments": [{"name": "x", "value": "{{/each}}"}]}),
    ("two_targets", "jump", {"targetNodeId": "f", "targetFlowId": "z"}),
    ("unknown_type", "router", {}),
    *(("not_runnable", node_type, {}) for node_type in sorted(LATER_TYPES)),
]  # fmt: skip


@pytest.mark.parametrize(("code", "node_type", "data"), ERRORS_IN_A_NODE)
def test_an_error_inside_a_node_refuses_publication(code: str, node_type: str, data: Data) -> None:
    document = around(node_type, data)
    assert (code, "n") in codes(document, "error")
    with pytest.raises(InvalidFlow) as caught:
        compile_flow(document)
    assert code in {finding.code for finding in caught.value.findings}


@pytest.mark.parametrize(
    ("code", "node_id", "document"),
    [
        ("no_start", None, flow(END)),
        ("no_start", None, flow()),
        ("several_starts", "t", flow(START, {"id": "t", "type": "start"}, END, edges=[("s", "f")])),
        ("start_leads_nowhere", "s", flow(START, END)),
        ("duplicate_node", "f", flow(START, END, END, edges=[("s", "f")])),
        ("dangling_edge", "s", flow(START, END, edges=[("s", "gone")])),
        ("dangling_edge", "gone", flow(START, END, edges=[("s", "f"), ("gone", "f")])),
        ("dangling_edge", "n", around("jump", {"targetNodeId": "gone"})),
        ("dangling_fallback", None, flow(START, END, edges=[("s", "f")], settings={"fallback_node": "gone"})),
        ("unknown_timezone", None, flow(START, END, edges=[("s", "f")], settings={"timezone": "Mars/Olympus"})),
        ("too_many_patterns", None, around("condition", {"rules": [MATCHES] * (MAX_PATTERNS + 1)}, "true", "false")),
        ("variables_too_large", None, flow(START, END, edges=[("s", "f")], variables={"x": "x" * MAX_VARIABLES})),
    ],
)
def test_an_error_of_the_graph_refuses_publication(code: str, node_id: str | None, document: FlowDocument) -> None:
    assert (code, node_id) in codes(document, "error")
    with pytest.raises(InvalidFlow):
        compile_flow(document)


LOOP = [{"id": name, "type": "message", "data": {"content": "Oi"}} for name in ("a", "b")]
COUNTER = {"assignments": [{"name": "i", "valueType": "expression", "value": "i + 1"}]}
COUNTED = [
    {"id": "a", "type": "set_variable", "data": COUNTER},
    {"id": "b", "type": "condition", "data": {"rules": [{"variable": "i", "operator": "<", "value": 3}]}},
]


@pytest.mark.parametrize(
    ("code", "node_id", "document"),
    [
        ("unreachable", "n", flow(START, {"id": "n", "type": "end"}, END, edges=[("s", "f")])),
        ("loop_without_input", "a", flow(START, *LOOP, edges=[("s", "a"), ("a", "b"), ("b", "a")])),
        ("loop_without_input", "a", flow(START, COUNTED[0], edges=[("s", "a"), ("a", "a")])),
        ("missing_edge", "n", around("condition", rule(), "true")),
        ("missing_edge", "n", around("switch", {"variable": "contact.name", "cases": {"a": "x"}}, "x")),
        ("missing_edge", "n", around("buttons", menu("a", "b"), "0")),
        ("missing_invalid", "n", around("question", {"content": "?", "variableName": "x"})),
        ("ambiguous_edge", "n", around("condition", rule(), "true", "true", "false")),
        ("unknown_handle", "n", around("condition", rule(), "true", "false", "perhaps")),
        ("unknown_variable", "n", around("message", {"content": "{{nobody.name}}"})),
        ("unknown_variable", "n", around("condition", rule(variable="nobody"), "true", "false")),
        ("reserved_variable", "n", around("question", {"content": "?", "variableName": "contact.name"})),
        ("variable_name", "n", around("question", {"content": "?", "variableName": "1" * 60})),
        ("no_variable", "n", around("question", {"content": "?"})),
        ("dangling_edge", "n", around("jump", {"targetNodeId": "gone"}, settings={"fallback_node": "f"})),
    ],
)
def test_a_warning_is_given_but_the_flow_compiles(code: str, node_id: str, document: FlowDocument) -> None:
    assert (code, node_id) in codes(document, "warning")
    compile_flow(document)


def test_as_many_patterns_and_variables_as_allowed_are_fine() -> None:
    data = {"routes": [{"handle": "a", "rules": [MATCHES] * MAX_PATTERNS}]}
    document = around("condition", data, "a", "default", variables={"x": "x" * (MAX_VARIABLES // 2 - 1)})
    assert codes(document, "error") == set()


def test_a_flow_of_very_many_nodes_is_looked_at_in_bearable_time() -> None:
    nodes = [{"id": f"n{place}", "type": "message", "data": {"content": "Oi"}} for place in range(MAX_NODES - 1)]
    edges = [(node["id"], follower["id"]) for node, follower in zip([START, *nodes], nodes, strict=False)]
    document = flow(START, *nodes, edges=edges)
    began = time.process_time()

    assert codes(document, "error") == set()
    # A look at all edges for each node took a minute.
    assert time.process_time() - began < 20


def test_a_loop_that_counts_and_can_leave_is_the_authors_intention() -> None:
    edges = [("s", "a"), ("a", "b"), ("b", "a", "true"), ("b", "f", "false")]
    assert codes(flow(START, *COUNTED, END, edges=edges), "warning") == set()


def test_known_variables_and_placeholders_do_not_count_against_a_flow() -> None:
    data = menu("{{x.titulo}}" + "y" * 20, header="{{user_message}}")
    document = around("buttons", {**data, "variableName": "z"}, "", "invalid", variables={"x": {"titulo": "A"}})
    assert problems(document) == ()


def test_the_result_of_a_node_that_cannot_run_yet_counts_as_set() -> None:
    call = {"id": "h", "type": "http_request", "data": {"outputVariable": "pedido"}}
    say = {"id": "m", "type": "message", "data": {"content": "{{pedido.id}}"}}
    document = flow(START, call, say, END, edges=[("s", "h"), ("h", "m"), ("m", "f")])
    assert codes(document, "warning") == set()


@pytest.mark.parametrize("name", sorted({dialogue.flow for dialogue in all_dialogues()}))
def test_the_golden_flows_have_no_errors(name: str) -> None:
    assert codes(document_of(name), "error") == set()


def test_every_finding_is_a_sentence_with_a_mend_and_errors_come_first() -> None:
    found = problems(flow(START, *LOOP, {"id": "x", "type": "router"}, edges=[("a", "b"), ("b", "a")]))
    assert [item.severity for item in found] == sorted(item.severity for item in found)
    assert all(item.message.endswith(".") and item.mend for item in found)
