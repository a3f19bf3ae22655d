"""end: says goodbye, if it has a text, and closes the conversation's state."""

from services.executor.domain.document import Node
from services.executor.domain.nodes import fields
from services.executor.domain.nodes.node_type import NodeType, Plan, template_at
from services.executor.domain.turn import Finish, Move, Passing, Turn


def _compile(node: Node, plan: Plan) -> Passing:
    content = template_at(node, "content")

    def run(turn: Turn) -> Move:
        turn.say(node.id, turn.render(content))
        return Finish("end_node")

    return Passing(run)


END = NodeType(
    summary="Says goodbye, if it has a text, and ends the flow. A later message of the contact may start one again.",
    schema=fields.data(
        {
            "content": fields.template("What is said last."),
            "closeConversation": fields.flag("Kept for older builders: the end closes the session in any case."),
            **fields.SPEAKING,
        }
    ),
    ways=fields.SPEAKING_WAYS,
    compile=_compile,
    exits=lambda node: (),
)
