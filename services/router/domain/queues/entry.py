"""An entry: a conversation that waits for people, or is with one, and how it stands with its promised time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

VIP_TAG = "vip"
"""A contact with this tag, in whatever case, goes before others of the same priority."""

ALERT_SHARE = 0.8
"""Of the promised time; then people are told that it runs out."""

State = Literal["waiting", "assigned", "ended"]
Sla = Literal["none", "ok", "at_risk", "broken"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A conversation among people. `context` is what the flow told them; times of what has not come are None.

    `is_flows` when a flow handed it over, or knows already who has it. `changes` are the newest ones, oldest first.
    """

    entry_id: UUID
    conversation_id: UUID
    phone_number_id: str
    wa_id: str
    user_id: str
    contact_name: str
    queue_id: UUID | None
    state: State
    priority: int
    is_vip: bool
    queued_at: datetime
    context: str
    is_flows: bool
    sla_due_at: datetime | None
    sla_alert_at: datetime | None
    sla_alerted_at: datetime | None
    agent_id: UUID | None
    assigned_at: datetime | None
    ended_at: datetime | None
    end_reason: str
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One thing that happened to an entry, such as an overflow; `reason` is in somebody's own words, or ours."""

    at: datetime
    kind: str
    from_queue_id: UUID | None
    queue_id: UUID | None
    agent_id: UUID | None
    actor: str
    reason: str


def sla_of(entry: Entry, now: datetime) -> Sla:
    """How the promised time stands: it is counted until somebody is given the conversation."""
    if entry.sla_due_at is None:
        return "none"
    until = entry.assigned_at or entry.ended_at or now
    if until > entry.sla_due_at:
        return "broken"
    if entry.assigned_at is None and entry.sla_alert_at is not None and until >= entry.sla_alert_at:
        return "at_risk"
    return "ok"
