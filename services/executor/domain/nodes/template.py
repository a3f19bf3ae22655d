"""template: sends a template that Meta approved, whether or not the 24 hour window is open.

With edges named like the payloads of its quick replies it waits for a tap.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from services.executor.domain.document import Node
from services.executor.domain.exits import Exits
from services.executor.domain.finding import Finding, error
from services.executor.domain.json_value import Json, object_at, objects_at, text_at, text_of, whole_number_at
from services.executor.domain.nodes import fields, media, menu
from services.executor.domain.nodes.location import degrees
from services.executor.domain.nodes.node_type import Exit, NodeType, Plan, compile_text, limit
from services.executor.domain.nodes.values import compile_number, compile_value
from services.executor.domain.nodes.waiting import INVALID_EXIT, NO_REPLY_EXIT, check_waiting
from services.executor.domain.options import Option
from services.executor.domain.says import ButtonKind, ButtonValue, Media, Parameter, Place, SendTemplate
from services.executor.domain.turn import NEXT, Behaviour, Move, Note, Passing, Turn

MAX_BODY: Final = 1024
MAX_PAYLOAD: Final = 256
_BUTTONS: Final[dict[str, ButtonKind]] = {
    "quick_reply": "quick_reply", "url": "url", "copy_code": "copy_code", "flow": "flow",
}  # fmt: skip
# Meta refuses line breaks, tabs and more than four blanks in a parameter.
_BLANKS = re.compile(r"\s*[\n\r\t]\s*|\s{5,}")

Fill = Callable[[Turn], Parameter | None]


def send_template(node_id: str, data: Mapping[str, Json], language: str) -> Callable[[Turn], None]:
    """Compile the sending of the template that `data` names; `language` is the flow's."""
    name, code = compile_text(data.get("templateName")), compile_text(text_at(data, "languageCode") or language)
    components = compile_value(_components(data))
    header, body, buttons = _header(data), _body(data), _buttons(data)

    def send(turn: Turn) -> None:
        known = turn.render(name).strip()
        if not known:
            turn.notes.append(Note(node_id, "no_template"))
            return
        raw = components(turn)
        turn.send(
            SendTemplate(
                node_id=node_id,
                name=known,
                language=turn.render(code).strip(),
                header=header(turn) if header is not None else None,
                body=tuple(filled for filled in (fill(turn) for fill in body) if filled is not None),
                buttons=tuple(button(turn) for button in buttons),
                components=tuple(raw) if isinstance(raw, list) else (),
            )
        )

    return send


def _components(data: Mapping[str, Json]) -> list[Json]:
    """Older builders write the parts in Meta's own form."""
    value = data.get("components")
    return value if isinstance(value, list) else []


def parameters_of(data: Mapping[str, Json], part: str) -> list[tuple[str, Json]]:
    """The parameters of a part with their names; a list of them all is the body's."""
    written = data.get("parameters")
    found = written.get(part) if isinstance(written, dict) else (written if part == "body" else None)
    if isinstance(found, dict) and "type" not in found:
        return list(found.items())
    entries = found if isinstance(found, list) else [found] if found is not None else []
    return [("", entry) for entry in entries]


def _header(data: Mapping[str, Json]) -> Fill | None:
    entries = parameters_of(data, "header")
    return _parameter(*entries[0]) if entries else None


def _body(data: Mapping[str, Json]) -> tuple[Fill, ...]:
    return tuple(_parameter(name, value) for name, value in parameters_of(data, "body"))


def _parameter(name: str, value: Json) -> Fill:
    written = value if isinstance(value, dict) else {}
    kind = text_at(written, "type")
    if kind in ("image", "video", "document"):
        # Meta's own names of the two sources stand for ours.
        source = {"mediaId": written.get("id"), "mediaUrl": written.get("link"), **written}
        file = media.compile_media(source, media.KINDS[kind])
        return lambda turn: _named(name, file(turn))
    if kind == "location":
        return _place(name, written)
    template = compile_text(text_at(written, "text") if isinstance(value, dict) else text_of(value))
    return lambda turn: Parameter(_one_line(turn.render(template)), name)


def _named(name: str, value: Media | None) -> Parameter | None:
    return Parameter(value, name) if value is not None else None


def _place(name: str, written: Mapping[str, Json]) -> Fill:
    latitude, longitude = compile_number(written.get("latitude")), compile_number(written.get("longitude"))
    called, address = compile_text(written.get("name")), compile_text(written.get("address"))

    def fill(turn: Turn) -> Parameter | None:
        north, east = degrees(latitude(turn), 90), degrees(longitude(turn), 180)
        if north is None or east is None:
            return None
        return Parameter(Place(north, east, turn.render(called), turn.render(address)), name)

    return fill


def _one_line(text: str) -> str:
    line = _BLANKS.sub(" ", text).strip()
    return (line if len(line) <= MAX_BODY else line[: MAX_BODY - 1] + "…") or "…"


def _buttons(data: Mapping[str, Json]) -> tuple[Callable[[Turn], ButtonValue], ...]:
    entries = objects_at(object_at(data, "parameters"), "buttons")
    return tuple(
        _button(item, place, kind)
        for place, item in enumerate(entries)
        if (kind := _BUTTONS.get(text_at(item, "type"))) is not None
    )


