"""The published JSON Schema of pytake.flow/1: the document, and the data of every node type.

It says what the engine reads. What builders add is allowed everywhere, since it is kept; what only the whole graph can
tell (edges that lead nowhere, names of templates and variables) is the linter's.
"""

from collections.abc import Mapping
from typing import Final

from services.executor.domain.document import MAX_EDGES, MAX_NODES, SCHEMA
from services.executor.domain.json_value import Json
from services.executor.domain.nodes import NODE_TYPES, fields

_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"

_INACTIVITY: Final = fields.record(
    "What happens when the contact leaves a question unanswered.",
    {
        "warnSeconds": fields.whole("Seconds until the warning.", minimum=1),
        "warnMessage": fields.template("The warning."),
        "thenSeconds": fields.whole("Seconds from the warning to what happens then.", minimum=1),
        "then": fields.choice(
            "Ask again, end, or go to a node.", "remind", "close", "handoff", "fallback", default="close"
        ),
        "message": fields.template("What is said then."),
        "node": fields.text("Where handoff and fallback go."),
    },
)
_SETTINGS: Final[dict[str, Json]] = {
    "timezone": fields.text("The IANA name of the flow's time zone; the organization's when absent."),
    "unknown_variable": fields.choice("What an unknown name in a text becomes.", "", "empty", "keep"),
    "consume_opening": fields.flag("The message that starts the flow may answer its first question."),
    "repeat_question": fields.flag("After a wrong answer the question is sent again."),
    "fallback_node": fields.text("Where an edge to a missing node leads."),
    "on_window_closed": fields.choice(
        "What nodes do while the 24 hour window is closed.", "", "branch", "wait", "template"
    ),
    "inactivity": {**_INACTIVITY, "type": ["object", "null"]},
    "session_ttl_seconds": fields.whole("Seconds a session lasts after the last message.", minimum=1),
}


def flow_schema() -> dict[str, Json]:
    """The schema as a JSON value, in the order in which a person would read it."""
    return {
        "$schema": _DIALECT,
        "$id": "urn:pytake:flow:1",
        "title": "A flow of PyTake",
        "type": "object",
        "required": ["schema", "nodes"],
        "properties": {
            "schema": {"const": SCHEMA, "description": "Names this form."},
            "name": {"type": "string", "description": "The flow's name; other flows call it by it."},
            "language": fields.text("The language of what the engine says of itself, such as pt_BR or en."),
            "settings": {
                "type": ["object", "null"],
                "description": "How the flow behaves as a whole.",
                "properties": dict(_SETTINGS),
            },
            "variables": fields.table("First values of variables."),
            "nodes": {"type": "array", "maxItems": MAX_NODES, "items": {"$ref": "#/$defs/node"}},
            "edges": {"type": "array", "maxItems": MAX_EDGES, "items": {"$ref": "#/$defs/edge"}},
        },
        "$defs": {"node": _node(), "edge": _edge(), **{f"data.{name}": _data(name) for name in sorted(NODE_TYPES)}},
    }


def _node() -> dict[str, Json]:
    return {
        "type": "object",
        "description": "A step. A type that is not listed is kept, but such a flow cannot be published.",
        "required": ["id", "type"],
        "properties": {
            "id": {"type": "string", "minLength": 1, "description": "What edges name."},
            "type": {"type": "string", "minLength": 1, "description": f"One of {', '.join(sorted(NODE_TYPES))}."},
            "label": fields.anything("The builder's name for it."),
            "position": fields.anything("Where the builder shows it."),
            "data": {"type": ["object", "null"], "description": "The fields of its type."},
        },
        "allOf": [_of_type(name) for name in sorted(NODE_TYPES)],
    }


def _of_type(name: str) -> dict[str, Json]:
    then: dict[str, Json] = {"properties": {"data": {"$ref": f"#/$defs/data.{name}"}}}
    if _data(name).get("required"):
        then["required"] = ["data"]
    return {"if": {"required": ["type"], "properties": {"type": {"const": name}}}, "then": then}


def _data(name: str) -> dict[str, Json]:
    schema: Mapping[str, Json] = NODE_TYPES[name].schema
    written = {key: value for key, value in schema.items() if key != "$schema"}
    return written if written.get("required") else {**written, "type": ["object", "null"]}


def _edge() -> dict[str, Json]:
    return {
        "type": "object",
        "description": "A way from a node to another.",
        "required": ["source", "target"],
        "properties": {
            "id": fields.anything("Its name, if it has one."),
            "source": {"type": "string", "minLength": 1, "description": "The id of the node it leaves."},
            "target": {"type": "string", "minLength": 1, "description": "The id of the node it leads to."},
            "sourceHandle": fields.text("The way out it belongs to; empty for the plain one."),
            "label": fields.anything("Names the way out too, where there is no handle."),
        },
    }
