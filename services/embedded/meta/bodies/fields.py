"""Reading one JSON value at a time with Meta's complaints: missing is 131008, wrong is 131009.

Lengths count code points; Meta documents no unit. `path` is the name shown to callers, as `text.body`.
"""

from collections.abc import Iterable, Mapping
from typing import NoReturn

from services.embedded.meta.refusals import ErrorKind, GraphError

JsonObject = Mapping[str, object]


def missing(path: str) -> NoReturn:
    """Raise Meta's error for a parameter that is not there."""
    raise GraphError(ErrorKind.MISSING_PARAMETER, f"The parameter {path} is required.")


def wrong(path: str, why: str) -> NoReturn:
    """Raise Meta's error for a value that may not be sent."""
    raise GraphError(ErrorKind.BAD_VALUE, f"Parameter {path} is not valid: {why}")


def child(parent: JsonObject, name: str, path: str) -> JsonObject:
    """The object `name`; refused when it is missing or something else."""
    value = parent.get(name)
    if value is None:
        missing(path)
    if not isinstance(value, Mapping):
        wrong(path, "an object is expected")
    return value


def children(parent: JsonObject, name: str, path: str, least: int, most: int) -> list[JsonObject]:
    """The list of objects `name` with `least` to `most` elements."""
    value = parent.get(name)
    if value is None:
        missing(path)
    if not isinstance(value, list) or not all(isinstance(item, Mapping) for item in value):
        wrong(path, "a list of objects is expected")
    if not least <= len(value) <= most:
        wrong(path, f"{least} to {most} elements are allowed, {len(value)} were sent")
    return value


def words(parent: JsonObject, name: str, path: str, most: int) -> str:
    """The text `name`, from 1 to `most` characters."""
    value = parent.get(name)
    if value is None or value == "":
        missing(path)
    return _bounded(value, path, most)


def optional_words(parent: JsonObject, name: str, path: str, most: int) -> str:
    """The text `name` or the empty string, at most `most` characters."""
    value = parent.get(name)
    return "" if value is None else _bounded(value, path, most)


def named(parent: JsonObject, expected: str, path: str) -> None:
    """The field `name`, which must say what the message's type says."""
    if words(parent, "name", path, 64) != expected:
        wrong(path, f"{expected} is expected")


def number(parent: JsonObject, name: str, path: str, least: float, most: float) -> float:
    """The number `name`, which may be written as a text, from `least` to `most`."""
    value = parent.get(name)
    if value is None:
        missing(path)
    try:
        given = float(value) if isinstance(value, int | float | str) else most + 1
    except ValueError:
        given = most + 1
    if not least <= given <= most:
        wrong(path, f"a number from {least:g} to {most:g} is expected")
    return given


def unique(values: Iterable[str], path: str) -> None:
    """Refuse values that repeat."""
    seen = list(values)
    if len(set(seen)) < len(seen):
        wrong(path, "values must be unique")


def web_link(parent: JsonObject, name: str, path: str) -> str:
    """The http or https address `name`."""
    link = words(parent, name, path, 2048)
    if not link.startswith(("http://", "https://")):
        wrong(path, "an http or https address is expected")
    return link


def _bounded(value: object, path: str, most: int) -> str:
    if not isinstance(value, str):
        wrong(path, "a text is expected")
    if len(value) > most:
        wrong(path, f"at most {most} characters are allowed, {len(value)} were sent")
    return value
