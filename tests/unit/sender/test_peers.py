"""Delivery records on their way to analytics: bundles, calls of a bearable size, an end in time."""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from services.chassis.queue import StoredItem, bundles_of
from services.pb.analytics.v1 import analytics_pb2
from services.pb.common.v1 import results_pb2
from services.sender.peers import AnalyticsIngest
from tests.fakes.sender_store import Clock

OK, RETRY = results_pb2.ITEM_OUTCOME_OK, results_pb2.ITEM_OUTCOME_RETRY


@dataclass
class Analytics:
    """A peer that takes every record, and its time."""

    seconds: float = 0.0
    clock: Clock = field(default_factory=Clock)
    calls: list[int] = field(default_factory=list)

    def stub(self, make: type) -> Any:
        return self

    async def Ingest(self) -> None:  # noqa: N802  # the contract's name
        """Only its name is used."""

    async def call(
        self, method: Any, request: analytics_pb2.IngestRequest, *, seconds: float
    ) -> analytics_pb2.IngestResponse:
        self.calls.append(len(request.records))
        self.clock.seconds += self.seconds
        results = [results_pb2.ItemResult(outcome=OK)] * len(request.records)
        return analytics_pb2.IngestResponse(results=results)


def outcomes(analytics: Analytics, items: list[StoredItem]) -> list[int]:
    ingest = AnalyticsIngest(analytics, analytics.clock.now)  # type: ignore[arg-type]  # all of a peer that is used
    return [result.outcome for result in asyncio.run(ingest(items))]  # type: ignore[arg-type]  # a coroutine


def stored(records: int) -> list[StoredItem]:
    payload = analytics_pb2.Record(record_id="r").SerializeToString()
    now = datetime(2026, 1, 1, tzinfo=UTC)
    bundles = bundles_of(uuid4(), uuid4(), [payload] * records)
    return [StoredItem(n + 1, bundle.event_id, bundle.payload, now) for n, bundle in enumerate(bundles)]


def test_bundles_of_many_lanes_travel_in_few_calls() -> None:
    analytics = Analytics()
    assert outcomes(analytics, stored(5000)) == [OK] * 20
    assert analytics.calls == [2000, 2000, 1000]


def test_what_does_not_fit_into_the_lease_is_brought_again() -> None:
    analytics = Analytics(seconds=2.0)
    found = outcomes(analytics, stored(5000))
    assert analytics.calls == [2000, 2000]
    # A bundle with one record that is to be brought again is brought again whole.
    assert found == [OK] * 15 + [RETRY] * 5


def test_a_record_of_before_the_bundles_is_taken_too() -> None:
    payload = analytics_pb2.Record(record_id="r").SerializeToString()
    single = StoredItem(1, "delivery:x:accepted", payload, datetime(2026, 1, 1, tzinfo=UTC))
    assert outcomes(Analytics(), [single]) == [OK]
