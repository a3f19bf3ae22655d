"""switch: one way out per value of a variable, and a default."""

from collections.abc import Iterator

from services.executor.domain.document import Node
from services.executor.domain.finding import Finding, error
from services.executor.domain.json_value import object_at, text_at, text_of
from services.executor.domain.nodes import fields
from services.executor.domain.nodes.condition import DEFAULT_HANDLES
from services.executor.domain.nodes.node_type import Exit, NodeType, Plan
from services.executor.domain.turn import Go, Move, Passing, Turn
from services.executor.domain.variables import bare_name, compile_reader


def _name(node: Node) -> str:
    return bare_name(text_at(node.data, "variable"))


def _compile(node: Node, plan: Plan) -> Passing:
    read = compile_reader(_name(node))
    cases = {value.strip().casefold(): Go((handle, value)) for value, handle in _cases(node)}
    default = Go(DEFAULT_HANDLES)

    def run(turn: Turn) -> Move:
        return cases.get(text_of(read(turn.scope)).strip().casefold(), default)

    return Passing(run)


def _cases(node: Node) -> tuple[tuple[str, str], ...]:
    return tuple((value, text_of(handle)) for value, handle in object_at(node.data, "cases").items())


def _check(node: Node) -> Iterator[Finding]:
    if not _name(node):
        yield error("no_variable", node.id, f"Switch {node.id} names no variable.", 'Name one in "variable".')
    if not _cases(node):
        yield error("no_cases", node.id, f"Switch {node.id} has no cases.", 'Fill "cases" with value: handle.')


SWITCH = NodeType(
    summary="Chooses one way out by the value of a variable. Values compare trimmed and without regard to case.",
    schema=fields.data(
        {
            "variable": fields.text("The variable's name."),
            "cases": fields.table("Value → handle.", fields.text("The handle of this value.")),
        },
        ("variable", "cases"),
    ),
    ways={"<handle of a case>": "The variable has this value.", "default": "It has no value of the cases."},
    compile=_compile,
    exits=lambda node: (*(Exit((handle, value)) for value, handle in _cases(node)), Exit(DEFAULT_HANDLES)),
    check=_check,
    reads=lambda node: (_name(node),),
    texts=(),
    speaks=lambda node: False,
)
