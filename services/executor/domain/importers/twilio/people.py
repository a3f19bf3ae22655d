"""Widgets that bring a person in, and those a conversation of messages has no place for."""

from services.executor.domain.importers.reading import Draft
from services.executor.domain.importers.twilio.widget import Widget
from services.executor.domain.importers.values import as_seconds, as_text, present

_TARGETS = ("workflow", "workflow_sid", "queue_name", "to", "noun")


def read_handoff(widget: Widget) -> Draft:
    """send-to-flex, enqueue-call, connect-call-to: a person takes over."""
    target = next((text for text in map(as_text, map(widget.take, _TARGETS)) if text), None)
    message = f"'{target}' is where Twilio sent the contact: choose a queue, department or agent here."
    widget.note("problem", "queueId", message if target else "The handoff goes nowhere yet: choose a queue.")
    context = widget.text("attributes") or widget.text("task_attributes")
    data = {
        "priority": widget.number("priority"),
        "contextMessage": context,
        "timeoutSeconds": as_seconds(widget.take("timeout")),
    }
    widget.take("channel")
    return Draft("handoff", present(data))


def read_idle(widget: Widget) -> Draft:
    """record-call, fork-stream: there is no call to record or stream, so the flow just goes on."""
    widget.note("dropped", "type", f"'{widget.type}' has no meaning without a call: the node does nothing.")
    return Draft("note", {})


def read_impossible(widget: Widget) -> Draft:
    """A widget that does what nothing here does; it is kept as data and must be replaced."""
    message = f"'{widget.type}' cannot be done here: replace the node by one that does it another way."
    widget.note("problem", "type", message)
    kept = {name: value for name, value in widget.properties.items() if name not in {"offset", *_SECRETS}}
    for name in widget.properties:
        if name not in _SECRETS:
            widget.take(name)
    return Draft("action", {"actionType": widget.type, **kept})


_SECRETS = frozenset({"sip_password", "sip_auth_password"})
