"""Places in the log as whoever pages is told them."""

from __future__ import annotations

from datetime import datetime

from services.analytics.domain.report import LogPlace
from services.chassis.errors import InvalidArgument


def cursor_of(place: LogPlace | None) -> str:
    """What `place_of` reads again; empty where nothing follows."""
    return f"{place.moment.isoformat()}/{place.record_id}" if place else ""


def place_of(cursor: str) -> LogPlace:
    """The place that a cursor names. Raises InvalidArgument."""
    moment, slash, record_id = cursor.partition("/")
    try:
        found = datetime.fromisoformat(moment)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None or not slash or "\x00" in record_id:
        raise InvalidArgument("cursor is none that was given out; begin without one")
    return LogPlace(found, record_id)
