"""Taking things out of a box before their time: somebody is erased, or an organization keeps things only so long.

Only what is finished goes; an item that waits is somebody's work. Steps run in the caller's transaction, and `locking`
comes first: under a lane's lock nobody puts anything in, so what was at rest stays so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID

from services.chassis.db import Query, Rows, Step, Transaction
from services.chassis.queue.box import Box
from services.chassis.queue.bundles import bundle_without
from services.chassis.queue.pages import PageRow, Section
from services.pb.common.v1 import privacy_pb2

Key = tuple[UUID, UUID]
"""A lane: group and lane id."""
Removal = tuple[str, Step]
"""A table, and the step that removes something from it: it answers with one row, the number of rows that went."""


EVER = datetime(9999, 12, 31, tzinfo=UTC)
"""A moment that nothing comes after."""
MORE = "more"
"""The cursor of clearing that has to be asked for again: what is gone is passed over by itself."""


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

    `waiting_for` says what unfinished thing stands in the way, as a part of a sentence. `cursor` says where to go on.
    """

    counts: Mapping[str, int] = field(default_factory=dict)
    waiting_for: str = ""
    cursor: str = ""

    def and_also(self, other: Cleared) -> Cleared:
        """Both together."""
        tables = dict.fromkeys((*self.counts, *other.counts))
        return Cleared(
            {table: self.counts.get(table, 0) + other.counts.get(table, 0) for table in tables},
            self.waiting_for or other.waiting_for,
            self.cursor or other.cursor,
        )


class Clearing:
    """The steps of one box. `keys` are lanes."""

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
            ORDER BY i.received_at, i.lane_id, i.pos OFFSET %(skip)b::bigint LIMIT %(limit)b::bigint""")
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

    def removing(self, keys: Sequence[Key], until: datetime) -> list[Removal]:
        """The steps that remove finished items and dead letters of by then, and lanes that are empty then."""
        values = {**_columns(keys), "until": until}
        path = self.box.path
        return [
            (f"{path}_item", (self._remove_items, values)),
            (f"{path}_dead", (self._remove_dead, values)),
            (f"{path}_lane", (self._remove_lanes, values)),
        ]

    def removing_older(self, group_ids: Sequence[UUID], before: datetime, *, limit: int) -> list[Removal]:
        """The steps that remove up to `limit` finished items, and dead letters, of before that moment."""
        values = {"groups": list(group_ids), "before": before, "limit": limit}
        path = self.box.path
        return [(f"{path}_item", (self._remove_older, values)), (f"{path}_dead", (self._remove_older_dead, values))]

    def removing_dead_with(self, group_ids: Sequence[UUID], needles: Sequence[bytes], until: datetime) -> Removal:
        """The step that removes dead letters of by then that hold one of these byte strings."""
        values = {"groups": list(group_ids), "needles": list(needles), "until": until}
        return f"{self.box.path}_dead", (self._remove_dead_with, values)

    def reading_items(self, keys: Sequence[Key], skip: int, limit: int) -> Step:
        """Items of lanes as they came in (`ClearedItem` are its rows)."""
        return self._read_items, {**_columns(keys), "skip": skip, "limit": limit}

    def reading_dead(self, keys: Sequence[Key], skip: int, limit: int) -> Step:
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

    Bundles mix what belongs to many. Finished ones serve nobody, so all of the group's go, `limit` at a time and not
    counted; a dead one is written again without the parts in question; while an unfinished one holds any, nothing is
    done.
    """
    mentions, dead = await journey.run(
        [clearing.asking_for_mentions(group_id, needles), clearing.finding_dead(group_id, needles)]
    )
    if is_so(mentions):
        return Cleared(waiting_for="records on their way to analytics")
    letters = [DeadPayload(*row) for row in dead]
    rests = {
        letter.dead_id: bundle_without(letter.event_id, letter.payload, lambda part: any(n in part for n in needles))
        for letter in letters
    }
    steps = [clearing.rewriting_dead(group_id, dead_id, rest) for dead_id, rest in rests.items() if rest]
    (_, items), _ = clearing.removing_older([group_id], EVER, limit=limit)
    rows = await journey.run(
        [*steps, clearing.removing_dead(group_id, [dead_id for dead_id, rest in rests.items() if not rest]), items]
    )
    # A letter that was written again counts as well: something of it is gone.
    return Cleared({f"{clearing.box.path}_dead": len(letters)}, cursor=MORE if rows[-1][0][0] == limit else "")


def progress_of(cleared: Cleared) -> privacy_pb2.Progress:
    """As a room's Privacy service answers."""
    return privacy_pb2.Progress(
        counts=[privacy_pb2.TableCount(table=table, rows=rows) for table, rows in cleared.counts.items() if rows],
        waiting_for=cleared.waiting_for,
        cursor="" if cleared.waiting_for else cleared.cursor,
    )


def counted(removals: Sequence[Removal], rows: Sequence[Rows], *, limit: int = 0) -> Cleared:
    """What removals came to; one that removed `limit` rows may have more to remove."""
    counts: dict[str, int] = {}
    for (table, _), answer in zip(removals, rows, strict=True):
        counts[table] = counts.get(table, 0) + answer[0][0]
    has_more = limit > 0 and any(answer[0][0] == limit for answer in rows)
    return Cleared(counts, cursor=MORE if has_more else "")


def item_section(kind: str, reading: Callable[[int, int], Step]) -> Section:
    """A part of an export that is a box's items or dead letters (`reading_items`, `reading_dead`)."""

    def row_of(row: tuple[Any, ...]) -> PageRow:
        item = ClearedItem(*row)
        data = {"lane_id": item.lane_id, "event_id": item.event_id, "received_at": item.received_at}
        return PageRow(kind, data | ({"error": item.error} if item.error else {}), item.payload)

    return Section(reading, row_of)


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
