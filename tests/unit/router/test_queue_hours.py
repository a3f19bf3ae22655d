"""Business hours in a zone's own time, and promises that are counted in open time only."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.router.domain.queues import BusinessHours, due_after, hours_of, is_open, read_hours, written_hours

WORKDAYS = dict.fromkeys(("monday", "tuesday", "wednesday", "thursday", "friday"), ("08:00", "18:00"))
OFFICE = hours_of("America/Sao_Paulo", WORKDAYS)
# São Paulo is three hours behind; this is a Thursday.
THURSDAY = datetime(2026, 11, 26, tzinfo=UTC)

clocks = st.builds(lambda hour, minute: f"{hour:02d}:{minute:02d}", st.integers(0, 23), st.integers(0, 59))
days = st.tuples(clocks, clocks).filter(lambda pair: pair[0] != pair[1])
zones = st.sampled_from(["America/Sao_Paulo", "Asia/Kathmandu", "Europe/Lisbon", "America/New_York", "UTC"])
schedules = st.dictionaries(st.sampled_from(["monday", "wednesday", "saturday", "sunday"]), days, min_size=1)
moments = st.integers(-500_000, 500_000).map(lambda minutes: THURSDAY + timedelta(minutes=minutes))


def at(hour: int, minute: int = 0, *, days: int = 0) -> datetime:
    """Time of the wall in São Paulo, this Thursday or `days` later."""
    return THURSDAY + timedelta(days=days, hours=hour + 3, minutes=minute)


@pytest.mark.parametrize(
    ("moment", "is_so"),
    [
        (at(7, 59), False), (at(8), True), (at(17, 59), True), (at(18), False),
        (at(12, days=1), True), (at(12, days=2), False), (at(12, days=4), True),
    ],
)  # fmt: skip
def test_it_is_open_from_the_first_minute_to_before_the_last_on_its_days(moment: datetime, is_so: bool) -> None:
    assert is_open(OFFICE, moment) is is_so


def test_without_hours_it_is_always_open() -> None:
    assert is_open(None, at(3))


def test_who_closes_after_midnight_is_open_on_the_next_day() -> None:
    bar = hours_of("America/Sao_Paulo", {"friday": ("20:00", "02:00")})

    assert [is_open(bar, at(hour, days=day)) for hour, day in ((19, 1), (23, 1), (1, 2), (2, 2))] == [
        False, True, True, False,
    ]  # fmt: skip


def test_a_day_that_ends_at_midnight_ends_with_its_last_minute() -> None:
    late = hours_of("UTC", {"thursday": ("22:00", "24:00")})

    assert is_open(late, THURSDAY + timedelta(hours=23, minutes=59))
    assert not is_open(late, THURSDAY + timedelta(days=1))


def test_a_promise_goes_on_when_it_opens_again() -> None:
    """Half an hour before closing on a Friday, with an hour's promise: half past eight on Monday."""
    assert due_after(OFFICE, at(17, 30, days=1), timedelta(hours=1)) == at(8, 30, days=4)
    assert due_after(OFFICE, at(3), timedelta(minutes=15)) == at(8, 15)
    assert due_after(None, at(3), timedelta(minutes=15)) == at(3, 15)


def test_where_it_never_opens_a_promise_is_counted_all_the_same() -> None:
    never = BusinessHours("UTC", (None,) * 7)

    assert due_after(never, THURSDAY, timedelta(minutes=5)) == THURSDAY + timedelta(minutes=5)


def test_on_the_night_clocks_are_set_it_opens_at_its_time_on_the_wall() -> None:
    """New York, 8 March 2026: 02:00 becomes 03:00."""
    hours = hours_of("America/New_York", {"sunday": ("09:00", "10:00")})

    assert is_open(hours, datetime(2026, 3, 8, 13, 0, tzinfo=UTC))
    assert not is_open(hours, datetime(2026, 3, 8, 14, 0, tzinfo=UTC))
    assert is_open(hours, datetime(2026, 3, 1, 14, 0, tzinfo=UTC))


@settings(deadline=None, max_examples=60)
@given(zones, schedules, moments, st.integers(1, 600))
def test_between_a_moment_and_what_is_due_it_is_open_for_exactly_that_long(
    zone: str, schedule: dict[str, tuple[str, str]], begin: datetime, minutes: int
) -> None:
    hours = hours_of(zone, schedule)

    due = due_after(hours, begin, timedelta(minutes=minutes))

    if due - begin < timedelta(days=15):
        walked = int((due - begin) / timedelta(minutes=1))
        opened = [is_open(hours, begin + timedelta(minutes=minute)) for minute in range(walked)]
        assert sum(opened) == minutes
        assert opened[-1]


@given(zones, schedules)
def test_hours_are_read_as_they_were_written(zone: str, schedule: dict[str, tuple[str, str]]) -> None:
    hours = hours_of(zone, schedule)

    assert read_hours(written_hours(hours)) == hours


@pytest.mark.parametrize(
    ("schedule", "what"),
    [
        ({"funday": ("08:00", "18:00")}, "no day"),
        ({"monday": ("8:00", "18:00")}, "write it as 08:30"),
        ({"monday": ("08:00", "24:01")}, "write it as 08:30"),
        ({"monday": ("08:60", "18:00")}, "write it as 08:30"),
        ({"monday": ("08:00", "08:00")}, "two different times"),
        ({"monday": ("24:00", "08:00")}, "two different times"),
        ({"monday": ("", "08:00")}, "write it as 08:30"),
    ],
)
def test_hours_that_mean_nothing_are_refused_with_the_mend(schedule: dict[str, tuple[str, str]], what: str) -> None:
    with pytest.raises(ValueError, match=what):
        hours_of("UTC", schedule)
