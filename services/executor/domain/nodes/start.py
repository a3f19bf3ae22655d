"""start: where a conversation enters the flow."""

from services.executor.domain.nodes import fields
from services.executor.domain.nodes.node_type import NodeType, main_exit
from services.executor.domain.turn import NEXT, Passing

START = NodeType(
    summary="Where a conversation enters the flow. A flow has exactly one.",
    schema=fields.data(),
    ways={"next": "At once."},
    compile=lambda node, plan: Passing(lambda turn: NEXT),
    exits=main_exit("next"),
)
