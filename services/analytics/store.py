"""All SQL of analytics."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg

from services.analytics.domain.counting import NO_FLOW, Messages
from services.analytics.domain.record import Record, RecordKey
from services.analytics.domain.report import (
    ConversationCount,
    Counts,
    FlowCount,
    NodeCount,
    Speaker,
    Transcript,
    TranscriptMessage,
)
from services.analytics.domain.windows import Window
from services.analytics.ports import MOST_TEXT_BYTES, RecordRefused
from services.chassis.db import Database, Query, run
from services.chassis.queue import MORE, Cleared, PageRow, Receipts

_ENSURE_PARTITIONS = "SELECT app.ensure_partitions('analytics.conversation_logs', 'month', 2)"

# One statement keeps and counts: what is new is known only while it is inserted, and every further statement would cost
# more than its rows. Each part sorts by its key: two batches that share rows wait for each other and never deadlock.
_MESSAGES_OF = """
      SELECT {key}, count(*) FILTER (WHERE kind = 'contact_message'), count(*) FILTER (WHERE kind = 'bot_message')
      FROM new WHERE kind IN ('contact_message', 'bot_message') AND {place}
      GROUP BY {key} ORDER BY {key}"""

_ONE_MORE = """DO UPDATE SET
      contact_messages = c.contact_messages + excluded.contact_messages,
      bot_messages = c.bot_messages + excluded.bot_messages"""

# The keys of new rows come back only if some are not new; else their number says it.
_ADD = Query(
    f"""
    WITH new AS (
      INSERT INTO analytics.conversation_logs (organization_id, occurred_at, record_id, sequence, kind, conversation_id,
        phone_number, flow_id, node_id, user_message, bot_response, status, error_code, extra_data)
      SELECT o, at, r, s, k, c, nullif(p, ''), f, nullif(n, ''),
        CASE WHEN k = 'contact_message' THEN x END,
        CASE WHEN k = 'bot_message' THEN x END,
        nullif(st, ''), nullif(e, 0),
        CASE WHEN x <> '' AND k NOT IN ('contact_message', 'bot_message') THEN jsonb_build_object('text', x)
          ELSE '{{}}' END
      FROM unnest(%(organizations)b::uuid[], %(times)b::timestamptz[], %(ids)b::text[], %(sequences)b::int[],
        %(kinds)b::text[], %(conversations)b::uuid[], %(phones)b::text[], %(flows)b::uuid[], %(nodes)b::text[],
        %(texts)b::text[], %(statuses)b::text[], %(errors)b::int[]) t(o, at, r, s, k, c, p, f, n, x, st, e)
      ORDER BY o, at, r
      ON CONFLICT (organization_id, occurred_at, record_id) DO NOTHING
      RETURNING organization_id, occurred_at, record_id, kind, conversation_id, node_id, flow_id,
        coalesce(flow_id, '{NO_FLOW}') AS some_flow_id
    ), nodes AS (
      INSERT INTO analytics.node_count AS c (organization_id, flow_id, node_id, contact_messages, bot_messages)
      {_MESSAGES_OF.format(key="organization_id, some_flow_id, node_id", place="node_id IS NOT NULL")}
      ON CONFLICT (organization_id, flow_id, node_id) {_ONE_MORE}
    ), flows AS (
      INSERT INTO analytics.flow_count AS c (organization_id, flow_id, contact_messages, bot_messages)
      {_MESSAGES_OF.format(key="organization_id, flow_id", place="flow_id IS NOT NULL")}
      ON CONFLICT (organization_id, flow_id) {_ONE_MORE}
    ), conversations AS (
      INSERT INTO analytics.conversation_count AS c
        (organization_id, flow_id, conversation_id, contact_messages, bot_messages)
      {_MESSAGES_OF.format(key="organization_id, some_flow_id, conversation_id", place="true")}
      ON CONFLICT (organization_id, flow_id, conversation_id) {_ONE_MORE}
    )
    SELECT total, organization_id, occurred_at, record_id
    FROM (SELECT count(*) AS total FROM new) counted LEFT JOIN new ON total < %(given)b::bigint"""
)

_MESSAGES_OF_CONTACT = """
    FROM analytics.conversation_logs
    WHERE organization_id = %(organization_id)s::uuid AND phone_number = %(phone_number)s::text
      AND kind IN ('contact_message', 'bot_message')
      AND (%(flow_id)s::uuid IS NULL OR flow_id = %(flow_id)s::uuid)"""

# A page ends early where its texts would not fit into one answer.
_TRANSCRIPT = Query(
    f"""
    SELECT record_id, is_contact, text, occurred_at, node_id
    FROM (
      SELECT p.*, row_number() OVER oldest AS place, sum(octet_length(text)) OVER oldest AS bytes
      FROM (
        SELECT record_id, kind = 'contact_message' AS is_contact, coalesce(user_message, bot_response, '') AS text,
          occurred_at, sequence, coalesce(node_id, '') AS node_id
        {_MESSAGES_OF_CONTACT}
        ORDER BY occurred_at, sequence, record_id
        OFFSET %(skip)s::bigint LIMIT %(limit)s::bigint) p
      WINDOW oldest AS (ORDER BY occurred_at, sequence, record_id)) p
    WHERE place = 1 OR bytes <= %(most_bytes)s::bigint ORDER BY place"""
)

_TRANSCRIPT_TOTAL = Query(f"SELECT count(*) {_MESSAGES_OF_CONTACT}")

# The busiest cannot come from an index: an index on what every batch changes would make every count an index update.
_BUSIEST_CONVERSATIONS = Query(
    """
    SELECT conversation_id, sum(contact_messages)::bigint, sum(bot_messages)::bigint
    FROM analytics.conversation_count
    WHERE organization_id = %(organization_id)s::uuid AND (%(flow_id)s::uuid IS NULL OR flow_id = %(flow_id)s::uuid)
    GROUP BY conversation_id
    ORDER BY sum(contact_messages + bot_messages) DESC, conversation_id
    LIMIT %(most_conversations)s::bigint"""
)

_FLOWS = Query(
    """
    SELECT flow_id, contact_messages, bot_messages
    FROM analytics.flow_count
    WHERE organization_id = %(organization_id)s::uuid AND (%(flow_id)s::uuid IS NULL OR flow_id = %(flow_id)s::uuid)
    ORDER BY contact_messages + bot_messages DESC, flow_id"""
)

_NODES = Query(
    """
    SELECT flow_id, node_id, contact_messages, bot_messages
    FROM analytics.node_count
    WHERE organization_id = %(organization_id)s::uuid AND (%(flow_id)s::uuid IS NULL OR flow_id = %(flow_id)s::uuid)
    ORDER BY contact_messages + bot_messages DESC, flow_id, node_id COLLATE "C" """
)

_THEIRS = "organization_id = %(organization)b::uuid AND conversation_id = ANY (%(conversations)b::uuid[])"
_FORGET = Query(
    f"""
    WITH gone AS (
      DELETE FROM analytics.conversation_logs
      WHERE {_THEIRS} AND occurred_at >= %(start)b::timestamptz AND occurred_at < %(end)b::timestamptz RETURNING 1)
    SELECT count(*) FROM gone"""
)
# A conversation is one person's, so its counts are as well; those of flows and nodes are of many.
_FORGET_COUNTS = Query(
    f"WITH gone AS (DELETE FROM analytics.conversation_count WHERE {_THEIRS} RETURNING 1) SELECT count(*) FROM gone"
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
_COLUMNS_TOLD = (
    "occurred_at", "record_id", "kind", "conversation_id", "phone_number", "flow_id", "node_id", "text", "status",
    "error_code",
)  # fmt: skip
EXPIRED_AT_ONCE = 5000


class PostgresStore:
    """The log and its counts in the schema `analytics`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._has_partitions = False

    async def add(self, records: Sequence[Record]) -> Sequence[bool]:
        """Keep and count in one transaction (ports.Store.add)."""
        # A process that was away for months must not put this month's records among the old ones.
        if not self._has_partitions:
            await self.ensure_partitions()
        firsts = _firsts(records)
        fresh = await self._add_and_count(firsts)
        if fresh is None and len(firsts) == len(records):
            return [True] * len(records)
        keys = {record.key for record in firsts} if fresh is None else fresh
        return [_take(keys, record.key) for record in records]

    async def _add_and_count(self, records: Sequence[Record]) -> set[RecordKey] | None:
        """The keys that were new; None says that all were."""
        values = _columns(records) | {"given": len(records)}
        try:
            (rows,) = await self._database.batch(set(values["organizations"]), [(_ADD, values)])
        except psycopg.DataError as error:
            raise RecordRefused from error
        total = rows[0][0]
        if total == len(records):
            return None
        return {(row[1], row[2], row[3]) for row in rows} if total else set()

    async def ensure_partitions(self) -> None:
        """Make the partitions of the months to come (ports.Store.ensure_partitions)."""
        async with self._database.transaction(()) as connection:
            await run(connection, _ENSURE_PARTITIONS)
        self._has_partitions = True

    async def transcript(
        self, *, organization_id: UUID, phone_number: str, flow_id: UUID | None, skip: int, limit: int
    ) -> Transcript:
        """A page of messages (ports.Store.transcript)."""
        values: dict[str, object] = {
            "organization_id": organization_id,
            "phone_number": phone_number,
            "flow_id": flow_id,
        }
        # The page first: what is recorded between the two statements never makes the total smaller than the page.
        page = (_TRANSCRIPT, values | {"skip": skip, "limit": limit, "most_bytes": MOST_TEXT_BYTES})
        rows, ((total,),) = await self._database.batch((organization_id,), [page, (_TRANSCRIPT_TOTAL, values)])
        return Transcript([_message(*row) for row in rows], total)

    async def counts(self, *, organization_id: UUID, flow_id: UUID | None, most_conversations: int) -> Counts:
        """Counts of an organization (ports.Store.counts)."""
        values: dict[str, object] = {"organization_id": organization_id, "flow_id": flow_id}
        busiest = (_BUSIEST_CONVERSATIONS, values | {"most_conversations": most_conversations})
        steps = [busiest, (_FLOWS, values), (_NODES, values)]
        conversations, flows, nodes = await self._database.batch((organization_id,), steps)
        return Counts(
            [ConversationCount(row[0], Messages(row[1], row[2])) for row in conversations],
            [FlowCount(row[0], Messages(row[1], row[2])) for row in flows],
            [NodeCount(None if row[0] == NO_FLOW else row[0], row[1], Messages(row[2], row[3])) for row in nodes],
        )


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
            (((counts,),), *records) = await journey.run([(_FORGET_COUNTS, values), *steps])
            cleared = Cleared({_CONVERSATION_COUNT: counts, _LOG: sum(rows[0][0] for rows in records)})
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
            (((count,),),) = await journey.run([(_EXPIRE, values)])
            cleared = Cleared({_LOG: count}, cursor=MORE if count == EXPIRED_AT_ONCE else "")
            return await self._receipts.commit(journey, organization_id, job_id, cleared)


