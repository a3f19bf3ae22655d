"""A soak's sums: lines through samples, what counts as growing, and what may grow."""

import os

import pytest

from tests.benchmarks.errors import Void
from tests.benchmarks.load import Outcome
from tests.benchmarks.meta.world import Exchange
from tests.benchmarks.soak.__main__ import lengths, minute_of, read_plan
from tests.benchmarks.soak.findings import MIB, Minute, find, is_slowing
from tests.benchmarks.soak.report import markdown
from tests.benchmarks.soak.sampling import Look, Table, memory_of, parse_status
from tests.benchmarks.soak.trend import after_warm_up, fit, judge

QUIET = Minute(messages=600, answer_p99_ms=10.0, reply_p50_ms=5.0, reply_p99_ms=20.0)


def looks(*, memory_step: int = 0, lane_step: int = 0, item_step: int = 0) -> list[Look]:
    """Eleven looks in a minute; steps are bytes from one look to the next."""
    return [
        Look(
            at=6.0 * number,
            memory_bytes={"router": 100 * MIB + memory_step * number},
            tables={
                "executor.inbox_lane": Table(4 * MIB + lane_step * number, 100, 5, 100),
                "executor.inbox_item": Table(MIB + item_step * number, 0, 0, 120 * number),
            },
            wal_bytes=60_000 * number,
            redis_commands=120 * number,
        )
        for number in range(11)
    ]


def test_a_line_through_points_on_a_line_is_that_line() -> None:
    line = fit([(0.0, 1.0), (1.0, 3.0), (2.0, 5.0)])

    assert (line.slope, line.mean, line.explained, line.growth) == (2.0, 3.0, 1.0, 4.0)


def test_one_point_has_no_slope() -> None:
    assert fit([(5.0, 7.0)]).growth == 0.0


def test_the_first_quarter_of_the_time_is_warm_up() -> None:
    assert after_warm_up([(float(at), 0.0) for at in range(0, 101, 25)])[0] == (25.0, 0.0)


def test_what_rises_steadily_grows() -> None:
    assert judge(fit([(at, 100.0 + at) for at in (0.0, 10.0, 20.0)]), least_growth=1.0) == "growing"


@pytest.mark.parametrize(
    ("values", "least_growth"),
    [
        pytest.param([100.0, 101.0, 102.0], 1.0, id="by little of its mean"),
        pytest.param([1.0, 2.0, 3.0], 5.0, id="by less than counts"),
        pytest.param([100.0, 300.0, 50.0, 320.0, 120.0], 1.0, id="noise"),
        pytest.param([300.0, 200.0, 100.0], 1.0, id="downwards"),
    ],
)
def test_what_does_not_really_rise_is_flat(values: list[float], least_growth: float) -> None:
    assert judge(fit([(float(at), value) for at, value in enumerate(values)]), least_growth=least_growth) == "flat"


def test_rows_bytes_wal_and_commands_are_told_per_message() -> None:
    findings = find(looks(item_step=24_000), [QUIET])

    item = next(trend for trend in findings.tables if trend.name == "executor.inbox_item")
    assert findings.messages_per_second == 10.0
    assert (item.rows_per_message, item.bytes_per_message) == (2.0, 400.0)
    assert (findings.wal_bytes_per_message, findings.redis_commands_per_message) == (1000.0, 2.0)


def test_items_may_grow_and_lanes_and_memory_may_not() -> None:
    assert find(looks(item_step=MIB), [QUIET]).complaints == []
    assert find(looks(memory_step=2 * MIB, lane_step=MIB), [QUIET]).complaints == [
        "memory of router grows",
        "executor.inbox_lane grows",
    ]


def test_a_slope_of_memory_is_told_per_hour() -> None:
    (router,) = find(looks(memory_step=MIB), [QUIET]).processes
    assert router.mib_per_hour == pytest.approx(600.0)


def test_minutes_that_become_slower_are_a_complaint() -> None:
    slow = Minute(messages=600, answer_p99_ms=10.0, reply_p50_ms=5.0, reply_p99_ms=50.0)

    assert find(looks(), [QUIET, QUIET, slow]).complaints == ["the p99 of replies grows from minute to minute"]
    assert not is_slowing([1.0, 9.0])


def test_the_report_begins_with_the_verdict() -> None:
    table = markdown(find(looks(memory_step=2 * MIB), [QUIET]))

    assert table.startswith("**Memory of router grows.** 10 messages/s; WAL 1,000 bytes")
    assert "| executor.inbox_lane | 4.00 | 100 | 5 (5) | 0.00 | 0 | flat | yes |" in table


def test_the_last_minute_may_be_shorter() -> None:
    assert lengths(2.5) == [60.0, 60.0, 30.0]
    assert lengths(2) == [60.0, 60.0]


def test_a_minutes_figures_come_from_its_exchanges() -> None:
    minute = minute_of(Outcome((Exchange(0.002, 0.010), Exchange(0.004, 0.030)), seconds=0.5))
    assert minute == Minute(messages=2, answer_p99_ms=4.0, reply_p50_ms=10.0, reply_p99_ms=30.0)


def test_ten_minutes_are_the_full_form() -> None:
    assert read_plan([]).minutes == 10.0
    assert read_plan(["--minutes", "1", "--rate", "50"]).rate == 50.0


def test_memory_is_read_in_bytes_and_a_missing_field_is_nothing() -> None:
    assert parse_status("Name:\tx\nVmRSS:\t   12 kB\nRssAnon:\t 3 kB\n", "VmRSS") == 12 * 1024
    assert parse_status("Name:\tx\n", "VmRSS") == 0


def test_the_memory_of_this_process_is_seen_and_that_of_no_process_is_void() -> None:
    assert memory_of({"self": (os.getpid(),)})["self"] > MIB
    with pytest.raises(Void, match="router ended"):
        memory_of({"router": (2**22 + 1,)})
