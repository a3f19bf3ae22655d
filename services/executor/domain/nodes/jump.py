"""jump: goes on at another node, or in another flow of the same organization, and comes back with returnToParent."""

from collections.abc import Iterator

from services.executor.domain.document import Node
from services.executor.domain.finding import Finding, error
from services.executor.domain.json_value import flag_at, text_at
from services.executor.domain.nodes import fields
from services.executor.domain.nodes.node_type import Exit, NodeType, Plan
from services.executor.domain.nodes.subflow import HANDING, compile_handing, compile_visit, other_flow, returned_names
from services.executor.domain.turn import NEXT, Behaviour, GoTo, LeaveFlow, Passing


def _compile(node: Node, plan: Plan) -> Behaviour:
    if target := text_at(node.data, "targetNodeId"):
        return Passing(lambda turn: GoTo(target))
    flow = other_flow(node)
    if not flow:
        return Passing(lambda turn: NEXT)
    if _comes_back(node):
        return compile_visit(node)
    hand_over = compile_handing(node)
    return Passing(lambda turn: LeaveFlow(flow, hand_over(turn)))


def _comes_back(node: Node) -> bool:
    return flag_at(node.data, "returnToParent") and not text_at(node.data, "targetNodeId")


def _exits(node: Node) -> tuple[Exit, ...]:
    leaves = text_at(node.data, "targetNodeId") or (other_flow(node) and not _comes_back(node))
    return () if leaves else (Exit(("next",)),)


def _check(node: Node) -> Iterator[Finding]:
    if text_at(node.data, "targetNodeId") and other_flow(node):
        message = f"Jump {node.id} names both a node and a flow."
        yield error("two_targets", node.id, message, "Keep one of targetNodeId and targetFlowId.")


JUMP = NodeType(
    summary="Goes on at another node, or in another flow of the same organization. With returnToParent it comes "
    "back, as from a sub-flow.",
    schema=fields.data(
        {
            "targetNodeId": fields.text("A node of this flow."),
            "targetFlowId": fields.text("Another flow, by its id."),
            "targetFlow": fields.text("Another flow, by its name."),
            **HANDING,
            "returnToParent": fields.flag("Come back when the other flow ends."),
        }
    ),
    ways={"next": "It names no target, or the other flow came back."},
    compile=_compile,
    exits=_exits,
    check=_check,
    sets=lambda node: returned_names(node) if _comes_back(node) else (),
    texts=("variable_mapping",),
    speaks=lambda node: False,
)
