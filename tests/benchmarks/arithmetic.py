"""The few sums a report needs."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass


def percentile(ordered: Sequence[float], percent: float) -> float:
    """Return the smallest value that at least this share of ascending, non-empty values does not exceed."""
    rank = math.ceil(percent / 100 * len(ordered))
    return ordered[max(rank, 1) - 1]


@dataclass(frozen=True, slots=True)
class Spread:
    """The middle of several rounds and how far apart they lay."""

    median: float
    lowest: float
    highest: float


def spread(values: Sequence[float]) -> Spread:
    """Return the spread of one or more values."""
    return Spread(statistics.median(values), min(values), max(values))


def paired_ratios(values: Sequence[float], baseline: Sequence[float]) -> list[float]:
    """Return each round's value as a share of the baseline's in the same round."""
    return [value / base for value, base in zip(values, baseline, strict=True)]


def share_above(values: Sequence[float], limit: float) -> float:
    """Return which share of non-empty values is greater than the limit, 0 to 1."""
    return sum(value > limit for value in values) / len(values)
