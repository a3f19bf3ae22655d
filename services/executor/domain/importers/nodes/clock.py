"""Nodes about time: pauses, and reading and comparing moments."""

from services.executor.domain.importers.reading import Draft, NodeSource
from services.executor.domain.importers.values import Object, as_flag, as_text, folded, present, variable_name
from services.executor.domain.importers.vocabulary import OPERATORS, squash

_SECONDS = {
    "second": 1,
    "minute": 60,
    "hour": 3600,
    "day": 86400,
    "s": 1,
    "m": 60,
    "h": 3600,
    "d": 86400,
    "ms": 0.001,
    "millisecond": 0.001,
}
_DEFAULT_DELAY = 3
_STRFTIME = (("YYYY", "%Y"), ("YY", "%y"), ("DD", "%d"), ("HH", "%H"), ("mm", "%M"), ("ss", "%S"), ("MM", "%m"))
_OPERATIONS = frozenset({"get_current", "format", "add", "subtract", "compare", "parse"})
_COMPARED = {">": "gt", "<": "lt", "==": "eq", ">=": "gte", "<=": "lte"}


def read_delay(node: NodeSource) -> Draft:
    seconds, duration = node.number("seconds"), node.number("duration")
    unit = folded(node.take("unit")) or "seconds"
    if seconds is None and duration is not None:
        factor = _SECONDS.get(unit.removesuffix("s") or unit)
        if factor is None:
            node.note("problem", "unit", f"Unit '{unit}' is not known: choose seconds, minutes, hours or days.")
        seconds = duration * (factor or 1)
    until, text, cancelable = node.text("until"), node.text("message"), as_flag(node.take("cancelable"))
    if as_flag(node.take("typing")):
        node.note("dropped", "typing", "Nothing is shown as being typed while the flow waits.")
    waited: Object = {"until": until} if until else {"seconds": _DEFAULT_DELAY if seconds is None else seconds}
    return Draft("delay", waited | present({"message": text, "cancelable": cancelable}))


def read_datetime(node: NodeSource) -> Draft:
    operation = squash(node.text("operation") or "get_current")
    known = {squash(name): name for name in _OPERATIONS}.get(operation)
    if known is None:
        node.note("problem", "operation", f"Operation '{operation}' is not known: choose get_current, format or add.")
    data: Object = {
        "operation": known or operation,
        "timezone": node.text("timezone"),
        "format": _pattern(node, "format"),
        "inputFormat": _pattern(node, "inputFormat"),
        "addAmount": node.number("addAmount"),
        "addUnit": node.text("addUnit"),
        "sourceVariable": variable_name(node.take("sourceVariable")),
        "compareWith": _compared_with(node),
        "compareOperator": _compare_operator(node),
        "outputVariable": variable_name(node.take("outputVariable")),
    }
    return Draft("datetime", present(data))


def _pattern(node: NodeSource, name: str) -> str | None:
    """A format as strftime writes it; the sources also write DD/MM/YYYY."""
    pattern = node.text(name)
    if not pattern or "%" in pattern:
        return pattern
    written = pattern
    for token, directive in _STRFTIME:
        written = written.replace(token, directive)
    if written != pattern:
        node.note("changed", name, f"Format '{pattern}' is now written '{written}'.")
    return written


def _compared_with(node: NodeSource) -> str | None:
    value, name = as_text(node.take("compareWith")), variable_name(node.take("compareVariable"))
    return value if value is not None or name is None else f"{{{{{name}}}}}"


def _compare_operator(node: NodeSource) -> str | None:
    written = node.text("compareOperator")
    operator = _COMPARED.get(OPERATORS.get(squash(written or ""), ""))
    if written and operator is None:
        node.note("problem", "compareOperator", f"Operator '{written}' is not known: choose gt, lt, eq, gte or lte.")
    return operator