def _button(item: dict[str, Json], place: int, kind: ButtonKind) -> Callable[[Turn], ButtonValue]:
    written = whole_number_at(item, "index")
    index = place if written is None else written
    value, payload = compile_text(text_at(item, "value")), compile_value(object_at(item, "payload"))

    def fill(turn: Turn) -> ButtonValue:
        given = payload(turn)
        return ButtonValue(index, kind, turn.render(value), given if isinstance(given, dict) and given else None)

    return fill


def payloads(data: Mapping[str, Json]) -> tuple[str, ...]:
    """What comes back when a quick reply of the template is tapped."""
    ours = [text_at(item, "value") for item in objects_at(object_at(data, "parameters"), "buttons") if _is_reply(item)]
    metas = [
        text_at(parameter, "payload")
        for part in objects_at({"": _components(data)}, "")
        if text_at(part, "sub_type").casefold() == "quick_reply"
        for parameter in objects_at(part, "parameters")
    ]
    return tuple(payload for payload in dict.fromkeys((*ours, *metas)) if payload)


def _is_reply(item: dict[str, Json]) -> bool:
    return text_at(item, "type") == "quick_reply"


def _waits(node: Node, exits: Exits) -> bool:
    return any(exits.named(payload) for payload in payloads(node.data))


def _compile(node: Node, plan: Plan) -> Behaviour:
    send = send_template(node.id, node.data, plan.settings.language)
    if _waits(node, plan.exits):
        options = tuple(Option(payload, payload) for payload in payloads(node.data))
        return menu.compile_menu(node, plan, send, options)

    def run(turn: Turn) -> Move:
        send(turn)
        return NEXT

    return Passing(run)


def _exits(node: Node) -> tuple[Exit, ...]:
    replies = tuple(Exit((payload, "next"), expected=False) for payload in payloads(node.data))
    waits = (Exit(menu.ELSE_HANDLES, expected=False), INVALID_EXIT, NO_REPLY_EXIT) if replies else ()
    return (Exit(("next",), expected=not replies), *replies, *waits)


def check_template(node: Node, data: Mapping[str, Json]) -> Iterator[Finding]:
    """Check a template's name and parameters, of a node or of its windowTemplate."""
    if not text_at(data, "templateName").strip():
        message = f"Node {node.id} names no template."
        yield error("no_template", node.id, message, 'Write its name into "templateName".')
    for item in objects_at(object_at(data, "parameters"), "buttons"):
        if text_at(item, "type") not in _BUTTONS:
            message = f"A button of the template of node {node.id} is of an unknown type."
            yield error("unknown_button", node.id, message, f"Write one of {', '.join(_BUTTONS)}.")
        if _is_reply(item):
            yield from limit(node, "A payload", text_at(item, "value"), MAX_PAYLOAD)


def _check(node: Node) -> Iterator[Finding]:
    yield from check_template(node, node.data)
    yield from check_waiting(node)


_BUTTON: Final = fields.record(
    "What a button gets.",
    {
        "index": fields.whole("Its place in the template, from 0."),
        "type": fields.choice("What kind of button it is.", *_BUTTONS),
        "value": fields.template("The payload, the end of the address, the code, or the form's token."),
        "payload": fields.table("What the first screen of a form gets."),
    },
    ("type",),
)
_PARAMETERS: Final[fields.Schema] = {
    "type": ["object", "array", "null"],
    "description": "What stands for the placeholders: header, body and buttons; or a list for the body.",
    "properties": {
        "header": fields.anything("A text, or {type: image, video, document or location, …}; or a list of one."),
        "body": fields.anything("Texts in order, or an object of texts by name."),
        "buttons": fields.items("What its buttons get.", _BUTTON),
    },
}

TEMPLATE = NodeType(
    summary="Sends a template that Meta approved; it may be sent while the 24 hour window is closed. With edges "
    "named like the payloads of its quick replies it waits for a tap.",
    schema=fields.data(
        {
            "templateName": fields.template("The template's name."),
            "languageCode": fields.template("Its language, as pt_BR; the flow's own when absent."),
            "parameters": _PARAMETERS,
            "components": fields.items("All parts in Meta's own form, in place of the parameters."),
            **fields.WAITING,
            **fields.RETRYING,
        },
        ("templateName",),
    ),
    ways={
        "next": "At once; or a quick reply without an edge of its own was tapped.",
        "<payload of a quick reply>": "It was tapped.",
        "else": "The answer is none of them; without this edge it counts as a wrong answer.",
        **fields.INVALID_WAY,
        **fields.NO_REPLY_WAY,
        "failed": fields.SPEAKING_WAYS["failed"],
        "failed:<code>": fields.SPEAKING_WAYS["failed:<code>"],
    },
    compile=_compile,
    exits=_exits,
    check=_check,
    sets=lambda node: (text_at(node.data, "variableName"),),
    texts=("templateName", "languageCode", "parameters", "components", "errorMessage"),
    waits=_waits,
    speaks=lambda node: True,
    needs_window=False,
)
