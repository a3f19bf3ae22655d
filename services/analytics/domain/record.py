"""One thing that happened in a conversation, and the rules it is held against."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import Enum
from typing import NamedTuple
from uuid import UUID

# The longest id that fits an index row of Postgres (2,704 bytes) beside its neighbours, at four bytes a character.
LONGEST_ID = 256
LONGEST_PHONE_NUMBER = 32
LONGEST_STATUS = 64
LONGEST_NUMBER_ID = 64

# Partitions exist two months ahead (store.py). A record beyond them comes from a broken clock; taken, it would lie in
# the default partition and keep its month's own partition from being made.
FURTHEST_AHEAD = timedelta(days=31)


class RecordKind(Enum):
    """What a record tells; the values are what the table holds."""

    CONTACT_MESSAGE = "contact_message"
    BOT_MESSAGE = "bot_message"
    FLOW_STARTED = "flow_started"
    FLOW_ENDED = "flow_ended"
    INVALID_ANSWER = "invalid_answer"
    LIMIT_REACHED = "limit_reached"
    DELIVERY = "delivery"
    FLOW_EVENT = "flow_event"
    HANDED_OVER = "handed_over"
    TAKEN = "taken"
    RELEASED = "released"
    EFFECT_FAILED = "effect_failed"
    MOVED = "moved"
    ASSIGNED = "assigned"
    UNASSIGNED = "unassigned"


RecordKey = tuple[UUID, datetime, str]


class Record(NamedTuple):
    """A record as it is kept; empty texts, None and 0 say that there is nothing to tell.

    A tuple, because thousands a second are made of requests and taken apart again: a frozen dataclass costs twice
    as much to make.
    """

    organization_id: UUID
    occurred_at: datetime
    record_id: str
    sequence: int
    kind: RecordKind
    conversation_id: UUID
    phone_number: str = ""
    flow_id: UUID | None = None
    node_id: str = ""
    text: str = ""
    status: str = ""
    error_code: int = 0
    flow_version: int = 0
    time_zone: str = ""
    path: str = ""
    phone_number_id: str = ""
    answered_after_us: int = 0
    former_status: str = ""
    pricing_category: str = ""
    pricing_type: str = ""
    campaign_id: UUID | None = None
    campaign_try: int = 0
    agent_id: UUID | None = None

    @property
    def key(self) -> RecordKey:
        """Under which it counts once. The time is part of it because the table is partitioned by time."""
        return self.organization_id, self.occurred_at, self.record_id

    @property
    def is_priced(self) -> bool:
        """Whether it tells what Meta charges a message that arrived."""
        return bool(self.pricing_category or self.pricing_type)


def problem_of(record: Record, now: datetime) -> str | None:
    """Say in one sentence why the record can never be kept, or None."""
    if not record.record_id:
        return "record_id is empty; give every record a key under which it counts once"
    if record.occurred_at > now + FURTHEST_AHEAD:
        return f"occurred_at_us is more than {FURTHEST_AHEAD.days} days in the future; mend the producer's clock"
    limits: tuple[tuple[str, str, int], ...] = (
        ("record_id", record.record_id, LONGEST_ID),
        ("node_id", record.node_id, LONGEST_ID),
        ("phone_number", record.phone_number, LONGEST_PHONE_NUMBER),
        ("status", record.status, LONGEST_STATUS),
        ("former_status", record.former_status, LONGEST_STATUS),
        ("phone_number_id", record.phone_number_id, LONGEST_NUMBER_ID),
    )
    if record.is_priced:
        limits += (
            ("pricing_category", record.pricing_category, LONGEST_STATUS),
            ("pricing_type", record.pricing_type, LONGEST_STATUS),
        )
    for name, value, longest in limits:
        if len(value) > longest:
            return f"{name} has {len(value)} characters; use at most {longest}"
        if "\x00" in value:
            return f"{name} holds U+0000, which Postgres cannot keep; leave it out"
    return None
