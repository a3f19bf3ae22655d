"""From looks and minutes to findings: what grows, by how much, and whether it may."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tests.benchmarks.soak.sampling import Look
from tests.benchmarks.soak.trend import Line, Verdict, after_warm_up, fit, judge

MIB = 1024 * 1024
LEAST_MEMORY_GROWTH = 2 * MIB
LEAST_TABLE_GROWTH = 0.25 * MIB
LANE_SUFFIX = "_lane"
SLOWER_SHARE = 1.5
"""The p99 of the last third of the minutes may be so many times that of the first third."""


@dataclass(frozen=True, slots=True)
class Minute:
    """One minute's messages and their latencies in milliseconds."""

    messages: int
    answer_p99_ms: float
    reply_p50_ms: float
    reply_p99_ms: float


@dataclass(frozen=True, slots=True)
class ProcessTrend:
    """Memory of one process: megabytes (2^20) an hour, and how large it was at the end and at most."""

    name: str
    line: Line
    last_bytes: int
    highest_bytes: int
    verdict: Verdict

    @property
    def mib_per_hour(self) -> float:
        return self.line.slope * 3600 / MIB


@dataclass(frozen=True, slots=True)
class TableTrend:
    """One table; bytes and rows per message are those of the time after the warm-up."""

    name: str
    line: Line
    last_bytes: int
    live: int
    dead: int
    most_dead: int
    rows_per_message: float
    bytes_per_message: float
    verdict: Verdict

    @property
    def must_be_flat(self) -> bool:
        """Lane rows are one per conversation, whatever the traffic."""
        return self.name.endswith(LANE_SUFFIX)


@dataclass(frozen=True, slots=True)
class Findings:
    """All of a soak."""

    messages_per_second: float
    processes: tuple[ProcessTrend, ...]
    tables: tuple[TableTrend, ...]
    minutes: tuple[Minute, ...]
    wal_bytes_per_message: float
    redis_commands_per_message: float

    @property
    def complaints(self) -> list[str]:
        """Return what grows though it must not; none means the soak is passed."""
        found = [f"memory of {trend.name} grows" for trend in self.processes if trend.verdict == "growing"]
        found += [f"{t.name} grows" for t in self.tables if t.must_be_flat and t.verdict == "growing"]
        for name, values in (
            ("webhook answers", [minute.answer_p99_ms for minute in self.minutes]),
            ("replies", [minute.reply_p99_ms for minute in self.minutes]),
        ):
            if is_slowing(values):
                found.append(f"the p99 of {name} grows from minute to minute")
        return found


def find(looks: Sequence[Look], minutes: Sequence[Minute]) -> Findings:
    """Turn at least two looks and one minute into findings; messages are taken to come evenly."""
    late = _after_warm_up(looks)
    seconds = looks[-1].at - looks[0].at
    per_second = sum(minute.messages for minute in minutes) / seconds
    late_messages = per_second * (late[-1].at - late[0].at)
    return Findings(
        messages_per_second=per_second,
        processes=tuple(_process(name, looks) for name in looks[-1].memory_bytes),
        tables=tuple(_table(name, looks, late_messages) for name in looks[-1].tables),
        minutes=tuple(minutes),
        wal_bytes_per_message=(late[-1].wal_bytes - late[0].wal_bytes) / late_messages,
        redis_commands_per_message=(late[-1].redis_commands - late[0].redis_commands) / late_messages,
    )


def is_slowing(p99s: Sequence[float]) -> bool:
    """Whether the middle of the last third is SLOWER_SHARE times that of the first; under three minutes never."""
    third = len(p99s) // 3
    if third == 0:
        return False
    return _middle(p99s[-third:]) > SLOWER_SHARE * _middle(p99s[:third])


def _middle(values: Sequence[float]) -> float:
    return sorted(values)[len(values) // 2]


def _after_warm_up(looks: Sequence[Look]) -> list[Look]:
    kept = {at for at, _ in after_warm_up([(look.at, 0.0) for look in looks])}
    return [look for look in looks if look.at in kept]


def _process(name: str, looks: Sequence[Look]) -> ProcessTrend:
    values = [look.memory_bytes[name] for look in looks]
    line = _line([(look.at, look.memory_bytes[name]) for look in looks])
    return ProcessTrend(name, line, values[-1], max(values), judge(line, least_growth=LEAST_MEMORY_GROWTH))


def _table(name: str, looks: Sequence[Look], late_messages: float) -> TableTrend:
    there = [look for look in looks if name in look.tables]
    line = _line([(look.at, look.tables[name].total_bytes) for look in there])
    late, last = _after_warm_up(there), there[-1].tables[name]
    first: Mapping[str, int] = {"bytes": late[0].tables[name].total_bytes, "rows": late[0].tables[name].rows}
    return TableTrend(
        name=name,
        line=line,
        last_bytes=last.total_bytes,
        live=last.live,
        dead=last.dead,
        most_dead=max(look.tables[name].dead for look in there),
        rows_per_message=(last.rows - first["rows"]) / late_messages,
        bytes_per_message=(last.total_bytes - first["bytes"]) / late_messages,
        verdict=judge(line, least_growth=LEAST_TABLE_GROWTH),
    )


def _line(points: list[tuple[float, float]]) -> Line:
    return fit(after_warm_up(points))
