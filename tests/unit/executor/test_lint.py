"""What the linter finds, and that errors refuse to compile."""

import time
from collections.abc import Sequence
from typing import Any

import pytest

from services.executor.domain.compile import compile_flow
from services.executor.domain.document import MAX_NODES, FlowDocument, parse_document
from services.executor.domain.finding import InvalidFlow
from services.executor.domain.lint import Known, KnownTemplates, problems
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
    ("not_runnable", "question", {"content": "Nota?", "variableName": "x", "kind": "poem"}),
    ("bad_media", "message", {"content": "Veja", "mediaUrl": "https://x.example/a.png"}),
    ("bad_media", "message", {"mediaType": "image"}),
    ("bad_media", "message", menu("a", mediaType="audio", mediaId="1")),
    ("bad_url", "message", {"mediaType": "image", "mediaUrl": "ftp://x.example/a.png"}),
    ("too_long", "message", {"mediaType": "image", "mediaId": "1", "caption": "é" * 1025}),
    ("bad_delay", "message", {"content": "Oi", "delay_ms": 10_001}),
    ("bad_seconds", "question", {"content": "?", "timeoutSeconds": 0}),
    ("bad_seconds", "buttons", menu("a", timeoutSeconds="logo")),
    ("bad_burst", "question", {"content": "?", "burst": {"policy": "wait"}}),
    ("bad_burst", "list", {**rows(1), "burst": {"policy": "join", "quietSeconds": 0.1}}),
    ("bad_burst", "question", {"content": "?", "burst": {"policy": "latest", "quietSeconds": 61}}),
    ("unknown_policy", "message", {"content": "Oi", "onWindowClosed": "shout"}),
    ("no_template", "message", {"content": "Oi", "onWindowClosed": "template"}),
    ("bad_template", "message", {"content": "Oi", "windowTemplate": {"templateName": "{{#each x}}"}}),
    ("bad_cel", "condition", {"expression": "a >"}),
    ("bad_cel", "set_variable", {"assignments": [{"name": "x", "valueType": "cel", "value": "{{a}} + 1"}]}),
    ("bad_location", "location", {"latitude": 91, "longitude": 0}),
    ("bad_location", "location", {"latitude": 0, "longitude": "lá"}),
    ("option_count", "contacts", {"contacts": []}),
    ("empty_text", "contacts", {"contacts": [{"phones": ["1"]}]}),
    ("bad_url", "cta_url", {"content": "Oi", "buttonText": "Abrir", "url": "x.example"}),
    ("too_long", "cta_url", {"content": "Oi", "buttonText": "x" * 21, "url": "https://x.example"}),
    ("too_long", "location_request", {"content": "é" * 1025}),
    ("no_target", "whatsapp_flow", {"content": "Oi"}),
    ("no_screen", "whatsapp_flow", {"content": "Oi", "flowId": "1", "payload": {"a": 1}}),
    ("too_long", "whatsapp_flow", {"content": "Oi", "flowId": "1", "buttonText": "x" * 31}),
    ("unknown_mode", "whatsapp_flow", {"content": "Oi", "flowId": "1", "mode": "test"}),
    ("no_catalog", "product", {"productId": "1"}),
    ("no_product", "product", {"catalogId": "1"}),
    ("option_count", "product", {"catalogId": "1", "sections": [{"products": ["p"] * 31}]}),
    ("empty_text", "product", {"catalogId": "1", "content": "Oi", "sections": [{"products": ["p"]}]}),
    ("no_template", "template", {}),
    ("unknown_button", "template", {"templateName": "t", "parameters": {"buttons": [{"type": "call"}]}}),
    ("bad_url", "http_request", {"url": "x.example"}),
    ("unknown_method", "http_request", {"url": "https://x.example", "method": "BREW"}),
    ("unknown_on_error", "http_request", {"url": "https://x.example", "onError": "retry"}),
    ("unknown_auth", "http_request", {"url": "https://x.example", "secretId": "k", "authType": "digest"}),
    ("out_of_range", "http_request", {"url": "https://x.example", "timeoutSeconds": 61}),
    ("out_of_range", "http_request", {"url": "https://x.example", "maxRetries": 6}),
    ("bad_mapping", "http_request", {"url": "https://x.example", "mapping": ["a"]}),
    ("bad_request", "http_request", {"url": "https://x.example", "headers": ["a"]}),
    ("bad_url", "ai_reply", {"model": "m"}),
    ("empty_text", "ai_reply", {"baseUrl": "https://x.example"}),
    ("bad_secret_name", "ai_reply", {"baseUrl": "https://x.example", "model": "m", "secretId": "my key"}),
    ("out_of_range", "ai_reply", {"baseUrl": "https://x.example", "model": "m", "history": 21}),
    ("bad_seconds", "delay", {}),
    ("bad_seconds", "delay", {"seconds": -1}),
    ("bad_moment", "delay", {"until": "amanhã"}),
    ("no_target", "subflow", {}),
    ("no_variants", "random", {}),
    ("bad_weight", "random", {"variants": [{"handle": "a", "weight": -1}]}),
    ("bad_weight", "random", {"variants": [{"handle": "a", "weight": 0}]}),
    ("duplicate_option", "random", {"variants": [{"handle": "a"}, {"handle": "A"}]}),
    ("unknown_priority", "handoff", {"priority": "asap"}),
    ("bad_seconds", "handoff", {"timeoutSeconds": "x"}),
    ("no_changes", "contact", {}),
    ("bad_attribute", "contact", {"attributes": {"x" * 65: 1}}),
    ("bad_opt_in", "contact", {"optIn": "yes"}),
    ("bad_schedule", "business_hours", {}),
    ("bad_schedule", "business_hours", {"schedule": {"seg": [["09:00", "18:00"]]}}),
    ("bad_schedule", "business_hours", {"schedule": {"mon": [["09:00", "25:00"]]}}),
    ("bad_schedule", "business_hours", {"schedule": {"mon": [["09:00", "09:00"]]}}),
    ("bad_holiday", "business_hours", {"schedule": {"mon": []}, "holidays": ["02-30"]}),
    ("unknown_timezone", "business_hours", {"schedule": {"mon": []}, "timezone": "Mars/City"}),
    ("unknown_operation", "datetime", {"operation": "guess", "outputVariable": "x"}),
    ("no_variable", "datetime", {"operation": "get_current"}),
    ("bad_format", "datetime", {"outputVariable": "x", "format": "%99999d"}),
    ("bad_format", "datetime", {"outputVariable": "x", "format": "DD/MM"}),
    ("unknown_unit", "datetime", {"operation": "add", "addAmount": 1, "addUnit": "moons", "outputVariable": "x"}),
    ("no_amount", "datetime", {"operation": "add", "outputVariable": "x"}),
    ("unknown_operator", "datetime", {"operation": "compare", "compareOperator": "~"}),
    ("unknown_timezone", "datetime", {"outputVariable": "x", "timezone": "Mars/City"}),
    ("empty_text", "analytics", {}),
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


