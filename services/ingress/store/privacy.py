"""What ingress keeps of people: webhooks that came in for the last days, events that drove no conversation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

import orjson

from services.chassis.db import Database, Query, Step
from services.chassis.queue import (
    EVER,
    Clearing,
    PageRow,
    Receipts,
    Removal,
    counted,
    is_so,
    item_section,
    json_section,
    read_page,
    written,
)
from services.ingress.domain.privacy import Answer, Person, wamid_parts
from services.ingress.entries import lane_of_person, number_key
from services.ingress.privacy.ports import ExportedPage, ExportedRow
from services.ingress.store.boxes import MESSAGES, STATUSES
from services.pb.common.v1 import events_pb2

ROWS_AT_ONCE = 2000
_WAITING = "webhooks that are on their way to router"

_THEIRS = """phone_number_id = ANY (%(numbers)b::text[]) AND received_at <= %(until)b::timestamptz
      AND EXISTS (SELECT 1 FROM unnest(%(needles)b::text[]) n WHERE strpos(fields, n) > 0)"""

# The row stays until it is nine days old, empty: so a repeat of the webhook is known and not kept anew.
_EMPTY_EVENTS = Query(f"""
    WITH gone AS (UPDATE ingress.event SET fields = '{{}}' WHERE {_THEIRS} RETURNING 1) SELECT count(*) FROM gone""")
_FORGET_ANSWERS = Query("""
    WITH gone AS (DELETE FROM ingress.kept_answer WHERE organization_id = %(organization)b::uuid RETURNING 1)
    SELECT count(*) FROM gone""")
_READ_EVENTS = Query(f"""
    SELECT json_build_object('disposition', disposition, 'type', type, 'phone_number_id', phone_number_id,
      'reason', reason, 'received_at', received_at, 'fields', fields)
    FROM ingress.event WHERE {_THEIRS}
    ORDER BY received_at, event_key OFFSET %(skip)b::bigint LIMIT %(limit)b::bigint""")
_EXPIRE_EVENTS = Query("""
    WITH gone AS (
      DELETE FROM ingress.event
      WHERE phone_number_id = ANY (%(numbers)b::text[]) AND received_at < %(before)b::timestamptz RETURNING 1)
    SELECT count(*) FROM gone""")


class PostgresPrivacy:
    """ingress' own part of erasures, exports and retention (privacy.ports.Room).

    Its tables are of before the tenant is known: what belongs to an organization is found by its numbers.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._boxes = {"message": Clearing(MESSAGES), "status": Clearing(STATUSES)}
        self._receipts = Receipts(MESSAGES.schema)

    async def erase(self, *, organization_id: UUID, job_id: UUID, person: Person, cursor: str) -> Answer:
        """See privacy.ports.Room. What came in after the erasure is somebody's who writes again."""
        assert person.erased_at is not None
        # sender, the last one on a status' road, takes statuses of before until it has erased the person as well. A
        # finished one that is of the new life goes with them: sender knows it, should it be repeated.
        until = {"message": person.erased_at, "status": person.forgotten_at or person.erased_at}
        keys = _keys(person)
        async with self._database.journey([organization_id]) as journey:
            await journey.run([box.locking(keys) for box in self._boxes.values()])
            waiting = await journey.run(
                [box.asking_for_waiting(keys, until[kind]) for kind, box in self._boxes.items()]
            )
            if any(map(is_so, waiting)):
                return Answer(waiting_for=_WAITING)
            removals = self._removing(organization_id, person, until, keys)
            cleared = counted(removals, await journey.run([step for _, step in removals]))
            told = await self._receipts.commit(journey, organization_id, job_id, cleared)
        return Answer(counts=told.counts)

    async def expire(
        self, *, organization_id: UUID, job_id: UUID, before: datetime, phone_number_ids: Sequence[str], cursor: str
    ) -> Answer:
        """See privacy.ports.Room."""
        groups = [number_key(each) for each in phone_number_ids]
        events = {"numbers": list(phone_number_ids), "before": before}
        removals: list[Removal] = [("ingress.event", (_EXPIRE_EVENTS, events))]
        for box in self._boxes.values():
            removals += box.removing_older(groups, before, limit=ROWS_AT_ONCE)
        async with self._database.journey([organization_id]) as journey:
            rows = await journey.run([step for _, step in removals])
            cleared = counted(removals, rows, limit=ROWS_AT_ONCE)
            told = await self._receipts.commit(journey, organization_id, job_id, cleared)
        return Answer(counts=told.counts, cursor=told.cursor)

    async def export(self, *, organization_id: UUID, person: Person, cursor: str) -> ExportedPage:
        """See privacy.ports.Room."""
        keys, events = _keys(person), _events(person, EVER)

        def reading_events(skip: int, limit: int) -> Step:
            return _READ_EVENTS, {**events, "skip": skip, "limit": limit}

        sections = [json_section("kept_event", reading_events)]
        for kind, box in self._boxes.items():
            sections.append(item_section(f"webhook_{kind}", partial(box.reading_items, keys)))
            sections.append(item_section(f"dead_{kind}", partial(box.reading_dead, keys)))
        page = written(await read_page(self._database, organization_id, sections, cursor), _whole)
        return ExportedPage([ExportedRow(kind, data) for kind, data in page.rows], page.cursor)

    def _removing(
        self, organization_id: UUID, person: Person, until: Mapping[str, datetime], keys: Sequence[tuple[UUID, UUID]]
    ) -> list[Removal]:
        """What goes; of dead letters also those where only the content names the person."""
        groups = [number_key(each) for each in person.phone_number_ids]
        needles = [text.encode() for text in _needles(person)]
        removals: list[Removal] = [
            ("ingress.event", (_EMPTY_EVENTS, _events(person, until["message"]))),
            # Whom an answer is about is not known: all of the organization's go.
            ("ingress.kept_answer", (_FORGET_ANSWERS, {"organization": organization_id})),
        ]
        for kind, box in self._boxes.items():
            removals += [*box.removing(keys, until[kind]), box.removing_dead_with(groups, needles, until[kind])]
        return removals


def _keys(person: Person) -> list[tuple[UUID, UUID]]:
    """The lanes of the person at every number of the organization, under every name."""
    return [
        (number_key(number), lane_of_person(number, name))
        for number in person.phone_number_ids
        for name in person.names
    ]


def _events(person: Person, until: datetime) -> dict[str, Any]:
    return {"numbers": list(person.phone_number_ids), "needles": _needles(person), "until": until}


def _needles(person: Person) -> list[str]:
    """What a normal form holds that names the person: a name as a JSON text, or inside an id of Meta's."""
    return [*(orjson.dumps(name).decode() for name in person.names), *wamid_parts(person.names)]


def _whole(row: PageRow) -> Mapping[str, object]:
    if row.kind == "kept_event":
        return {**row.data, "fields": _parsed(str(row.data["fields"]))}
    return {**row.data, "content": _content(row.kind, row.payload)} if row.payload else row.data


def _parsed(text: str) -> object:
    """What a text of JSON says; the text itself when it is none."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return text


def _content(kind: str, payload: bytes) -> object:
    """A webhook's event in its normal form."""
    if kind.endswith("message"):
        return orjson.loads(events_pb2.InboundMessage.FromString(payload).fields or b"null")
    status = events_pb2.MessageStatus.FromString(payload)
    return {
        "id": status.message_id,
        "status": status.status,
        "recipient_id": status.recipient_wa_id,
        "recipient_user_id": status.recipient_user_id,
        "timestamp": status.occurred_at,
    }
