"""A log is gone through by days: a record's conversation has no index, and a day of an organization is soon read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

DAYS_AT_ONCE = 31
_DAY = timedelta(days=1)
_END = datetime(9999, 12, 31, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Window:
    """From a moment up to, and without, another."""

    start: datetime
    end: datetime


def windows_from(start: datetime, now: datetime) -> tuple[Sequence[Window], datetime | None]:
    """The next windows from `start` on, and where those after them begin; None when these are the last.

    Nothing is recorded later than `now` but by a wrong clock: all of that is one window.
    """
    windows: list[Window] = []
    while start <= now and len(windows) < DAYS_AT_ONCE:
        windows.append(Window(start, start + _DAY))
        start += _DAY
    if start <= now:
        return windows, start
    return [*windows, Window(start, _END)], None
