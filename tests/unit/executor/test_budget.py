"""Whatever a flow says and whatever a contact sends: a turn costs no more than its budget, and nothing raises."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.executor.domain.budget import MAX_WORK, Budget, WorkSpent
from services.executor.domain.commands import Ended, JumpToFlow, LimitReached, SendText
from services.executor.domain.compile import compile_flow
from services.executor.domain.conditions import OPERATORS, compile_rule
from services.executor.domain.document import parse_document
from services.executor.domain.events import Event, FlowStarted, InboundMessage
from services.executor.domain.expressions import MAX_TEXT, ExpressionError, compile_expression
from services.executor.domain.json_value import Json
from services.executor.domain.limits import Limits
from services.executor.domain.patterns import MAX_SUBJECT, PatternError, compile_search, compile_validation
from services.executor.domain.session import Session
from services.executor.domain.templates import MAX_OUTPUT_BYTES, TemplateError, compile_template
from services.executor.domain.variables import MAX_VARIABLES, Scope, size_of
from tests.unit.executor.dialogues import take
from tests.unit.executor.generated_flows import documents

unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

_NAMES = st.sampled_from(["x", "y.z", "list", "list.0.a", "big", "this", "index", "contact.name", "none", "ü ñ"])
_LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
_LARGE = st.sampled_from(["x" * 60_000, " " * 60_000, ",".join("ab" * 9_000), "9" * 60_000, "{{x}}" * 10_000])
_VALUES = st.recursive(
    _LEAVES | _LARGE,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from("abcxyz"), inner, max_size=4),
    max_leaves=8,
)
_LONG_LISTS = st.sampled_from(
    [[0] * 9_000, [{"a": "b" * 50}] * 900, [[1, 2]] * 5_000, [{str(n): n for n in range(4_000)}]]
)
_VARIABLES = st.dictionaries(st.sampled_from(["x", "y", "list", "big", "ü ñ"]), _VALUES | _LONG_LISTS, max_size=5)


def scope_of(variables: dict[str, Any], left: int = MAX_WORK) -> Scope:
    return Scope(variables, {"contact": {"name": "Ana"}}, budget=Budget(left))


_FILTERS = st.sampled_from(["", "|upper", "|trim", "|title|lower", '|default:"{{a}}"', "|money:USD", "|trim" * 60])
_TAGS = st.builds("{{{{{}{}}}}}".format, _NAMES, _FILTERS)
_LOOP = "{{{{#each {}}}}}{}{}{{{{/each}}}}"
_TEXTS = st.recursive(
    _TAGS | st.text(max_size=10) | st.sampled_from(["{{", "}}", "{{#each", "{{/each}}", "é" * 5_000]),
    lambda inner: st.builds(_LOOP.format, _NAMES, inner, inner) | st.builds(str.__add__, inner, inner),
    max_leaves=8,
)


@unhurried
@given(_TEXTS, _VARIABLES)
def test_any_text_over_any_variables_says_little_for_little(text: str, variables: dict[str, Any]) -> None:
    try:
        template = compile_template(text)
    except TemplateError:
        return
    scope = scope_of(variables)
    assert len(template.render(scope).encode("utf-8", "surrogatepass")) <= MAX_OUTPUT_BYTES
    # One text never spends a turn's whole budget, however large what it reads.
    assert scope.budget.left >= 0


_EXPRESSIONS = st.recursive(
    st.builds("{{{{{}}}}}".format, _NAMES) | st.sampled_from(["x", "1", "1,5", "'a'", '"b"', "", "9" * 30]),
    lambda inner: st.builds("{} {} {}".format, inner, st.sampled_from("+-*/"), inner) | st.builds("({})".format, inner),
    max_leaves=40,
)


@unhurried
@given(_EXPRESSIONS | st.text(max_size=60), _VARIABLES)
def test_any_expression_over_any_variables_gives_little_or_says_no(text: str, variables: dict[str, Any]) -> None:
    scope = scope_of(variables)
    try:
        value = compile_expression(text)[0](scope)
    except (ExpressionError, WorkSpent):
        return
    if isinstance(value, str):
        assert len(value) <= MAX_TEXT or value in variables.values()


@unhurried
@given(_NAMES, st.sampled_from(sorted(OPERATORS)), _VALUES | _LONG_LISTS, _VARIABLES)
def test_any_rule_over_any_variables_holds_or_does_not(
    name: str, operator: str, value: Json, variables: dict[str, Any]
) -> None:
    try:
        test = compile_rule({"variable": name, "operator": operator, "value": value})
    except (PatternError, TemplateError):
        return
    try:
        assert test(scope_of(variables)) in (True, False)
    except WorkSpent:
        return


_EVENTS = st.builds(InboundMessage, text=st.text(max_size=5) | _LARGE) | st.builds(FlowStarted, _VARIABLES)


@unhurried
@given(documents(), st.lists(_EVENTS, max_size=5), st.sampled_from([0, 100, 1_000, 20_000, MAX_WORK]))
def test_any_flow_with_any_budget_waits_ends_or_is_stopped(
    document: dict[str, Any], events: list[Event], work: int
) -> None:
    flow, session = compile_flow(parse_document(document)), None
    for event in events:
        outcome = take(flow, session, event, limits=Limits(max_iterations=12, work=work))
        session = outcome.session
        closing = [item for item in outcome.commands if isinstance(item, Ended | LimitReached | JumpToFlow)]
        assert len(closing) == (0 if session.is_active else 1)
        json.dumps(session.to_json())


@unhurried
@given(documents(), st.lists(_EVENTS, max_size=6))
def test_the_variables_of_a_conversation_have_an_end(document: dict[str, Any], events: list[Event]) -> None:
    flow, session = compile_flow(parse_document(document)), None
    for event in events:
        session = take(flow, session, event).session
        assert sum(size_of(name, value) for name, value in session.variables.items()) <= MAX_VARIABLES


def flow_of(*nodes: dict[str, Any], variables: dict[str, Any] | None = None) -> Any:
    """A flow that runs through these nodes and begins again."""
    named = [{"id": f"n{place}", **node} for place, node in enumerate(nodes)]
    ways = [{"source": f"n{place}", "target": f"n{(place + 1) % len(nodes)}"} for place in range(len(nodes))]
    document = {
        "schema": "pytake.flow/1", "name": "t", "variables": variables or {},
        "nodes": [{"id": "s", "type": "start"}, *named], "edges": [{"source": "s", "target": "n0"}, *ways],
    }  # fmt: skip
    return compile_flow(parse_document(document))


def assigning(count: int, expression: str) -> dict[str, Any]:
    assignments = [{"name": f"v{place}", "valueType": "expression", "value": expression} for place in range(count)]
    return {"type": "set_variable", "data": {"assignments": assignments}}


def ruled(count: int, rule: dict[str, Any]) -> dict[str, Any]:
    return {"type": "condition", "data": {"rules": [rule] * count, "match": "any"}}


HOSTILE = {
    "texts that are read and read again": (
        {"type": "message", "data": {"content": "{{b" + "|upper" * 60 + "|trim}}" + "."}},
        {"b": " " * 30_000},
    ),
    "loops in loops": (
        {"type": "message", "data": {"content": "{{#each l}}{{#each l}}{{#each l}}{{/each}}{{/each}}{{/each}}."}},
        {"l": [0] * 5_000},
    ),
    "a wide item in a loop": (
        {"type": "message", "data": {"content": "{{#each l}}{{#each w}}{{/each}}{{/each}}."}},
        {"l": [0] * 4_000, "w": [{str(n): 0 for n in range(1_500)}]},
    ),
    "sums of long texts": (assigning(60, "+".join(["b"] * 100)), {"b": "x" * 30_000}),
    "long lists compared": (
        ruled(2_000, {"variable": "b", "operator": "in", "value": "{{b}}"}), {"b": ",".join("a" * 15_000)},
    ),
    "a list searched for a long text": (
        ruled(2_000, {"variable": "l", "operator": "contains", "value": "{{b}}"}),
        {"l": ["x"] * 5_000, "b": "y" * 9_000},
    ),
    "patterns that are hard": (
        ruled(50, {"variable": "b", "operator": "matches", "value": "(?:[ab]{0,30}){0,33}c"}), {"b": "ab" * 2_000},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_flow_is_stopped_after_a_bounded_turn(name: str) -> None:
    node, variables = HOSTILE[name]
    flow = flow_of(node, variables=variables)
    began = time.process_time()
    outcome = take(flow, None, InboundMessage("oi"))
    spent = time.process_time() - began

    assert outcome.commands[-1] in (LimitReached("n0", "work"), LimitReached("n0", "iterations"))
    assert not outcome.session.is_active
    print(f"{name}: {spent:.2f} s, {outcome.commands[-1].reason}")


def test_what_was_said_before_the_budget_ended_is_said_and_the_conversation_stays_usable() -> None:
    flow = flow_of({"type": "message", "data": {"content": "{{x}}"}}, variables={"x": "é" * 20_000})
    outcome = take(flow, None, InboundMessage("oi"))

    said = [item for item in outcome.commands if isinstance(item, SendText)]
    assert 200_000 < sum(len(item.text) for item in said) <= 262_144
    assert outcome.commands[-1] == LimitReached("n0", "work")
    assert take(flow, outcome.session, InboundMessage("oi")).commands[0] == said[0]


def test_a_budget_that_ends_while_an_answer_is_judged_stops_the_turn_there() -> None:
    error = {"errorMessage": "{{#each l}}{{#each l}}{{/each}}{{/each}}não"}
    ask = {"type": "question", "data": {"content": "?", "variableName": "v", "kind": "number", "validation": error}}
    flow = flow_of(ask, variables={"l": [0] * 5_000})
    session = take(flow, None, InboundMessage("oi")).session
    outcome = take(flow, session, InboundMessage("nada"), limits=Limits(work=10_000))

    assert outcome.commands == (LimitReached("n0", "work"),)
    assert outcome.session.current_node_id is None


def test_an_ordinary_turn_costs_little_of_its_budget() -> None:
    greeting = "Olá {{nome|title}}, hoje temos {{#each lista}}{{index}}. {{this}} {{/each}}"
    flow = flow_of(
        {"type": "message", "data": {"content": greeting}},
        {"type": "condition", "data": {"rules": [{"variable": "nome", "operator": "==", "value": "ana"}]}},
        {"type": "question", "data": {"content": "O que vai ser?", "variableName": "pedido", "kind": "text"}},
        variables={"nome": "ana", "lista": ["pão", "leite", "queijo"]},
    )  # fmt: skip
    outcome = take(flow, None, InboundMessage("oi"), limits=Limits(work=MAX_WORK // 500))

    assert outcome.session.awaiting_input


def test_variables_that_are_full_take_nothing_more_and_say_so() -> None:
    flow = flow_of(
        {"type": "question", "data": {"content": "?", "variableName": "fala", "kind": "text"}},
        assigning(1, "v0 + fala"),
    )
    session = take(flow, None, InboundMessage("oi")).session
    notes: list[str] = []
    for _ in range(4):
        outcome = take(flow, session, InboundMessage("x" * 20_000))
        session = outcome.session
        notes += [note.code for note in outcome.trace.notes]

    assert notes == ["variables_full"]
    # As after an expression without a result; the last round began anew.
    assert session.variables == {"fala": "x" * 20_000, "v0": "x" * 20_000}


def test_a_system_full_of_variables_still_takes_shorter_ones() -> None:
    ask = {"type": "question", "data": {"content": "?", "variableName": "fala", "kind": "text"}}
    full = Session("", 0, current_node_id="n0", variables={"velho": "x" * (MAX_VARIABLES - 20)}, awaiting_input=True)

    assert take(flow_of(ask), full, InboundMessage("12345")).session.variables["fala"] == "12345"
    outcome = take(flow_of(ask), full, InboundMessage("x" * 50))
    assert outcome.session.variables["fala"] == ""
    assert [note.code for note in outcome.trace.notes] == ["variables_full"]


def test_a_text_too_long_for_a_pattern_matches_nothing() -> None:
    for matches in (compile_search("x").matches, compile_validation("x*"), compile_validation("^x")):
        assert matches("x" * MAX_SUBJECT)
        assert not matches("x" * (MAX_SUBJECT + 1))


@pytest.mark.parametrize(
    "pattern", ["x{1001}", "(x{1000}){1000}", "(?=x)", r"(x)\1", "[", r"(\pL{1,30}\pN?){1,30}", "x" * 1_001]
)
def test_a_pattern_that_would_cost_much_is_refused(pattern: str) -> None:
    with pytest.raises(PatternError):
        compile_search(pattern)


@settings(deadline=None)
@given(st.text(st.sampled_from("ab()[]{}|*+?.^$\\d,1239pLN\x00é"), max_size=30), st.text(max_size=50))
def test_any_pattern_is_refused_or_answers(pattern: str, text: str) -> None:
    try:
        search, matches = compile_search(pattern), compile_validation(pattern)
    except PatternError:
        return
    assert {search.matches(text), matches(text)} <= {True, False}
