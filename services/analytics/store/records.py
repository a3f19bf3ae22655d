"""The log: records go in, and transcripts and counts come out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg

from services.analytics.domain.calling import calling_code
from services.analytics.domain.counting import NO_FLOW, Messages
from services.analytics.domain.days import day_number, hour_there
from services.analytics.domain.record import Record, RecordKey, RecordKind
from services.analytics.domain.report import (
    EVERYTHING,
    Chosen,
    ConversationCount,
    Counts,
    FlowCount,
    LogPage,
    LogPlace,
    NodeCount,
    Speaker,
    Transcript,
    TranscriptMessage,
)
from services.analytics.ports import MOST_TEXT_BYTES, RecordRefused
from services.analytics.store.counting import ADD_CAMPAIGN_DELIVERIES, ADD_DELIVERIES, ADD_RECORDS, ADD_ZONES
from services.chassis.db import Database, Query, Step, run

_ENSURE_PARTITIONS = "SELECT app.ensure_partitions('analytics.conversation_logs', 'month', 2)"

_MESSAGES_OF_CONTACT = """
    FROM analytics.conversation_logs
    WHERE organization_id = %(organization_id)s::uuid AND phone_number = %(phone_number)s::text
      AND kind IN ('contact_message', 'bot_message')
      AND (%(flow_id)s::uuid IS NULL OR flow_id = %(flow_id)s::uuid)"""

_MOST_ZONES = 100_000

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

_MESSAGES = "kind IN ('contact_message', 'bot_message')"


def _page_of(whose: str, order: str) -> Query:
    return Query(
        f"""
    SELECT * FROM (
      SELECT p.*, row_number() OVER by_time AS place,
        sum(octet_length(text) + octet_length(path)) OVER by_time AS bytes, count(*) OVER () AS found
      FROM (
        SELECT occurred_at, record_id, sequence, kind, conversation_id, coalesce(phone_number, ''), flow_id,
          coalesce(node_id, ''), coalesce(user_message, bot_response, extra_data->>'text', '') AS text,
          coalesce(status, ''), coalesce(error_code, 0), coalesce(flow_version, 0), coalesce(path, '') AS path,
          coalesce(phone_number_id, ''), coalesce(answered_after_us, 0), coalesce(former_status, ''),
          coalesce(pricing_category, ''), coalesce(pricing_type, ''), campaign_id, coalesce(campaign_try, 0), agent_id
        FROM analytics.conversation_logs
        WHERE organization_id = %(organization)b::uuid
          AND (occurred_at, record_id) > (%(moment)b::timestamptz, %(id)b::text)
          AND (%(until)b::timestamptz IS NULL OR occurred_at < %(until)b::timestamptz)
          AND (%(flow)b::uuid IS NULL OR flow_id = %(flow)b::uuid)
          AND {whose}
        ORDER BY {order} LIMIT %(limit)b::bigint) p
      WINDOW by_time AS (ORDER BY occurred_at, record_id)) p
    WHERE place = 1 OR bytes <= %(most_bytes)b::bigint ORDER BY place"""
    )


_PAGE = _page_of(f"(NOT %(only_messages)b::bool OR {_MESSAGES})", "occurred_at, record_id")
# The condition of the index on messages: a contact's are found without the rest of the log. Ordered by the two as one
# value, since the key's own order tempts the planner to go through the log by the key, while it is young above all.
PAGE_OF_CONTACT = _page_of(f"phone_number = %(phone_number)b::text AND {_MESSAGES}", "(occurred_at, record_id)")

# The busiest cannot come from an index: an index on what every batch changes would make every count an index update.
_BUSIEST_CONVERSATIONS = Query(
    """
    SELECT conversation_id, sum(contact_messages)::bigint, sum(bot_messages)::bigint
    FROM analytics.conversation_count
    WHERE organization_id = %(organization_id)s::uuid AND (%(flow_id)s::uuid IS NULL OR flow_id = %(flow_id)s::uuid)
    GROUP BY conversation_id HAVING sum(contact_messages + bot_messages) > 0
    ORDER BY sum(contact_messages + bot_messages) DESC, conversation_id
    LIMIT %(most_conversations)s::bigint"""
)

_FLOWS = Query(
    """
    SELECT flow_id, sum(contact_messages)::bigint, sum(bot_messages)::bigint
    FROM analytics.flow_day
    WHERE organization_id = %(organization_id)s::uuid AND (%(flow_id)s::uuid IS NULL OR flow_id = %(flow_id)s::uuid)
      AND flow_id <> %(no_flow)s::uuid
    GROUP BY flow_id HAVING sum(contact_messages + bot_messages) > 0
    ORDER BY sum(contact_messages + bot_messages) DESC, flow_id"""
)

_NODES = Query(
    """
    SELECT flow_id, node_id, sum(contact_messages)::bigint, sum(bot_messages)::bigint
    FROM analytics.node_day
    WHERE organization_id = %(organization_id)s::uuid AND (%(flow_id)s::uuid IS NULL OR flow_id = %(flow_id)s::uuid)
    GROUP BY flow_id, node_id HAVING sum(contact_messages + bot_messages) > 0
    ORDER BY sum(contact_messages + bot_messages) DESC, flow_id, node_id COLLATE "C" """
)


class PostgresStore:
    """The log and its counts in the schema `analytics`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._has_partitions = False
        # What this process has stored of organizations' zones, so that it is not written with every batch.
        self._zones: dict[UUID, str] = {}

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
        deliveries = [record for record in records if record.kind is RecordKind.DELIVERY]
        others = [record for record in records if record.kind is not RecordKind.DELIVERY]
        steps: list[Step] = []
        if deliveries:
            steps.append(_adding(deliveries))
        if others:
            steps.append((ADD_RECORDS, _columns(others) | _record_columns(others)))
        zones = self._new_zones(others)
        if zones:
            steps.append((ADD_ZONES, _zone_columns(zones)))
        try:
            told = await self._database.batch({record.organization_id for record in records}, steps)
        except psycopg.DataError as error:
            raise RecordRefused from error
        self._know(zones)
        added = told[: len(told) - bool(zones)]
        if sum(rows[0][0] for rows in added) == len(records):
            return None
        keys: set[RecordKey] = set()
        for rows, given in zip(added, [part for part in (deliveries, others) if part], strict=True):
            keys.update(
                [record.key for record in given]
                if rows[0][0] == len(given)
                else [(row[1], row[2], row[3]) for row in rows if rows[0][0]]
            )
        return keys

    def _new_zones(self, records: Sequence[Record]) -> list[Record]:
        """The latest record of each organization whose zone this process has not stored yet."""
        latest: dict[UUID, Record] = {}
        for record in records:
            if record.time_zone and self._zones.get(record.organization_id) != record.time_zone:
                former = latest.get(record.organization_id)
                if former is None or former.occurred_at < record.occurred_at:
                    latest[record.organization_id] = record
        return list(latest.values())

    def _know(self, zones: Sequence[Record]) -> None:
        if len(self._zones) > _MOST_ZONES:
            self._zones.clear()
        self._zones.update({record.organization_id: record.time_zone for record in zones})

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
        steps = [busiest, (_FLOWS, values | {"no_flow": NO_FLOW}), (_NODES, values)]
        conversations, flows, nodes = await self._database.batch((organization_id,), steps)
        return Counts(
            [ConversationCount(row[0], Messages(row[1], row[2])) for row in conversations],
            [FlowCount(row[0], Messages(row[1], row[2])) for row in flows],
            [NodeCount(None if row[0] == NO_FLOW else row[0], row[1], Messages(row[2], row[3])) for row in nodes],
        )

    async def records(
        self,
        *,
        organization_id: UUID,
        flow_id: UUID | None,
        after: LogPlace,
        until: datetime | None,
        limit: int,
        chosen: Chosen = EVERYTHING,
    ) -> LogPage:
        """A page of records (ports.Store.records)."""
        values: dict[str, object] = {
            "organization": organization_id,
            "flow": flow_id,
            "moment": after.moment,
            "id": after.record_id,
            "until": until,
            "limit": limit,
            "most_bytes": MOST_TEXT_BYTES,
        }
        if chosen.phone_number:
            step: Step = (PAGE_OF_CONTACT, values | {"phone_number": chosen.phone_number})
        else:
            step = (_PAGE, values | {"only_messages": chosen.only_messages})
        (rows,) = await self._database.batch((organization_id,), [step], durable=False)
        records = [_record(organization_id, *row[:-3]) for row in rows]
        # Fewer than wanted are all there are, unless texts were too long for one page.
        is_end = not rows or len(rows) == rows[0][-1] < limit
        return LogPage(records, None if is_end else LogPlace(records[-1].occurred_at, records[-1].record_id))


