"""Figures of reports, and what is computed from them. Nothing here divides by zero: of nothing, rates are 0."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from math import sqrt
from uuid import UUID

# Of the normal distribution: 95 % lie within.
_Z = 1.959963984540054


def per_cent(part: float, whole: float) -> float:
    """A share with two decimals."""
    return round(100 * part / whole, 2) if whole else 0.0


def mean(total: float, count: int) -> float:
    """A mean with two decimals."""
    return round(total / count, 2) if count else 0.0


def wilson(successes: int, trials: int) -> tuple[float, float]:
    """The 95 % confidence interval of a rate in per cent (Wilson's score interval); 0 to 100 when nothing was tried."""
    if not trials:
        return 0.0, 100.0
    rate, square = successes / trials, _Z * _Z
    middle = (rate + square / (2 * trials)) / (1 + square / trials)
    half = _Z / (1 + square / trials) * sqrt(rate * (1 - rate) / trials + square / (4 * trials * trials))
    return round(100 * max(0.0, middle - half), 2), round(100 * min(1.0, middle + half), 2)


@dataclass(frozen=True, slots=True)
class Period:
    """Whole days up to now; `first_day` is where the organization lives, None for all time."""

    first_day: date | None
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Counts of a period. Sums of times are in microseconds, each with how many were summed."""

    conversations: int = 0
    completed: int = 0
    finished: int = 0
    contact_messages: int = 0
    bot_messages: int = 0
    contacts: int = 0
    invalid_answers: int = 0
    handed_over: int = 0
    answers: int = 0
    answered_after_us: int = 0
    taken: int = 0
    taken_after_us: int = 0
    limits_reached: int = 0
    failed_effects: int = 0


@dataclass(frozen=True, slots=True)
class Durations:
    """How long conversations last: the sum over `count` of them, the longest and the shortest, in microseconds.

    An overview knows the mean alone; its ends are 0.
    """

    count: int = 0
    total_us: int = 0
    longest_us: int = 0
    shortest_us: int = 0


@dataclass(frozen=True, slots=True)
class FlowFigures:
    """Conversations of one flow, and how many of them are over."""

    flow_id: UUID
    conversations: int
    completed: int


@dataclass(frozen=True, slots=True)
class Overview:
    """An organization's figures, and those of its flows."""

    figures: Figures
    durations: Durations
    flows: Sequence[FlowFigures]


@dataclass(frozen=True, slots=True)
class FlowReport:
    """A flow's figures."""

    figures: Figures
    durations: Durations


@dataclass(frozen=True, slots=True)
class Heatmap:
    """Messages by node, most first, and all of the flow's."""

    nodes: Sequence[tuple[str, int]]
    total: int


@dataclass(frozen=True, slots=True)
class DayActivity:
    """A day's messages, and how many contacts had one."""

    day: date
    messages: int
    contacts: int


@dataclass(frozen=True, slots=True)
class Segments:
    """Contacts of a flow; active ones have 5 messages and more, powerful ones, which are active too, 20 and more."""

    contacts: int = 0
    active: int = 0
    power: int = 0


@dataclass(frozen=True, slots=True)
class NodeFigures:
    """What happened at a node."""

    node_id: str
    entered: int
    left: int
    finished: int
    dropped: int
    invalid_answers: int
    contact_messages: int
    handed_over: int


@dataclass(frozen=True, slots=True)
class EdgeFigures:
    """How often an edge was gone; an empty source is the beginning of the flow."""

    source: str
    handle: str
    target: str
    passed: int


@dataclass(frozen=True, slots=True)
class Funnel:
    """Where conversations of a flow went."""

    nodes: Sequence[NodeFigures]
    edges: Sequence[EdgeFigures]


@dataclass(frozen=True, slots=True)
class VersionFigures:
    """A version's conversations."""

    flow_version: int
    conversations: int
    completed: int
    finished: int
    duration_us: int


@dataclass(frozen=True, slots=True)
class NumberDeliveries:
    """What became of a number's messages."""

    phone_number_id: str
    accepted: int
    delivered: int
    read: int
    failed: int


@dataclass(frozen=True, slots=True)
class Charge:
    """Delivered messages that Meta charges alike; a calling code of 0 is not known."""

    pricing_category: str
    pricing_type: str
    calling_code: int
    messages: int

    @property
    def is_billed(self) -> bool:
        """Whether Meta bills them. All types that cost nothing begin alike; its own flag for it is to be removed."""
        return bool(self.pricing_type) and not self.pricing_type.startswith("free")


@dataclass(frozen=True, slots=True)
class NumberCosts:
    """A number's delivered messages, and what those are charged as of which Meta told a price."""

    phone_number_id: str
    delivered: int
    charges: Sequence[Charge]

    @property
    def billed(self) -> int:
        """Messages that Meta bills."""
        return sum(charge.messages for charge in self.charges if charge.is_billed)

    @property
    def free(self) -> int:
        """Messages that Meta told to be free."""
        return sum(charge.messages for charge in self.charges if charge.pricing_type and not charge.is_billed)

    @property
    def unpriced(self) -> int:
        """Messages of which Meta told no price."""
        return max(self.delivered - self.billed - self.free, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignResults:
    """What became of a campaign's messages. `failures` are by Meta's code, also of messages that were sent again."""

    campaign_id: UUID
    last_day: date
    sent: int
    delivered: int
    read: int
    retries: int
    failures: Sequence[tuple[int, int]]

    @property
    def failed(self) -> int:
        """Messages that failed for good."""
        return max(sum(messages for _, messages in self.failures) - self.retries, 0)


@dataclass(frozen=True, slots=True)
class Deliveries:
    """What became of messages by number, and failures by Meta's code."""

    numbers: Sequence[NumberDeliveries]
    failures: Sequence[tuple[int, int]]
