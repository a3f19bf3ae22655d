"""Figures of an organization as a whole: hours, days without gaps, and means that are weighed."""

from datetime import UTC, date, datetime, timedelta

from services.ingress.domain.dashboards import (
    AgentFigures,
    BusyHours,
    HourFigures,
    Series,
    SeriesPoint,
    Waiting,
)

ZONE = "America/Manaus"
"""Four hours behind UTC, all the year."""


def series(*points: SeriesPoint, first_day: date = date(2026, 3, 2), end: str = "2026-03-04T13:20:00Z") -> Series:
    """Days up to the fourth of March."""
    moment = datetime.fromisoformat(end).astimezone(UTC)
    return Series(time_zone=ZONE, points=points, first_day=first_day, last_day=date(2026, 3, 4), end=moment)


def test_hours_of_all_weekdays_are_one_day_of_24_hours() -> None:
    busy = BusyHours(ZONE, [HourFigures(1, 9, 3, 4, 2), HourFigures(5, 9, 1, 1, 0), HourFigures(5, 23, 1, 0, 1)])

    day = busy.of_the_day()

    assert [hour.hour for hour in day] == list(range(24))
    assert (day[9].from_contacts, day[9].from_bot, day[9].started) == (4, 5, 2)
    assert busy.messages_of(5) == [0] * 9 + [2] + [0] * 13 + [1]


def test_peaks_are_the_three_busiest_hours_and_the_earlier_of_two_alike() -> None:
    hours = [HourFigures(1, hour, messages, 0, 0) for hour, messages in ((8, 2), (9, 7), (14, 7), (20, 1), (21, 3))]

    assert [hour.hour for hour in BusyHours(ZONE, hours).peaks()] == [9, 14, 21]


def test_an_hour_without_a_message_is_no_peak() -> None:
    assert [
        hour.hour for hour in BusyHours(ZONE, [HourFigures(2, 10, 0, 1, 0), HourFigures(2, 11, 0, 0, 3)]).peaks()
    ] == [10]


def test_days_without_a_message_are_points_too() -> None:
    points = series(SeriesPoint(date(2026, 3, 3), 0, 2, 3, 1)).filled("day")

    assert [(point.day.day, point.messages) for point in points] == [(2, 0), (3, 5), (4, 0)]


def test_hours_end_with_the_one_that_it_is_there() -> None:
    points = series(SeriesPoint(date(2026, 3, 3), 23, 2, 3, 1)).filled("hour")

    assert len(points) == 24 + 24 + 10
    assert (points[-1].day, points[-1].hour) == (date(2026, 3, 4), 9)
    assert points[47].messages == 5


def test_what_is_dated_to_long_ago_is_told_without_all_the_days_between() -> None:
    long_ago = date(1971, 1, 1)
    points = series(SeriesPoint(long_ago, 0, 1, 0, 0), first_day=long_ago).filled("day")

    assert points[0].day == long_ago
    assert points[1].day == date(2026, 3, 4) - timedelta(days=3660)


def test_messages_of_today_are_those_of_the_last_day() -> None:
    assert series(SeriesPoint(date(2026, 3, 3), 0, 2, 3, 1), SeriesPoint(date(2026, 3, 4), 0, 4, 5, 1)).today() == 9
    assert series().today() == 0


def test_means_over_agents_are_weighed_by_how_many_they_are_of() -> None:
    ana = AgentFigures(agent_id="a", first_responses=3, first_response=10.0, responses=4, response=20.0)
    bia = AgentFigures(agent_id="b", first_responses=1, first_response=50.0)

    assert Waiting.over([ana, bia]) == Waiting(20.0, 20.0)
    assert Waiting.over([]) == Waiting(0.0, 0.0)
