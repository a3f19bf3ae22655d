"""Steps forward of messages, and events of the desk, as they are told to others: in order for each subject."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

from services.sender.domain.desk import DeskEvent

# A failure is the last word on a message, and an acceptance the first.
_ORDER = {status: n for n, status in enumerate(("accepted", "sent", "delivered", "read", "played", "failed"), start=1)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One step forward of a message; `event_id` is the key under which it counts once."""

    event_id: str
    message_id: UUID
    lane_id: UUID
    status: str
    error_code: int
    occurred_at_us: int

    @property
    def sequence(self) -> int:
        """Its place among the steps of its message. Not its time: Meta counts seconds, and we microseconds."""
        return _ORDER.get(self.status, 0)

    @property
    def subject(self) -> UUID:
        """What its sequence is of: the message."""
        return self.message_id

    @property
    def event(self) -> str:
        """What webhooks call it."""
        return f"message.{self.status}"


News = Change | DeskEvent
"""What travels together: changes of messages, and what happens between conversations and people."""

NewsT = TypeVar("NewsT", Change, DeskEvent, News)


def in_order(changes: Sequence[NewsT]) -> list[NewsT]:
    """Changes as they were found, but those of one subject in their order, in the places that its changes had."""
    by_subject: dict[UUID, list[NewsT]] = {}
    for change in changes:
        by_subject.setdefault(change.subject, []).append(change)
    rest = {subject: iter(sorted(found, key=lambda change: change.sequence)) for subject, found in by_subject.items()}
    return [next(rest[change.subject]) for change in changes]
