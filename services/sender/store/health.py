"""How numbers do, as far as the database knows. For people who look now and then, so nothing is kept for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from services.chassis.db import Database, Query
from services.sender.ports.teams import Backlog, Failures

# A backlog is looked at no further than this, and failures among no more than this many messages.
_MOST_LANES = 10_000
_MOST_MESSAGES = 20_000

# A message that waits lies in a lane that is not idle, or beside its lane; no index is kept on states: they change with
# every message.
_BACKLOGS = Query(f"""
    SELECT m.phone_number_id, count(*)::int, min(m.created_at)
    FROM (
      SELECT i.message_id FROM (
        SELECT lane_id, head FROM sender.inbox_lane
        WHERE organization_id = %(organization)b::uuid AND wake_at IS NOT NULL
        ORDER BY wake_at LIMIT {_MOST_LANES}) l
      CROSS JOIN LATERAL (
        SELECT left(event_id, 36)::uuid AS message_id FROM sender.inbox_item
        WHERE organization_id = %(organization)b::uuid AND lane_id = l.lane_id AND pos > l.head) i
      UNION ALL
      (SELECT message_id FROM sender.deferred WHERE organization_id = %(organization)b::uuid
       LIMIT {_MOST_MESSAGES})) i
    CROSS JOIN LATERAL (
      SELECT phone_number_id, created_at FROM sender.message
      WHERE organization_id = %(organization)b::uuid AND message_id = i.message_id
        AND state IN ('queued', 'attempting') LIMIT 1) m
    GROUP BY 1""")
_FAILURES = Query(f"""
    SELECT phone_number_id, error_code, count(*)::int,
           (array_agg(error_text ORDER BY created_at DESC))[1], max(created_at)
    FROM (
      SELECT phone_number_id, error_code, error_text, created_at, state FROM sender.message
      WHERE organization_id = %(organization)b::uuid AND created_at > '2000-01-01Z' AND erased_at IS NULL
        AND created_at > now() - interval '24 hours'
      ORDER BY created_at DESC LIMIT {_MOST_MESSAGES}) m
    WHERE state = 'failed'
    GROUP BY 1, 2 ORDER BY 1, 3 DESC, 2""")


class PostgresHealth:
    """See ports.teams.HealthBook."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def backlogs(self, *, organization_id: UUID) -> Mapping[str, Backlog]:
        """See HealthBook."""
        step = (_BACKLOGS, {"organization": organization_id})
        (rows,) = await self._database.batch([organization_id], [step], durable=False)
        return {row[0]: Backlog(row[1], row[2]) for row in rows}

    async def failures(self, *, organization_id: UUID) -> Mapping[str, Sequence[Failures]]:
        """See HealthBook."""
        step = (_FAILURES, {"organization": organization_id})
        (rows,) = await self._database.batch([organization_id], [step], durable=False)
        found: dict[str, list[Failures]] = {}
        for number, code, count, text, at in rows:
            found.setdefault(number, []).append(Failures(code, count, text, at))
        return found
