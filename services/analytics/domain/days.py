"""Which day and which hour it was where an organization lives."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

# The product's zone (product contract, section 12), for records whose producer named none.
DEFAULT_ZONE = "America/Sao_Paulo"

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Clocks differ by whole quarters of an hour everywhere, so that within one nobody's day and hour change.
_QUARTER = timedelta(minutes=15)


def zone_named(name: str) -> tzinfo:
    """An IANA zone; the product's where the name is empty or means nothing here."""
    try:
        return ZoneInfo(name or DEFAULT_ZONE)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo(DEFAULT_ZONE)


def day_number(moment: datetime, zone: str) -> int:
    """The day there, counted from 1970-01-01."""
    return _place_of_quarter((moment - _EPOCH) // _QUARTER, zone)[0]


def hour_there(moment: datetime, zone: str) -> int:
    """The hour of that day, 0 to 23; one that clocks show twice is the same one."""
    return _place_of_quarter((moment - _EPOCH) // _QUARTER, zone)[1]


def first_day(now: datetime, zone: str, days: int) -> date:
    """The day there as many days ago: with it a report of so many days begins."""
    return now.astimezone(zone_named(zone)).date() - timedelta(days=days)


def midnight(day: date, zone: str) -> datetime:
    """When a day begins there."""
    return datetime(day.year, day.month, day.day, tzinfo=zone_named(zone)).astimezone(UTC)


@lru_cache(maxsize=4096)
def _place_of_quarter(quarter: int, zone: str) -> tuple[int, int]:
    local = (_EPOCH + quarter * _QUARTER).astimezone(zone_named(zone))
    return (local.date() - _EPOCH.date()).days, local.hour
