"""Steps forward of messages as they are told to others: in order for each message."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

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


def in_order(changes: Sequence[Change]) -> list[Change]:
    """Changes as they were found, but those of one message in their order, in the places that its changes had."""
    by_message: dict[UUID, list[Change]] = {}
    for change in changes:
        by_message.setdefault(change.message_id, []).append(change)
    rest = {
        message_id: iter(sorted(found, key=lambda change: change.sequence)) for message_id, found in by_message.items()
    }
    return [next(rest[change.message_id]) for change in changes]
