"""business_hours, datetime, delay and window_check: borders, zones, summer time, and what is no moment."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from services.executor.domain.compile import CompiledFlow, compile_flow
from services.executor.domain.document import parse_document
from services.executor.domain.engine import Outcome
from services.executor.domain.events import InboundMessage
from services.executor.domain.moments import is_format, read_clock, read_moment
from services.executor.domain.turn import Moment
from tests.unit.executor.dialogues import take

BERLIN = ZoneInfo("Europe/Berlin")
LISBON = ZoneInfo("Europe/Lisbon")


def one(node_type: str, *handles: str, **data: Any) -> CompiledFlow:
    """A flow of one node, with an end named for each way out."""
    document = {
        "schema": "pytake.flow/1", "name": "t", "variables": data.pop("variables", {}),
        "nodes": [
            {"id": "s", "type": "start"},
            {"id": "n", "type": node_type, "data": data},
            *({"id": handle, "type": "end"} for handle in handles),
        ],
        "edges": [
            {"source": "s", "target": "n"},
            *({"source": "n", "target": handle, "sourceHandle": handle} for handle in handles),
        ],
    }  # fmt: skip
    return compile_flow(parse_document(document))


def at(moment: datetime, flow: CompiledFlow, **more: Any) -> Outcome:
    return take(flow, None, InboundMessage("hi"), moment=Moment(moment, **more))


def left_by(moment: datetime, flow: CompiledFlow, **more: Any) -> str:
    return at(moment, flow, **more).trace.visited[-1]


SHOP = {
    "mon": [["09:00", "12:00"], ["13:00", "18:00"]],
    "fri": [["22:00", "02:00"]],
    "sun": [["00:00", "24:00"]],
    "wed": ["08:00", "10:00"],
}


@pytest.mark.parametrize(
    ("local", "way"),
    [
        # 2 March 2026 is a Monday.
        ("2026-03-02T08:59:59", "closed"),
        ("2026-03-02T09:00:00", "open"),
        ("2026-03-02T11:59:59", "open"),
        ("2026-03-02T12:00:00", "closed"),
        ("2026-03-02T13:00:00", "open"),
        ("2026-03-02T18:00:00", "closed"),
        ("2026-03-03T09:00:00", "closed"),
        ("2026-03-04T09:59:00", "open"),
        ("2026-03-06T21:59:59", "closed"),
        ("2026-03-06T22:00:00", "open"),
        ("2026-03-07T01:59:59", "open"),
        ("2026-03-07T02:00:00", "closed"),
        ("2026-03-08T00:00:00", "open"),
        ("2026-03-08T23:59:59", "open"),
        ("2026-03-09T00:00:00", "closed"),
    ],
)
def test_opening_hours_begin_with_their_first_minute_and_end_before_their_last(local: str, way: str) -> None:
    flow = one("business_hours", "open", "closed", schedule=SHOP, timezone="Europe/Berlin")
    moment = datetime.fromisoformat(local).replace(tzinfo=BERLIN)
    assert left_by(moment.astimezone(UTC), flow) == way


@pytest.mark.parametrize(
    ("utc", "way"),
    [
        # Clocks went forward on Sunday 29 March 2026: 09:00 is 08:00 UTC on 23 March and 07:00 UTC on 30 March.
        ("2026-03-23T07:59", "closed"),
        ("2026-03-23T08:00", "open"),
        ("2026-03-30T06:59", "closed"),
        ("2026-03-30T07:00", "open"),
    ],
)
def test_opening_hours_go_with_the_clocks_through_summer_time(utc: str, way: str) -> None:
    flow = one("business_hours", "open", "closed", schedule=SHOP, timezone="Europe/Berlin")
    assert left_by(datetime.fromisoformat(utc).replace(tzinfo=UTC), flow) == way


def test_a_holiday_is_closed_and_what_opened_the_evening_before_stays_open() -> None:
    flow = one("business_hours", "open", "closed", schedule=SHOP, holidays=["2026-03-02", "03-07"], timezone="UTC")
    assert left_by(datetime(2026, 3, 2, 10, tzinfo=UTC), flow) == "closed"
    assert left_by(datetime(2027, 3, 1, 10, tzinfo=UTC), flow) == "open"
    assert left_by(datetime(2026, 3, 7, 1, tzinfo=UTC), flow) == "open"
    assert left_by(datetime(2027, 3, 7, 1, tzinfo=UTC), flow) == "closed"


def test_hours_are_in_the_nodes_zone_or_else_in_the_turns() -> None:
    moment = datetime(2026, 3, 2, 23, tzinfo=UTC)
    own = one("business_hours", "open", "closed", schedule=SHOP, timezone="America/Los_Angeles")
    assert left_by(moment, own) == "open"
    assert left_by(moment, one("business_hours", "open", "closed", schedule=SHOP), zone=BERLIN) == "closed"


ADD = {"operation": "add"}
NOON = datetime(2026, 3, 28, 12, 30, 15, tzinfo=UTC)


def result(variables: dict[str, Any] | None = None, **data: Any) -> object:
    flow = one("datetime", "next", outputVariable="out", variables=variables or {}, **data)
    return at(NOON, flow, zone=BERLIN).session.variables["out"]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({}, "2026-03-28T13:30:15+01:00"),
        ({"operation": "get_current", "format": "%d/%m/%Y %H:%M"}, "28/03/2026 13:30"),
        ({"operation": "get_current", "timezone": "America/Sao_Paulo", "format": "%H h"}, "09 h"),
        ({"operation": "format", "sourceVariable": "day", "format": "%A, %-d"}, "Thursday, 1"),
        ({"operation": "format", "sourceVariable": "{{brazilian}}", "format": "%Y-%m-%dT%H:%M"}, "2026-02-01T18:05"),
        ({"operation": "parse", "sourceVariable": "odd", "inputFormat": "%d %b %y"}, "2026-02-03T00:00:00+01:00"),
        ({"operation": "parse", "sourceVariable": "zulu"}, "2026-07-01T12:00:00+02:00"),
        # Days keep the clock's time through summer time; hours are hours.
        ({"operation": "add", "addAmount": 1, "addUnit": "days"}, "2026-03-29T13:30:15+02:00"),
        ({"operation": "add", "addAmount": 24, "addUnit": "hours"}, "2026-03-29T14:30:15+02:00"),
        ({"operation": "subtract", "addAmount": "{{many}}", "addUnit": "weeks"}, "2026-03-14T13:30:15+01:00"),
        ({**ADD, "sourceVariable": "last", "addAmount": 1, "addUnit": "months"}, "2026-02-28T00:00:00+01:00"),
        ({**ADD, "sourceVariable": "leap", "addAmount": -1, "addUnit": "years"}, "2023-02-28T00:00:00+01:00"),
        ({"operation": "add", "addAmount": "1,5", "addUnit": "minutes"}, "2026-03-28T13:31:45+01:00"),
        # What is no moment, or lies beyond the calendar, is empty.
        ({"operation": "parse", "sourceVariable": "words"}, ""),
        ({"operation": "parse", "sourceVariable": "missing"}, ""),
        ({"operation": "add", "addAmount": "soon"}, ""),
        ({"operation": "add", "addAmount": 99_999, "addUnit": "years"}, ""),
        ({"operation": "add", "addAmount": 10**12, "addUnit": "seconds"}, ""),
        ({"operation": "parse", "sourceVariable": "day", "inputFormat": "%H"}, ""),
    ],
)  # fmt: skip
def test_datetime_works_out_a_moment(data: dict[str, Any], expected: str) -> None:
    variables = {
        "day": "2026-01-01", "brazilian": "01/02/2026 18h05", "odd": "03 Feb 26", "zulu": "2026-07-01T10:00:00Z",
        "last": "2026-01-31", "leap": "2024-02-29", "words": "tomorrow", "many": 2,
    }  # fmt: skip
    assert result(variables, **data) == expected


@pytest.mark.parametrize(
    ("operator", "other", "way"),
    [
        ("lt", "now", "true"),
        ("gt", "now", "false"),
        ("eq", "2026-01-01", "true"),
        ("gte", "{{limit}}", "false"),
        ("lte", "limit", "true"),
        ("lt", "nobody", "false"),
    ],
)
def test_datetime_compares_two_moments(operator: str, other: str, way: str) -> None:
    flow = one(
        "datetime", "true", "false", operation="compare", sourceVariable="day", compareOperator=operator,
        compareWith=other, variables={"day": "2026-01-01", "limit": "2026-01-02"},
    )  # fmt: skip
    assert left_by(NOON, flow, zone=BERLIN) == way


@pytest.mark.parametrize(
    ("data", "waits"),
    [
        ({"seconds": 90}, timedelta(seconds=90)),
        ({"seconds": "{{many}}"}, timedelta(seconds=2)),
        ({"seconds": 0}, None),
        ({"seconds": "{{words}}"}, None),
        ({"seconds": 365 * 86_400}, timedelta(days=365)),
        # It is 13:30:15 in Berlin; the clocks go forward in the night.
        ({"until": "14:00"}, timedelta(minutes=29, seconds=45)),
        ({"until": "13:30"}, timedelta(hours=22, minutes=59, seconds=45)),
        ({"until": "2026-03-28T13:31"}, timedelta(seconds=45)),
        ({"until": "2026-03-28T12:31Z"}, timedelta(seconds=45)),
        ({"until": "{{day}} 08:00"}, timedelta(days=1, hours=17, minutes=29, seconds=45)),
        ({"until": "2020-01-01"}, None),
        ({"until": "{{words}}"}, None),
        ({"until": "2999-01-01"}, timedelta(days=365)),
    ],
)
def test_a_delay_ends_after_seconds_or_at_a_moment(data: dict[str, Any], waits: timedelta | None) -> None:
    flow = one("delay", "next", variables={"many": "2", "words": "soon", "day": "2026-03-30"}, **data)
    outcome = at(NOON, flow, zone=BERLIN)
    due = outcome.session.timers.get("delay")
    assert due == (
        None if waits is None else (NOON + waits - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    )
    assert outcome.session.is_active == (waits is not None)


@pytest.mark.parametrize(
    ("closes_in", "way"),
    [(None, "true"), (timedelta(seconds=1), "true"), (timedelta(0), "false"), (-timedelta(1), "false")],
)
def test_the_window_is_open_until_the_moment_it_closes(closes_in: timedelta | None, way: str) -> None:
    closes_at = NOON + closes_in if closes_in is not None else None
    assert left_by(NOON, one("window_check", "true", "false"), window_closes_at=closes_at) == way


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-03-02", "2026-03-02T00:00:00+00:00"),
        ("2026-03-02T10:30", "2026-03-02T10:30:00+00:00"),
        ("2/3/2026", "2026-03-02T00:00:00+00:00"),
        ("02.03.2026 10:30:05", "2026-03-02T10:30:05+00:00"),
        ("31/02/2026", None),
        ("", None),
        ("9999-12-31T23:59:59-12:00", None),
        ("1" * 100, None),
    ],
)
def test_a_moment_is_read_as_people_write_it(text: str, expected: str | None) -> None:
    moment = read_moment(text, LISBON)
    assert (moment.isoformat() if moment else None) == expected


def test_a_time_that_comes_twice_is_the_first_one() -> None:
    moment = read_moment("2026-10-25T02:30", BERLIN)
    assert moment is not None
    assert moment.astimezone(UTC) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "clock"),
    [("09:05", (9, 5)), ("9h05", (9, 5)), ("24:00", (24, 0)), ("24:01", None), ("12:60", None), ("noon", None)],
)
def test_a_clock_time_is_read(text: str, clock: tuple[int, int] | None) -> None:
    assert read_clock(text) == clock


@pytest.mark.parametrize(
    ("pattern", "is_good"),
    [
        ("%d/%m/%Y %H:%M", True),
        ("%-d de %B", True),
        ("100%%", True),
        ("%99999999d", False),
        ("%Q", False),
        ("%", False),
    ],
)
def test_a_pattern_means_the_same_on_every_machine(pattern: str, is_good: bool) -> None:
    assert is_format(pattern) is is_good
