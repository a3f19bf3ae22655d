"""datetime: tells the time, writes it, counts with it, and compares moments."""

from calendar import monthrange
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import Decimal
from typing import Final

from services.executor.domain.answers import FALSE_HANDLES, TRUE_HANDLES
from services.executor.domain.document import Node
from services.executor.domain.finding import Finding, error
from services.executor.domain.json_value import Json, text_at, text_of
from services.executor.domain.moments import is_format, read_moment
from services.executor.domain.nodes import fields
from services.executor.domain.nodes.business_hours import check_zone, zone_at
from services.executor.domain.nodes.node_type import Exit, NodeType, Plan
from services.executor.domain.nodes.values import compile_number
from services.executor.domain.templates import compile_template
from services.executor.domain.turn import NEXT, Go, Move, Note, Passing, Turn
from services.executor.domain.variables import bare_name, compile_reader

OPERATIONS: Final = ("get_current", "format", "add", "subtract", "compare", "parse")
_SPANS: Final = {
    "second": timedelta(seconds=1), "minute": timedelta(minutes=1), "hour": timedelta(hours=1),
    "day": timedelta(days=1), "week": timedelta(weeks=1),
}  # fmt: skip
_MONTHS: Final = {"month": 1, "year": 12}
UNITS: Final = (*(f"{unit}s" for unit in _SPANS), *(f"{unit}s" for unit in _MONTHS))
_COMPARE: Final[dict[str, Callable[[datetime, datetime], bool]]] = {
    "gt": lambda one, other: one > other,
    "lt": lambda one, other: one < other,
    "eq": lambda one, other: one == other,
    "gte": lambda one, other: one >= other,
    "lte": lambda one, other: one <= other,
}
_MOST_AMOUNT: Final = 10**9

Read = Callable[[Turn, tzinfo], datetime | None]


def _operation(node: Node) -> str:
    return text_at(node.data, "operation") or "get_current"


def _unit(node: Node) -> str:
    return (text_at(node.data, "addUnit").strip().casefold() or "days").removesuffix("s")


def _compile(node: Node, plan: Plan) -> Passing:
    own, operation, name = zone_at(node), _operation(node), text_at(node.data, "outputVariable")
    work_out, is_branching = _compile_result(node, operation), operation == "compare"
    if_true, if_false = Go(TRUE_HANDLES), Go(FALSE_HANDLES)

    def run(turn: Turn) -> Move:
        result = work_out(turn, own or turn.moment.zone)
        if result is None:
            # A defined result: the variable is empty, and the trace says why.
            turn.notes.append(Note(node.id, "bad_moment"))
        turn.assign(name, "" if result is None else result)
        if is_branching:
            return if_true if result is True else if_false
        return NEXT

    return Passing(run)


def _compile_result(node: Node, operation: str) -> Callable[[Turn, tzinfo], Json]:
    source = _compile_source(node)
    if operation == "compare":
        return _compile_compare(node, source)
    change = _compile_change(node) if operation in ("add", "subtract") else None
    pattern = text_at(node.data, "format") if is_format(text_at(node.data, "format")) else ""
    read = _now if operation == "get_current" else source

    def result(turn: Turn, zone: tzinfo) -> Json:
        moment = read(turn, zone)
        if moment is not None and change is not None:
            moment = change(turn, moment)
        return written(moment, pattern) if moment is not None else None

    return result


def _now(turn: Turn, zone: tzinfo) -> datetime | None:
    return turn.moment.now.astimezone(zone)


def _compile_source(node: Node) -> Read:
    """The moment in `sourceVariable`; without one it is now."""
    name = bare_name(text_at(node.data, "sourceVariable"))
    if not name:
        return _now
    read, pattern = compile_reader(name), text_at(node.data, "inputFormat")
    return lambda turn, zone: read_moment(text_of(read(turn.scope)), zone, pattern)


def _compile_change(node: Node) -> Callable[[Turn, datetime], datetime | None]:
    amount, unit = compile_number(node.data.get("addAmount")), _unit(node)
    sign = -1 if _operation(node) == "subtract" else 1

    def change(turn: Turn, moment: datetime) -> datetime | None:
        number = amount(turn)
        if number is None or abs(number) > _MOST_AMOUNT:
            return None
        try:
            return moved(moment, sign * number, unit)
        except (ValueError, OverflowError):
            return None

    return change


def moved(moment: datetime, amount: Decimal, unit: str) -> datetime:
    """A moment so much later. Days and longer keep the clock's time, through changes of summer time as well.

    The end of a month stays at its end where the other month is shorter. Raises ValueError or OverflowError outside of
    the calendar.
    """
    if unit in _MONTHS:
        months = moment.year * 12 + moment.month - 1 + int(amount) * _MONTHS[unit]
        year, month = divmod(months, 12)
        day = min(moment.day, monthrange(year, month + 1)[1])
        return moment.replace(year=year, month=month + 1, day=day)
    span = _SPANS[unit] * float(amount)
    if unit in ("day", "week"):
        return moment + span
    zone = moment.tzinfo
    assert zone is not None
    # Across a change of summer time an hour is an hour only in a time that has none.
    offset = moment.utcoffset() or timedelta()
    return ((moment.replace(tzinfo=None) - offset + span).replace(tzinfo=UTC)).astimezone(zone)


