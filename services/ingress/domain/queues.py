"""Departments, queues, agents and conversations among people, as people see them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

RoutingMode = Literal["manual", "round_robin", "load_balance", "skills_based"]
Presence = Literal["available", "busy", "away", "offline"]
SlaState = Literal["none", "ok", "at_risk", "broken"]


@dataclass(frozen=True, slots=True)
class OpeningHours:
    """Opening and closing time by day, in the time of an IANA zone."""

    time_zone: str
    days: Mapping[str, tuple[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Department:
    """A part of the organization; `id` is empty in one that is to be stored."""

    id: str = ""
    name: str
    business_hours: OpeningHours | None
    offline_message: str
    routing_mode: RoutingMode
    max_conversations_per_agent: int
    agent_ids: Sequence[str]
    is_active: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """Where conversations wait; the last two are not read when one is stored."""

    id: str = ""
    department_id: str
    name: str
    priority: int
    sla_minutes: int
    routing_mode: RoutingMode | None
    max_queue_size: int
    overflow_queue_id: str
    allowed_agent_ids: Sequence[str]
    skills_required: Sequence[str]
    business_hours: OpeningHours | None
    is_active: bool
    waiting: int = 0
    is_open: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Agent:
    """Somebody who answers; the last three are not read when one is stored."""

    id: str
    name: str
    skills: Sequence[str]
    capacity: int
    is_active: bool
    presence: Presence = "offline"
    present_until: datetime | None = None
    conversations: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryChange:
    """One thing that happened to a conversation among people."""

    at: datetime | None
    kind: str
    from_queue_id: str
    queue_id: str
    agent_id: str
    actor: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueEntry:
    """A conversation that waits for people, or is with one."""

    id: str
    conversation_id: str
    phone_number_id: str
    phone_number: str
    user_id: str
    contact_name: str
    queue_id: str
    state: str
    priority: int
    is_vip: bool
    queued_at: datetime | None
    handoff_context: str
    sla_due_at: datetime | None
    sla_state: SlaState
    agent_id: str
    assigned_at: datetime | None
    ended_at: datetime | None
    end_reason: str
    changes: Sequence[EntryChange]


@dataclass(frozen=True, slots=True)
class EntryPage:
    """A page of entries, newest first; an empty cursor ends the last one."""

    entries: Sequence[QueueEntry]
    cursor: str


@dataclass(frozen=True, slots=True)
class Stored:
    """What storing did."""

    id: str
    is_changed: bool
