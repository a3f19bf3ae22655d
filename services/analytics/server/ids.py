"""UUIDs in requests."""

from __future__ import annotations

from functools import lru_cache
from uuid import UUID

from services.chassis.errors import InvalidArgument

# A conversation's records come from two rooms in several calls, an organization's and a flow's in nearly every one.
_REMEMBERED_IDS = 16_384


@lru_cache(_REMEMBERED_IDS)
def _remembered_uuid(text: str) -> UUID:
    return UUID(text)


def uuid_of(field: str, text: str) -> UUID:
    try:
        return _remembered_uuid(text)
    except ValueError:
        raise InvalidArgument(f"{field} is {text[:40]!r}; give a UUID") from None


def uuid_or_none(field: str, text: str) -> UUID | None:
    return uuid_of(field, text) if text else None
