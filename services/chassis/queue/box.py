"""What goes into a box of lanes and what comes out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Box:
    """A set of lanes: three tables `<schema>.<name>_lane|_item|_dead`.

    `group` names the first key column: organization_id, or number_key in ingress, which knows no organization yet.
    """

    schema: str
    name: str
    group: str = "organization_id"

    @property
    def path(self) -> str:
        """Such as executor.inbox; the name operators and metrics use."""
        return f"{self.schema}.{self.name}"


@dataclass(frozen=True, slots=True)
class Item:
    """Something to be put into a lane; `event_id` counts once per group for as long as items are kept (9 days)."""

    group_id: UUID
    lane_id: UUID
    event_id: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class StoredItem:
    """An item at its place in a lane."""

    position: int
    event_id: str
    payload: bytes
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Claim:
    """A lane held by this process until its lease ends: its next items, and what is known of earlier tries.

    `head` is the last finished position and `tail` the last one given out when the lane was claimed; `items` may stop
    short of `tail` (a claim takes only so many), and then `until` is the last position they cover.
    """

    group_id: UUID
    lane_id: UUID
    token: UUID
    head: int
    tail: int
    attempts: int
    solo: int
    last_error: str | None
    items: tuple[StoredItem, ...]
    until: int

    def place_of(self, index: int) -> int:
        """Where the lane's head comes once its item `index` is finished."""
        return self.until if index == len(self.items) - 1 else self.items[index].position


@dataclass(frozen=True, slots=True)
class Finish:
    """How a claimed lane is given back: everything up to `head` is finished.

    delay None: done. delay >= 0 with blame: failed, tried again after `delay` seconds, attempts kept.
    delay >= 0 without blame: waits (throttled, callee down, doubt); attempts start anew.
    """

    claim: Claim
    head: int
    delay: float | None = None
    is_blamed: bool = False
    error: str | None = None


class LeaseLost(Exception):
    """A finish came with a stale token: another process holds the lane by now; nothing was changed (invariant I6)."""
