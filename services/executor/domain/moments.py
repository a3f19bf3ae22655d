"""Moments as people and flows write them."""

import re
from datetime import datetime, timedelta, tzinfo
from typing import Final

_DAY_FIRST = re.compile(r"(\d{1,2})[/.](\d{1,2})[/.](\d{4})(?:[ T,]+(\d{1,2})[:h](\d{2})(?::(\d{2}))?)?", re.ASCII)
_CLOCK = re.compile(r"(\d{1,2})[:h](\d{2})", re.ASCII)
# The parts of strftime that mean the same everywhere; others depend on the machine, or may ask for any width.
_FORMAT = re.compile(r"(?:[^%]|%-?[dmHIMSjy]|%[aAbBYfpzZuwUVWGFTRDeC%])*")
MOST_FORMAT: Final = 100
_LONGEST: Final = 64


def read_moment(text: str, zone: tzinfo, pattern: str = "") -> datetime | None:
    """Read an ISO moment or day, DD/MM/YYYY with or without a time, or a pattern of strftime; in `zone` unless it says.

    None when it is no moment.
    """
    said = text.strip()
    if not said or len(said) > _LONGEST:
        return None
    try:
        if pattern:
            moment = datetime.strptime(said, pattern)  # noqa: DTZ007 - the zone follows
        elif match := _DAY_FIRST.fullmatch(said):
            day, month, year, hour, minute, second = (int(part or 0) for part in match.groups())
            moment = datetime(year, month, day, hour, minute, second, tzinfo=zone)
        else:
            moment = datetime.fromisoformat(said)
        aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=zone)
        # What lies at the ends of the calendar cannot be told in every zone.
        return aware.astimezone(zone)
    except (ValueError, OverflowError, re.error):
        return None


def read_clock(text: str) -> tuple[int, int] | None:
    """Read HH:MM as hours and minutes; 24:00 is the end of a day. None when it is no time."""
    match = _CLOCK.fullmatch(text.strip())
    if match is None:
        return None
    hour, minute = int(match[1]), int(match[2])
    return (hour, minute) if (hour < 24 and minute < 60) or (hour, minute) == (24, 0) else None


def next_clock(now: datetime, hour: int, minute: int) -> datetime:
    """The next moment at which the clocks of `now`'s zone show this time."""
    today = now.replace(hour=hour % 24, minute=minute, second=0, microsecond=0)
    return today if today > now else today + timedelta(days=1)


def is_format(pattern: str) -> bool:
    """Whether a pattern of strftime means the same on every machine."""
    return len(pattern) <= MOST_FORMAT and _FORMAT.fullmatch(pattern) is not None
