"""return: ends a sub-flow, and the flow that called it goes on; outside of a sub-flow it ends the flow."""

from services.executor.domain.nodes import fields
from services.executor.domain.nodes.node_type import NodeType
from services.executor.domain.turn import Finish, Passing

RETURN = NodeType(
    summary="Ends a sub-flow: the flow that called it goes on after its call. Outside of a sub-flow it ends the flow.",
    schema=fields.data(),
    ways={},
    compile=lambda node, plan: Passing(lambda turn: Finish("returned")),
    exits=lambda node: (),
    texts=(),
    speaks=lambda node: False,
)
