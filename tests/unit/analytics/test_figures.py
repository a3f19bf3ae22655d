"""Rates, intervals and days."""

from datetime import UTC, date, datetime

import pytest

from services.analytics.domain.days import day_number, first_day, midnight
from services.analytics.domain.figures import mean, per_cent, wilson
from services.analytics.domain.path import LONGEST_PART, LONGEST_PATH, SEPARATOR, path_text


def test_nothing_is_divided_by_zero() -> None:
    assert (per_cent(0, 0), mean(0, 0), wilson(0, 0)) == (0.0, 0.0, (0.0, 100.0))


@pytest.mark.parametrize(
    ("successes", "trials", "interval"),
    # By the formula, computed apart.
    [(0, 10, (0.0, 27.75)), (10, 10, (72.25, 100.0)), (152, 190, (73.74, 85.07)), (1, 2, (9.45, 90.55))],
)
def test_intervals_are_wilsons(successes: int, trials: int, interval: tuple[float, float]) -> None:
    assert wilson(successes, trials) == interval


@pytest.mark.parametrize(
    ("moment", "zone", "day"),
    [
        (datetime(2026, 3, 4, 2, 59, 59, 999_999, tzinfo=UTC), "America/Sao_Paulo", date(2026, 3, 3)),
        (datetime(2026, 3, 4, 3, 0, tzinfo=UTC), "America/Sao_Paulo", date(2026, 3, 4)),
        (datetime(2026, 3, 4, 2, 59, tzinfo=UTC), "", date(2026, 3, 3)),
        (datetime(2026, 3, 4, 2, 59, tzinfo=UTC), "Mars/Olympus", date(2026, 3, 3)),
        (datetime(2026, 3, 4, 18, 14, 59, tzinfo=UTC), "Asia/Kathmandu", date(2026, 3, 4)),
        (datetime(2026, 3, 4, 18, 15, tzinfo=UTC), "Asia/Kathmandu", date(2026, 3, 5)),
        (datetime(1969, 12, 31, 23, 59, tzinfo=UTC), "Etc/UTC", date(1969, 12, 31)),
    ],
)
def test_a_day_is_where_the_organization_lives(moment: datetime, zone: str, day: date) -> None:
    assert date.fromordinal(date(1970, 1, 1).toordinal() + day_number(moment, zone)) == day


def test_a_period_begins_at_midnight_there() -> None:
    day = first_day(datetime(2026, 3, 4, 1, 0, tzinfo=UTC), "America/Sao_Paulo", 30)

    assert day == date(2026, 2, 1)
    assert midnight(day, "America/Sao_Paulo") == datetime(2026, 2, 1, 3, tzinfo=UTC)


def test_a_path_keeps_whole_edges_and_fits() -> None:
    assert path_text(["a", "next", "b"]) == SEPARATOR.join(["a", "next", "b"])
    assert path_text(["a"]) == path_text([]) == ""
    assert path_text(["a\x1f", "x\x00", "b" * 500]).split(SEPARATOR) == ["a\ufffd", "x\ufffd", "b" * LONGEST_PART]
    long = path_text(["node", *["next", "node" * 30] * 1000])
    assert len(long) <= LONGEST_PATH + LONGEST_PART
    assert len(long.split(SEPARATOR)) % 2 == 1
