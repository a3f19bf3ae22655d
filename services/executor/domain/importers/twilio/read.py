"""From a Studio definition to a native flow: name the variables, read the widgets, draw the transitions."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from services.executor.domain.importers.canvas import Canvas, Place
from services.executor.domain.importers.reading import Draft
from services.executor.domain.importers.report import Findings, UnreadableFlow
from services.executor.domain.importers.twilio import assign, calls, conditions, people, talk
from services.executor.domain.importers.twilio.transitions import draw_transitions
from services.executor.domain.importers.twilio.variables import OPENING, name_variables
from services.executor.domain.importers.twilio.widget import Widget
from services.executor.domain.importers.values import Object, as_id, as_list, as_number, as_object, as_text

_UNNAMED = "Imported flow"
_READERS: Mapping[str, Callable[[Widget], Draft]] = MappingProxyType(
    {
        "trigger": assign.read_trigger,
        "send-message": talk.read_message,
        "send-and-wait-for-reply": talk.read_question,
        "split-based-on": conditions.read_split,
        "set-variables": assign.read_set_variables,
        "make-http-request": calls.read_http,
        "run-function": calls.read_function,
        "run-subflow": calls.read_subflow,
        "send-to-flex": people.read_handoff,
        "enqueue-call": people.read_handoff,
        "connect-call-to": people.read_handoff,
        "say-play": talk.read_spoken,
        "gather-input-on-call": talk.read_gathered,
        "record-voicemail": talk.read_voicemail,
        "record-call": people.read_idle,
        "fork-stream": people.read_idle,
    }
)
_OF_CALLS = frozenset(
    {
        "say-play",
        "gather-input-on-call",
        "record-voicemail",
        "connect-call-to",
        "enqueue-call",
        "record-call",
        "fork-stream",
    }
)


def dialect_of(document: Object) -> str | None:
    """ "twilio" for a Studio definition, or for an answer of Twilio's API that holds one."""
    states = _definition(document).get("states")
    listed = [item for item in as_list(states) if isinstance(item, dict)]
    is_studio = "initial_state" in _definition(document) or any("transitions" in item for item in listed)
    return "twilio" if isinstance(states, list) and is_studio else None


def read(document: Object, name: str | None, findings: Findings) -> Object:
    """Read a Studio flow; UnreadableFlow when it has no widget."""
    definition = _definition(document)
    states = [item for item in as_list(definition.get("states")) if isinstance(item, dict)]
    for index, item in enumerate(as_list(definition.get("states"))):
        if not isinstance(item, dict):
            findings.add("dropped", "", f"states[{index}]", f"`states[{index}]` is no widget and was dropped.")
    if not states:
        raise UnreadableFlow("The Studio flow has no widgets: export it with its `states` and try again.")
    canvas = Canvas(findings)
    widgets = _widgets(states, canvas, findings)
    drafts = [_read(widget) for widget in widgets]
    _complete(widgets, drafts)
    last = _draw(canvas, widgets, drafts, states)
    ids = {widget.name: widget.id for widget in reversed(widgets)}
    _enter(canvas, ids, widgets, as_text(definition.get("initial_state")))
    for widget in widgets:
        draw_transitions(canvas, widget, last[widget.id], ids)
    named = name or as_text(document.get("friendly_name")) or as_text(definition.get("description"))
    head: Object = {"name": named or _UNNAMED, "settings": {}, "variables": {}}
    return canvas.finish(head, _rest(document, definition))


def _definition(document: Object) -> Object:
    """The definition itself, or the one inside an answer of Twilio's API."""
    inner = document.get("definition")
    return inner if isinstance(inner, dict) and "states" in inner else document


def _rest(document: Object, definition: Object) -> Object:
    """The document without its states, in its own nesting."""
    inner = {key: value for key, value in definition.items() if key != "states"}
    return inner if definition is document else document | {"definition": inner}


def _widgets(states: list[Object], canvas: Canvas, findings: Findings) -> list[Widget]:
    names = [as_id(state.get("name")) or f"widget-{index}" for index, state in enumerate(states, start=1)]
    keys = [
        as_text(as_object(item).get("key")) for state in states for item in as_list(_properties(state).get("variables"))
    ]
    variables = name_variables([key for key in keys if key], names)
    found = []
    for name, state in zip(names, states, strict=True):
        node_id = canvas.claim(name, name)
        if node_id != name:
            message = f"Two widgets are called '{name}'; the later one is '{node_id}' now: check its transitions."
            findings.add("problem", node_id, "name", message)
        kind = as_text(state.get("type")) or "unknown"
        transitions = tuple(item for item in as_list(state.get("transitions")) if isinstance(item, dict))
        found.append(Widget(node_id, name, kind, _properties(state), transitions, variables, findings))
    return found


def _properties(state: Object) -> Object:
    return as_object(state.get("properties"))


def _read(widget: Widget) -> Draft:
    draft = _READERS.get(widget.type, people.read_impossible)(widget)
    is_call = widget.type in _OF_CALLS
    widget.report_rest(
        lambda name: (
            f"'{name}' is a setting of calls and has no effect here."
            if is_call
            else f"Property '{name}' has no effect here; it stays with the node's source."
        )
    )
    return draft


def _complete(widgets: list[Widget], drafts: list[Draft]) -> None:
    """Add what only the whole flow shows: which statuses and whether the opening message is read."""
    for index, widget in enumerate(widgets):
        draft = drafts[index]
        if widget.name in widget.variables.statuses_read and draft.type == "http_request":
            draft.data["statusVariable"] = widget.variables.status_of(widget.name)
        if draft.type == "start" and widget.variables.opening_is_read:
            widget.note("changed", "trigger.message.Body", f"The opening message is kept as '{OPENING}'.")
            assignment = {"name": OPENING, "valueType": "static", "value": "{{user_message}}"}
            drafts[index] = Draft("start", draft.data, after=(Draft("set_variable", {"assignments": [assignment]}),))


def _draw(canvas: Canvas, widgets: list[Widget], drafts: list[Draft], states: list[Object]) -> dict[str, str]:
    """Draw every widget and what follows it; returns for each the node that its transitions leave."""
    last = {}
    for widget, draft, state in zip(widgets, drafts, states, strict=True):
        offset = as_object(widget.properties.get("offset"))
        place = Place(as_number(offset.get("x")), as_number(offset.get("y")))
        canvas.draw(widget.id, draft, state, place)
        last[widget.id] = widget.id
        for inner in draft.after:
            node_id = canvas.claim(widget.id, widget.id)
            canvas.nodes[node_id] = {"id": node_id, "type": inner.type, "data": inner.data}
            canvas.connect(last[widget.id], node_id)
            last[widget.id] = node_id
    return last


def _enter(canvas: Canvas, ids: Mapping[str, str], widgets: list[Widget], initial: str | None) -> None:
    """A flow that begins elsewhere than at a trigger gets a start that leads there."""
    if any(widget.type == "trigger" for widget in widgets):
        return
    first = ids.get(initial or "", widgets[0].id)
    start = canvas.claim("start", "start")
    canvas.nodes[start] = {"id": start, "type": "start", "data": {}}
    canvas.connect(start, first)
    canvas.note(
        "changed", start, "initial_state", f"The flow has no trigger; a start was added that leads to '{first}'."
    )
