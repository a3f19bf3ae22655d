"""whatsapp_flow: a text with a button that opens a form made as a WhatsApp Flow; stores the answers."""

from collections.abc import Iterator
from typing import Final

from services.executor.domain.answers import judge_form
from services.executor.domain.document import Node
from services.executor.domain.finding import Finding, error
from services.executor.domain.json_value import object_at, text_at
from services.executor.domain.nodes import asking, fields, menu
from services.executor.domain.nodes.node_type import NodeType, Plan, compile_text, limit, require_text, template_at
from services.executor.domain.nodes.values import compile_value
from services.executor.domain.says import SendForm
from services.executor.domain.texts import words
from services.executor.domain.turn import Turn, Waiting

MAX_BUTTON_TEXT: Final = 30
MAX_TOKEN: Final = 512
_NAMES: Final = ("flowId", "flowName", "flowToken", "screen")


def _compile(node: Node, plan: Plan) -> Waiting:
    body = menu.filled(template_at(node, "content"), menu.MAX_BODY)
    header = menu.clipped(template_at(node, "header"), menu.MAX_HEADER)
    footer = menu.clipped(template_at(node, "footer"), menu.MAX_FOOTER)
    label = text_at(node.data, "buttonText") or words("form_button", plan.settings.language)
    button = menu.filled(compile_text(label), MAX_BUTTON_TEXT)
    flow_id, flow_name, flow_token, screen = (template_at(node, field) for field in _NAMES)
    payload = compile_value(object_at(node.data, "payload"))
    is_draft = text_at(node.data, "mode") == "draft"

    def ask(turn: Turn) -> None:
        given = payload(turn)
        turn.send(
            SendForm(
                node_id=node.id,
                body=body(turn),
                header=header(turn),
                footer=footer(turn),
                button_text=button(turn),
                flow_id=turn.render(flow_id).strip(),
                flow_name=turn.render(flow_name).strip(),
                flow_token=turn.render(flow_token).strip()[:MAX_TOKEN],
                screen=turn.render(screen).strip(),
                payload=given if isinstance(given, dict) else {},
                is_draft=is_draft,
            )
        )

    return asking.await_thing(node, ask, judge_form)


def _check(node: Node) -> Iterator[Finding]:
    yield from require_text(node)
    yield from asking.check_asking(node)
    yield from limit(node, "The button text", text_at(node.data, "buttonText"), MAX_BUTTON_TEXT)
    yield from limit(node, "The token", text_at(node.data, "flowToken"), MAX_TOKEN)
    if not text_at(node.data, "flowId").strip() and not text_at(node.data, "flowName").strip():
        message = f"Node {node.id} names no WhatsApp Flow."
        yield error("no_target", node.id, message, 'Write its id into "flowId", or its name into "flowName".')
    if object_at(node.data, "payload") and not text_at(node.data, "screen").strip():
        message = f'Node {node.id} has a "payload" for no "screen".'
        yield error("no_screen", node.id, message, "Name the screen that gets it.")
    if text_at(node.data, "mode") not in ("", "draft", "published"):
        message = f'The "mode" of node {node.id} is unknown.'
        yield error("unknown_mode", node.id, message, "Write draft or published.")


WHATSAPP_FLOW = NodeType(
    summary="Sends a text with a button that opens a form made as a WhatsApp Flow, waits for it, and stores its "
    "answers as an object.",
    schema=fields.data(
        {
            **menu.FRAME,
            "buttonText": fields.template("What the button says, at most 30 characters, no emoji."),
            "flowId": fields.template("Meta's id of the WhatsApp Flow."),
            "flowName": fields.template("Or its name."),
            "flowToken": fields.template("Comes back with the answers, at most 512 characters."),
            "screen": fields.template("The first screen."),
            "payload": fields.table("What the first screen gets; texts may hold {{placeholders}}."),
            "mode": fields.choice("Which state of it is opened.", "draft", "published", default="published"),
            **asking.FIELDS,
        },
        ("content",),
    ),
    ways=asking.WAYS,
    compile=_compile,
    exits=lambda node: asking.EXITS,
    check=_check,
    sets=lambda node: (text_at(node.data, "variableName"),),
    texts=(*asking.TEXTS, "buttonText", *_NAMES, "payload"),
    waits=menu.always_waits,
)