def test_inactivity_that_leads_nowhere_or_says_no_template_is_refused() -> None:
    minds = {"warnSeconds": 60, "warnMessage": "{{#each x}}", "then": "handoff", "node": "gone"}
    document = flow(START, END, edges=[("s", "f")], settings={"inactivity": minds})
    assert codes(document, "error") == {("bad_template", None), ("dangling_inactivity", None)}
    aimless = flow(START, END, edges=[("s", "f")], settings={"inactivity": {"warnSeconds": 60, "then": "fallback"}})
    assert codes(aimless, "error") == {("dangling_inactivity", None)}


def test_a_node_that_inactivity_leads_to_is_reached() -> None:
    minds = {"warnSeconds": 60, "then": "handoff", "node": "help"}
    help_ = {"id": "help", "type": "end", "data": {"content": "Ajuda {{quem}}"}}
    document = flow(START, END, help_, edges=[("s", "f")], settings={"inactivity": {**minds, "message": "{{onde}}"}})
    assert codes(document, "warning") == {("unknown_variable", None), ("unknown_variable", "help")}


def test_what_the_organization_has_is_asked_only_when_it_is_known() -> None:
    nodes: list[Data] = [
        {"id": "a", "type": "subflow", "data": {"targetFlow": "pagar"}},
        {"id": "b", "type": "template", "data": {"templateName": "volte", "languageCode": "en"}},
        {"id": "c", "type": "message", "data": {"content": "Oi", "windowTemplate": {"templateName": "oi"}}},
    ]
    document = flow(START, *nodes, END, edges=[("s", "a"), ("a", "b"), ("b", "c"), ("c", "f")])

    def unknown(known: Known | None) -> set[tuple[str, str | None]]:
        found = {(item.code, item.node_id) for item in problems(document, known) if item.severity == "warning"}
        return {item for item in found if item[0] in ("unknown_flow", "template_not_approved")}

    assert unknown(None) == set()
    assert unknown(Known(flows=frozenset(), templates=KnownTemplates(frozenset({"volte:pt_BR", "oi:pt_BR"})))) == {
        ("unknown_flow", "a"),
        ("template_not_approved", "b"),
    }
    assert unknown(Known(flows=frozenset({"pagar"}), templates=KnownTemplates(frozenset({"volte"})))) == {
        ("template_not_approved", "c")
    }