def _compile_compare(node: Node, source: Read) -> Callable[[Turn, tzinfo], Json]:
    other, pattern = _compile_other(node), text_at(node.data, "inputFormat")
    test = _COMPARE[text_at(node.data, "compareOperator") or "eq"]

    def result(turn: Turn, zone: tzinfo) -> Json:
        one, compared = source(turn, zone), other(turn, zone, pattern)
        return test(one, compared) if one is not None and compared is not None else None

    return result


def _compile_other(node: Node) -> Callable[[Turn, tzinfo, str], datetime | None]:
    """What is compared with: now, a moment, a template, or a variable's name."""
    text = text_at(node.data, "compareWith").strip()
    if text in ("", "now"):
        return lambda turn, zone, pattern: _now(turn, zone)
    template, read = compile_template(text), compile_reader(bare_name(text))

    def other(turn: Turn, zone: tzinfo, pattern: str) -> datetime | None:
        told = turn.render(template)
        found = read_moment(told, zone, pattern) or read_moment(told, zone)
        return found or read_moment(text_of(read(turn.scope)), zone, pattern)

    return other


def written(moment: datetime, pattern: str) -> str:
    """A moment by a pattern of strftime, or in its ISO form to the second."""
    return moment.strftime(pattern) if pattern else moment.isoformat(timespec="seconds")


def _check(node: Node) -> Iterator[Finding]:
    operation = _operation(node)
    if operation not in OPERATIONS:
        message = f'The "operation" of node {node.id} is unknown.'
        yield error("unknown_operation", node.id, message, f"Write one of {', '.join(OPERATIONS)}.")
    for field in ("format", "inputFormat"):
        pattern = text_at(node.data, field)
        if pattern and ("%" not in pattern or not is_format(pattern)):
            message = f'"{field}" of node {node.id} is no pattern of strftime that means the same everywhere.'
            yield error("bad_format", node.id, message, "Write one such as %d/%m/%Y %H:%M.")
    if operation in ("add", "subtract") and f"{_unit(node)}s" not in UNITS:
        message = f'The "addUnit" of node {node.id} is unknown.'
        yield error("unknown_unit", node.id, message, f"Write one of {', '.join(UNITS)}.")
    if operation in ("add", "subtract") and node.data.get("addAmount") in (None, ""):
        message = f'Node {node.id} has no "addAmount".'
        yield error("no_amount", node.id, message, "Write how much.")
    if operation == "compare" and (text_at(node.data, "compareOperator") or "eq") not in _COMPARE:
        message = f'The "compareOperator" of node {node.id} is unknown.'
        yield error("unknown_operator", node.id, message, f"Write one of {', '.join(_COMPARE)}.")
    if operation != "compare" and not text_at(node.data, "outputVariable"):
        message = f'Node {node.id} has no "outputVariable": what it works out is lost.'
        yield error("no_variable", node.id, message, "Name a variable.")
    yield from check_zone(node)


def _exits(node: Node) -> tuple[Exit, ...]:
    return (Exit(TRUE_HANDLES), Exit(FALSE_HANDLES)) if _operation(node) == "compare" else (Exit(("next",)),)


DATETIME = NodeType(
    summary="Tells the time, writes a moment another way, counts with it, or compares two. What is no moment "
    "leaves the variable empty; a comparison with it is false.",
    schema=fields.data(
        {
            "operation": fields.choice("What is done.", *OPERATIONS, default="get_current"),
            "timezone": fields.text("An IANA name; the flow's when absent, else the organization's."),
            "format": fields.text("How the result is written (strftime); ISO when absent."),
            "inputFormat": fields.text("How sourceVariable is written; ISO and DD/MM/YYYY are known without."),
            "sourceVariable": fields.text("The variable with the moment; now when absent."),
            "addAmount": fields.number("How much is added or subtracted. May hold {{placeholders}}."),
            "addUnit": fields.choice("Of what.", *UNITS, default="days"),
            "compareWith": fields.template("now, a moment, or a variable's name.", default="now"),
            "compareOperator": fields.choice("How sourceVariable compares with it.", *_COMPARE, default="eq"),
            "outputVariable": fields.text("Takes the result."),
        }
    ),
    ways={
        "next": "At once.",
        "true": "compare: it holds.",
        "false": "compare: it does not, or one side is no moment.",
    },
    compile=_compile,
    exits=_exits,
    check=_check,
    sets=lambda node: (text_at(node.data, "outputVariable"),),
    reads=lambda node: (bare_name(text_at(node.data, "sourceVariable")),),
    texts=("compareWith", "addAmount"),
    speaks=lambda node: False,
)
