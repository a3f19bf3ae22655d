"""Readers of single JSON values whose type nobody promises: each takes anything, gives a value or None."""

import re
from collections.abc import Mapping
from typing import TypeAlias

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"
Object: TypeAlias = "dict[str, Json]"

# Shared and never written to: what a missing or mistyped object reads as.
NOTHING: Mapping[str, Json] = {}

_BUSINESS_SCOPED_USER_ID = re.compile(r"[A-Z]{2}\.(ENT\.)?[A-Za-z0-9]{1,128}")
_FIRST_MILLISECOND_TIMESTAMP = 10**12
_MOST_TIMESTAMP_DIGITS = 18


def text(value: Json) -> str | None:
    """Return a text exactly as sent; a number becomes its digits, an empty or other value None."""
    if isinstance(value, str):
        return value or None
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    return None


def identifier(value: Json) -> str | None:
    """Return an opaque id as text. Meta documents strings and sometimes sends integers."""
    if isinstance(value, str):
        return value or None
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return None


def mapping(value: Json) -> Mapping[str, Json]:
    """Return an object, or an empty one in place of anything else."""
    return value if isinstance(value, dict) else NOTHING


def array(value: Json) -> list[Json]:
    """Return an array, or an empty one in place of anything else."""
    return value if isinstance(value, list) else []


def timestamp(value: Json) -> int | None:
    """Return whole Unix seconds from 1 to 18 digits; from 10^12 on they are milliseconds (both are seen)."""
    digits = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(digits, str) or not (digits.isascii() and digits.isdigit()):
        return None
    if len(digits) > _MOST_TIMESTAMP_DIGITS:
        return None
    number = int(digits)
    return number // 1000 if number >= _FIRST_MILLISECOND_TIMESTAMP else number


def integer(value: Json) -> int | None:
    """Return an integer; true and false are not integers here."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def number(value: Json) -> int | float | None:
    """Return a number; true and false are not numbers here."""
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def error_codes(value: Json) -> list[Json]:
    """Return the integer codes of an ``errors`` array; 0 is a real code (authentication)."""
    codes: list[Json] = []
    for error in array(value):
        code = integer(mapping(error).get("code"))
        if code is not None:
            codes.append(code)
    return codes


def phone_and_user_id(value: Json) -> tuple[str | None, str | None]:
    """Sort one address into (phone, business-scoped user id): both are seen in ``from`` and ``wa_id``."""
    address = identifier(value)
    if address is not None and address[2:3] == "." and _BUSINESS_SCOPED_USER_ID.fullmatch(address):
        return None, address
    return address, None


def put(fields: Object, key: str, value: Json) -> None:
    """Set a key of the normal form, which leaves out what is null, empty or false; 0 stays."""
    if value or (value == 0 and value is not False):
        fields[key] = value
