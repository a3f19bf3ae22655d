"""message: says a text or sends a file. With reply buttons it waits only when an edge leaves a button, or on
`waitForReply`.
"""

from collections.abc import Callable, Iterator
from typing import Final

from services.executor.domain.document import Node
from services.executor.domain.events import Event, TimerFired
from services.executor.domain.exits import Exits
from services.executor.domain.finding import Finding, error
from services.executor.domain.json_value import flag_at, number_of, text_at
from services.executor.domain.nodes import fields, media, menu
from services.executor.domain.nodes.buttons import (
    BUTTON_FIELDS,
    button_options,
    check_buttons,
    compile_buttons,
    send_buttons,
)
from services.executor.domain.nodes.node_type import Exit, NodeType, Plan, limit, require_text, template_at
from services.executor.domain.nodes.waiting import INVALID_EXIT, NO_REPLY_EXIT
from services.executor.domain.says import SendMedia
from services.executor.domain.turn import MAX_TEXT, NEXT, Behaviour, Holding, Move, Note, Passing, Turn

# A longer pause is a delay's.
MAX_DELAY_MS: Final = 10_000

Act = Callable[[Turn], None]


def _sends_media(node: Node) -> bool:
    has_file = any(text_at(node.data, key).strip() for key in ("mediaUrl", "mediaId"))
    return has_file or text_at(node.data, "mediaType") not in ("", "text")


def _waits(node: Node, exits: Exits) -> bool:
    options = button_options(node)
    if not options:
        return False
    branches = any(exits.named(option.value) or exits.named(option.title) for option in options)
    return branches or flag_at(node.data, "waitForReply")


def _compile(node: Node, plan: Plan) -> Behaviour:
    if _waits(node, plan.exits):
        return compile_buttons(node, plan)
    act = _act(node)
    milliseconds = number_of(node.data.get("delay_ms"))
    if milliseconds is not None and milliseconds > 0:
        return _after(min(float(milliseconds), MAX_DELAY_MS) / 1000, act)

    def run(turn: Turn) -> Move:
        act(turn)
        return NEXT

    return Passing(run)


def _after(seconds: float, act: Act) -> Holding:
    """Say it after a little while; what the contact writes meanwhile answers the next question."""

    def enter(turn: Turn) -> Move | None:
        if turn.is_muted:
            return NEXT
        turn.set_timer("delay", seconds)
        return None

    def wake(turn: Turn, event: Event) -> Move | None:
        if not isinstance(event, TimerFired):
            return None
        act(turn)
        return NEXT

    return Holding(enter, wake, keeps_messages=True)


def _act(node: Node) -> Act:
    if button_options(node):
        return send_buttons(node, button_options(node))
    if _sends_media(node):
        return _send_media(node)
    content = template_at(node, "content")
    return lambda turn: turn.say(node.id, turn.render(content))


def _send_media(node: Node) -> Act:
    """Send the file with its words; a kind without a caption has them in a text of its own."""
    kind = media.KINDS[text_at(node.data, "mediaType")]
    file, is_captioned = media.compile_media(node.data, kind), kind in media.CAPTIONED
    words = template_at(node, "caption" if text_at(node.data, "caption").strip() else "content")
    caption = menu.clipped(words, media.MAX_CAPTION)

    def send(turn: Turn) -> None:
        found = file(turn)
        if found is None:
            turn.notes.append(Note(node.id, "no_media"))
        else:
            turn.send(SendMedia(node.id, found, caption(turn) if is_captioned else ""))
        if found is None or not is_captioned:
            turn.say(node.id, turn.render(words))

    return send


def _exits(node: Node) -> tuple[Exit, ...]:
    options = button_options(node)
    buttons = tuple(Exit((option.value, option.title), expected=False) for option in options)
    waits = (Exit(menu.ELSE_HANDLES, expected=False), INVALID_EXIT, NO_REPLY_EXIT) if options else ()
    return (Exit(("next",), expected=not buttons), *buttons, *waits)


def _check(node: Node) -> Iterator[Finding]:
    if _sends_media(node):
        yield from media.check_media(node)
    else:
        yield from require_text(node)
    if button_options(node):
        yield from check_buttons(node)
        if text_at(node.data, "mediaType") in ("audio", "sticker"):
            message = f"Node {node.id} has buttons below a sound or a sticker; WhatsApp shows none there."
            yield error("bad_media", node.id, message, "Use an image, a video or a document, or two nodes.")
    else:
        yield from limit(node, "The text", text_at(node.data, "content"), MAX_TEXT)
    delay = node.data.get("delay_ms")
    milliseconds = number_of(delay)
    if delay is not None and (milliseconds is None or not 0 <= milliseconds <= MAX_DELAY_MS):
        message = f'"delay_ms" of node {node.id} is no number of milliseconds up to {MAX_DELAY_MS}.'
        yield error("bad_delay", node.id, message, "Write fewer, or put a delay node before it.")


MESSAGE = NodeType(
    summary="Says a text, or sends an image, video, sound, document or sticker. With reply buttons it waits for "
    "one only when an edge leaves a button, or on waitForReply.",
    schema=fields.data(
        {
            "content": fields.template("The text."),
            "header": menu.FRAME["header"],
            "footer": menu.FRAME["footer"],
            **media.FIELDS,
            "buttons": BUTTON_FIELDS,
            "waitForReply": fields.flag("Wait for a button though no edge leaves one."),
            "delay_ms": fields.number("A pause before it, in milliseconds; 10,000 at most. Not where it waits."),
            **menu.FIELDS,
        }
    ),
    ways={
        "next": "It was said; or a button was chosen.",
        "<id or title of a button>": "It was chosen.",
        **menu.WAYS,
    },
    compile=_compile,
    exits=_exits,
    check=_check,
    sets=lambda node: (text_at(node.data, "variableName"),) if button_options(node) else (),
    texts=("content", "header", "footer", "buttons", "caption", "mediaUrl", "mediaId", "filename", "errorMessage"),
    waits=_waits,
    speaks=lambda node: bool(text_at(node.data, "content").strip()) or _sends_media(node),
)
