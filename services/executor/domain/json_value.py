"""JSON values as flows hold them: how they read as text, as a number, and safely out of node data."""

import json
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import TypeAlias

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"

_PLAIN_NUMBER = re.compile(r"[+-]?[0-9]{1,40}(?:[.,][0-9]{1,40})?")
_GROUPED_NUMBER = re.compile(r"[+-]?[0-9]{1,3}(?:\.[0-9]{3}){1,12},[0-9]{1,40}")
# What neither UTF-8 nor a Postgres jsonb column can hold.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def text_of(value: Json) -> str:
    """Say a value as a person reads it: null is empty, 3.0 is "3", lists and objects are compact JSON."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return repr(value).removesuffix(".0")
    if isinstance(value, int):
        return str(value)
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def number_of(value: Json) -> Decimal | None:
    """Read a number with sign and decimal point or comma ("-1,5", "1.234,50"); None when it is none."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return Decimal(repr(value))
    if not isinstance(value, str):
        return None
    text = value.strip()
    if _PLAIN_NUMBER.fullmatch(text):
        return Decimal(text.replace(",", "."))
    if _GROUPED_NUMBER.fullmatch(text):
        return Decimal(text.replace(".", "").replace(",", "."))
    return None


def storable(text: str) -> str:
    """Drop NUL characters and lone surrogates, which cannot be stored."""
    # NUL and surrogates are not printable, so most texts need no search.
    return text if text.isprintable() else _UNSTORABLE.sub("", text)


def is_storable(text: str) -> bool:
    """Whether UTF-8 and jsonb can hold this text."""
    return _UNSTORABLE.search(text) is None


def text_at(data: Mapping[str, Json], key: str) -> str:
    """Read a text field; absent, null, a list or an object is empty text."""
    value = data.get(key)
    if isinstance(value, str):
        return value
    return "" if isinstance(value, list | dict) else text_of(value)


def flag_at(data: Mapping[str, Json], key: str) -> bool:
    """Read a yes/no field; only a real true counts."""
    return data.get(key) is True


def object_at(data: Mapping[str, Json], key: str) -> dict[str, Json]:
    """Read an object field; anything else is an empty object."""
    value = data.get(key)
    return value if isinstance(value, dict) else {}


def objects_at(data: Mapping[str, Json], key: str) -> list[dict[str, Json]]:
    """Read a list of objects; entries of another type are passed over."""
    value = data.get(key)
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def whole_number_at(data: Mapping[str, Json], key: str) -> int | None:
    """Read a whole number, also when it was written as text; None when there is none."""
    value = data.get(key)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    number = number_of(value)
    return int(number) if number is not None else None