def _record(
    organization_id: UUID,
    occurred_at: datetime,
    record_id: str,
    sequence: int,
    kind: str,
    conversation_id: UUID,
    phone_number: str,
    flow_id: UUID | None,
    node_id: str,
    text: str,
    status: str,
    error_code: int,
    flow_version: int,
    path: str,
    phone_number_id: str,
    answered_after_us: int,
    former_status: str,
    pricing_category: str,
    pricing_type: str,
    campaign_id: UUID | None,
    campaign_try: int,
    agent_id: UUID | None,
) -> Record:
    return Record(
        organization_id, occurred_at, record_id, sequence, RecordKind(kind), conversation_id, phone_number, flow_id,
        node_id, text, status, error_code, flow_version, "", path, phone_number_id, answered_after_us, former_status,
        pricing_category, pricing_type, campaign_id, campaign_try, agent_id,
    )  # fmt: skip


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
        "given": len(records),
        "organizations": [record.organization_id for record in records],
        "times": [record.occurred_at for record in records],
        "ids": [record.record_id for record in records],
        "sequences": [record.sequence for record in records],
        "conversations": [record.conversation_id for record in records],
        "phones": [record.phone_number for record in records],
        "flows": [record.flow_id for record in records],
        "nodes": [record.node_id for record in records],
        "texts": [record.text for record in records],
        "statuses": [record.status for record in records],
        "errors": [record.error_code for record in records],
        "days": [day_number(record.occurred_at, record.time_zone) for record in records],
        "versions": [record.flow_version for record in records],
        "numbers": [record.phone_number_id for record in records],
    }


