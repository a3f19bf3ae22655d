"""Business hours: when it is open, and when so much open time will have passed. In a zone's own time."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_WHOLE_DAY = 24 * 60
# Beyond this nobody counts open minutes: a schedule of one minute a week would be gone through for years.
_MOST_DAYS = 366

Span = tuple[int, int]
"""Minutes of a day, the second after the first; of one that goes past midnight, more than a day's 1,440."""


@dataclass(frozen=True, slots=True)
class BusinessHours:
    """A week, Monday first, in the time of an IANA zone; None is a day on which it stays closed."""

    zone: str
    week: tuple[Span | None, ...]


def is_open(hours: BusinessHours | None, now: datetime) -> bool:
    """Whether it is open at a moment; without hours it always is."""
    if hours is None:
        return True
    day = now.astimezone(ZoneInfo(hours.zone)).date()
    # What opened yesterday may still be open.
    return any(begin <= now < end for begin, end in _spans(hours, day - timedelta(days=1), days=2))


def due_after(hours: BusinessHours | None, begin: datetime, open_time: timedelta) -> datetime:
    """The moment at which it will have been open for so long since `begin`.

    Where that takes more than a year, or never comes, time is counted as if it were always open.
    """
    left, reached = open_time, begin
    if hours is None:
        return begin + left
    day = begin.astimezone(ZoneInfo(hours.zone)).date() - timedelta(days=1)
    for opened, closed in _spans(hours, day, days=_MOST_DAYS):
        # Days that overlap count once.
        opened = max(opened, reached)
        if closed <= opened:
            continue
        if closed - opened >= left:
            return opened + left
        left, reached = left - (closed - opened), closed
    return begin + open_time


def read_hours(text: str) -> BusinessHours:
    """What `written_hours` wrote, or a person. Raises ValueError with what is wrong."""
    value = json.loads(text)
    return hours_of(value.get("timezone", ""), value.get("schedule", {}))


def hours_of(zone: str, schedule: Mapping[str, tuple[str, str]]) -> BusinessHours:
    """Hours from "08:00" and "18:00" by day; one that ends before it begins ends on the next day. Raises ValueError."""
    unknown = next((day for day in schedule if day not in DAYS), None)
    if unknown is not None:
        raise ValueError(f"{unknown[:20]!r} is no day; use {', '.join(DAYS)}")
    return BusinessHours(zone, tuple(_span(day, *schedule[day]) if day in schedule else None for day in DAYS))


def schedule_of(hours: BusinessHours) -> dict[str, tuple[str, str]]:
    """What `hours_of` takes: opening and closing by day."""
    return {day: (_clock(span[0]), _clock(span[1])) for day, span in zip(DAYS, hours.week, strict=True) if span}


def written_hours(hours: BusinessHours) -> str:
    """As JSON."""
    return json.dumps({"timezone": hours.zone, "schedule": schedule_of(hours)})


def _spans(hours: BusinessHours, first: date, *, days: int) -> Iterator[tuple[datetime, datetime]]:
    zone = ZoneInfo(hours.zone)
    for number in range(days):
        day = first + timedelta(days=number)
        span = hours.week[day.weekday()]
        if span is not None:
            midnight = datetime.combine(day, time(), tzinfo=zone)
            # Added to the time on the wall: on a day that is set forward it opens at eight all the same.
            begin, end = (midnight + timedelta(minutes=minutes) for minutes in span)
            yield begin.astimezone(UTC), end.astimezone(UTC)


def _span(day: str, start: str, end: str) -> Span:
    first, last = _minutes(day, start), _minutes(day, end)
    if first in (_WHOLE_DAY, last):
        raise ValueError(f"{day} opens at {start[:8]} and closes at {end[:8]}; give two different times of the day")
    return first, last if last > first else last + _WHOLE_DAY


def _minutes(day: str, clock: str) -> int:
    hour, _, minute = clock.partition(":")
    is_time = len(hour) == len(minute) == 2 and (hour + minute).isascii() and (hour + minute).isdigit()
    minutes = int(hour) * 60 + int(minute) if is_time else -1
    if not 0 <= minutes <= _WHOLE_DAY or int(minute) > 59:
        raise ValueError(f"{day} has the time {clock[:8]!r}; write it as 08:30, 24:00 at most")
    return minutes


def _clock(minutes: int) -> str:
    if minutes > _WHOLE_DAY:
        minutes -= _WHOLE_DAY
    return f"{minutes // 60:02d}:{minutes % 60:02d}"
