"""condition: `rules` with ways out true and false, or `routes` with a handle each and a default."""

from collections.abc import Iterator, Mapping
from typing import Final

from services.executor.domain.answers import FALSE_HANDLES, TRUE_HANDLES
from services.executor.domain.cel import CelError, compile_cel
from services.executor.domain.conditions import OPERATORS, compile_rules
from services.executor.domain.document import Node
from services.executor.domain.finding import Finding, error
from services.executor.domain.json_value import Json, objects_at, text_at
from services.executor.domain.nodes import fields
from services.executor.domain.nodes.menu import ELSE_HANDLES
from services.executor.domain.nodes.node_type import Exit, NodeType, Plan
from services.executor.domain.patterns import PatternError, compile_search
from services.executor.domain.turn import Go, Move, Note, Passing, Turn
from services.executor.domain.variables import bare_name

DEFAULT_HANDLES: Final = ("default", *ELSE_HANDLES)


def _compile(node: Node, plan: Plan) -> Passing:
    if expression := _expression(node):
        return _by_expression(node.id, expression)
    routes = objects_at(node.data, "routes")
    return _by_routes(routes) if routes else _true_or_false(node.data)


def _true_or_false(data: Mapping[str, Json]) -> Passing:
    test, if_true, if_false = compile_rules(data), Go(TRUE_HANDLES), Go(FALSE_HANDLES)

    def run(turn: Turn) -> Move:
        return if_true if test(turn.scope) else if_false

    return Passing(run)


def _expression(node: Node) -> str:
    return text_at(node.data, "expression").strip()


def _by_expression(node_id: str, expression: str) -> Passing:
    evaluate, if_true, if_false = compile_cel(expression)[0], Go(TRUE_HANDLES), Go(FALSE_HANDLES)

    def run(turn: Turn) -> Move:
        try:
            holds = evaluate(turn.scope)
        except CelError:
            holds = None
        if not isinstance(holds, bool):
            # A defined result: what cannot be worked out does not hold, and the trace says why.
            turn.notes.append(Note(node_id, "expression_failed"))
        return if_true if holds is True else if_false

    return Passing(run)


def _by_routes(routes: list[dict[str, Json]]) -> Passing:
    tests = tuple((compile_rules(route), Go((text_at(route, "handle"),))) for route in routes)

    default = Go(DEFAULT_HANDLES)

    def run(turn: Turn) -> Move:
        return next((go for test, go in tests if test(turn.scope)), default)

    return Passing(run)


def _exits(node: Node) -> tuple[Exit, ...]:
    routes = objects_at(node.data, "routes")
    if routes and not _expression(node):
        return (*(Exit((text_at(route, "handle"),)) for route in routes), Exit(DEFAULT_HANDLES))
    return (Exit(TRUE_HANDLES), Exit(FALSE_HANDLES))


def _all_rules(node: Node) -> Iterator[dict[str, Json]]:
    yield from objects_at(node.data, "rules")
    for route in objects_at(node.data, "routes"):
        yield from objects_at(route, "rules")


def _check(node: Node) -> Iterator[Finding]:
    if expression := _expression(node):
        yield from check_cel(node, expression)
        return
    holders = objects_at(node.data, "routes") or [dict(node.data)]
    if not all(objects_at(holder, "rules") for holder in holders):
        yield error("no_rules", node.id, f"Condition {node.id} has a branch without rules.", 'Fill "rules".')
    for route in objects_at(node.data, "routes"):
        if not text_at(route, "handle"):
            yield error("no_handle", node.id, f"A route of condition {node.id} has no handle.", "Name a handle.")
    for rule in _all_rules(node):
        yield from _check_rule(node, rule)


def _rule_names(node: Node) -> tuple[str, ...]:
    return tuple(bare_name(text_at(rule, "variable")) for rule in _all_rules(node))


def check_cel(node: Node, expression: str) -> Iterator[Finding]:
    """Report a CEL expression that cannot be read."""
    try:
        compile_cel(expression)
    except CelError as reason:
        yield error(
            "bad_cel", node.id, f"Node {node.id}: {reason}", "Correct the expression; names stand without braces."
        )


def cel_names(expression: str) -> tuple[str, ...]:
    """The names that an expression reads; none of one that cannot be read."""
    try:
        return compile_cel(expression)[1] if expression else ()
    except CelError:
        return ()


def _check_rule(node: Node, rule: dict[str, Json]) -> Iterator[Finding]:
    operator = text_at(rule, "operator") or "=="
    if not text_at(rule, "variable"):
        yield error("no_variable", node.id, f"A rule of condition {node.id} names no variable.", "Name one.")
    if operator not in OPERATORS:
        message = f'Condition {node.id} uses the unknown operator "{operator}".'
        yield error("unknown_operator", node.id, message, f"Use one of {' '.join(sorted(OPERATORS))}.")
    if operator == "matches":
        try:
            compile_search(text_at(rule, "value"))
        except PatternError as reason:
            yield error("bad_regex", node.id, f"Node {node.id}: {reason}", "Correct the pattern.")


_RULES: Final = fields.items(
    "What is compared.",
    fields.record(
        "A rule.",
        {
            "variable": fields.text("The variable's name, dots walk into it."),
            "operator": fields.choice("How it is compared.", *sorted(OPERATORS), default="=="),
            "value": fields.anything("With what; a text may hold {{placeholders}}."),
        },
        ("variable",),
    ),
)
_MATCH: Final = fields.choice("Whether all rules must hold, or any.", "all", "any", default="all")
_ROUTE: Final = fields.record(
    "A way out with its own rules.",
    {"handle": fields.text("The way out."), "rules": _RULES, "match": _MATCH},
    ("handle", "rules"),
)

CONDITION = NodeType(
    summary="Decides by rules, or by one CEL expression, and leaves by true or false; or takes the first of "
    "several routes whose rules hold. An expression that cannot be worked out counts as false.",
    schema=fields.data(
        {
            "rules": _RULES,
            "match": _MATCH,
            "routes": fields.items("Instead of rules: the ways out, tried in order.", _ROUTE),
            "expression": fields.text("Instead of rules: one CEL expression."),
        }
    ),
    ways={
        "true": "The rules hold.",
        "false": "They do not.",
        "<handle of a route>": "Its rules hold, and those of no route before it.",
        "default": "The rules of no route hold.",
    },
    compile=_compile,
    exits=_exits,
    check=_check,
    reads=lambda node: cel_names(_expression(node)) or _rule_names(node),
    texts=("rules", "routes"),
    speaks=lambda node: False,
)