def _adding(deliveries: Sequence[Record]) -> Step:
    values = _columns(deliveries) | _delivery_columns(deliveries)
    campaigns = [record.campaign_id for record in deliveries]
    if not any(campaigns):
        return ADD_DELIVERIES, values
    tries = [record.campaign_try for record in deliveries]
    return ADD_CAMPAIGN_DELIVERIES, values | {"campaigns": campaigns, "tries": tries}


def _delivery_columns(records: Sequence[Record]) -> dict[str, Any]:
    return {
        "formers": [record.former_status for record in records],
        "categories": [record.pricing_category for record in records],
        "types": [record.pricing_type for record in records],
        "callings": [calling_code(record.phone_number) if record.is_priced else None for record in records],
    }


def _record_columns(records: Sequence[Record]) -> dict[str, Any]:
    return {
        "kinds": [record.kind.value for record in records],
        "paths": [record.path for record in records],
        "waits": [record.answered_after_us for record in records],
        "hours": [hour_there(record.occurred_at, record.time_zone) for record in records],
        "agents": [record.agent_id for record in records],
    }


def _zone_columns(records: Sequence[Record]) -> dict[str, Any]:
    return {
        "organizations": [record.organization_id for record in records],
        "zones": [record.time_zone for record in records],
        "times": [record.occurred_at for record in records],
    }


def _message(record_id: str, is_contact: bool, text: str, occurred_at: datetime, node_id: str) -> TranscriptMessage:
    speaker = Speaker.USER if is_contact else Speaker.BOT
    return TranscriptMessage(record_id, speaker, text, occurred_at, node_id)
