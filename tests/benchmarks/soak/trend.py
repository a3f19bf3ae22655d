"""Does a series of samples grow? A line by least squares, and a rule that says flat or growing."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

WARM_UP_SHARE = 0.25
"""Caches fill and pools open at first: this share of the time is not looked at."""
GROWTH_SHARE = 0.05
"""A line that rises by less than this share of its middle over the time looked at is flat."""
EXPLAINED_SHARE = 0.5
"""A line that explains less than this share of the variance is noise: flat."""
RULE = (
    f"growing: over the last {1 - WARM_UP_SHARE:.0%} of the time the line by least squares rises by more than "
    f"{GROWTH_SHARE:.0%} of its mean and by more than the smallest growth that counts, and explains at least "
    f"{EXPLAINED_SHARE:.0%} of the variance; otherwise flat"
)

Verdict = Literal["flat", "growing"]


@dataclass(frozen=True, slots=True)
class Line:
    """`slope` is in units a second; `explained` is r², 0 to 1; `seconds` is how long the samples span."""

    slope: float
    mean: float
    explained: float
    seconds: float

    @property
    def growth(self) -> float:
        """How much the line rises over the samples' time."""
        return self.slope * self.seconds


def fit(points: Sequence[tuple[float, float]]) -> Line:
    """Fit a line through (seconds, value) points, at least one."""
    count = len(points)
    mean_at = sum(at for at, _ in points) / count
    mean = sum(value for _, value in points) / count
    spread_at = sum((at - mean_at) ** 2 for at, _ in points)
    spread_value = sum((value - mean) ** 2 for _, value in points)
    shared = sum((at - mean_at) * (value - mean) for at, value in points)
    slope = shared / spread_at if spread_at else 0.0
    explained = shared**2 / (spread_at * spread_value) if spread_at and spread_value else 0.0
    seconds = max(at for at, _ in points) - min(at for at, _ in points)
    return Line(slope, mean, explained, seconds)


def after_warm_up(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return the points after the warm-up's share of their time."""
    first, last = points[0][0], points[-1][0]
    return [point for point in points if point[0] >= first + WARM_UP_SHARE * (last - first)]


def judge(line: Line, *, least_growth: float) -> Verdict:
    """Say whether it grows, by RULE; `least_growth` is the smallest growth that counts, in the values' unit."""
    is_growth = line.growth > max(GROWTH_SHARE * abs(line.mean), least_growth)
    return "growing" if is_growth and line.explained >= EXPLAINED_SHARE else "flat"
