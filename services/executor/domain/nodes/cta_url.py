"""cta_url: a text with a button that opens a web address."""

from collections.abc import Iterator
from typing import Final

from services.executor.domain.document import Node
from services.executor.domain.finding import Finding, error
from services.executor.domain.json_value import text_at
from services.executor.domain.nodes import fields, menu
from services.executor.domain.nodes.media import is_link
from services.executor.domain.nodes.node_type import NodeType, Plan, limit, main_exit, require_text, template_at
from services.executor.domain.nodes.values import compile_address
from services.executor.domain.says import SendCtaUrl
from services.executor.domain.turn import NEXT, Move, Note, Passing, Turn

MAX_BUTTON_TEXT: Final = 20


def _compile(node: Node, plan: Plan) -> Passing:
    body = menu.filled(template_at(node, "content"), menu.MAX_BODY)
    header = menu.clipped(template_at(node, "header"), menu.MAX_HEADER)
    footer = menu.clipped(template_at(node, "footer"), menu.MAX_FOOTER)
    button = menu.filled(template_at(node, "buttonText"), MAX_BUTTON_TEXT)
    address = compile_address(text_at(node.data, "url"))

    def run(turn: Turn) -> Move:
        url = address(turn)
        if is_link(url):
            turn.send(SendCtaUrl(node.id, body(turn), header(turn), footer(turn), button(turn), url))
        else:
            turn.notes.append(Note(node.id, "bad_url"))
            turn.say(node.id, body(turn))
        return NEXT

    return Passing(run)


def _check(node: Node) -> Iterator[Finding]:
    yield from require_text(node)
    yield from require_text(node, "buttonText")
    yield from limit(node, "The button text", text_at(node.data, "buttonText"), MAX_BUTTON_TEXT)
    yield from menu.check_words(node)
    url = text_at(node.data, "url").strip()
    if "{{" not in url and not is_link(url):
        message = f'"url" of node {node.id} is no http or https address.'
        yield error("bad_url", node.id, message, "Write the whole address.")


CTA_URL = NodeType(
    summary="Sends a text with a button that opens a web address. Values that are put into the address are encoded.",
    schema=fields.data(
        {
            **menu.FRAME,
            "buttonText": fields.template("What the button says, at most 20 characters."),
            "url": fields.template("The http or https address."),
            **fields.SPEAKING,
        },
        ("content", "buttonText", "url"),
    ),
    ways={"next": "At once.", **fields.SPEAKING_WAYS},
    compile=_compile,
    exits=main_exit("next"),
    check=_check,
    texts=("content", "header", "footer", "buttonText", "url"),
)
