"""analytics' log in memory: counts are recounted from the log at every question."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from itertools import accumulate
from typing import TypeVar
from uuid import UUID

from services.analytics.domain.counting import NO_FLOW, Messages
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
from services.analytics.usecases import Dashboards, Reports
from tests.fakes.analytics_dashboards import RecountedDashboards
from tests.fakes.analytics_records import NOON
from tests.fakes.analytics_recount import RecountedReports
from tests.fakes.analytics_tally import tally_of

SPEAKERS = {RecordKind.CONTACT_MESSAGE: Speaker.USER, RecordKind.BOT_MESSAGE: Speaker.BOT}

Key = TypeVar("Key")


class MemoryStore:
    """The log as a dictionary; `batches` tells how many records came together."""

    def __init__(self) -> None:
        self.log: dict[RecordKey, Record] = {}
        self.batches: list[int] = []

    async def add(self, records: Sequence[Record]) -> Sequence[bool]:
        self.batches.append(len(records))
        if any("\x00" in record.text for record in records):
            raise RecordRefused
        is_new = []
        for record in records:
            is_new.append(record.key not in self.log)
            self.log.setdefault(record.key, record)
        return is_new

    async def ensure_partitions(self) -> None:
        pass

    async def transcript(
        self, *, organization_id: UUID, phone_number: str, flow_id: UUID | None, skip: int, limit: int
    ) -> Transcript:
        found = sorted(
            (
                record
                for record in self._of(organization_id, flow_id)
                if record.phone_number == phone_number and record.kind in SPEAKERS
            ),
            key=lambda record: (record.occurred_at, record.sequence, record.record_id),
        )
        page = found[skip : skip + limit]
        sizes = accumulate(len(record.text.encode()) for record in page)
        fitting = [record for record, size in zip(page, sizes, strict=True) if size <= MOST_TEXT_BYTES]
        return Transcript([_message(record) for record in fitting or page[:1]], len(found))

    async def counts(self, *, organization_id: UUID, flow_id: UUID | None, most_conversations: int) -> Counts:
        tally = tally_of(self._of(organization_id, flow_id))
        conversations: dict[UUID, Messages] = {}
        for (_, _, conversation_id), messages in tally.conversations.items():
            conversations[conversation_id] = conversations.get(conversation_id, Messages()) + messages
        busiest = _busiest(conversations, key=str)[:most_conversations]
        nodes = _busiest(tally.nodes, key=lambda node: (str(node[1]), node[2]))
        return Counts(
            [ConversationCount(conversation_id, messages) for conversation_id, messages in busiest],
            [FlowCount(flow, messages) for (_, flow), messages in _busiest(tally.flows, key=str)],
            [NodeCount(None if flow == NO_FLOW else flow, node, messages) for (_, flow, node), messages in nodes],
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
        found = sorted(
            (
                record
                for record in self._of(organization_id, flow_id)
                if (record.occurred_at, record.record_id) > (after.moment, after.record_id)
                and (until is None or record.occurred_at < until)
                and chosen.phone_number in ("", record.phone_number)
                and (record.kind in SPEAKERS or chosen == EVERYTHING)
            ),
            key=lambda record: (record.occurred_at, record.record_id),
        )
        sizes = accumulate(len(record.text.encode()) + len(record.path.encode()) for record in found)
        fitting = [record for record, size in zip(found[:limit], sizes, strict=False) if size <= MOST_TEXT_BYTES]
        page = [record._replace(time_zone="") for record in fitting or found[:1]]
        is_end = len(page) == len(found) < limit
        return LogPage(page, None if is_end or not page else LogPlace(page[-1].occurred_at, page[-1].record_id))

    def _of(self, organization_id: UUID, flow_id: UUID | None) -> Iterable[Record]:
        return (
            record
            for record in self.log.values()
            if record.organization_id == organization_id and flow_id in (None, record.flow_id)
        )


def reports_on(store: MemoryStore, now: datetime = NOON) -> Reports:
    """The use case over a log in memory, at noon unless said otherwise."""
    return Reports(store, RecountedReports(store.log.values), lambda: now)


def dashboards_on(store: MemoryStore, now: datetime = NOON) -> Dashboards:
    """The same of an organization as a whole."""
    return Dashboards(RecountedReports(store.log.values), RecountedDashboards(store.log.values), lambda: now)


def _busiest(counts: Mapping[Key, Messages], key: Callable[[Key], object]) -> list[tuple[Key, Messages]]:
    return sorted(counts.items(), key=lambda item: (-item[1].contact - item[1].bot, key(item[0])))  # type: ignore[operator]  # a str or a tuple of them


def _message(record: Record) -> TranscriptMessage:
    return TranscriptMessage(record.record_id, SPEAKERS[record.kind], record.text, record.occurred_at, record.node_id)
