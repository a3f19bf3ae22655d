"""delay: waits some seconds, or until a moment; durable, so that a restart does not matter."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

from services.executor.domain.document import Node
from services.executor.domain.events import Event, InboundMessage, TimerFired
from services.executor.domain.finding import Finding, error
from services.executor.domain.json_value import flag_at, number_of, text_at
from services.executor.domain.moments import next_clock, read_clock, read_moment
from services.executor.domain.nodes import fields
from services.executor.domain.nodes.node_type import Exit, NodeType, Plan, limit, template_at
from services.executor.domain.nodes.values import compile_number
from services.executor.domain.turn import MAX_TEXT, NEXT, Go, Holding, Move, Note, Turn

_LONGEST: Final = timedelta(days=365)
_TIMER: Final = "delay"
_CANCELLED: Final = Go(("cancelled", "next"))


def _compile(node: Node, plan: Plan) -> Holding:
    message, due, is_cancelable = template_at(node, "message"), _compile_due(node), flag_at(node.data, "cancelable")

    def enter(turn: Turn) -> Move | None:
        turn.say(node.id, turn.render(message))
        moment = due(turn)
        if moment is None:
            turn.notes.append(Note(node.id, "bad_moment"))
            return NEXT
        if moment <= turn.moment.now:
            return NEXT
        turn.set_timer_at(_TIMER, min(moment, turn.moment.now + _LONGEST))
        return None

    def wake(turn: Turn, event: Event) -> Move | None:
        if isinstance(event, TimerFired):
            return NEXT
        return _CANCELLED if is_cancelable and isinstance(event, InboundMessage) else None

    return Holding(enter, wake)


def _compile_due(node: Node) -> Callable[[Turn], datetime | None]:
    if text_at(node.data, "until").strip():
        until = template_at(node, "until")
        return lambda turn: read_until(turn.render(until), turn)
    seconds = compile_number(node.data.get("seconds"))

    def after(turn: Turn) -> datetime | None:
        number = seconds(turn)
        if number is None:
            return None
        return turn.moment.now + min(timedelta(seconds=min(max(float(number), 0.0), 1e9)), _LONGEST)

    return after


def read_until(text: str, turn: Turn) -> datetime | None:
    """A moment in the turn's zone: an ISO one, or the next time that clocks show HH:MM."""
    clock = read_clock(text)
    if clock is not None:
        return next_clock(turn.moment.now.astimezone(turn.moment.zone), *clock)
    return read_moment(text, turn.moment.zone)


def _check(node: Node) -> Iterator[Finding]:
    until, seconds = text_at(node.data, "until").strip(), node.data.get("seconds")
    if until and "{{" not in until and read_clock(until) is None and read_moment(until, UTC) is None:
        message = f'"until" of node {node.id} is no moment.'
        yield error("bad_moment", node.id, message, "Write HH:MM, or a day and time as 2026-12-24T18:00.")
    number = number_of(seconds)
    is_template = isinstance(seconds, str) and "{{" in seconds
    if not until and not is_template and (number is None or not 0 <= number <= _LONGEST.total_seconds()):
        message = f'"seconds" of node {node.id} is no number of seconds up to a year.'
        yield error("bad_seconds", node.id, message, 'Write seconds, or a moment into "until".')
    yield from limit(node, "The message", text_at(node.data, "message"), MAX_TEXT)


DELAY = NodeType(
    summary="Waits for some seconds, or until a moment, through restarts. With cancelable a message of the "
    "contact ends it; otherwise what the contact writes meanwhile is heard by nobody.",
    schema=fields.data(
        {
            "seconds": fields.number("How long; a year at most. May hold {{placeholders}}."),
            "until": fields.template("Instead: an ISO moment, or HH:MM for the next time clocks show it."),
            "message": fields.template("What is said before."),
            "cancelable": fields.flag("A message of the contact ends it."),
            **fields.SPEAKING,
        }
    ),
    ways={
        "next": "The time is over.",
        "cancelled": "The contact wrote; without this edge, next.",
        **fields.SPEAKING_WAYS,
    },
    compile=_compile,
    exits=lambda node: (Exit(("next",)), Exit(("cancelled",), expected=False)),
    check=_check,
    texts=("message", "until", "seconds"),
    speaks=lambda node: bool(text_at(node.data, "message").strip()),
)
