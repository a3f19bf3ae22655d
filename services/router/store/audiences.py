"""Contacts as audiences: read through in the order of their ids, so many at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

import orjson

from services.chassis.db import Database, Query
from services.router.ports import AudienceContact

# Each page reads a fixed number of contacts by their key, whoever of them is chosen: a rare tag costs a page as much as
# a common one, and never a scan of the tenant in one statement.
_READ_AT_ONCE = 5000

_PAGE = Query(f"""
    WITH page AS MATERIALIZED (
      SELECT contact_id, wa_id, user_id, name, attributes, tags, merged_into FROM router.contact
      WHERE organization_id = %(organization)b::uuid AND contact_id > %(after)b::uuid
      ORDER BY contact_id LIMIT {_READ_AT_ONCE}),
    chosen AS (
      SELECT contact_id, wa_id, user_id, name, attributes FROM page
      WHERE merged_into IS NULL AND (wa_id <> '' OR user_id <> '')
        AND (cardinality(%(tags)b::text[]) = 0 OR tags && %(tags)b::text[])
        AND NOT EXISTS (
          SELECT 1 FROM unnest(%(names)b::text[], %(values)b::text[]) t(name, value)
          WHERE page.attributes ->> t.name IS DISTINCT FROM t.value)
      ORDER BY contact_id LIMIT %(limit)b::bigint)
    SELECT c.*, (SELECT count(*) FROM page) = {_READ_AT_ONCE}, (SELECT contact_id FROM page ORDER BY 1 DESC LIMIT 1)
    FROM (SELECT 1) one LEFT JOIN chosen c ON true ORDER BY c.contact_id""")

# A conversation that was only opened has no window: nobody wrote in it. OFFSET 0 makes it one descent for each.
_REPLIES = Query("""
    SELECT count(*) FROM unnest(%(ids)b::uuid[], %(moments)b::bigint[]) t(id, moment)
    CROSS JOIN LATERAL (
      SELECT last_inbound_at FROM router.conversation
      WHERE organization_id = %(organization)b::uuid AND conversation_id = t.id AND window_expires_at IS NOT NULL
      OFFSET 0) c
    WHERE c.last_inbound_at >= to_timestamp(t.moment)""")


class PostgresAudiences:
    """See ports.AudienceStore."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(
        self, *, organization_id: UUID, tags: Sequence[str], attributes: Mapping[str, str], after: UUID, limit: int
    ) -> tuple[Sequence[AudienceContact], UUID | None]:
        """See AudienceStore."""
        values = {
            "organization": organization_id, "after": after, "tags": list(tags), "names": list(attributes),
            "values": list(attributes.values()), "limit": limit,
        }  # fmt: skip
        (rows,) = await self._database.batch([organization_id], [(_PAGE, values)], durable=False)
        found = [AudienceContact(row[0], row[1], row[2], row[3], _object(row[4])) for row in rows if row[0] is not None]
        if len(found) == limit:
            return found, found[-1].contact_id
        return found, rows[0][6] if rows[0][5] else None

    async def replies(self, *, organization_id: UUID, awaited: Mapping[UUID, int]) -> int:
        """See AudienceStore."""
        values = {"organization": organization_id, "ids": list(awaited), "moments": list(awaited.values())}
        (((count,),),) = await self._database.batch([organization_id], [(_REPLIES, values)], durable=False)
        return int(count)


def _object(value: object) -> Mapping[str, object]:
    read = orjson.loads(value) if isinstance(value, str | bytes) else value
    assert isinstance(read, dict)
    return read