def _take(keys: set[RecordKey], key: RecordKey) -> bool:
    """Whether the key was among them; it is not any more."""
    is_there = key in keys
    keys.discard(key)
    return is_there


def _firsts(records: Sequence[Record]) -> Sequence[Record]:
    """The first of each key: it counts, while the statement's sort would choose any."""
    # Almost always no two are alike, and texts compare cheaply.
    if len({record.record_id for record in records}) == len(records):
        return records
    firsts: dict[RecordKey, Record] = {}
    for record in records:
        firsts.setdefault(record.key, record)
    return list(firsts.values())


def _columns(records: Sequence[Record]) -> dict[str, Any]:
    return {
        "organizations": [record.organization_id for record in records],
        "times": [record.occurred_at for record in records],
        "ids": [record.record_id for record in records],
        "sequences": [record.sequence for record in records],
        "kinds": [record.kind.value for record in records],
        "conversations": [record.conversation_id for record in records],
        "phones": [record.phone_number for record in records],
        "flows": [record.flow_id for record in records],
        "nodes": [record.node_id for record in records],
        "texts": [record.text for record in records],
        "statuses": [record.status for record in records],
        "errors": [record.error_code for record in records],
    }


def _message(record_id: str, is_contact: bool, text: str, occurred_at: datetime, node_id: str) -> TranscriptMessage:
    speaker = Speaker.USER if is_contact else Speaker.BOT
    return TranscriptMessage(record_id, speaker, text, occurred_at, node_id)
