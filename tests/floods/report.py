"""The table of a run."""

from __future__ import annotations

from collections.abc import Sequence

from tests.benchmarks.arithmetic import percentile
from tests.benchmarks.tables import table
from tests.floods.run import Flooded, Heard, Result

HEAD = (
    "flood", "sent/s", "answers", "answer alone", "beside the dummy", "under it", "to alone", "to dummy",
    "reply alone", "beside", "under", "MB before, most, after", "rows",
)  # fmt: skip


def markdown(results: Sequence[Result]) -> str:
    """Milliseconds are p50/p95/p99; ratios are of p50 and p95."""
    return table([HEAD, *(_row(result) for result in results)])


def _row(result: Result) -> list[str]:
    alone, control, under = (_times(heard.answers) for heard in (result.alone, result.control, result.under))
    memory = result.memory
    return [
        result.kind.name,
        f"{result.flood.sent / result.flood.seconds:,.0f} (dummy {_rate(result.control_flood)})",
        _told(result.flood, result.under),
        _written(alone),
        _written(control),
        _written(under),
        _ratio(under, alone),
        _ratio(under, control),
        _written(_times(result.alone.replies)),
        _written(_times(result.control.replies)),
        _written(_times(result.under.replies)),
        f"{memory.before:.0f}, {memory.most:.0f}, {memory.after:.0f}",
        str(result.rows),
    ]


def _rate(flood: Flooded) -> str:
    return f"{flood.sent / flood.seconds:,.0f}"


def _told(flood: Flooded, heard: Heard) -> str:
    told = [f"{status}: {count:,}" for status, count in sorted(flood.answers.items())]
    if heard.refused or heard.unheard:
        told.append(f"of the valid {heard.refused} refused, {heard.unheard} without reply")
    return ", ".join(told) or "none"


def _times(seconds: Sequence[float]) -> tuple[float, float, float]:
    ordered = sorted(seconds) or [float("nan")]
    return percentile(ordered, 50), percentile(ordered, 95), percentile(ordered, 99)


def _written(times: tuple[float, float, float]) -> str:
    return "/".join(f"{1000 * value:.1f}" for value in times)


def _ratio(times: tuple[float, float, float], others: tuple[float, float, float]) -> str:
    return f"{times[0] / others[0]:.2f}, {times[1] / others[1]:.2f}"
