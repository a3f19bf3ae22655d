"""What is done with queues by itself. Any replica may do it, all at once: each skips what another holds."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from services.chassis.db import Database, Query, Step
from services.router.domain.queues import Waiting, assign_all
from services.router.ports.queues import Alert, OfflineNotice
from services.router.store.queues.floors import floors_in, reading_floors
from services.router.store.queues.rows import noting

MOST_AT_ONCE = 200
ACTOR = "service:router"

_THEIRS = "organization_id = ANY (%(organizations)b::uuid[])"
_MINE = "organization_id = %(organization)b::uuid"

_OWNERS = Query("SELECT organization_id FROM router.queue_owner ORDER BY 1")


def _noting_time(kind: str, noted_at: str, due_at: str, condition: str) -> Query:
    """Notes once that a moment of waiting entries has come, and gives those that were noted now."""
    return Query(f"""
    WITH due AS MATERIALIZED (
      SELECT entry_id FROM router.queue_entry
      WHERE {_THEIRS} AND {condition} AND {due_at} <= %(now)b::timestamptz
      ORDER BY {due_at} LIMIT %(limit)b::bigint FOR NO KEY UPDATE SKIP LOCKED),
    told AS (
      UPDATE router.queue_entry SET {noted_at} = %(now)b::timestamptz
      WHERE {_THEIRS} AND entry_id = ANY (ARRAY(SELECT entry_id FROM due))
        AND {condition} AND {due_at} <= %(now)b::timestamptz
      RETURNING organization_id, entry_id, contact_id, queue_id),
    noted AS (
      INSERT INTO router.queue_change (organization_id, entry_id, contact_id, at, kind, queue_id, actor, reason)
      SELECT organization_id, entry_id, contact_id, %(now)b::timestamptz, '{kind}', queue_id, '{ACTOR}', ''
      FROM told)
    SELECT organization_id, entry_id, queue_id FROM told ORDER BY 1, 2""")


_ALERT = _noting_time("sla_alert", "sla_alerted_at", "sla_alert_at", "state = 'waiting' AND sla_alerted_at IS NULL")
# The alert comes first, however late both are.
_BREACH = _noting_time(
    "sla_broken",
    "sla_broken_at",
    "sla_due_at",
    "state = 'waiting' AND sla_broken_at IS NULL AND sla_alerted_at IS NOT NULL",
)

_NOTICES = Query(f"""
    SELECT e.organization_id, e.entry_id, e.conversation_id, v.phone_number_id, c.wa_id, c.user_id, d.offline_message,
           coalesce(extract(epoch FROM v.window_expires_at), 0)::bigint
    FROM router.queue_entry e
    CROSS JOIN LATERAL (
      SELECT phone_number_id, window_expires_at FROM router.conversation
      WHERE organization_id = e.organization_id AND conversation_id = e.conversation_id LIMIT 1) v
    CROSS JOIN LATERAL (
      SELECT wa_id, user_id FROM router.contact
      WHERE organization_id = e.organization_id AND contact_id = e.contact_id LIMIT 1) c
    CROSS JOIN LATERAL (
      SELECT department_id FROM router.queue
      WHERE organization_id = e.organization_id AND queue_id = e.queue_id LIMIT 1) q
    CROSS JOIN LATERAL (
      SELECT offline_message FROM router.department
      WHERE organization_id = e.organization_id AND department_id = q.department_id LIMIT 1) d
    WHERE e.{_THEIRS} AND e.is_notice_due LIMIT %(limit)b::bigint""")
_TOLD = Query(f"""
    UPDATE router.queue_entry SET is_notice_due = false
    WHERE {_THEIRS} AND entry_id = ANY (%(entries)b::uuid[]) AND is_notice_due""")

_BUSY = Query(f"""
    SELECT q.organization_id, q.queue_id FROM router.queue q
    JOIN router.department d ON (d.organization_id, d.department_id) = (q.organization_id, q.department_id)
    WHERE q.{_THEIRS} AND coalesce(q.routing, d.routing) <> 'manual' AND EXISTS (
      SELECT FROM router.queue_entry e
      WHERE e.organization_id = q.organization_id AND e.queue_id = q.queue_id AND e.state = 'waiting')
    ORDER BY q.organization_id, q.priority DESC, q.queue_id""")

_HOLD_QUEUE = Query(f"""
    SELECT queue_id FROM router.queue WHERE {_MINE} AND queue_id = %(queue)b::uuid FOR NO KEY UPDATE SKIP LOCKED""")
_HOLD_AGENTS = Query(f"""
    SELECT agent_id FROM router.agent
    WHERE {_MINE} AND is_active AND presence = 'available' AND present_until > %(now)b::timestamptz
    ORDER BY agent_id FOR NO KEY UPDATE SKIP LOCKED""")
_HOLD_WAITING = Query(f"""
    SELECT entry_id, priority, is_vip, queued_at FROM router.queue_entry
    WHERE {_MINE} AND queue_id = %(queue)b::uuid AND state = 'waiting'
    ORDER BY priority DESC, is_vip DESC, queued_at, entry_id LIMIT {MOST_AT_ONCE} FOR NO KEY UPDATE SKIP LOCKED""")
# Ids come as arrays: a join the planner would make by the organization alone, while statistics are young.
_GIVE = Query(f"""
    UPDATE router.queue_entry SET state = 'assigned', assigned_at = %(now)b::timestamptz, is_notice_due = false,
      agent_id = (%(agents)b::uuid[])[array_position(%(entries)b::uuid[], entry_id)]
    WHERE {_MINE} AND entry_id = ANY (%(entries)b::uuid[])""")
_REMEMBER = Query(f"""
    UPDATE router.queue SET last_agent_id = %(last)b::uuid WHERE {_MINE} AND queue_id = %(queue)b::uuid""")


class PostgresQueueWork:
    """See ports.queues.QueueWork."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def owners(self) -> Sequence[UUID]:
        """See QueueWork."""
        (rows,) = await self._database.batch((), [(_OWNERS, {})], durable=False)
        return [row[0] for row in rows]

    async def alert(self, *, organization_ids: Sequence[UUID], now: datetime, limit: int) -> Sequence[Alert]:
        """See QueueWork."""
        values = {"organizations": list(organization_ids), "now": now, "limit": limit}
        (rows,) = await self._database.batch(organization_ids, [(_ALERT, values)])
        return [Alert(*row) for row in rows]

    async def breach(self, *, organization_ids: Sequence[UUID], now: datetime, limit: int) -> Sequence[Alert]:
        """See QueueWork."""
        values = {"organizations": list(organization_ids), "now": now, "limit": limit}
        (rows,) = await self._database.batch(organization_ids, [(_BREACH, values)])
        return [Alert(*row) for row in rows]

    async def notices(self, *, organization_ids: Sequence[UUID], limit: int) -> Sequence[OfflineNotice]:
        """See QueueWork."""
        values = {"organizations": list(organization_ids), "limit": limit}
        (rows,) = await self._database.batch(organization_ids, [(_NOTICES, values)], durable=False)
        return [OfflineNotice(**dict(zip(_NOTICE_COLUMNS, row, strict=True))) for row in rows]

    async def told(self, notices: Sequence[OfflineNotice]) -> None:
        """See QueueWork."""
        organization_ids = sorted({each.organization_id for each in notices})
        values = {"organizations": organization_ids, "entries": sorted(each.entry_id for each in notices)}
        await self._database.batch(organization_ids, [(_TOLD, values)])

    async def busy_queues(self, *, organization_ids: Sequence[UUID]) -> Sequence[tuple[UUID, UUID]]:
        """See QueueWork."""
        values = {"organizations": list(organization_ids)}
        (rows,) = await self._database.batch(organization_ids, [(_BUSY, values)], durable=False)
        return [(row[0], row[1]) for row in rows]

    async def route(self, *, organization_id: UUID, queue_id: UUID, now: datetime) -> int:
        """See QueueWork."""
        values = {"organization": organization_id, "queue": queue_id, "now": now}
        async with self._database.journey([organization_id]) as journey:
            queues, agents, waiting, *rows = await journey.run(
                [
                    (_HOLD_QUEUE, values), (_HOLD_AGENTS, values), (_HOLD_WAITING, values),
                    *reading_floors([organization_id]),
                ]
            )  # fmt: skip
            if not queues or not agents or not waiting:
                return 0
            floor = floors_in([organization_id], rows)[organization_id]
            # Of whom another transaction decides just now nothing is known.
            held = {row[0] for row in agents}
            floor.agents = {agent_id: agent for agent_id, agent in floor.agents.items() if agent_id in held}
            entries = [Waiting(**dict(zip(_WAITING_COLUMNS, row, strict=True))) for row in waiting]
            given = assign_all(floor, floor.queues[queue_id], entries, now)
            if given:
                await journey.commit(_giving(organization_id, queue_id, given, now))
        return len(given)


def _giving(organization_id: UUID, queue_id: UUID, given: Sequence[tuple[UUID, UUID]], now: datetime) -> list[Step]:
    entries = [entry_id for entry_id, _ in given]
    agents = [agent_id for _, agent_id in given]
    values = {"organization": organization_id, "queue": queue_id, "entries": entries, "agents": agents, "now": now}
    note = noting(organization_id, entries, "routed", now=now, actor=ACTOR)
    return [(_GIVE, values), (_REMEMBER, values | {"last": agents[-1]}), note]


_NOTICE_COLUMNS = (
    "organization_id", "entry_id", "conversation_id", "phone_number_id", "wa_id", "user_id", "text",
    "window_expires_at",
)  # fmt: skip
_WAITING_COLUMNS = ("entry_id", "priority", "is_vip", "queued_at")
