"""jump: goes on at another node, or in another flow of the same organization.

`variable_mapping` is {target: "{{source}}"}; without it every variable goes along, unless `pass_variables`
is false.
"""

from collections.abc import Iterator

from services.executor.domain.document import Node
from services.executor.domain.finding import Finding, error
from services.executor.domain.json_value import Json, object_at, text_at
from services.executor.domain.nodes.node_type import Exit, NodeType, Plan
from services.executor.domain.templates import compile_template
from services.executor.domain.turn import NEXT, GoTo, LeaveFlow, Move, Passing, Turn
from services.executor.domain.variables import Reader, bare_name, compile_reader


def _flow(node: Node) -> str:
    return text_at(node.data, "targetFlowId") or text_at(node.data, "targetFlow")


def _compile(node: Node, plan: Plan) -> Passing:
    if target := text_at(node.data, "targetNodeId"):
        return Passing(lambda turn: GoTo(target))
    return _leave(node) if _flow(node) else Passing(lambda turn: NEXT)


def _leave(node: Node) -> Passing:
    flow, mapping = _flow(node), object_at(node.data, "variable_mapping")
    readers = tuple((bare_name(name), _source(value)) for name, value in mapping.items())
    pass_all = not readers and node.data.get("pass_variables") is not False

    def run(turn: Turn) -> Move:
        if pass_all:
            return LeaveFlow(flow, dict(turn.variables))
        found = ((name, read(turn.scope)) for name, read in readers)
        return LeaveFlow(flow, {name: value for name, value in found if value is not None})

    return Passing(run)


def _source(value: Json) -> Reader:
    """A bare or braced name copies that variable; any other text is a template; anything else is itself."""
    if not isinstance(value, str):
        return lambda scope: value
    name = bare_name(value)
    return compile_template(value).render if "{{" in name else compile_reader(name)


def _exits(node: Node) -> tuple[Exit, ...]:
    is_explicit = text_at(node.data, "targetNodeId") or _flow(node)
    return () if is_explicit else (Exit(("next",)),)


def _check(node: Node) -> Iterator[Finding]:
    if text_at(node.data, "targetNodeId") and _flow(node):
        message = f"Jump {node.id} names both a node and a flow."
        yield error("two_targets", node.id, message, "Keep one of targetNodeId and targetFlowId.")


JUMP = NodeType(compile=_compile, exits=_exits, check=_check, texts=("variable_mapping",))
