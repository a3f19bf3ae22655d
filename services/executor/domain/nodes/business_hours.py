"""business_hours: whether it is open now, by a week's schedule and holidays, in a zone's own time."""

import re
from collections.abc import Iterator
from datetime import date, timedelta, tzinfo
from typing import Final

from services.executor.domain.document import Node
from services.executor.domain.finding import Finding, error
from services.executor.domain.flow_settings import zone_of
from services.executor.domain.json_value import Json, object_at, text_at, text_of
from services.executor.domain.moments import read_clock
from services.executor.domain.nodes import fields
from services.executor.domain.nodes.node_type import Exit, NodeType, Plan
from services.executor.domain.turn import Go, Move, Passing, Turn

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY_OF_YEAR = re.compile(r"\d{2}-\d{2}", re.ASCII)
_OPEN, _CLOSED = Go(("open", "true")), Go(("closed", "false"))

# Minutes of a day, the second after the first; of one that goes past midnight, more than a day's 1,440.
Hours = tuple[int, int]
_WHOLE_DAY: Final = 24 * 60


def read_hours(value: Json) -> Hours | None:
    """Read ["09:00", "18:00"]; one that ends before it begins ends on the next day. None when it is no such pair."""
    if not isinstance(value, list) or len(value) != 2:
        return None
    begin, end = (read_clock(text_of(part)) for part in value)
    if begin is None or end is None or begin == end:
        return None
    first, last = begin[0] * 60 + begin[1], end[0] * 60 + end[1]
    return (first, last if last > first else last + _WHOLE_DAY)


def _week(node: Node) -> tuple[tuple[Hours, ...], ...]:
    schedule = object_at(node.data, "schedule")
    return tuple(tuple(hours for hours in map(read_hours, _pairs(schedule.get(day))) if hours) for day in DAYS)


def _pairs(value: Json) -> list[Json]:
    """The pairs of a day; a day with a single pair may be written without the outer list."""
    if not isinstance(value, list):
        return []
    return [value] if value and all(isinstance(part, str) for part in value) else value


def zone_at(node: Node) -> tzinfo | None:
    """The node's own zone; None for the flow's."""
    name = text_at(node.data, "timezone")
    return zone_of(name) if name else None


def _compile(node: Node, plan: Plan) -> Passing:
    week, zone = _week(node), zone_at(node)
    written = node.data.get("holidays")
    holidays = frozenset(text_of(day).strip() for day in (written if isinstance(written, list) else []))

    def is_open_on(day: date, minute: int) -> bool:
        if day.isoformat() in holidays or day.isoformat()[5:] in holidays:
            return False
        return any(first <= minute < last for first, last in week[day.weekday()])

    def run(turn: Turn) -> Move:
        now = turn.moment.now.astimezone(zone or turn.moment.zone)
        minute = now.hour * 60 + now.minute
        # What opened yesterday may still be open.
        yesterday = is_open_on(now.date() - timedelta(days=1), minute + _WHOLE_DAY)
        return _OPEN if yesterday or is_open_on(now.date(), minute) else _CLOSED

    return Passing(run)


def _check(node: Node) -> Iterator[Finding]:
    schedule = object_at(node.data, "schedule")
    if not schedule:
        message = f'Node {node.id} has no "schedule": it is always closed.'
        yield error("bad_schedule", node.id, message, 'Write {"mon": [["09:00", "18:00"]]}.')
    for day, hours in schedule.items():
        if day not in DAYS:
            message = f'The schedule of node {node.id} has the unknown day "{day[:20]}".'
            yield error("bad_schedule", node.id, message, f"Write one of {', '.join(DAYS)}.")
        if not isinstance(hours, list | None) or any(read_hours(pair) is None for pair in _pairs(hours)):
            message = f'The hours of "{day[:20]}" in node {node.id} are no list of pairs.'
            yield error("bad_schedule", node.id, message, 'Write [["09:00", "12:00"], ["13:00", "18:00"]].')
    written = node.data.get("holidays")
    for holiday in written if isinstance(written, list) else []:
        if not _is_day(text_of(holiday).strip()):
            message = f'"{text_of(holiday)[:20]}" in the holidays of node {node.id} is no day.'
            yield error("bad_holiday", node.id, message, "Write 2026-12-25, or 12-25 for every year.")
    yield from check_zone(node)


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(f"2024-{text}" if _DAY_OF_YEAR.fullmatch(text) else text)
    except ValueError:
        return False
    return True


def check_zone(node: Node) -> Iterator[Finding]:
    """Report a time zone that is unknown."""
    try:
        zone_at(node)
    except ValueError as reason:
        yield error("unknown_timezone", node.id, f"Node {node.id}: {reason}", 'Write one such as "America/Bahia".')


BUSINESS_HOURS = NodeType(
    summary="Tells whether it is open now, by a week's schedule and holidays, in the time of a zone. Opening "
    "times begin with their first minute and end before their last; one that ends before it begins ends "
    "on the next day.",
    schema=fields.data(
        {
            "schedule": fields.record(
                "The hours of each day; a day that is absent is closed.",
                {day: fields.items('Pairs such as ["09:00", "18:00"].') for day in DAYS},
            ),
            "holidays": fields.items("Days it is closed: 2026-12-25, or 12-25 for every year.", fields.text("One.")),
            "timezone": fields.text("An IANA name; the flow's when absent, else the organization's."),
        },
        ("schedule",),
    ),
    ways={"open": "It is open.", "closed": "It is closed."},
    compile=_compile,
    exits=lambda node: (Exit(("open", "true")), Exit(("closed", "false"))),
    check=_check,
    texts=(),
    speaks=lambda node: False,
)
