"""end: says goodbye, if it has a text, and closes the conversation's state."""

from services.executor.domain.document import Node
from services.executor.domain.nodes.node_type import NodeType, Plan, template_at
from services.executor.domain.turn import Finish, Move, Passing, Turn


def _compile(node: Node, plan: Plan) -> Passing:
    content = template_at(node, "content")

    def run(turn: Turn) -> Move:
        turn.say(node.id, turn.render(content))
        return Finish("end_node")

    return Passing(run)


END = NodeType(compile=_compile, exits=lambda node: ())
