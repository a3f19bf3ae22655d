"""Changes of messages and events of the desk, read from the lanes in which changes travel to analytics.

They were put there in the transaction of the change, under the lane's lock: within a lane positions are in the order of
commits, so "what follows this position" misses nothing and needs no table of its own. Items stay for 9 days.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID, uuid5

from services.chassis.db import Database, Query, Rows, Step
from services.chassis.errors import InvalidArgument
from services.chassis.queue import StoredItem
from services.sender.domain.changes import News, in_order
from services.sender.ports.teams import Positions
from services.sender.store.rows import RECORD_SHARDS

Decode = Callable[[StoredItem], Sequence[News]]
"""Reads an item: what of it is to be told."""

# Of each lane so many transactions are read at once. A reader that is not further behind is told everything in order;
# one that is gets the changes of a message from different pages perhaps out of order, and `sequence` tells.
_PER_LANE = 128

_END = Query("""
    SELECT l.lane_id, l.tail FROM unnest(%(lanes)b::uuid[]) t(k)
    JOIN sender.records_lane l ON l.organization_id = %(organization)b::uuid AND l.lane_id = t.k""")

# One statement is one snapshot: a change is never seen without those of its message that were committed before.
_SINCE = Query("""
    SELECT t.k, i.pos, i.event_id, i.payload, i.received_at
    FROM unnest(%(lanes)b::uuid[], %(positions)b::bigint[]) t(k, p)
    CROSS JOIN LATERAL (
      SELECT pos, event_id, payload, received_at FROM sender.records_item
      WHERE organization_id = %(organization)b::uuid AND lane_id = t.k AND pos > t.p
      ORDER BY pos LIMIT %(per_lane)b::bigint) i
    ORDER BY i.received_at, t.k, i.pos""")


def lanes_of(organization_id: UUID) -> list[UUID]:
    """The lanes in which an organization's changes travel, by shard."""
    return [uuid5(organization_id, f"records:{shard}") for shard in range(RECORD_SHARDS)]


def reading_end(organization_id: UUID) -> Step:
    """The step that asks where changes end (`end_in` reads its rows)."""
    return _END, {"organization": organization_id, "lanes": lanes_of(organization_id)}


def end_in(organization_id: UUID, rows: Rows) -> Positions:
    """Where changes end; a lane that nothing was ever put into ends at 0."""
    tails = {row[0]: row[1] for row in rows}
    return tuple(tails.get(lane_id, 0) for lane_id in lanes_of(organization_id))


def reading_since(organization_id: UUID, after: Sequence[int]) -> list[Step]:
    """The two steps that read where changes end and what follows (`changes_in` reads the second's rows)."""
    lanes = lanes_of(organization_id)
    values = {"organization": organization_id, "lanes": lanes, "positions": list(after), "per_lane": _PER_LANE}
    return [reading_end(organization_id), (_SINCE, values)]


def changes_in(rows: Rows, decode: Decode) -> list[News]:
    """The changes in what was read."""
    return in_order([change for row in rows for change in decode(_item_of(row))])


def reached_in(organization_id: UUID, after: Sequence[int], ends: Rows, rows: Rows) -> Positions:
    """How far what was read goes (both steps' rows).

    A lane that gave all it has was read to its end: repeats and what was erased leave gaps there, and who stopped
    before them would look into them again and again. The end was read first, so nothing before it was missed.
    """
    lanes = lanes_of(organization_id)
    furthest = dict(zip(lanes, after, strict=True))
    counts: Counter[UUID] = Counter()
    for lane_id, position, *_ in rows:
        furthest[lane_id] = max(furthest[lane_id], position)
        counts[lane_id] += 1
    for lane_id, end in zip(lanes, end_in(organization_id, ends), strict=True):
        if counts[lane_id] < _PER_LANE:
            furthest[lane_id] = max(furthest[lane_id], end)
    return tuple(furthest.values())


def _item_of(row: tuple[Any, ...]) -> StoredItem:
    _, position, event_id, payload, received_at = row
    return StoredItem(position, event_id, bytes(payload), received_at)


class PostgresChanges:
    """See ports.teams.ChangeFeed."""

    def __init__(self, database: Database, decode: Decode) -> None:
        self._database = database
        self._decode = decode

    async def end(self, *, organization_id: UUID) -> Positions:
        """See ChangeFeed."""
        (rows,) = await self._database.batch([organization_id], [reading_end(organization_id)], durable=False)
        return end_in(organization_id, rows)

    async def since(self, *, organization_id: UUID, after: Positions) -> tuple[Positions, list[News]]:
        """See ChangeFeed."""
        if len(after) != RECORD_SHARDS:
            raise InvalidArgument("cursor is none that was given out; begin without one")
        steps = reading_since(organization_id, after)
        ends, rows = await self._database.batch([organization_id], steps, durable=False)
        return reached_in(organization_id, after, ends, rows), changes_in(rows, self._decode)
