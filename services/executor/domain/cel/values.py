"""The values of CEL, what may be done with two of them, and what a flow keeps of one."""

import math
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final, TypeAlias

from services.executor.domain.budget import STEP, Budget
from services.executor.domain.json_value import Json, storable

# Numbers are int (64 bits) or float; a moment is aware.
Value: TypeAlias = "Json | datetime | timedelta"

MAX_TEXT: Final = 64 * 1024
MAX_ITEMS: Final = 10_000
_LEAST, _MOST = -(2**63), 2**63 - 1


class CelError(ValueError):
    """An expression that cannot be read or worked out; the message is a sentence for the author."""


def type_name(value: Value) -> str:
    """What CEL calls the type of a value."""
    if value is None:
        return "null"
    names = {bool: "bool", int: "int", float: "double", str: "string", list: "list", dict: "map"}
    return names.get(type(value), "timestamp" if isinstance(value, datetime) else "duration")


def is_number(value: Value) -> bool:
    """Whether a value is an int or a double; true and false are none."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def whole(value: int) -> int:
    """An int of 64 bits. Raises CelError for a larger one."""
    if not _LEAST <= value <= _MOST:
        raise CelError("The result does not fit into 64 bits.")
    return value


def equal(one: Value, other: Value, budget: Budget) -> bool:
    """Equality of any two values: of different types they are different, but numbers compare by what they are worth."""
    budget.spend(STEP)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(equal(a, b, budget) for a, b in zip(one, other, strict=True))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(equal(value, other[key], budget) for key, value in one.items())
    if is_number(one) and is_number(other):
        return one == other
    if isinstance(one, str) and isinstance(other, str):
        budget.spend(min(len(one), len(other)))
    return type_name(one) == type_name(other) and one == other


def order(one: Value, other: Value, budget: Budget) -> int:
    """Negative, zero or positive as `one` is below, equal to or above `other`. Raises CelError."""
    budget.spend(STEP)
    if isinstance(one, str) and isinstance(other, str):
        budget.spend(min(len(one), len(other)))
        return (one > other) - (one < other)
    if (isinstance(one, int | float) and isinstance(other, int | float)) and is_number(one) == is_number(other):
        if math.isnan(one) or math.isnan(other):
            raise CelError("What is no number compares with nothing.")
        return (one > other) - (one < other)
    if isinstance(one, datetime) and isinstance(other, datetime):
        return (one > other) - (one < other)
    if isinstance(one, timedelta) and isinstance(other, timedelta):
        return (one > other) - (one < other)
    raise _no_overload("<", one, other)


def contains(container: Value, item: Value, budget: Budget) -> bool:
    """`in`: whether a list has an item, or a map a key. Raises CelError."""
    if isinstance(container, list):
        return any(equal(item, held, budget) for held in container)
    if isinstance(container, dict):
        return isinstance(item, str) and item in container
    raise _no_overload("in", item, container)


def combine(sign: str, one: Value, other: Value, budget: Budget) -> Value:
    """`+ - * / %` of two values of one type. Raises CelError."""
    budget.spend(STEP)
    if isinstance(one, bool) or isinstance(other, bool):
        raise _no_overload(sign, one, other)
    if isinstance(one, int) and isinstance(other, int):
        return whole(_WHOLE[sign](one, other))
    if isinstance(one, float) and isinstance(other, float) and sign in _REAL:
        return _REAL[sign](one, other)
    if sign == "+" and isinstance(one, str) and isinstance(other, str):
        return _joined(one, other, budget)
    if sign == "+" and isinstance(one, list) and isinstance(other, list):
        budget.spend(len(one) + len(other))
        if len(one) + len(other) > MAX_ITEMS:
            raise CelError(f"A list grows longer than {MAX_ITEMS} items.")
        return [*one, *other]
    return _of_time(sign, one, other)


def _joined(one: str, other: str, budget: Budget) -> str:
    budget.spend(len(one) + len(other))
    if len(one) + len(other) > MAX_TEXT:
        raise CelError(f"A text grows longer than {MAX_TEXT} characters.")
    return one + other


def _of_time(sign: str, one: Value, other: Value) -> Value:
    try:
        if isinstance(other, timedelta) and isinstance(one, datetime | timedelta) and sign in "+-":
            return one + other if sign == "+" else one - other
        if sign == "+" and isinstance(one, timedelta) and isinstance(other, datetime):
            return other + one
        if sign == "-" and isinstance(one, datetime) and isinstance(other, datetime):
            return one - other
    except OverflowError:
        raise CelError("The result lies outside of the calendar.") from None
    raise _no_overload(sign, one, other)


def _divided(one: int, other: int) -> int:
    """Towards zero, as CEL has it."""
    if other == 0:
        raise CelError("The expression divides by zero.")
    quotient = abs(one) // abs(other)
    return quotient if (one < 0) == (other < 0) else -quotient


def _real_divided(one: float, other: float) -> float:
    if other != 0:
        return one / other
    return math.nan if one == 0 or math.isnan(one) else math.copysign(math.inf, one) * math.copysign(1.0, other)


_WHOLE: Final[dict[str, Callable[[int, int], int]]] = {
    "+": lambda one, other: one + other,
    "-": lambda one, other: one - other,
    "*": lambda one, other: one * other,
    "/": _divided,
    "%": lambda one, other: one - other * _divided(one, other),
}
_REAL: Final[dict[str, Callable[[float, float], float]]] = {
    "+": lambda one, other: one + other,
    "-": lambda one, other: one - other,
    "*": lambda one, other: one * other,
    "/": _real_divided,
}


def _no_overload(sign: str, one: Value, other: Value) -> CelError:
    return CelError(f'"{sign}" cannot be used on {type_name(one)} and {type_name(other)}.')


def to_json(value: Value) -> Json:
    """What a variable keeps of a value: a moment as ISO text in UTC, a duration as seconds. Raises CelError."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, timedelta):
        return duration_text(value)
    if isinstance(value, float) and not math.isfinite(value):
        raise CelError("The result is no finite number.")
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, list):
        return [to_json(item) for item in value]
    if isinstance(value, dict):
        return {storable(key): to_json(item) for key, item in value.items()}
    return value


def duration_text(value: timedelta) -> str:
    """A duration as CEL writes it: 3600s, or 1.5s."""
    return f"{value.total_seconds():f}".rstrip("0").rstrip(".") + "s"
