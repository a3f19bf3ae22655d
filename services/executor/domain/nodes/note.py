"""note: a remark on the canvas; a conversation that runs through it notices nothing."""

from services.executor.domain.nodes.node_type import Exit, NodeType
from services.executor.domain.turn import NEXT, Passing

NOTE = NodeType(
    compile=lambda node, plan: Passing(lambda turn: NEXT),
    exits=lambda node: (Exit(("next",), expected=False),),
    texts=(),
)
