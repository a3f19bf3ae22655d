"""start: where a conversation enters the flow."""

from services.executor.domain.nodes.node_type import NodeType, main_exit
from services.executor.domain.turn import NEXT, Passing

START = NodeType(compile=lambda node, plan: Passing(lambda turn: NEXT), exits=main_exit("next"))
