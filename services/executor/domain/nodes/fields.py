"""JSON Schemas (2020-12) of the fields of nodes' data, and the ways out that several types share.

They describe what the engine reads, as leniently as it reads it: a number may be written as text, and null is absent.
"""

from collections.abc import Mapping
from typing import Final, TypeAlias

from services.executor.domain.json_value import Json

Schema: TypeAlias = dict[str, Json]


def text(description: str, **more: Json) -> Schema:
    """A text that stands as written."""
    return {"type": ["string", "null"], "description": description, **more}


def template(description: str, **more: Json) -> Schema:
    """A text in which `{{name}}` is replaced."""
    return text(f"{description} May hold {{{{placeholders}}}}.", **more)


def whole(description: str, **more: Json) -> Schema:
    """A whole number."""
    return {"type": ["integer", "string", "null"], "description": description, **more}


def number(description: str, **more: Json) -> Schema:
    """A number, or a text that comes to one."""
    return {"type": ["number", "string", "null"], "description": description, **more}


def flag(description: str, **more: Json) -> Schema:
    """Yes or no."""
    return {"type": ["boolean", "null"], "description": description, **more}


def choice(description: str, *values: str, **more: Json) -> Schema:
    """One of some words."""
    return {"enum": [*values, None], "description": description, **more}


def items(description: str, of: Schema | None = None, **more: Json) -> Schema:
    """A list."""
    return {"type": ["array", "null"], "description": description, **({"items": of} if of else {}), **more}


def table(description: str, of: Schema | None = None) -> Schema:
    """An object whose names are the author's."""
    return {"type": ["object", "null"], "description": description, "additionalProperties": of if of else True}


def record(description: str, properties: Mapping[str, Schema], required: tuple[str, ...] = ()) -> Schema:
    """An object with these fields, and others that are kept."""
    written: Schema = {"type": "object", "description": description, "properties": dict(properties)}
    return {**written, **({"required": list(required)} if required else {}), "additionalProperties": True}


def anything(description: str) -> Schema:
    """Any JSON value."""
    return {"description": description}


def data(properties: Mapping[str, Schema] | None = None, required: tuple[str, ...] = ()) -> Schema:
    """The schema of a type's `data`."""
    dialect: Schema = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    return {**dialect, **record("The fields of the node.", properties or {}, required)}


_TEMPLATE: Final = record(
    "The template that is sent in its place.",
    {
        "templateName": text("The template's name."),
        "languageCode": text("Its language, as pt_BR; the flow's own when absent."),
        "parameters": table("What stands for its placeholders, as in a template node."),
    },
    ("templateName",),
)
SPEAKING: Final[dict[str, Schema]] = {
    "onWindowClosed": choice(
        "What happens when the 24 hour window is closed: leave by window_closed, wait for the contact's next message, "
        "or send a template in its place.",
        "branch",
        "wait",
        "template",
    ),
    "windowTemplate": _TEMPLATE,
}
WAITING: Final[dict[str, Schema]] = {
    "variableName": text("The variable that takes the answer."),
    "timeoutSeconds": whole("After so many seconds without an answer the node is left by no_reply.", minimum=1),
    "burst": record(
        "What several messages in a row mean.",
        {
            "policy": choice(
                "queue: each answers in turn; join: one answer, a line each; latest: the last one counts.",
                "queue",
                "join",
                "latest",
            ),
            "quietSeconds": number("How long it must have been quiet, 0.2 to 60.", default=2),
        },
    ),
}
RETRYING: Final[dict[str, Schema]] = {
    "errorMessage": template("What is said after a wrong answer."),
    "maxAttempts": whole("Wrong answers until the node is left by invalid.", default=3),
}

Ways: TypeAlias = Mapping[str, str]

SPEAKING_WAYS: Final[Ways] = {
    "window_closed": "The 24 hour window is closed, and the node's policy is to branch.",
    "failed": "What the node said did not arrive, or Meta refused it.",
    "failed:<code>": "It did not arrive for the cause with this code of Meta, such as failed:131026.",
}
INVALID_WAY: Final[Ways] = {"invalid": "The last attempt was a wrong answer too; without an edge the flow ends."}
NO_REPLY_WAY: Final[Ways] = {"no_reply": "No answer came within timeoutSeconds."}
