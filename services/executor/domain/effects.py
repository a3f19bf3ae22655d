"""What an arrival brings about: messages, orders to other rooms, records, timers, and the states after it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from services.executor.domain.arrival import Arrival
from services.executor.domain.commands import Order, Say
from services.executor.domain.compile import CompiledFlow
from services.executor.domain.limits import Limits
from services.executor.domain.standing import Standing

RecordKind = Literal[
    "contact_message", "bot_message", "flow_started", "flow_ended", "invalid_answer", "limit_reached", "flow_event",
    "handed_over", "taken", "released", "effect_failed", "moved",
]  # fmt: skip


class FlowNeeded(Exception):
    """A flow must be loaded first. `version` 0 means the published one; `flow` is an id, or a name after a jump."""

    def __init__(self, organization_id: UUID, flow: str, version: int) -> None:
        super().__init__(flow)
        self.organization_id = organization_id
        self.flow = flow
        self.version = version


@dataclass(frozen=True, slots=True)
class Said:
    """A message for the contact, to be handed to sender."""

    message_id: UUID
    arrival: Arrival
    flow_id: str
    command: Say


@dataclass(frozen=True, slots=True)
class Ordered:
    """Something that another room, or a call outside, is to do."""

    order_id: UUID
    arrival: Arrival
    flow_id: str
    command: Order


@dataclass(frozen=True, slots=True)
class Record:
    """Something for the conversation log; `number` orders the records of one arrival.

    `path` is the way of a turn with its exits (engine.Trace), on one record of it. `answered_after_us` is how long
    after the bot asked a contact wrote, or after a hand-over a person took the conversation; 0 when it is not known.
    """

    arrival: Arrival
    kind: RecordKind
    flow_id: str
    node_id: str
    text: str
    number: int
    flow_version: int = 0
    path: tuple[str, ...] = ()
    answered_after_us: int = 0


@dataclass(frozen=True, slots=True)
class Timer:
    """A durable timer of a conversation; set again it moves. Without a moment it is dropped."""

    organization_id: UUID
    conversation_id: UUID
    kind: str
    scope: UUID
    fire_at: datetime | None


@dataclass(slots=True)
class Effects:
    """What one arrival brings about, in order. `standings` holds each changed state once, newest form."""

    standings: dict[UUID, Standing] = field(default_factory=dict)
    said: list[Said] = field(default_factory=list)
    ordered: list[Ordered] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)
    timers: list[Timer] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Rules:
    """What a turn needs besides its arrival."""

    find_flow: Callable[[UUID, str, int], CompiledFlow | None]
    limits: Limits
    ttl: timedelta
    now: datetime
    monotonic: Callable[[], float]
