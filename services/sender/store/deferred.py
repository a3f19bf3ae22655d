"""Messages whose lanes went on without them, put at the ends of their lanes again once they are due."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from services.chassis.db import Database, Query, Transaction
from services.chassis.queue import Item, Lanes
from services.sender.domain.message import failed, key_of
from services.sender.store.rows import Changes, Telling, locking, message_of

AT_ONCE = 256
_GONE = "the message waited longer than its content is kept"

# One of those that wait for a template is its probe, once one is due; it meets the pause at the gate like any other.
_DUE = Query("""
    (SELECT organization_id, message_id FROM sender.deferred WHERE due_at <= now()
     ORDER BY due_at LIMIT %(most)s::bigint)
    UNION
    (SELECT w.organization_id, w.message_id FROM sender.pause p
     CROSS JOIN LATERAL (
       SELECT organization_id, message_id FROM sender.deferred d
       WHERE d.organization_id = p.organization_id AND d.template = p.name AND d.template <> '' LIMIT 1) w
     WHERE p.scope = 'template' AND p.probe_at <= now() LIMIT %(most)s::bigint)""")
# Those that may not overtake each other are taken together, lane by lane.
_TAKE = Query("""
    WITH due AS (
      SELECT d.organization_id, d.message_id, d.lane_id, d.is_in_order
      FROM unnest(%(groups)b::uuid[], %(ids)b::uuid[]) t(o, k)
      JOIN sender.deferred d ON (d.organization_id, d.message_id) = (t.o, t.k)),
    chosen AS (
      SELECT organization_id, message_id FROM due
      UNION
      SELECT d.organization_id, d.message_id FROM due
      JOIN sender.deferred d ON (d.organization_id, d.lane_id) = (due.organization_id, due.lane_id)
      WHERE due.is_in_order AND d.is_in_order)
    DELETE FROM sender.deferred d USING chosen c
    WHERE (d.organization_id, d.message_id) = (c.organization_id, c.message_id)
    RETURNING d.organization_id, d.message_id, d.lane_id, extract(epoch FROM now())::bigint, (
      SELECT i.payload FROM sender.inbox_item i
      WHERE i.organization_id = d.organization_id AND i.lane_id = d.lane_id AND i.event_id = d.message_id::text
      LIMIT 1), d.due_at""")


async def requeue_due(database: Database, *, inbox: Lanes, tell: Telling) -> tuple[int, Changes]:
    """Put a batch of what is due into its lanes; gives how many, and what failed for want of its content."""
    (due,) = await database.batch([], [(_DUE, {"most": AT_ONCE})], durable=False)
    if not due:
        return 0, Changes({})
    async with database.journey({row[0] for row in due}) as journey:
        values = {"groups": [row[0] for row in due], "ids": [row[1] for row in due]}
        (rows,) = await journey.run([(_TAKE, values)])
        taken = sorted(rows, key=lambda row: row[5])
        # A replayed event's id begins with the message's (worker.errand_of); the time makes it one of its own.
        items = [Item(row[0], row[2], f"{row[1]}:again:{row[3]}", bytes(row[4])) for row in taken if row[4] is not None]
        changes = await _failing(journey, [(row[0], row[1]) for row in taken if row[4] is None])
        steps = [*inbox.enqueueing(items).steps, *changes.writing(), *tell.steps(changes.deliveries)]
        await journey.commit(steps)
    return len(taken), changes


async def _failing(journey: Transaction, lost: Sequence[tuple[UUID, UUID]]) -> Changes:
    if not lost:
        return Changes({})
    (rows,) = await journey.run([locking(lost)])
    changes = Changes({message.key: message for message in map(message_of, rows)})
    for organization_id, message_id in lost:
        key = key_of(organization_id, message_id)
        if key in changes.found and not changes.found[key].is_settled and not changes.found[key].is_erased:
            changes.put(failed(changes.found[key], changes.found[key].error_code, _GONE))
    return changes
