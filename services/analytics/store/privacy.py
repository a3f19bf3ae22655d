"""What analytics keeps of people: forgotten, told, let go of when it is old."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from services.analytics.domain.windows import Window
from services.analytics.store.counting_out import EXPIRE_CONTACTS, EXPIRE_DAYS, FORGET_COUNTS
from services.chassis.db import Database, Query
from services.chassis.queue import MORE, Cleared, PageRow, Receipts

_THEIRS = "organization_id = %(organization)b::uuid AND conversation_id = ANY (%(conversations)b::uuid[])"
_FORGET = Query(
    f"""
    WITH gone AS (
      DELETE FROM analytics.conversation_logs
      WHERE {_THEIRS} AND occurred_at >= %(start)b::timestamptz AND occurred_at < %(end)b::timestamptz RETURNING 1)
    SELECT count(*) FROM gone"""
)
_RECORDS = Query(
    f"""
    SELECT occurred_at, record_id, kind, conversation_id, phone_number, flow_id, node_id,
      coalesce(user_message, bot_response, extra_data->>'text'), status, error_code
    FROM analytics.conversation_logs
    WHERE {_THEIRS} AND (occurred_at, record_id) > (%(start)b::timestamptz, %(after)b::text)
      AND occurred_at < %(end)b::timestamptz
    ORDER BY occurred_at, record_id LIMIT %(limit)b::bigint"""
)
_EXPIRE = Query(
    """
    WITH old AS MATERIALIZED (
      SELECT organization_id, occurred_at, record_id FROM analytics.conversation_logs
      WHERE organization_id = %(organization)b::uuid AND occurred_at < %(before)b::timestamptz
      ORDER BY occurred_at LIMIT %(limit)b::bigint),
    gone AS (
      DELETE FROM analytics.conversation_logs l USING old o
      WHERE (l.organization_id, l.occurred_at, l.record_id) = (o.organization_id, o.occurred_at, o.record_id)
      RETURNING 1)
    SELECT count(*) FROM gone"""
)
_LOG, _CONVERSATION_COUNT = "analytics.conversation_logs", "analytics.conversation_count"
_CONTACT, _CONTACT_DAY = "analytics.flow_contact", "analytics.contact_day"
_COLUMNS_TOLD = (
    "occurred_at", "record_id", "kind", "conversation_id", "phone_number", "flow_id", "node_id", "text", "status",
    "error_code",
)  # fmt: skip
EXPIRED_AT_ONCE = 5000


class PostgresPrivacy:
    """What the schema keeps of people (ports.PrivacyStore)."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._receipts = Receipts("analytics")

    async def forget(
        self, *, organization_id: UUID, job_id: UUID, conversation_ids: Sequence[UUID], windows: Sequence[Window]
    ) -> Cleared:
        """Remove records and counts (ports.PrivacyStore.forget)."""
        values = {"organization": organization_id, "conversations": list(conversation_ids)}
        steps = [(_FORGET, values | {"start": window.start, "end": window.end}) for window in windows]
        async with self._database.journey((organization_id,)) as journey:
            ((counted,), *records) = await journey.run([(FORGET_COUNTS, values), *steps])
            tables = zip((_CONVERSATION_COUNT, _CONTACT, _CONTACT_DAY), counted, strict=True)
            cleared = Cleared(dict(tables) | {_LOG: sum(rows[0][0] for rows in records)})
            return await self._receipts.commit(journey, organization_id, job_id, cleared)

    async def records(
        self, *, organization_id: UUID, conversation_ids: Sequence[UUID], window: Window, after: str, limit: int
    ) -> Sequence[PageRow]:
        """A page of records (ports.PrivacyStore.records)."""
        values = {
            "organization": organization_id,
            "conversations": list(conversation_ids),
            "start": window.start,
            "end": window.end,
            "after": after,
            "limit": limit,
        }
        (rows,) = await self._database.batch((organization_id,), [(_RECORDS, values)], durable=False)
        told = [dict(zip(_COLUMNS_TOLD, row, strict=True)) for row in rows]
        return [PageRow("log", {name: value for name, value in row.items() if value is not None}) for row in told]

    async def expire(self, *, organization_id: UUID, job_id: UUID, before: datetime) -> Cleared:
        """Remove a batch of records (ports.PrivacyStore.expire)."""
        values = {"organization": organization_id, "before": before, "limit": EXPIRED_AT_ONCE}
        async with self._database.journey((organization_id,)) as journey:
            steps = [(_EXPIRE, values), (EXPIRE_CONTACTS, values), (EXPIRE_DAYS, values)]
            counted = [rows[0][0] for rows in await journey.run(steps)]
            is_more = EXPIRED_AT_ONCE in counted
            cleared = Cleared(
                dict(zip((_LOG, _CONTACT, _CONTACT_DAY), counted, strict=True)), cursor=MORE if is_more else ""
            )
            return await self._receipts.commit(journey, organization_id, job_id, cleared)
