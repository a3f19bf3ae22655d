"""analytics: notes an event of the author's own in the log."""

from collections.abc import Iterator
from typing import Final

from services.executor.domain.commands import LogEvent
from services.executor.domain.document import Node
from services.executor.domain.finding import Finding
from services.executor.domain.json_value import Json, object_at, text_of
from services.executor.domain.nodes import fields
from services.executor.domain.nodes.node_type import NodeType, Plan, limit, main_exit, require_text, template_at
from services.executor.domain.nodes.values import compile_value
from services.executor.domain.turn import NEXT, Move, Note, Passing, Turn

MAX_NAME: Final = 100
MAX_DETAILS: Final = 4096


def _compile(node: Node, plan: Plan) -> Passing:
    name, value = template_at(node, "eventName"), compile_value(node.data.get("eventValue"))
    properties, tags = compile_value(object_at(node.data, "eventProperties")), node.data.get("tags")
    labels = compile_value(tags if isinstance(tags, list) else [])

    def run(turn: Turn) -> Move:
        told, given = value(turn), properties(turn)
        details: dict[str, Json] = dict(given) if isinstance(given, dict) else {}
        if put_on := labels(turn):
            details["tags"] = put_on
        if len(text_of(told)) + len(text_of(details)) > MAX_DETAILS:
            turn.notes.append(Note(node.id, "event_too_large"))
            told, details = None, {}
        turn.commands.append(LogEvent(node.id, turn.render(name)[:MAX_NAME], told, details))
        return NEXT

    return Passing(run)


def _check(node: Node) -> Iterator[Finding]:
    yield from require_text(node, "eventName")
    yield from limit(node, "The event's name", str(node.data.get("eventName") or ""), MAX_NAME)


ANALYTICS = NodeType(
    summary="Notes an event of your own in the conversation's log, with a value and properties.",
    schema=fields.data(
        {
            "eventName": fields.template("What happened, at most 100 characters."),
            "eventValue": fields.anything("A value; a text may hold {{placeholders}}."),
            "eventProperties": fields.table("More about it; texts may hold {{placeholders}}."),
            "tags": fields.items("Labels.", fields.template("One.")),
        },
        ("eventName",),
    ),
    ways={"next": "At once."},
    compile=_compile,
    exits=main_exit("next"),
    check=_check,
    texts=("eventName", "eventValue", "eventProperties", "tags"),
    speaks=lambda node: False,
)
