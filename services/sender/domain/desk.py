"""What happens between conversations and people, as it is told to others. Router makes it; here it only travels."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from uuid import UUID

EVENTS = tuple(
    f"conversation.{what}" for what in ("queued", "assigned", "released", "sla_at_risk", "sla_breached", "overflowed")
)
"""All there is to tell."""

PREFIX = "desk:"
"""What every event_id begins with: by it an item that holds one is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskEvent:
    """One event; `lane_id` is its conversation, ids that are not known are empty, and 0 microseconds are no time."""

    event_id: str
    event: str
    lane_id: UUID
    phone_number_id: str
    entry_id: str
    queue_id: str
    department_id: str
    from_queue_id: str
    agent_id: str
    how: str
    sla_due_at_us: int
    occurred_at_us: int
    sequence: int

    @property
    def subject(self) -> UUID:
        """What its sequence is of: the conversation."""
        return self.lane_id


def written(event: DeskEvent) -> bytes:
    """As an item holds it: JSON."""
    return json.dumps(asdict(event) | {"lane_id": str(event.lane_id)}).encode()


def read_written(content: bytes) -> DeskEvent:
    """What `written` wrote; what a later release wrote beside it is left out. Raises ValueError for what is none."""
    told = json.loads(content)
    known = {each.name: told[each.name] for each in fields(DeskEvent) if each.name in told}
    try:
        return DeskEvent(**known | {"lane_id": UUID(known.get("lane_id", ""))})
    except TypeError as error:
        raise ValueError(str(error)) from None
