"""start: where a conversation enters the flow."""

from collections.abc import Iterator

from services.executor.domain.document import Node
from services.executor.domain.finding import Finding, warning
from services.executor.domain.nodes import fields
from services.executor.domain.nodes.node_type import NodeType, main_exit
from services.executor.domain.turn import NEXT, Passing


def _check(node: Node) -> Iterator[Finding]:
    """Router starts flows, by what apply gave it; what a builder wrote here is kept and says nothing to it."""
    if node.data.get("triggers"):
        message = f'The "triggers" of node {node.id} are kept, and start nothing.'
        yield warning("triggers_unused", node.id, message, 'Write them under "triggers" of an apply file.')


START = NodeType(
    summary="Where a conversation enters the flow. A flow has exactly one. What starts it stands in an apply file.",
    schema=fields.data(),
    ways={"next": "At once."},
    compile=lambda node, plan: Passing(lambda turn: NEXT),
    exits=main_exit("next"),
    check=_check,
)
