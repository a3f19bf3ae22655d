"""note: a remark on the canvas; a conversation that runs through it notices nothing."""

from services.executor.domain.nodes import fields
from services.executor.domain.nodes.node_type import Exit, NodeType
from services.executor.domain.turn import NEXT, Passing

NOTE = NodeType(
    summary="A remark on the canvas. A conversation that runs through it notices nothing.",
    schema=fields.data({"content": fields.text("The remark. Nobody is sent it.")}),
    ways={"next": "At once."},
    compile=lambda node, plan: Passing(lambda turn: NEXT),
    exits=lambda node: (Exit(("next",), expected=False),),
    texts=(),
    speaks=lambda node: False,
)
