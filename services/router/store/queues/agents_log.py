"""What happened to conversations among people and has not been told to analytics yet."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from services.chassis.db import Database, Query
from services.router.domain.queues import EntryChange, EntryStory

_THEIRS = "organization_id = ANY (%(organizations)b::uuid[])"

_UNRECORDED = Query(f"""
    SELECT organization_id, entry_id FROM router.queue_change WHERE {_THEIRS} AND NOT is_recorded
    GROUP BY organization_id, entry_id ORDER BY 1, 2 LIMIT %(limit)b::bigint""")
# A story is told though nobody knows its contact any more: else it would be looked for again and again.
_STORIES = Query("""
    SELECT t.o, t.e, n.conversation_id, v.phone_number_id, coalesce(k.wa_id, ''), z.time_zone, n.end_reason,
      h.ids, h.times, h.kinds, h.agents, h.told
    FROM unnest(%(organizations)b::uuid[], %(entries)b::uuid[]) t(o, e)
    CROSS JOIN LATERAL (
      SELECT conversation_id, contact_id, end_reason FROM router.queue_entry
      WHERE organization_id = t.o AND entry_id = t.e LIMIT 1) n
    CROSS JOIN LATERAL (
      SELECT phone_number_id FROM router.conversation
      WHERE organization_id = t.o AND conversation_id = n.conversation_id LIMIT 1) v
    LEFT JOIN LATERAL (
      SELECT wa_id FROM router.contact WHERE organization_id = t.o AND contact_id = n.contact_id LIMIT 1) k ON true
    CROSS JOIN LATERAL (
      SELECT time_zone FROM router.organization WHERE organization_id = t.o LIMIT 1) z
    CROSS JOIN LATERAL (
      SELECT array_agg(change_id) AS ids, array_agg(at) AS times, array_agg(kind) AS kinds,
        array_agg(agent_id) AS agents, array_agg(is_recorded) AS told
      FROM (
        SELECT change_id, at, kind, agent_id, is_recorded FROM router.queue_change
        WHERE organization_id = t.o AND entry_id = t.e ORDER BY change_id) c) h
    ORDER BY 1, 2""")
# No two changes have one id.
_RECORDED = Query(f"""
    UPDATE router.queue_change SET is_recorded = true
    WHERE {_THEIRS} AND entry_id = ANY (%(entries)b::uuid[]) AND change_id = ANY (%(changes)b::bigint[])""")


class PostgresAgentsLog:
    """See ports.queues.AgentsLog."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def untold(self, *, organization_ids: Sequence[UUID], limit: int) -> Sequence[EntryStory]:
        """See AgentsLog."""
        async with self._database.journey(organization_ids, durable=False) as journey:
            values = {"organizations": sorted(organization_ids), "limit": limit}
            (found,) = await journey.run([(_UNRECORDED, values)])
            if not found:
                return ()
            keys = {"organizations": [row[0] for row in found], "entries": [row[1] for row in found]}
            (rows,) = await journey.run([(_STORIES, keys)])
        return [
            EntryStory(
                organization_id=row[0],
                entry_id=row[1],
                conversation_id=row[2],
                phone_number_id=row[3],
                wa_id=row[4],
                time_zone=row[5],
                end_reason=row[6],
                changes=[EntryChange(*change) for change in zip(*row[7:], strict=True)],
            )
            for row in rows
        ]

    async def told(self, stories: Sequence[EntryStory]) -> None:
        """See AgentsLog."""
        organization_ids = sorted({story.organization_id for story in stories})
        values = {
            "organizations": organization_ids,
            "entries": sorted(story.entry_id for story in stories),
            "changes": sorted(
                change.change_id for story in stories for change in story.changes if not change.is_recorded
            ),
        }
        await self._database.batch(organization_ids, [(_RECORDED, values)])
