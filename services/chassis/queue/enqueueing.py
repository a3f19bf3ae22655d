"""Putting items into lanes: the steps to send, and what their rows mean. Three ways, by what follows.

Enqueueing: somebody will claim them. Holding: this process goes on with what it put in, without a claim ("insert and
hold"). Passing: they are worked off in this very transaction.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID, uuid4

from services.chassis.db import Query, Rows, Step
from services.chassis.queue.box import Claim, Item, StoredItem
from services.chassis.queue.statements import Statements

Key = tuple[UUID, UUID]


class Enqueueing:
    """Puts items at the ends of their lanes; `read` tells per item whether it is new. Without items: no steps."""

    def __init__(self, items: Sequence[Item], statements: Statements) -> None:
        self.items = items
        self._statements = statements
        self._values: dict[str, object] = {
            "groups": [item.group_id for item in items],
            "lanes": [item.lane_id for item in items],
            "events": [item.event_id for item in items],
            "payloads": [item.payload for item in items],
        }

    @property
    def steps(self) -> list[Step]:
        """Two statements: the first locks the lanes, the second sees every earlier event of theirs."""
        if not self.items:
            return []
        return [(self._to_lanes, self._values), (self._statements.add_items, self._values)]

    @property
    def _to_lanes(self) -> Query:
        return self._statements.add_to_lanes

    def read(self, rows: Sequence[Rows]) -> list[bool]:
        """Per item, in order: whether it is new. `rows` are those of the steps."""
        return _freshness(self.items, rows[1]) if self.items else []

    def claims(self, rows: Sequence[Rows]) -> list[Claim]:  # Holding has some
        """The lanes this process holds by it: none."""
        return []


class Holding(Enqueueing):
    """Lanes that were idle come back as claims of this process."""

    def __init__(self, items: Sequence[Item], statements: Statements, *, lease_seconds: float) -> None:
        super().__init__(items, statements)
        self._token = uuid4()
        self._values |= {"lease": lease_seconds, "token": self._token}

    @property
    def _to_lanes(self) -> Query:
        return self._statements.add_and_hold

    def claims(self, rows: Sequence[Rows]) -> list[Claim]:
        """The held lanes with what is new in them; one whose items were all repeats comes without items."""
        if not self.items:
            return []
        lanes, items = rows
        found = _stored(self.items, items)
        return [
            Claim(
                group_id, lane_id, self._token, head, tail, 1, 0, None, tuple(found.get((group_id, lane_id), ())), tail
            )
            for group_id, lane_id, head, tail, is_held in lanes
            if is_held
        ]


@dataclass(frozen=True, slots=True)
class Passed:
    """A lane whose new items are to be worked off now; its head was at `head` and stands at `tail` already."""

    group_id: UUID
    lane_id: UUID
    head: int
    tail: int
    items: tuple[StoredItem, ...]


class Passing(Enqueueing):
    """Lanes that were idle pass; the others keep their items for whoever holds or claims them."""

    @property
    def _to_lanes(self) -> Query:
        return self._statements.add_to_pass

    def passed(self, rows: Sequence[Rows]) -> list[Passed]:
        """The lanes to be worked off, those with something new in them."""
        if not self.items:
            return []
        lanes, items = rows
        found = _stored(self.items, items)
        given = Counter((item.group_id, item.lane_id) for item in self.items)
        return [
            Passed(group_id, lane_id, tail - given[group_id, lane_id], tail, tuple(found[group_id, lane_id]))
            for group_id, lane_id, tail, is_idle in lanes
            if is_idle and (group_id, lane_id) in found
        ]

    def has_queued(self, rows: Sequence[Rows]) -> bool:
        """Whether something new lies in a lane that did not pass."""
        if not self.items:
            return False
        idle = {(row[0], row[1]) for row in rows[0] if row[3]}
        return any((row[0], row[1]) not in idle for row in rows[1])


def _freshness(items: Sequence[Item], rows: Rows) -> list[bool]:
    fresh = {(row[0], row[2]) for row in rows}
    answer = []
    for item in items:
        key = (item.group_id, item.event_id)
        answer.append(key in fresh)
        fresh.discard(key)
    return answer


def _stored(items: Sequence[Item], rows: Rows) -> dict[Key, list[StoredItem]]:
    """What was stored, by lane, in order of position."""
    payloads: dict[tuple[UUID, str], bytes] = {}
    for item in items:
        payloads.setdefault((item.group_id, item.event_id), item.payload)
    found: dict[Key, list[StoredItem]] = {}
    for group_id, lane_id, event_id, position, received_at in rows:
        stored = StoredItem(position, event_id, payloads[group_id, event_id], received_at)
        found.setdefault((group_id, lane_id), []).append(stored)
    for lane in found.values():
        lane.sort(key=lambda stored: stored.position)
    return found
