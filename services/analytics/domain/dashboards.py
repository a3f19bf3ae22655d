"""Figures of an organization as a whole: its hours, its contacts, its flows side by side, its agents."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID


@dataclass(frozen=True, slots=True)
class HourFigures:
    """An hour of the week; 1 is Monday. `started` is how often a flow began."""

    weekday: int
    hour: int
    contact_messages: int
    bot_messages: int
    started: int


@dataclass(frozen=True, slots=True)
class SeriesPoint:
    """A day, or an hour of it; of a whole day the hour is 0."""

    day: date
    hour: int
    contact_messages: int
    bot_messages: int
    started: int


@dataclass(frozen=True, slots=True)
class ContactDay:
    """Contacts with a message on a day, and those of them who had none before."""

    day: date
    active: int
    new: int


@dataclass(frozen=True, slots=True)
class ContactFigures:
    """Contacts with a message in the period, new ones among them, and all there are."""

    active: int
    new: int
    total: int
    days: Sequence[ContactDay]


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowTotals:
    """A flow's figures; without a flow, those of what is in none."""

    flow_id: UUID | None
    conversations: int = 0
    completed: int = 0
    finished: int = 0
    duration_us: int = 0
    contact_messages: int = 0
    bot_messages: int = 0
    handed_over: int = 0
    steps: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentFigures:
    """What an agent did. Sums of times are in microseconds, each with how many were summed."""

    agent_id: UUID
    taken: int = 0
    released: int = 0
    closed: int = 0
    transferred: int = 0
    first_responses: int = 0
    first_response_us: int = 0
    responses: int = 0
    response_us: int = 0
    handled: int = 0
    held_us: int = 0
