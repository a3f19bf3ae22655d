"""What executor keeps of people: removed, told, let go of."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from services.chassis.db import Database, Query, Step
from services.chassis.queue import (
    EVER,
    Cleared,
    Clearing,
    Page,
    Receipts,
    Removal,
    are_at_rest,
    clear_bundles,
    counted,
    item_section,
    json_section,
    read_page,
)
from services.executor.store.boxes import EFFECTS, INBOX, NOTICES, OUTBOX, RECORDS

ROWS_AT_ONCE = 2000
_WAITING = "events, replies, calls or orders that are being worked on"

_MINE = "organization_id = %(organization)b::uuid"

_REMOVE_STATES = Query(f"""
    WITH gone AS (
      DELETE FROM executor.conversation_states
      WHERE {_MINE} AND conversation_id = ANY (%(conversations)b::uuid[]) RETURNING 1)
    SELECT count(*) FROM gone""")
_REMOVE_TIMERS = Query(f"""
    WITH gone AS (
      DELETE FROM executor.timer WHERE {_MINE} AND lane_id = ANY (%(conversations)b::uuid[]) RETURNING 1)
    SELECT count(*) FROM gone""")

# The condition on created_at is that of the lists' partial indexes; it holds for every state.
_EXPIRE_STATES = Query(f"""
    WITH old AS MATERIALIZED (
      SELECT organization_id, conversation_id, flow_id, id FROM executor.conversation_states
      WHERE {_MINE} AND created_at > '2000-01-01Z' AND last_message_at < %(before)b::timestamptz
        AND (NOT is_active OR session_expires_at <= now())
      ORDER BY last_message_at LIMIT %(limit)b::bigint FOR UPDATE SKIP LOCKED),
    timers AS (
      DELETE FROM executor.timer t USING old o
      WHERE (t.organization_id, t.lane_id, t.scope) = (o.organization_id, o.conversation_id, o.id)),
    gone AS (
      DELETE FROM executor.conversation_states s USING old o
      WHERE (s.organization_id, s.conversation_id, s.flow_id) = (o.organization_id, o.conversation_id, o.flow_id)
      RETURNING 1)
    SELECT count(*) FROM gone""")

_READ_STATES = Query(f"""
    SELECT json_build_object('state_id', id, 'conversation_id', conversation_id, 'contact_id', contact_id,
      'phone_number', phone_number, 'user_id', user_id, 'flow_id', flow_id, 'flow_version', flow_version,
      'current_node_id', current_node_id, 'variables', variables, 'execution_path', execution_path,
      'session', session, 'is_active', is_active, 'messages_count', messages_count, 'created_at', created_at,
      'last_message_at', last_message_at, 'session_expires_at', session_expires_at, 'closed_at', closed_at)
    FROM executor.conversation_states WHERE {_MINE} AND conversation_id = ANY (%(conversations)b::uuid[])
    ORDER BY created_at, id OFFSET %(skip)b::bigint LIMIT %(limit)b::bigint""")
_READ_TIMERS = Query(f"""
    SELECT json_build_object('conversation_id', lane_id, 'kind', kind, 'state_id', scope, 'fires_at', fire_at)
    FROM executor.timer WHERE {_MINE} AND lane_id = ANY (%(conversations)b::uuid[])
    ORDER BY fire_at, scope, kind OFFSET %(skip)b::bigint LIMIT %(limit)b::bigint""")


class PostgresPrivacy:
    """See ports.Privacy."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._inbox, self._outbox, self._records = Clearing(INBOX), Clearing(OUTBOX), Clearing(RECORDS)
        self._effects, self._notices = Clearing(EFFECTS), Clearing(NOTICES)
        self._receipts = Receipts(INBOX.schema)

    async def erase(self, *, organization_id: UUID, job_id: UUID, conversation_ids: Sequence[UUID]) -> Cleared:
        """See ports.Privacy."""
        cleared = await self._remove(organization_id, job_id, conversation_ids)
        if cleared.waiting_for:
            return cleared
        needles = [str(conversation_id).encode() for conversation_id in conversation_ids]
        async with self._database.journey([organization_id]) as journey:
            records = await clear_bundles(journey, self._records, organization_id, needles, limit=ROWS_AT_ONCE)
            return await self._receipts.commit(journey, organization_id, job_id, records)

    async def _remove(self, organization_id: UUID, job_id: UUID, conversation_ids: Sequence[UUID]) -> Cleared:
        keys = [(organization_id, conversation_id) for conversation_id in conversation_ids]
        async with self._database.journey([organization_id]) as journey:
            # In the order in which a turn locks them.
            boxes = (self._inbox, self._outbox, self._effects, self._notices)
            locked = await journey.run([box.locking(keys) for box in boxes])
            if not all(are_at_rest(lanes) for lanes in locked):
                return Cleared(waiting_for=_WAITING)
            theirs = _theirs(organization_id, conversation_ids)
            removals = [
                ("executor.conversation_states", (_REMOVE_STATES, theirs)),
                ("executor.timer", (_REMOVE_TIMERS, theirs)),
                *(removal for box in boxes for removal in box.removing(keys, EVER)),
            ]
            cleared = counted(removals, await journey.run([step for _, step in removals]))
            return await self._receipts.commit(journey, organization_id, job_id, cleared)

    async def page(self, *, organization_id: UUID, conversation_ids: Sequence[UUID], cursor: str) -> Page:
        """See ports.Privacy."""
        theirs = _theirs(organization_id, conversation_ids)
        keys = [(organization_id, conversation_id) for conversation_id in conversation_ids]

        def reading(query: Query, skip: int, limit: int) -> Step:
            return query, {**theirs, "skip": skip, "limit": limit}

        sections = [
            json_section("conversation_state", partial(reading, _READ_STATES)),
            json_section("timer", partial(reading, _READ_TIMERS)),
        ]
        boxes = {"event": self._inbox, "reply": self._outbox, "call": self._effects, "order": self._notices}
        for kind, box in boxes.items():
            sections.append(item_section(kind, partial(box.reading_items, keys)))
            sections.append(item_section(f"dead_{kind}", partial(box.reading_dead, keys)))
        return await read_page(self._database, organization_id, sections, cursor)

    async def expire(self, *, organization_id: UUID, job_id: UUID, before: datetime) -> Cleared:
        """See ports.Privacy."""
        values = {"organization": organization_id, "before": before, "limit": ROWS_AT_ONCE}
        removals: list[Removal] = [("executor.conversation_states", (_EXPIRE_STATES, values))]
        for box in (self._inbox, self._outbox, self._effects, self._notices, self._records):
            removals += box.removing_older([organization_id], before, limit=ROWS_AT_ONCE)
        async with self._database.journey([organization_id]) as journey:
            rows = await journey.run([step for _, step in removals])
            cleared = counted(removals, rows, limit=ROWS_AT_ONCE)
            return await self._receipts.commit(journey, organization_id, job_id, cleared)


def _theirs(organization_id: UUID, conversation_ids: Sequence[UUID]) -> dict[str, Any]:
    return {"organization": organization_id, "conversations": sorted(conversation_ids)}
