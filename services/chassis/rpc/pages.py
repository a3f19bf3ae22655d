"""Pages of lists: a limit, and a cursor that says where the next page begins."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import TypeVar
from uuid import UUID

import orjson
from google.protobuf.message import Message

from services.chassis.errors import InvalidArgument
from services.chassis.rpc.sizes import MOST_LISTED_BYTES, fitting

MOST_OF_A_PAGE = 1000

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

Item = TypeVar("Item")
Form = TypeVar("Form", bound=Message)

Place = tuple[str | int, ...]
"""Where an item stands in its list: what the list is ordered by, so that no two items have the same."""


def page_limit(wanted: int, *, most: int = MOST_OF_A_PAGE) -> int | None:
    """How many a page may have; None means as many as fit into an answer. Raises InvalidArgument."""
    if not 0 <= wanted <= most:
        raise InvalidArgument(f"limit is {wanted}; use 1 to {most}, or 0 for as many as fit into an answer")
    return wanted or None


def written_place(place: Place) -> str:
    """A cursor."""
    return base64.urlsafe_b64encode(orjson.dumps(place)).decode().rstrip("=")


def read_place(cursor: str, *kinds: type[str] | type[int]) -> Place | None:
    """The place that a cursor says; None for an empty one. Raises InvalidArgument."""
    if not cursor:
        return None
    try:
        place = orjson.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
    except (binascii.Error, ValueError):
        raise foreign_cursor() from None
    if not isinstance(place, list) or [type(part) for part in place] != list(kinds) or not all(map(_fits, place)):
        raise foreign_cursor()
    return tuple(place)


def place_at(moment: datetime, name: UUID) -> Place:
    """The place of what is ordered by a moment and an id."""
    return (moment - _EPOCH) // _MICROSECOND, name.hex


def read_place_at(cursor: str) -> tuple[datetime, UUID] | None:
    """The moment and the id that a cursor says; None for an empty one. Raises InvalidArgument."""
    place = read_place(cursor, int, str)
    if place is None:
        return None
    passed, name = place
    try:
        return _EPOCH + int(passed) * _MICROSECOND, UUID(str(name))
    except (ValueError, OverflowError):
        raise foreign_cursor() from None


def _fits(part: str | int) -> bool:
    """Whether Postgres takes it."""
    return "\0" not in part if isinstance(part, str) else -(2**63) <= part < 2**63


def foreign_cursor() -> InvalidArgument:
    """What a cursor is answered that nobody gave out."""
    return InvalidArgument("cursor is none that was given out; begin without one")


def page_of(
    items: Sequence[Item],
    form: Callable[[Item], Form],
    place_of: Callable[[Item], Place],
    limit: int | None,
    *,
    most_bytes: int = MOST_LISTED_BYTES,
) -> tuple[list[Form], str]:
    """The first of the items, as many as are wanted and fit, and the cursor of what follows; empty after the last.

    Of a list that is longer `items` holds one more than `limit`.
    """
    forms = fitting(map(form, items[:limit]), most_bytes=most_bytes)
    has_more = len(forms) < len(items)
    return forms, written_place(place_of(items[len(forms) - 1])) if has_more else ""


def page_within(
    items: Iterable[Item],
    form: Callable[[Item], Form],
    place_of: Callable[[Item], Place],
    *,
    limit: int,
    cursor: str,
) -> tuple[list[Form], str]:
    """A page of a list that is at hand as a whole, in the order of its places. Raises InvalidArgument."""
    ordered = sorted(items, key=place_of)
    most = page_limit(limit)
    if cursor and ordered:
        after = read_place(cursor, *map(type, place_of(ordered[0])))
        ordered = [item for item in ordered if after is None or place_of(item) > after]
    return page_of(ordered, form, place_of, most)
