"""What others are told of conversations among people: which event a change is. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

_ASSIGNED = {"pulled": "pull", "assigned": "assign", "routed": "route", "taken": "take"}
_RUNS_OUT = {"sla_alert": "conversation.sla_at_risk", "sla_broken": "conversation.sla_breached"}


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskEvent:
    """Something that happened, by ids only. `sequence` orders the events of a conversation; what is None is not so."""

    organization_id: UUID
    event_id: str
    event: str
    how: str
    conversation_id: UUID
    phone_number_id: str
    entry_id: UUID
    queue_id: UUID | None
    department_id: UUID | None
    from_queue_id: UUID | None
    agent_id: UUID | None
    sla_due_at: datetime | None
    occurred_at: datetime
    sequence: int


def event_of(kind: str, *, has_agent: bool, reason: str, end_reason: str) -> tuple[str, str] | None:
    """The event of a change, and how it came about; None for what is nobody's business.

    `reason` is ours, and told, only of an overflow: of everything else it is in somebody's own words.
    """
    if kind in _ASSIGNED:
        return "conversation.assigned", _ASSIGNED[kind]
    if kind in _RUNS_OUT:
        return _RUNS_OUT[kind], ""
    match kind:
        case "queued":
            # An agent whom the flow named, and who was there, had it at once.
            return "conversation.assigned" if has_agent else "conversation.queued", "handoff"
        case "transferred":
            return "conversation.queued", "transfer"
        case "overflowed":
            return "conversation.overflowed", reason
        case "ended" | "merged":
            return "conversation.released", end_reason
        case _:
            return None
