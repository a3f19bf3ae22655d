"""buttons: a text with one to three reply buttons; waits for a tap, or for the typed id, title or number."""

from collections.abc import Callable, Iterator
from typing import Final

from services.executor.domain.commands import Button, SendButtons
from services.executor.domain.document import Node
from services.executor.domain.finding import Finding, error
from services.executor.domain.json_value import objects_at, text_at
from services.executor.domain.nodes import fields, media, menu
from services.executor.domain.nodes.node_type import NodeType, Plan, limit, require_text, template_at
from services.executor.domain.options import Option
from services.executor.domain.says import Media
from services.executor.domain.turn import Turn, Waiting

MAX_BUTTONS: Final = 3
MAX_BUTTON_TITLE: Final = 20
MAX_BUTTON_ID: Final = 256


def button_options(node: Node) -> tuple[Option, ...]:
    """The buttons as options."""
    return tuple(Option(text_at(item, "id"), text_at(item, "title")) for item in objects_at(node.data, "buttons"))


def send_buttons(node: Node, options: tuple[Option, ...]) -> Callable[[Turn], None]:
    """Compile the sending of the node's content with these options as buttons."""
    body = menu.filled(template_at(node, "content"), menu.MAX_BODY)
    header = menu.clipped(template_at(node, "header"), menu.MAX_HEADER)
    footer = menu.clipped(template_at(node, "footer"), menu.MAX_FOOTER)
    file = _header_media(node)
    titles = tuple((option.value, menu.title_text(option.title, MAX_BUTTON_TITLE)) for option in options)

    def send(turn: Turn) -> None:
        buttons = tuple(Button(button_id, title(turn)) for button_id, title in titles)
        shown = file(turn) if file is not None else None
        words = "" if shown is not None else header(turn)
        turn.send(SendButtons(node.id, body(turn), words, footer(turn), buttons, shown))

    return send


def _header_media(node: Node) -> Callable[[Turn], Media | None] | None:
    kind = media.KINDS.get(text_at(node.data, "mediaType"))
    return media.compile_media(node.data, kind) if kind in media.CAPTIONED and kind is not None else None


def compile_buttons(node: Node, plan: Plan) -> Waiting:
    """Compile a node that sends buttons and waits for one."""
    options = button_options(node)
    return menu.compile_menu(node, plan, send_buttons(node, options), options)


def check_buttons(node: Node) -> Iterator[Finding]:
    """Check Meta's limits on reply buttons."""
    options = button_options(node)
    if not 1 <= len(options) <= MAX_BUTTONS:
        message = f"Node {node.id} has {len(options)} buttons; WhatsApp allows 1 to {MAX_BUTTONS}."
        yield error("option_count", node.id, message, "Use a list for more than three options.")
    for option in options:
        yield from limit(node, f'The button "{option.title}"', option.title, MAX_BUTTON_TITLE)
        yield from limit(node, "A button id", option.value, MAX_BUTTON_ID)
    yield from menu.check_frame(node, options)


def _check(node: Node) -> Iterator[Finding]:
    yield from require_text(node)
    yield from check_buttons(node)


BUTTON_FIELDS: Final = fields.items(
    "One to three.",
    fields.record(
        "A reply button.",
        {
            "id": fields.text("What is stored, and names the way out. At most 256 characters."),
            "title": fields.template("What the contact sees, at most 20 characters."),
        },
        ("id", "title"),
    ),
)

BUTTONS = NodeType(
    summary="Sends a text with one to three reply buttons and waits for one of them, tapped or typed: by its id, "
    "its title or its place counted from 1.",
    schema=fields.data({**menu.FRAME, "buttons": BUTTON_FIELDS, **menu.FIELDS}, ("content", "buttons")),
    ways={"<id or title of a button>": "It was chosen.", "next": "Any of them was chosen.", **menu.WAYS},
    compile=compile_buttons,
    exits=lambda node: menu.menu_exits(button_options(node)),
    check=_check,
    sets=lambda node: (text_at(node.data, "variableName"),),
    texts=("content", "header", "footer", "buttons", "errorMessage"),
    waits=menu.always_waits,
)
