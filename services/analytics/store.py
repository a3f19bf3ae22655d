"""All SQL of analytics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TypeVar
from uuid import UUID

import psycopg

from services.analytics.domain.counting import NO_FLOW, Messages, Tally, tally_of
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
from services.analytics.ports import RecordRefused
from services.chassis.db import Connection, Database, fetch_all, fetch_one, run

Key = TypeVar("Key", bound=tuple[object, ...])

_ENSURE_PARTITIONS = "SELECT app.ensure_partitions('analytics.conversation_logs', 'month', 2)"

# Sorted by key, here and in the upserts: two batches that share rows wait for each other and never deadlock.
_ADD = """
    INSERT INTO analytics.conversation_logs (organization_id, occurred_at, record_id, sequence, kind, conversation_id,
      phone_number, flow_id, node_id, user_message, bot_response, status, error_code, extra_data)
    SELECT o, at, r, s, k, c, nullif(p, ''), f, nullif(n, ''),
      CASE WHEN k = 'contact_message' THEN x END,
      CASE WHEN k = 'bot_message' THEN x END,
      nullif(st, ''), nullif(e, 0),
      CASE WHEN k NOT IN ('contact_message', 'bot_message') AND x <> '' THEN jsonb_build_object('text', x)
        ELSE '{}' END
    FROM unnest(%(organizations)b::uuid[], %(times)b::timestamptz[], %(ids)b::text[], %(sequences)b::int[],
      %(kinds)b::text[], %(conversations)b::uuid[], %(phones)b::text[], %(flows)b::uuid[], %(nodes)b::text[],
      %(texts)b::text[], %(statuses)b::text[], %(errors)b::int[]) t(o, at, r, s, k, c, p, f, n, x, st, e)
    ORDER BY o, at, r
    ON CONFLICT (organization_id, occurred_at, record_id) DO NOTHING
    RETURNING organization_id, occurred_at, record_id"""

_COUNT_CONVERSATIONS = """
    INSERT INTO analytics.conversation_count AS c
      (organization_id, flow_id, conversation_id, contact_messages, bot_messages)
    SELECT o, f, k, x, y
    FROM unnest(%(organizations)b::uuid[], %(flows)b::uuid[], %(conversations)b::uuid[],
      %(contact)b::bigint[], %(bot)b::bigint[]) t(o, f, k, x, y)
    ORDER BY o, f, k
    ON CONFLICT (organization_id, flow_id, conversation_id) DO UPDATE SET
      contact_messages = c.contact_messages + excluded.contact_messages,
      bot_messages = c.bot_messages + excluded.bot_messages"""

_COUNT_FLOWS = """
    INSERT INTO analytics.flow_count AS c (organization_id, flow_id, contact_messages, bot_messages)
    SELECT o, f, x, y
    FROM unnest(%(organizations)b::uuid[], %(flows)b::uuid[], %(contact)b::bigint[], %(bot)b::bigint[]) t(o, f, x, y)
    ORDER BY o, f
    ON CONFLICT (organization_id, flow_id) DO UPDATE SET
      contact_messages = c.contact_messages + excluded.contact_messages,
      bot_messages = c.bot_messages + excluded.bot_messages"""

_COUNT_NODES = """
    INSERT INTO analytics.node_count AS c (organization_id, flow_id, node_id, contact_messages, bot_messages)
    SELECT o, f, k, x, y
    FROM unnest(%(organizations)b::uuid[], %(flows)b::uuid[], %(nodes)b::text[],
      %(contact)b::bigint[], %(bot)b::bigint[]) t(o, f, k, x, y)
    ORDER BY o, f, k
    ON CONFLICT (organization_id, flow_id, node_id) DO UPDATE SET
      contact_messages = c.contact_messages + excluded.contact_messages,
      bot_messages = c.bot_messages + excluded.bot_messages"""

_MESSAGES_OF_CONTACT = """
    FROM analytics.conversation_logs
    WHERE organization_id = %(organization_id)s AND phone_number = %(phone_number)s
      AND kind IN ('contact_message', 'bot_message')
      AND (%(flow_id)s::uuid IS NULL OR flow_id = %(flow_id)s::uuid)"""

_TRANSCRIPT = f"""
    SELECT record_id, kind = 'contact_message', coalesce(user_message, bot_response, ''), occurred_at,
      coalesce(node_id, '')
    {_MESSAGES_OF_CONTACT}
    ORDER BY occurred_at, sequence, record_id
    OFFSET %(skip)s LIMIT %(limit)s"""

_TRANSCRIPT_TOTAL = f"SELECT count(*) {_MESSAGES_OF_CONTACT}"

# The busiest cannot come from an index: an index on what every batch changes would make every count an index update.
_BUSIEST_CONVERSATIONS = """
    SELECT conversation_id, sum(contact_messages)::bigint, sum(bot_messages)::bigint
    FROM analytics.conversation_count
    WHERE organization_id = %(organization_id)s AND (%(flow_id)s::uuid IS NULL OR flow_id = %(flow_id)s::uuid)
    GROUP BY conversation_id
    ORDER BY sum(contact_messages + bot_messages) DESC, conversation_id
    LIMIT %(most_conversations)s"""

_FLOWS = """
    SELECT flow_id, contact_messages, bot_messages
    FROM analytics.flow_count
    WHERE organization_id = %(organization_id)s AND (%(flow_id)s::uuid IS NULL OR flow_id = %(flow_id)s::uuid)
    ORDER BY contact_messages + bot_messages DESC, flow_id"""

_NODES = """
    SELECT flow_id, node_id, contact_messages, bot_messages
    FROM analytics.node_count
    WHERE organization_id = %(organization_id)s AND (%(flow_id)s::uuid IS NULL OR flow_id = %(flow_id)s::uuid)
    ORDER BY contact_messages + bot_messages DESC, flow_id, node_id COLLATE "C" """


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
        # The first of a key within the batch counts; the statement's sort would choose either.
        firsts: dict[RecordKey, Record] = {}
        for record in records:
            firsts.setdefault(record.key, record)
        fresh = await self._add_and_count(firsts)
        return [_take(fresh, record.key) for record in records]

    async def _add_and_count(self, records: Mapping[RecordKey, Record]) -> set[RecordKey]:
        try:
            async with self._database.transaction({key[0] for key in records}) as connection:
                rows = await fetch_all(connection, _ADD, _columns(list(records.values())))
                fresh: set[RecordKey] = {(row[0], row[1], row[2]) for row in rows}
                await _count(connection, tally_of(record for key, record in records.items() if key in fresh))
        except psycopg.DataError as error:
            raise RecordRefused from error
        return fresh

    async def ensure_partitions(self) -> None:
        """Make the partitions of the months to come (ports.Store.ensure_partitions)."""
        async with self._database.transaction(()) as connection:
            await run(connection, _ENSURE_PARTITIONS)
        self._has_partitions = True

    async def transcript(
        self, *, organization_id: UUID, phone_number: str, flow_id: UUID | None, skip: int, limit: int
    ) -> Transcript:
        """A page of messages (ports.Store.transcript)."""
        values = {"organization_id": organization_id, "phone_number": phone_number, "flow_id": flow_id}
        async with self._database.transaction((organization_id,)) as connection:
            # The page first: what is recorded between the two statements never makes the total smaller than the page.
            rows = await fetch_all(connection, _TRANSCRIPT, values | {"skip": skip, "limit": limit})
            total = await fetch_one(connection, _TRANSCRIPT_TOTAL, values)
        assert total is not None
        return Transcript([_message(*row) for row in rows], total[0])

    async def counts(self, *, organization_id: UUID, flow_id: UUID | None, most_conversations: int) -> Counts:
        """Counts of an organization (ports.Store.counts)."""
        values = {"organization_id": organization_id, "flow_id": flow_id}
        async with self._database.transaction((organization_id,)) as connection:
            busiest = values | {"most_conversations": most_conversations}
            conversations = await fetch_all(connection, _BUSIEST_CONVERSATIONS, busiest)
            flows = await fetch_all(connection, _FLOWS, values)
            nodes = await fetch_all(connection, _NODES, values)
        return Counts(
            [ConversationCount(row[0], Messages(row[1], row[2])) for row in conversations],
            [FlowCount(row[0], Messages(row[1], row[2])) for row in flows],
            [NodeCount(None if row[0] == NO_FLOW else row[0], row[1], Messages(row[2], row[3])) for row in nodes],
        )


def _take(keys: set[RecordKey], key: RecordKey) -> bool:
    """Whether the key was among them; it is not any more."""
    is_there = key in keys
    keys.discard(key)
    return is_there


async def _count(connection: Connection, tally: Tally) -> None:
    if not tally.conversations:
        return
    conversations = _keys(tally.conversations, "organizations", "flows", "conversations")
    await run(connection, _COUNT_CONVERSATIONS, conversations)
    if tally.flows:
        await run(connection, _COUNT_FLOWS, _keys(tally.flows, "organizations", "flows"))
    if tally.nodes:
        await run(connection, _COUNT_NODES, _keys(tally.nodes, "organizations", "flows", "nodes"))


def _keys(counts: Mapping[Key, Messages], *names: str) -> dict[str, list[object]]:
    columns: dict[str, list[object]] = {name: [key[at] for key in counts] for at, name in enumerate(names)}
    columns["contact"] = [messages.contact for messages in counts.values()]
    columns["bot"] = [messages.bot for messages in counts.values()]
    return columns


def _columns(records: Sequence[Record]) -> dict[str, list[object]]:
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
