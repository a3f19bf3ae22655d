"""Reads JSON values of any shape as the plain values a flow needs; never raises."""

import re
from collections.abc import Iterator, Mapping

Json = object
Object = dict[str, object]

# Far above anything a flow means and far below what a float can hold when multiplied.
_LARGEST = 1e100
_BRACES = re.compile(r"\{\{\s*(.*?)\s*\}\}", re.DOTALL)
_TEXT_KEYS = ("text", "body", "content", "value", "title", "label")


def as_object(value: Json) -> Object:
    return value if isinstance(value, dict) else {}


def as_list(value: Json) -> list[object]:
    return value if isinstance(value, list) else []


def as_text(value: Json) -> str | None:
    """Text of a string, a number or an object that wraps a text; None when there is none."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return number_text(value)
    for key in _TEXT_KEYS if isinstance(value, dict) else ():
        inner = as_object(value).get(key)
        if isinstance(inner, str):
            return inner
    return None


def as_id(value: Json) -> str | None:
    """An identifier: a non-empty string as it is, a number in digits (1 and 1.0 are both "1")."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return number_text(value)
    return value if isinstance(value, str) and value.strip() else None


def as_number(value: Json) -> int | float | None:
    """A finite number, also when it is written as text ("0", "1,5")."""
    if isinstance(value, str):
        return _parse_number(value.strip().replace(",", "."))
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value if abs(value) < _LARGEST else None


def as_seconds(value: Json) -> int | float | None:
    """A time in seconds; the sources write milliseconds too, told by their size."""
    number = as_number(value)
    if number is None or number < 1000:
        return number
    return int(number // 1000) if number % 1000 == 0 else number / 1000


def as_flag(value: Json) -> bool | None:
    if isinstance(value, bool):
        return value
    word = value.strip().casefold() if isinstance(value, str) else ""
    return {
        "true": True,
        "yes": True,
        "sim": True,
        "false": False,
        "no": False,
        "nao": False,
        "não": False,
    }.get(word)


def variable_name(value: Json) -> str | None:
    """The name in `name` or `{{ name }}`; None when there is none."""
    text = as_text(value)
    if text is None:
        return None
    braces = _BRACES.fullmatch(text.strip())
    name = (braces.group(1) if braces else text).strip()
    return name or None


def number_text(value: float) -> str:
    if isinstance(value, float) and value.is_integer():
        return format(value, ".0f")
    try:
        return str(value)
    except ValueError:  # CPython refuses to print integers of more than 4300 digits
        return hex(int(value))


def folded(value: Json) -> str:
    """A name for comparing: trimmed, case-folded; empty when the value is no name."""
    return (as_text(value) or "").strip().casefold()


def entries(value: Json) -> Iterator[tuple[str, object]]:
    """(name, value) pairs of an object or of a list of {key|name, value}."""
    if isinstance(value, dict):
        yield from value.items()
    for item in as_list(value):
        name = as_text(as_object(item).get("key", as_object(item).get("name")))
        if name:
            yield name, as_object(item).get("value")


def as_template(source: Json) -> Json:
    """A bare name as a placeholder; any other value as it is."""
    return f"{{{{{source}}}}}" if isinstance(source, str) and re.fullmatch(r"[^\W\d][\w.]*", source) else source


def present(fields: Mapping[str, object]) -> Object:
    """The fields without those that hold nothing."""
    return {name: value for name, value in fields.items() if value is not None}


def _parse_number(text: str) -> int | float | None:
    if not re.fullmatch(r"[+-]?\d{1,99}(\.\d{1,99})?", text, re.ASCII):
        return None
    return float(text) if "." in text else int(text)
