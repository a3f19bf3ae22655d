"""protobuf in, protobuf out, on a log in memory."""

import asyncio
from datetime import timedelta
from typing import Any, cast
from uuid import uuid4

import pytest

from services.analytics.server import RecordingServer, ReportsServer
from services.analytics.usecases import Recording
from services.chassis.errors import InvalidArgument
from services.chassis.queue import Batcher
from services.pb.analytics.v1 import analytics_pb2
from services.pb.common.v1 import results_pb2
from tests.fakes.analytics import MemoryStore, dashboards_on, reports_on
from tests.fakes.analytics_records import NOON

ORGANIZATION = str(uuid4())
CONVERSATION = str(uuid4())
NO_CONTEXT = cast(Any, None)


def recording_on(store: MemoryStore) -> RecordingServer:
    return RecordingServer(Batcher(Recording(store, now=lambda: NOON).record))


def message(**named: object) -> analytics_pb2.Record:
    usual: dict[str, object] = {
        "organization_id": ORGANIZATION,
        "record_id": "r1",
        "occurred_at_us": int(NOON.timestamp()) * 1_000_000 + 123_457,
        "kind": analytics_pb2.RECORD_KIND_CONTACT_MESSAGE,
        "conversation_id": CONVERSATION,
        "phone_number": "5511912345678",
        "text": "bom dia",
    }
    return analytics_pb2.Record(**(usual | named))  # type: ignore[arg-type]  # a test names fields by their own types


async def ingest(store: MemoryStore, *records: analytics_pb2.Record) -> list[results_pb2.ItemResult]:
    request = analytics_pb2.IngestRequest(records=records)
    return list((await recording_on(store).Ingest(request, NO_CONTEXT)).results)


async def test_results_come_in_the_order_of_the_records() -> None:
    results = await ingest(
        MemoryStore(), message(), message(organization_id="acme"), message(), message(record_id="r2")
    )

    assert [result.outcome for result in results] == [
        results_pb2.ITEM_OUTCOME_OK,
        results_pb2.ITEM_OUTCOME_INVALID,
        results_pb2.ITEM_OUTCOME_DUPLICATE,
        results_pb2.ITEM_OUTCOME_OK,
    ]


async def test_a_microsecond_is_kept_exactly() -> None:
    store = MemoryStore()

    await ingest(store, message())

    assert [record.occurred_at for record in store.log.values()] == [NOON + timedelta(microseconds=123_457)]


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"organization_id": ""}, "organization_id"),
        ({"organization_id": "acme"}, "organization_id"),
        ({"conversation_id": ""}, "conversation_id"),
        ({"flow_id": "welcome"}, "flow_id"),
        ({"record_id": ""}, "record_id"),
        ({"occurred_at_us": 0}, "occurred_at_us"),
        ({"occurred_at_us": -5}, "occurred_at_us"),
        ({"occurred_at_us": 2**63 - 1}, "occurred_at_us"),
        ({"kind": analytics_pb2.RECORD_KIND_UNSPECIFIED}, "kind"),
        ({"kind": 99}, "kind"),
    ],
)
async def test_a_wrong_field_is_named_and_costs_its_neighbour_nothing(wrong: dict[str, object], field: str) -> None:
    store = MemoryStore()

    refused, taken = await ingest(store, message(**wrong), message(record_id="neighbour"))

    assert refused.outcome == results_pb2.ITEM_OUTCOME_INVALID
    assert refused.reason.startswith(field)
    assert taken.outcome == results_pb2.ITEM_OUTCOME_OK
    assert [record.record_id for record in store.log.values()] == ["neighbour"]


async def test_a_zero_character_in_what_was_said_is_replaced() -> None:
    store = MemoryStore()

    (result,) = await ingest(store, message(text="a\x00b"))

    assert result.outcome == results_pb2.ITEM_OUTCOME_OK
    assert [record.text for record in store.log.values()] == ["a\ufffdb"]


async def test_every_kind_but_unspecified_is_kept() -> None:
    kinds = [kind for kind in analytics_pb2.RecordKind.values() if kind]

    results = await ingest(MemoryStore(), *(message(kind=kind, record_id=f"r{kind}") for kind in kinds))

    assert [result.outcome for result in results] == [results_pb2.ITEM_OUTCOME_OK] * len(kinds)


async def test_an_empty_request_has_an_empty_answer() -> None:
    assert await ingest(MemoryStore()) == []


async def test_calls_that_come_together_are_stored_together() -> None:
    store = MemoryStore()
    server = recording_on(store)
    requests = [analytics_pb2.IngestRequest(records=[message(record_id=f"r{at}")]) for at in range(20)]

    await asyncio.gather(*(server.Ingest(request, NO_CONTEXT) for request in requests))

    assert sum(store.batches) == 20
    assert len(store.batches) < 20


async def test_a_transcript_names_the_speakers() -> None:
    store = MemoryStore()
    bot = analytics_pb2.RECORD_KIND_BOT_MESSAGE
    await ingest(store, message(), message(record_id="r2", kind=bot, text="olá", sequence=1, node_id="greeting"))

    answer = await ReportsServer(reports_on(store), dashboards_on(store)).GetTranscript(
        analytics_pb2.GetTranscriptRequest(organization_id=ORGANIZATION, phone_number="5511912345678", limit=10),
        NO_CONTEXT,
    )

    said = [(line.speaker, line.text, line.node_id) for line in answer.messages]
    assert said == [("user", "bom dia", ""), ("bot", "olá", "greeting")]
    assert answer.messages[0].timestamp.ToMicroseconds() == message().occurred_at_us
    assert answer.total == 2


async def test_counts_name_the_flow_of_a_node() -> None:
    store, flow_id = MemoryStore(), str(uuid4())
    await ingest(store, message(flow_id=flow_id, node_id="ask"), message(record_id="r2", node_id="ask"))

    answer = await ReportsServer(reports_on(store), dashboards_on(store)).GetCounts(
        analytics_pb2.GetCountsRequest(organization_id=ORGANIZATION), NO_CONTEXT
    )

    assert [(count.id, count.contact_messages) for count in answer.conversations] == [(CONVERSATION, 2)]
    assert [(count.id, count.contact_messages) for count in answer.flows] == [(flow_id, 1)]
    assert {(count.id, count.flow_id) for count in answer.nodes} == {("ask", flow_id), ("ask", "")}


async def test_a_report_for_no_organization_is_refused() -> None:
    with pytest.raises(InvalidArgument, match="organization_id"):
        await ReportsServer(reports_on(MemoryStore()), dashboards_on(MemoryStore())).GetCounts(
            analytics_pb2.GetCountsRequest(), NO_CONTEXT
        )
