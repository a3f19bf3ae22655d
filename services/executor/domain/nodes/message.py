"""message: says a text. With reply buttons it waits only when an edge leaves a button, or on `waitForReply`."""

from collections.abc import Iterator

from services.executor.domain.document import Node
from services.executor.domain.exits import Exits
from services.executor.domain.finding import Finding, error
from services.executor.domain.json_value import flag_at, text_at
from services.executor.domain.nodes.buttons import button_options, check_buttons, compile_buttons, send_buttons
from services.executor.domain.nodes.node_type import Exit, NodeType, Plan, limit, require_text, template_at
from services.executor.domain.turn import MAX_TEXT, NEXT, Behaviour, Move, Passing, Turn

_MEDIA_KEYS = ("mediaUrl", "mediaId", "media")


def _waits(node: Node, exits: Exits) -> bool:
    options = button_options(node)
    if not options:
        return False
    branches = any(exits.named(option.value) or exits.named(option.title) for option in options)
    return branches or flag_at(node.data, "waitForReply")


def _compile(node: Node, plan: Plan) -> Behaviour:
    if _waits(node, plan.exits):
        return compile_buttons(node, plan)
    return _with_buttons(node) if button_options(node) else _text_only(node)


def _text_only(node: Node) -> Passing:
    content = template_at(node, "content")

    def run(turn: Turn) -> Move:
        turn.say(node.id, turn.render(content))
        return NEXT

    return Passing(run)


def _with_buttons(node: Node) -> Passing:
    send = send_buttons(node, button_options(node))

    def run(turn: Turn) -> Move:
        send(turn)
        return NEXT

    return Passing(run)


def _exits(node: Node) -> tuple[Exit, ...]:
    buttons = tuple(Exit((option.value, option.title), expected=False) for option in button_options(node))
    return (Exit(("next",), expected=not buttons), *buttons)


def _check(node: Node) -> Iterator[Finding]:
    if text_at(node.data, "mediaType") not in ("", "text") or any(node.data.get(key) for key in _MEDIA_KEYS):
        message = f"Node {node.id} sends media, which cannot run in this version."
        yield error("not_runnable", node.id, message, "Send a text with a link instead.")
    yield from require_text(node)
    if button_options(node):
        yield from check_buttons(node)
    else:
        yield from limit(node, "The text", text_at(node.data, "content"), MAX_TEXT)


MESSAGE = NodeType(
    compile=_compile,
    exits=_exits,
    check=_check,
    sets=lambda node: (text_at(node.data, "variableName"),) if button_options(node) else (),
    texts=("content", "header", "footer", "buttons"),
    waits=_waits,
)
