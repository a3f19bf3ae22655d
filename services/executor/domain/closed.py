"""A session that no turn ended: people closed it, or its flow went on without it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

# By people; by deleting the flow; by publishing it with the policy "restart".
ClosedBy = Literal["closed", "flow_deleted", "restarted"]


@dataclass(frozen=True, slots=True)
class ClosedSession:
    """Whose it was, and where the contact stood; `phone_number` is digits, `time_zone` the organization's or empty."""

    organization_id: UUID
    phone_number: str
    conversation_id: UUID
    flow_id: UUID
    flow_version: int
    node_id: str
    closed_at: datetime
    time_zone: str
    reason: ClosedBy = "closed"
