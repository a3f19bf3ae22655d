"""What the ledger of the simulated Meta says about a flood."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

SECOND = 1.0


@dataclass(frozen=True, slots=True)
class Flow:
    """Acceptances of one number: in each whole second of the flood's middle, and the most in any second at all."""

    per_second: tuple[int, ...]
    most_in_any_second: int
    accepted: int
    refused: dict[str, int]

    def share_of(self, limit: float) -> tuple[float, float]:
        """The least and the most of a second, in percent of the limit."""
        return min(self.per_second) / limit * 100, max(self.per_second) / limit * 100


def flow_of(moments: Sequence[float], refused: dict[str, int], *, skip: float) -> Flow:
    """`moments` of acceptance in seconds; so many seconds at both ends are the flood's coming and going."""
    ordered = sorted(moments)
    begin, end = ordered[0] + skip, ordered[-1] - skip
    seconds = range(int(end - begin))
    per_second = tuple(bisect_left(ordered, begin + n + SECOND) - bisect_left(ordered, begin + n) for n in seconds)
    most = max(bisect_right(ordered, moment + SECOND - 1e-6) - index for index, moment in enumerate(ordered))
    return Flow(per_second, most, len(ordered), refused)


def gaps_of(moments: Sequence[float], *, burst: int) -> list[float]:
    """Seconds between the messages of a pair after its burst."""
    ordered = sorted(moments)[burst - 1 :]
    return [late - early for early, late in pairwise(ordered)]
