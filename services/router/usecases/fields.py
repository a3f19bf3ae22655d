"""Checks of fields people write; every sentence names the field and the mend. All raise InvalidArgument."""

from __future__ import annotations

import re
from uuid import UUID
from zoneinfo import available_timezones

from services.chassis.errors import InvalidArgument
from services.router.domain.identity import phone_digits

_NUMBER_ID = re.compile(r"[0-9]{1,32}")
_APP = re.compile(r"[^/\s\x00]{1,120}/[^/\x00]{1,120}")


def text_of(field: str, value: str, *, most: int) -> str:
    """A text of 1 to `most` characters that is not blank."""
    if not value.strip():
        raise InvalidArgument(f"{field} is empty; give it 1 to {most} characters")
    return stored_text(field, value, most=most)


def stored_text(field: str, value: str, *, most: int) -> str:
    """A text of at most `most` characters that Postgres can hold."""
    if len(value) > most:
        raise InvalidArgument(f"{field} has {len(value)} characters; use at most {most}")
    if "\0" in value:
        raise InvalidArgument(f"{field} holds a NUL character; remove it")
    return value


def id_of(field: str, value: str) -> UUID:
    """A UUID."""
    try:
        return UUID(value)
    except ValueError:
        raise InvalidArgument(f"{field} is {value[:60]!r}; it must be a UUID") from None


def id_or_none(field: str, value: str) -> UUID | None:
    """A UUID, or None when empty."""
    return id_of(field, value) if value else None


def number_id(field: str, value: str) -> str:
    """Meta's id of a number."""
    if not _NUMBER_ID.fullmatch(value):
        raise InvalidArgument(f"{field} is {value[:60]!r}; it must be Meta's id of the number, 1 to 32 digits")
    return value


def app_of(field: str, value: str) -> str:
    """A Meta app as "organization_id/app", or empty."""
    if value and not _APP.fullmatch(value):
        raise InvalidArgument(f'{field} is {value[:60]!r}; write it as "organization_id/app" or leave it empty')
    return value


def phone_number(field: str, value: str) -> str:
    """The digits of a phone number."""
    digits = phone_digits(value)
    if not digits:
        raise InvalidArgument(f"{field} is no phone number; write it in digits with the country code")
    return digits


def time_zone(field: str, value: str) -> str:
    """An IANA time zone."""
    if value not in _time_zones():
        raise InvalidArgument(f"{field} is {value[:60]!r}; use an IANA name such as America/Sao_Paulo")
    return value


def _time_zones() -> set[str]:
    # Reads the zone files (20 ms); only a put of an organization asks.
    return available_timezones()
