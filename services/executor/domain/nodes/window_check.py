"""window_check: whether the 24 hour window is open, in which free messages may be sent."""

from services.executor.domain.answers import FALSE_HANDLES, TRUE_HANDLES
from services.executor.domain.document import Node
from services.executor.domain.nodes import fields
from services.executor.domain.nodes.node_type import Exit, NodeType, Plan
from services.executor.domain.turn import Go, Move, Passing, Turn

_OPEN, _CLOSED = (*TRUE_HANDLES, "open"), (*FALSE_HANDLES, "closed")


def _compile(node: Node, plan: Plan) -> Passing:
    is_open, is_closed = Go(_OPEN), Go(_CLOSED)

    def run(turn: Turn) -> Move:
        return is_open if turn.moment.is_window_open else is_closed

    return Passing(run)


WINDOW_CHECK = NodeType(
    summary="Tells whether the 24 hour window is open. While it is closed only templates may be sent.",
    schema=fields.data({"fallbackTemplate": fields.text("Kept for older builders; put a template node after false.")}),
    ways={"true": "It is open, or not known to close.", "false": "It is closed."},
    compile=_compile,
    exits=lambda node: (Exit(_OPEN), Exit(_CLOSED)),
    texts=(),
    speaks=lambda node: False,
)