@pytest.mark.parametrize(
    ("code", "settings"),
    [
        ("bad_setting", {"on_window_closed": "shout"}),
        ("bad_setting", {"session_ttl_seconds": "a day"}),
        ("bad_setting", {"inactivity": {"warnMessage": "Oi?"}}),
        ("bad_setting", {"inactivity": {"warnSeconds": 0}}),
        ("bad_setting", {"inactivity": {"warnSeconds": 60, "then": "shout"}}),
        ("dangling_inactivity", {"inactivity": {"warnSeconds": 60, "then": "handoff"}}),
        ("dangling_inactivity", {"inactivity": {"warnSeconds": 60, "then": "fallback", "node": "z"}}),
        ("bad_template", {"inactivity": {"warnSeconds": 60, "warnMessage": "{{#each x}}"}}),
        ("unknown_timezone", {"timezone": "Mars/City"}),
    ],
)
def test_a_setting_that_means_nothing_refuses_publication(code: str, settings: Data) -> None:
    assert (code, None) in codes(around("message", {"content": "Oi"}, settings=settings), "error")


def test_a_time_limit_without_a_way_for_it_is_advice() -> None:
    question = {"content": "?", "variableName": "x", "timeoutSeconds": 60}
    assert ("missing_no_reply", "n") in codes(around("question", question), "warning")
    assert ("missing_no_reply", "n") not in codes(around("question", question, "answered", "no_reply"), "warning")


@pytest.mark.parametrize(
    ("node_type", "data", "handle", "is_known"),
    [
        ("condition", rule(), "no_reply", False),
        ("delay", {"seconds": 1}, "timeout", False),
        ("delay", {"seconds": 1}, "cancelled", True),
        ("message", {"content": "Oi"}, "window_closed", True),
        ("message", {"content": "Oi"}, "failed:131026", True),
        ("message", {"content": "Oi"}, "invalid", False),
        ("http_request", {"url": "https://x.example"}, "failed:404", True),
        ("http_request", {"url": "https://x.example"}, "window_closed", False),
        ("set_variable", {"assignments": [{"name": "x", "value": 1}]}, "failed:404", False),
        ("question", {"content": "?", "variableName": "x"}, "skip", True),
    ],
)
def test_a_handle_that_a_node_does_not_have_is_advice(node_type: str, data: Data, handle: str, is_known: bool) -> None:
    found = codes(around(node_type, data, "", handle), "warning")
    assert (("unknown_handle", "n") in found) is not is_known
