"""Figures of conversations as the REST API shows them. Rates are in per cent, 0 where there is nothing to divide by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

PeriodName = Literal["24h", "7d", "30d", "all"]
PERIOD_DAYS: Mapping[PeriodName, int] = {"24h": 1, "7d": 7, "30d": 30, "all": 0}
"""How many days each looks back; 0 means of all time."""


def per_cent(part: float, whole: float) -> float:
    """A share with two decimals."""
    return round(100 * part / whole, 2) if whole else 0.0


def ratio(total: float, count: int) -> float:
    """How many of one there are to each of the other, with two decimals."""
    return round(total / count, 2) if count else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Counts of a period; durations and response times are seconds."""

    start: datetime
    end: datetime
    conversations: int
    completed: int
    finished: int
    from_contacts: int
    from_bot: int
    contacts: int
    invalid_answers: int
    handed_over: int
    contact_response: float
    agent_response: float
    limits_reached: int
    failed_effects: int
    average_duration: float
    longest: float
    shortest: float

    @property
    def messages(self) -> int:
        """Of both sides."""
        return self.from_contacts + self.from_bot


@dataclass(frozen=True, slots=True)
class FlowFigures:
    """A flow's conversations."""

    flow_id: str
    flow_name: str
    conversations: int
    completed: int


@dataclass(frozen=True, slots=True)
class Overview:
    """An organization's figures, and its flows."""

    figures: Figures
    flows: Sequence[FlowFigures]


@dataclass(frozen=True, slots=True)
class Heatmap:
    """Messages by node, most first, and all of the flow."""

    nodes: Sequence[tuple[str, int]]
    total: int


@dataclass(frozen=True, slots=True)
class DayActivity:
    """A day where the organization lives."""

    day: date
    messages: int
    contacts: int


@dataclass(frozen=True, slots=True)
class Segments:
    """Contacts of a flow by how much they write; nobody is in two parts."""

    contacts: int
    power: int
    active: int


@dataclass(frozen=True, slots=True, kw_only=True)
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
    """How often an edge was gone; an empty source is the flow's beginning."""

    source: str
    handle: str
    target: str
    passed: int


@dataclass(frozen=True, slots=True)
class Funnel:
    """Where conversations of a flow went."""

    nodes: Sequence[NodeFigures]
    edges: Sequence[EdgeFigures]


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionFigures:
    """A version's conversations, and the 95 % interval of its finish rate."""

    version: int
    conversations: int
    completed: int
    finished: int
    finish_rate: float
    low: float
    high: float
    average_duration: float


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberDeliveries:
    """What became of a number's messages."""

    phone_number_id: str
    accepted: int
    delivered: int
    read: int
    failed: int


@dataclass(frozen=True, slots=True)
class Deliveries:
    """What became of messages: by number, and failures by Meta's code."""

    numbers: Sequence[NumberDeliveries]
    failures: Sequence[tuple[int, int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """Delivered messages that Meta charges alike; a calling code of 0 is not known."""

    category: str
    type: str
    calling_code: int
    messages: int
    is_billed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberCosts:
    """A number's delivered messages, those that Meta bills, those that are free, and those without a price."""

    phone_number_id: str
    delivered: int
    billed: int
    free: int
    unpriced: int
    charges: Sequence[Charge]


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignResults:
    """What became of a campaign's messages. Sender alone knows replies and opt-outs: None where it was not asked.

    `last_day` is the last one of which something is known; None before the first message.
    """

    campaign_id: str
    name: str
    last_day: date | None
    sent: int
    delivered: int
    read: int
    failed: int
    retries: int
    failures: Sequence[tuple[int, int]]
    replies: int | None = None
    opt_outs: int | None = None


@dataclass(frozen=True, slots=True)
class LogRecord:
    """A record of the log as an export tells it: names of columns with their values."""

    columns: Mapping[str, str | int]


@dataclass(frozen=True, slots=True)
class LogPage:
    """Records by time and where those after them begin; an empty cursor is the end."""

    records: Sequence[LogRecord]
    cursor: str
