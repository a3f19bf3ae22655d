"""Taking things out of a box before their time: somebody is erased, or an organization keeps things only so long.

Only what is finished goes; an item that waits is somebody's work. Steps run in the caller's transaction, and `locking`
comes first: under a lane's lock nobody puts anything in, so what was at rest stays so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import NamedTuple
from uuid import UUID

from services.chassis.db import Query, Rows, Step, Transaction
from services.chassis.queue.box import Box
from services.chassis.queue.bundles import bundle_without

Key = tuple[UUID, UUID]
"""A lane: group and lane id."""


EVER = datetime(9999, 12, 31, tzinfo=UTC)
"""A moment that nothing comes after."""


class ClearedItem(NamedTuple):
    """An item or a dead letter as whoever asks for it may read it; `error` is empty unless it is a dead letter."""

    lane_id: UUID
    event_id: str
    received_at: datetime
    payload: bytes
    error: str


class DeadPayload(NamedTuple):
    """A dead letter that has to be looked into."""

    dead_id: int
    event_id: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class Cleared:
    """What clearing came to: rows removed by table, and whether it has to come again.

    `is_waiting`: something unfinished stands in the way. `has_more`: there was more than one batch.
    """

    counts: Mapping[str, int] = field(default_factory=dict)
    is_waiting: bool = False
    has_more: bool = False


class Clearing:
    """The steps of one box. `keys` are lanes; a step that removes answers with one row: how many rows went."""

    def __init__(self, box: Box) -> None:
        self.box = box
        g, path = box.group, box.path
        keys = "unnest(%(groups)b::uuid[], %(lanes)b::uuid[]) t(o, k)"
        self._lock = Query(f"""
            SELECT l.wake_at IS NULL AND l.head = l.tail FROM {keys}
            JOIN {path}_lane l ON (l.{g}, l.lane_id) = (t.o, t.k)
            ORDER BY l.{g}, l.lane_id FOR UPDATE OF l""")
        self._waiting = Query(f"""
            SELECT EXISTS (
              SELECT 1 FROM {keys} JOIN {path}_lane l ON (l.{g}, l.lane_id) = (t.o, t.k)
              JOIN {path}_item i ON (i.{g}, i.lane_id) = (l.{g}, l.lane_id) AND i.pos > l.head
              WHERE i.received_at <= %(until)b::timestamptz)""")
        self._mentioned = Query(f"""
            SELECT EXISTS (
              SELECT 1 FROM {path}_lane l
              JOIN {path}_item i ON (i.{g}, i.lane_id) = (l.{g}, l.lane_id) AND i.pos > l.head
              WHERE l.{g} = %(group)b::uuid AND l.head < l.tail AND {_holds("i.payload")})""")
        self._remove_items = Query(f"""
            WITH gone AS (
              DELETE FROM {path}_item i USING {keys} JOIN {path}_lane l ON (l.{g}, l.lane_id) = (t.o, t.k)
              WHERE (i.{g}, i.lane_id) = (t.o, t.k) AND i.pos <= l.head AND i.received_at <= %(until)b::timestamptz
              RETURNING 1)
            SELECT count(*) FROM gone""")
        self._remove_dead = Query(f"""
            WITH gone AS (
              DELETE FROM {path}_dead d USING {keys}
              WHERE (d.{g}, d.lane_id) = (t.o, t.k) AND d.received_at <= %(until)b::timestamptz RETURNING 1)
            SELECT count(*) FROM gone""")
        # A lane that is empty and at rest is as good as none: who puts something in makes it again.
        self._remove_lanes = Query(f"""
            WITH gone AS (
              DELETE FROM {path}_lane l USING {keys}
              WHERE (l.{g}, l.lane_id) = (t.o, t.k) AND l.wake_at IS NULL
                AND NOT EXISTS (SELECT 1 FROM {path}_item i WHERE (i.{g}, i.lane_id) = (l.{g}, l.lane_id))
              RETURNING 1)
            SELECT count(*) FROM gone""")
        self._remove_older = Query(f"""
            WITH old AS MATERIALIZED (
              SELECT i.{g}, i.lane_id, i.pos, i.received_at FROM {path}_item i
              LEFT JOIN {path}_lane l ON (l.{g}, l.lane_id) = (i.{g}, i.lane_id)
              WHERE i.{g} = ANY (%(groups)b::uuid[]) AND i.received_at < %(before)b::timestamptz
                AND i.pos <= coalesce(l.head, i.pos)
              LIMIT %(limit)b::bigint),
            gone AS (
              DELETE FROM {path}_item i USING old o
              WHERE (i.{g}, i.lane_id, i.pos, i.received_at) = (o.{g}, o.lane_id, o.pos, o.received_at) RETURNING 1)
            SELECT count(*) FROM gone""")
        self._remove_older_dead = Query(f"""
            WITH gone AS (
              DELETE FROM {path}_dead d USING (
                SELECT {g}, dead_id FROM {path}_dead
                WHERE {g} = ANY (%(groups)b::uuid[]) AND received_at < %(before)b::timestamptz
                LIMIT %(limit)b::bigint) old
              WHERE (d.{g}, d.dead_id) = (old.{g}, old.dead_id) RETURNING 1)
            SELECT count(*) FROM gone""")
        self._read_items = Query(f"""
            SELECT i.lane_id, i.event_id, i.received_at, i.payload, '' FROM {keys}
            JOIN {path}_item i ON (i.{g}, i.lane_id) = (t.o, t.k)
            ORDER BY i.{g}, i.lane_id, i.pos OFFSET %(skip)b::bigint LIMIT %(limit)b::bigint""")
        self._read_dead = Query(f"""
            SELECT d.lane_id, d.event_id, d.received_at, d.payload, d.error FROM {path}_dead d
            WHERE d.{g} = ANY (%(groups)b::uuid[]) AND d.lane_id = ANY (%(lanes)b::uuid[])
            ORDER BY d.dead_id OFFSET %(skip)b::bigint LIMIT %(limit)b::bigint""")
        self._find_dead = Query(f"""
            SELECT d.dead_id, d.event_id, d.payload FROM {path}_dead d
            WHERE d.{g} = %(group)b::uuid AND {_holds("d.payload")} ORDER BY d.dead_id FOR UPDATE""")
        self._rewrite_dead = Query(f"""
            UPDATE {path}_dead SET payload = %(payload)b::bytea
            WHERE {g} = %(group)b::uuid AND dead_id = %(dead_id)b::bigint""")
        self._remove_dead_ids = Query(f"""
            WITH gone AS (
              DELETE FROM {path}_dead WHERE {g} = %(group)b::uuid AND dead_id = ANY (%(dead_ids)b::bigint[])
              RETURNING 1)
            SELECT count(*) FROM gone""")
        self._remove_dead_with = Query(f"""
            WITH gone AS (
              DELETE FROM {path}_dead d WHERE d.{g} = ANY (%(groups)b::uuid[])
                AND d.received_at <= %(until)b::timestamptz AND {_holds("d.payload")} RETURNING 1)
            SELECT count(*) FROM gone""")

    def locking(self, keys: Sequence[Key]) -> Step:
        """Lock lanes until the transaction ends; `are_at_rest` reads its rows."""
        return self._lock, _columns(keys)

    def asking_for_waiting(self, keys: Sequence[Key], until: datetime) -> Step:
        """Whether lanes hold an item that came in by then and is not finished (`is_so` reads its rows)."""
        return self._waiting, {**_columns(keys), "until": until}

    def asking_for_mentions(self, group_id: UUID, needles: Sequence[bytes]) -> Step:
        """Whether any unfinished item of a group holds one of these byte strings (`is_so` reads its rows)."""
        return self._mentioned, {"group": group_id, "needles": list(needles)}

    def removing(self, keys: Sequence[Key], until: datetime) -> dict[str, Step]:
        """By table: the steps that remove finished items and dead letters of by then, and lanes that are empty then."""
        values = {**_columns(keys), "until": until}
        path = self.box.path
        return {
            f"{path}_item": (self._remove_items, values),
            f"{path}_dead": (self._remove_dead, values),
            f"{path}_lane": (self._remove_lanes, values),
        }

    def removing_older(self, group_ids: Sequence[UUID], before: datetime, *, limit: int) -> dict[str, Step]:
        """By table: the steps that remove up to `limit` finished items, and dead letters, of before that moment."""
        values = {"groups": list(group_ids), "before": before, "limit": limit}
        path = self.box.path
        return {f"{path}_item": (self._remove_older, values), f"{path}_dead": (self._remove_older_dead, values)}

    def removing_dead_with(self, group_ids: Sequence[UUID], needles: Sequence[bytes], until: datetime) -> Step:
        """Remove dead letters of by then that hold one of these byte strings."""
        return self._remove_dead_with, {"groups": list(group_ids), "needles": list(needles), "until": until}

    def reading_items(self, keys: Sequence[Key], *, skip: int, limit: int) -> Step:
        """Items of lanes in order (`ClearedItem` are its rows)."""
        return self._read_items, {**_columns(keys), "skip": skip, "limit": limit}

    def reading_dead(self, keys: Sequence[Key], *, skip: int, limit: int) -> Step:
        """Dead letters of lanes in order (`ClearedItem` are its rows)."""
        return self._read_dead, {**_columns(keys), "skip": skip, "limit": limit}

    def finding_dead(self, group_id: UUID, needles: Sequence[bytes]) -> Step:
        """Lock the dead letters of a group that hold one of these byte strings (`DeadPayload` are its rows)."""
        return self._find_dead, {"group": group_id, "needles": list(needles)}

    def rewriting_dead(self, group_id: UUID, dead_id: int, payload: bytes) -> Step:
        """Give a dead letter another payload."""
        return self._rewrite_dead, {"group": group_id, "dead_id": dead_id, "payload": payload}

    def removing_dead(self, group_id: UUID, dead_ids: Sequence[int]) -> Step:
        """Remove these dead letters."""
        return self._remove_dead_ids, {"group": group_id, "dead_ids": list(dead_ids)}


async def clear_bundles(
    journey: Transaction, clearing: Clearing, group_id: UUID, needles: Sequence[bytes], *, limit: int
) -> Cleared:
    """Take out of a box of bundles (bundles.py) whatever holds one of these byte strings.

    Bundles mix what belongs to many. Finished ones serve nobody, so all of the group's go, `limit` at a time; a dead
    one is written again without the parts in question; while an unfinished one holds any, nothing is done.
    """
    mentions, dead = await journey.run(
        [clearing.asking_for_mentions(group_id, needles), clearing.finding_dead(group_id, needles)]
    )
    if is_so(mentions):
        return Cleared(is_waiting=True)
    letters = [DeadPayload(*row) for row in dead]
    rests = {
        letter.dead_id: bundle_without(letter.event_id, letter.payload, lambda part: any(n in part for n in needles))
        for letter in letters
    }
    steps = [clearing.rewriting_dead(group_id, dead_id, rest) for dead_id, rest in rests.items() if rest]
    items, _ = clearing.removing_older([group_id], EVER, limit=limit).values()
    rows = await journey.run(
        [*steps, clearing.removing_dead(group_id, [dead_id for dead_id, rest in rests.items() if not rest]), items]
    )
    path, removed = clearing.box.path, rows[-1][0][0]
    # A letter that was written again counts as well: something of it is gone.
    counts = {f"{path}_item": removed, f"{path}_dead": len(letters)}
    return Cleared(counts, has_more=removed == limit)


def are_at_rest(rows: Rows) -> bool:
    """Whether none of the locked lanes has anything to do, or is held."""
    return all(row[0] for row in rows)


def is_so(rows: Rows) -> bool:
    """The answer to a question."""
    return bool(rows[0][0])


def _holds(column: str) -> str:
    return f"EXISTS (SELECT 1 FROM unnest(%(needles)b::bytea[]) n WHERE position(n IN {column}) > 0)"


def _columns(keys: Sequence[Key]) -> dict[str, object]:
    ordered = sorted(set(keys))
    return {"groups": [key[0] for key in ordered], "lanes": [key[1] for key in ordered]}
