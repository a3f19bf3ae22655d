"""Transitions as edges: Studio's events as the handles of our nodes."""

from collections.abc import Mapping
from types import MappingProxyType

from services.executor.domain.importers.canvas import Canvas
from services.executor.domain.importers.twilio.conditions import split_handle
from services.executor.domain.importers.twilio.widget import Widget
from services.executor.domain.importers.values import as_id, as_text

_ASKED = {"incomingMessage": "answered", "timeout": "no_reply", "deliveryFailure": "failed"}
_PERSON = {"callComplete": "released", "failedToEnqueue": "no_agent", "callFailure": "no_agent"}
_HANDLES: Mapping[str, Mapping[str, str | None]] = MappingProxyType(
    {
        "send-message": {"sent": None, "failed": "failed"},
        "send-and-wait-for-reply": _ASKED,
        "set-variables": {"next": None},
        "make-http-request": {"success": "ok", "failed": "failed"},
        "run-function": {"success": "ok", "fail": "failed"},
        "run-subflow": {"completed": None},
        "send-to-flex": _PERSON,
        "enqueue-call": _PERSON,
        "connect-call-to": {"callCompleted": "released"},
        "say-play": {"audioComplete": None},
        "gather-input-on-call": {"keypress": "answered", "speech": "answered", "timeout": "no_reply"},
        "record-voicemail": {"recordingComplete": "answered", "noAudio": "no_reply"},
        "record-call": {"success": None},
        "fork-stream": {"next": None},
    }
)
# The way of a message is ours; the other ways into a flow come after it.
_ENTRIES = ("incomingMessage", "incomingConversationMessage", "incomingRequest", "incomingParent", "incomingCall")


def draw_transitions(canvas: Canvas, widget: Widget, source: str, ids: Mapping[str, str]) -> None:
    """Draw every transition that leads somewhere from `source`, the last node of the widget."""
    events = [(as_text(item.get("event")) or "", as_id(item.get("next"))) for item in widget.transitions]
    handles = _entry_handles(widget, events) if widget.type == "trigger" else _HANDLES.get(widget.type, {})
    drawn: dict[str | None, str] = {}
    matches = 0
    for event, target in events:
        is_match, matches = event == "match", matches + (event == "match")
        if target is None:
            continue
        handle = _handle(widget, handles, event, matches - is_match)
        node_id = ids.get(target, target)
        if handle in drawn:
            handle = _second(widget, event, node_id, drawn[handle])
            if handle is None:
                continue
        drawn[handle] = node_id
        canvas.connect(source, node_id, handle)


def _handle(widget: Widget, handles: Mapping[str, str | None], event: str, matches: int) -> str | None:
    if widget.type == "split-based-on" and event in {"match", "noMatch"}:
        return split_handle(matches) if event == "match" else "default"
    if event in handles:
        return handles[event]
    if widget.type in _HANDLES:
        widget.note("kept", "transitions", f"'{event}' never happens here; its edge is kept and not taken.")
    return event or None


def _second(widget: Widget, event: str, target: str, other: str) -> str | None:
    """Two events are one handle: the same target needs one edge, another one cannot be reached."""
    if target == other:
        widget.note("changed", "transitions", f"'{event}' leads where another event leads: they are one edge.")
        return None
    message = f"'{event}' is the same way out as another event, which leads to '{other}': choose one of them."
    widget.note("problem", "transitions", message)
    return event


def _entry_handles(widget: Widget, events: list[tuple[str, str | None]]) -> Mapping[str, str | None]:
    """The plain way for the first way in that leads somewhere."""
    leading = {event: target for event, target in events if target is not None}
    first = next((event for event in _ENTRIES if event in leading), None)
    if first is not None and first != "incomingMessage":
        widget.note("changed", "transitions", f"The flow was started by '{first}'; here a message or a call starts it.")
    others = [event for event in leading if event != first and leading[event] != leading.get(first or "")]
    for event in others:
        message = f"'{event}' starts the flow at another node: make that part a flow of its own."
        widget.note("problem", "transitions", message)
    return {event: event if event in others else None for event in _ENTRIES}
