"""set_variable: assigns fixed values, copies of other variables, or the results of expressions, in order."""

from collections.abc import Callable, Iterator

from services.executor.domain.cel import CelError, compile_cel
from services.executor.domain.document import Node
from services.executor.domain.expressions import ExpressionError, compile_expression
from services.executor.domain.finding import Finding, error
from services.executor.domain.json_value import Json, objects_at, text_at
from services.executor.domain.nodes import fields
from services.executor.domain.nodes.condition import cel_names, check_cel
from services.executor.domain.nodes.node_type import NodeType, Plan, main_exit
from services.executor.domain.templates import compile_template
from services.executor.domain.turn import NEXT, Move, Note, Passing, Turn
from services.executor.domain.variables import Reader, Scope, bare_name, compile_reader

Assign = Callable[[Turn], None]


def _compile(node: Node, plan: Plan) -> Passing:
    assigns = tuple(_assign(node.id, item) for item in objects_at(node.data, "assignments"))

    def run(turn: Turn) -> Move:
        for assign in assigns:
            assign(turn)
        return NEXT

    return Passing(run)


def _assign(node_id: str, item: dict[str, Json]) -> Assign:
    name, evaluate = text_at(item, "name"), _evaluate(item)

    def assign(turn: Turn) -> None:
        try:
            turn.assign(name, evaluate(turn.scope))
        except (ExpressionError, CelError):
            # A defined result: the variable is empty, and the trace says why.
            turn.assign(name, "")
            turn.notes.append(Note(node_id, "expression_failed"))

    return assign


def _evaluate(item: dict[str, Json]) -> Reader:
    value, value_type = item.get("value"), text_at(item, "valueType")
    if value_type == "expression":
        return compile_expression(text_at(item, "value"))[0]
    if value_type == "cel":
        return compile_cel(text_at(item, "value"))[0]
    if value_type == "variable":
        return _copy(bare_name(text_at(item, "value")))
    if isinstance(value, str) and "{{" in value:
        return compile_template(value).render
    return lambda scope: value


def _copy(name: str) -> Reader:
    """Copy a variable as it is; an unknown one copies as empty text."""
    read = compile_reader(name)

    def copy(scope: Scope) -> Json:
        value = read(scope)
        return "" if value is None else value

    return copy


def _reads(node: Node) -> tuple[str, ...]:
    names: list[str] = []
    for item in objects_at(node.data, "assignments"):
        if text_at(item, "valueType") == "variable":
            names.append(bare_name(text_at(item, "value")))
        if text_at(item, "valueType") == "expression":
            names.extend(_expression_names(text_at(item, "value")))
        if text_at(item, "valueType") == "cel":
            names.extend(cel_names(text_at(item, "value")))
    return tuple(names)


def _expression_names(text: str) -> tuple[str, ...]:
    try:
        return compile_expression(text)[1]
    except ExpressionError:
        return ()


def _check(node: Node) -> Iterator[Finding]:
    assignments = objects_at(node.data, "assignments")
    if not assignments:
        yield error("no_assignments", node.id, f"Node {node.id} assigns nothing.", 'Fill "assignments".')
    for item in assignments:
        yield from _check_assignment(node, item)


def _check_assignment(node: Node, item: dict[str, Json]) -> Iterator[Finding]:
    if not text_at(item, "name"):
        yield error("no_variable", node.id, f"An assignment of node {node.id} has no name.", "Name the variable.")
    if text_at(item, "valueType") not in ("", "static", "variable", "expression", "cel"):
        message = f"An assignment of node {node.id} has an unknown valueType."
        yield error("unknown_value_type", node.id, message, "Write static, variable, expression or cel.")
    if text_at(item, "valueType") == "cel":
        yield from check_cel(node, text_at(item, "value"))
    if text_at(item, "valueType") == "expression":
        try:
            compile_expression(text_at(item, "value"))
        except ExpressionError as reason:
            yield error("bad_expression", node.id, f"Node {node.id}: {reason}", "Correct the expression.")


_ASSIGNMENT = fields.record(
    "An assignment.",
    {
        "name": fields.text("The variable."),
        "value": fields.anything("A value, a template, a variable's name, or an expression; see valueType."),
        "valueType": fields.choice(
            "static: the value, a text as a template; variable: a copy of it; expression: arithmetic; cel: CEL.",
            "static", "variable", "expression", "cel",
        ),
    },
    ("name",),
)  # fmt: skip

SET_VARIABLE = NodeType(
    summary="Assigns fixed values, copies of other variables, or the results of expressions, in order. An "
    "expression without a result leaves its variable empty.",
    schema=fields.data({"assignments": fields.items("In order.", _ASSIGNMENT)}, ("assignments",)),
    ways={"next": "At once."},
    compile=_compile,
    exits=main_exit("next"),
    check=_check,
    sets=lambda node: tuple(text_at(item, "name") for item in objects_at(node.data, "assignments")),
    reads=_reads,
    texts=("assignments",),
    speaks=lambda node: False,
)
