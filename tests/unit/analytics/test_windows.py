"""A log is gone through day by day, some days at a time."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from services.analytics.domain.windows import DAYS_AT_ONCE, Window, windows_from

START = datetime(2026, 3, 4, 9, 30, tzinfo=UTC)
END = datetime(9999, 12, 31, tzinfo=UTC)
DAY = timedelta(days=1)


def all_windows(start: datetime, now: datetime) -> list[Window]:
    windows: list[Window] = []
    at: datetime | None = start
    while at is not None:
        found, at = windows_from(at, now)
        assert 0 < len(found) <= DAYS_AT_ONCE + 1
        windows += found
    return windows


@pytest.mark.parametrize("days", [-1, 0, 1, DAYS_AT_ONCE - 1, DAYS_AT_ONCE, DAYS_AT_ONCE + 1, 400])
def test_windows_follow_each_other_to_the_end_of_time_without_a_gap(days: int) -> None:
    windows = all_windows(START, START + days * DAY)

    assert windows[0].start == START
    assert windows[-1].end == END
    assert all(one.end == other.start for one, other in pairwise(windows))
    assert all(window.end - window.start == DAY for window in windows[:-1])


def test_what_a_wrong_clock_recorded_later_than_now_is_in_the_last_window() -> None:
    now = START + 3 * DAY
    last = all_windows(START, now)[-1]

    assert last.start > now
    assert last.start <= now + 365 * DAY < last.end


def test_a_month_is_gone_through_at_a_time() -> None:
    windows, rest = windows_from(START, START + 40 * DAY)

    assert len(windows) == DAYS_AT_ONCE
    assert rest == windows[-1].end
