"""The functions and methods of CEL that expressions may call."""

import math
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

from services.executor.domain.budget import STEP, Budget
from services.executor.domain.cel.values import CelError, Value, duration_text, to_json, type_name, whole
from services.executor.domain.flow_settings import zone_of

Function = Callable[[tuple[Value, ...], Budget], Value]

_WHOLE = re.compile(r"[-+]?[0-9]{1,19}")
_REAL = re.compile(r"[-+]?(?:[0-9]{1,40}(?:\.[0-9]{0,40})?|\.[0-9]{1,40})(?:[eE][-+]?[0-9]{1,3})?")
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:[Zz]|[-+]\d{2}:\d{2})", re.ASCII)
_FRACTION = re.compile(r"(\.\d{6})\d+")
_DURATION = re.compile(r"-?(?:\d{1,12}(?:\.\d{1,9})?(?:h|ms|m|s|us|ns))+", re.ASCII)
_PART = re.compile(r"(\d+(?:\.\d+)?)(h|ms|m|s|us|ns)", re.ASCII)
_SECONDS: Final = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}
_TRUE: Final = frozenset({"1", "t", "T", "TRUE", "true", "True"})
_FALSE: Final = frozenset({"0", "f", "F", "FALSE", "false", "False"})


def _size(value: Value) -> Value:
    if isinstance(value, str | list | dict):
        return len(value)
    raise _wrong("size", value)


def _int(value: Value) -> Value:
    if isinstance(value, bool):
        raise _wrong("int", value)
    if isinstance(value, int):
        return value
    if isinstance(value, float) and math.isfinite(value):
        return whole(int(value))
    if isinstance(value, str) and _WHOLE.fullmatch(value):
        return whole(int(value))
    if isinstance(value, datetime):
        return int((value - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(seconds=1))
    raise _wrong("int", value)


def _double(value: Value) -> Value:
    if isinstance(value, bool):
        raise _wrong("double", value)
    if isinstance(value, int | float):
        return float(value)
    if isinstance(value, str) and _REAL.fullmatch(value):
        return float(value)
    raise _wrong("double", value)


def _string(value: Value) -> Value:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int):
        return str(value)
    if isinstance(value, float):
        return repr(value).removesuffix(".0")
    if isinstance(value, timedelta):
        return duration_text(value)
    if isinstance(value, datetime):
        return to_json(value)
    raise _wrong("string", value)


def _bool(value: Value) -> Value:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value in _TRUE | _FALSE:
        return value in _TRUE
    raise _wrong("bool", value)


def _timestamp(value: Value) -> Value:
    try:
        if isinstance(value, datetime):
            return value
        if isinstance(value, int) and not isinstance(value, bool):
            return datetime.fromtimestamp(value, UTC)
        if isinstance(value, str) and _MOMENT.fullmatch(value):
            return datetime.fromisoformat(_FRACTION.sub(r"\1", value.upper())).astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        pass
    raise _wrong("timestamp", value)


def _duration(value: Value) -> Value:
    if isinstance(value, timedelta):
        return value
    if isinstance(value, str) and _DURATION.fullmatch(value):
        seconds = sum([float(number) * _SECONDS[unit] for number, unit in _PART.findall(value)])
        try:
            return timedelta(seconds=-seconds if value.startswith("-") else seconds)
        except OverflowError:
            pass
    raise _wrong("duration", value)


def _wrong(name: str, value: Value) -> CelError:
    return CelError(f"{name}() cannot be made of this {type_name(value)}.")


def _one(change: Callable[[Value], Value]) -> tuple[Function, int, int]:
    def call(arguments: tuple[Value, ...], budget: Budget) -> Value:
        value = arguments[0]
        budget.spend(STEP + (len(value) if isinstance(value, str) else 0))
        return change(value)

    return call, 1, 1


def _on_texts(test: Callable[[str, str], Value]) -> tuple[Function, int, int]:
    """A method of one text with another as its argument."""

    def call(arguments: tuple[Value, ...], budget: Budget) -> Value:
        text, part = arguments
        if not isinstance(text, str) or not isinstance(part, str):
            raise CelError(f"It takes two texts, not {type_name(text)} and {type_name(part)}.")
        budget.spend(STEP + len(text) + len(part))
        return test(text, part)

    return call, 2, 2


def _on_text(change: Callable[[str], Value]) -> tuple[Function, int, int]:
    def call(value: Value) -> Value:
        if not isinstance(value, str):
            raise CelError(f"It takes a text, not {type_name(value)}.")
        return change(value)

    return _one(call)


def _ascii(low: int, shift: int) -> Callable[[str], Value]:
    table = {code: code + shift for code in range(low, low + 26)}
    return lambda text: text.translate(table)


def _of_moment(
    read: Callable[[datetime], int], span: Callable[[float], float] | None = None
) -> tuple[Function, int, int]:
    """A part of a moment in UTC or a named zone; of a duration, all of it in that unit."""

    def call(arguments: tuple[Value, ...], budget: Budget) -> Value:
        budget.spend(STEP)
        value, zone = arguments[0], arguments[1] if len(arguments) > 1 else "UTC"
        if isinstance(value, timedelta) and span is not None:
            return int(span(value.total_seconds()))
        if not isinstance(value, datetime) or not isinstance(zone, str) or not zone:
            raise CelError(f"It takes a timestamp and the name of a zone, not {type_name(value)}.")
        try:
            return read(value.astimezone(zone_of(zone)))
        except (ValueError, OverflowError):
            raise CelError(f'The time zone "{zone[:60]}" is unknown.') from None

    return call, 1, 2


# Name → what it does, and how many arguments it takes; of a method the first is what it is called on.
FUNCTIONS: Final[Mapping[str, tuple[Function, int, int]]] = {
    "size": _one(_size),
    "int": _one(_int),
    "uint": _one(_int),
    "double": _one(_double),
    "string": _one(_string),
    "bool": _one(_bool),
    "timestamp": _one(_timestamp),
    "duration": _one(_duration),
    "dyn": _one(lambda value: value),
    "type": _one(type_name),
}
METHODS: Final[Mapping[str, tuple[Function, int, int]]] = {
    "size": _one(_size),
    "startsWith": _on_texts(str.startswith),
    "endsWith": _on_texts(str.endswith),
    "contains": _on_texts(lambda text, part: part in text),
    "lowerAscii": _on_text(_ascii(ord("A"), 32)),
    "upperAscii": _on_text(_ascii(ord("a"), -32)),
    "trim": _on_text(str.strip),
    "getFullYear": _of_moment(lambda moment: moment.year),
    "getMonth": _of_moment(lambda moment: moment.month - 1),
    "getDate": _of_moment(lambda moment: moment.day),
    "getDayOfMonth": _of_moment(lambda moment: moment.day - 1),
    "getDayOfWeek": _of_moment(lambda moment: moment.isoweekday() % 7),
    "getDayOfYear": _of_moment(lambda moment: moment.timetuple().tm_yday - 1),
    "getHours": _of_moment(lambda moment: moment.hour, lambda seconds: seconds / 3600),
    "getMinutes": _of_moment(lambda moment: moment.minute, lambda seconds: seconds / 60),
    "getSeconds": _of_moment(lambda moment: moment.second, lambda seconds: seconds),
    "getMilliseconds": _of_moment(lambda moment: moment.microsecond // 1000, lambda seconds: seconds * 1000),
}
LOOPS: Final = frozenset({"all", "exists", "exists_one", "map", "filter"})
