"""Whatever comes twice, late, or in another order: every report is what a recount of the records gives."""

import asyncio
import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.analytics.domain.path import path_text
from services.analytics.domain.record import Record, RecordKey, RecordKind
from services.analytics.ports import DashboardStore, ReportStore
from services.analytics.store import PostgresDashboards, PostgresPrivacy, PostgresReports, PostgresStore
from services.chassis.db import Database
from tests.fakes.analytics_dashboards import RecountedDashboards
from tests.fakes.analytics_records import NOON
from tests.fakes.analytics_recount import RecountedReports
from tests.fixtures.servers import Database as OwnDatabase

FLOWS = (None, UUID(int=71), UUID(int=72))
CONVERSATIONS = tuple(UUID(int=number) for number in range(81, 85))
# Two conversations are of one person; one person has no number.
PHONES = dict(zip(CONVERSATIONS, ("551190001", "551190001", "551190002", ""), strict=True))
WAYS = ("", path_text(["", "next", "ask"]), path_text(["ask", "yes", "menu", "next", "bye"]))
ENDS = ("end_node", "expired", "closed", "no_edge")
STATUSES = ("accepted", "sent", "delivered", "read", "failed", "priced")
FORMERS = ("", "accepted", "sent", "delivered", "failed")
CATEGORIES, TYPES = ("", "utility", "service"), ("", "regular", "free_customer_service")
CAMPAIGNS = (None, UUID(int=91), UUID(int=92))
LEAVINGS = ("released", "closed", "transferred", "reassigned")
AGENTS = (None, UUID(int=93), UUID(int=94))


@st.composite
def _records(draw: st.DrawFn) -> Record:
    """A record of one of forty moments over four days, so that repeats and equal moments are many."""
    number = draw(st.integers(0, 39))
    kind = draw(st.sampled_from(RecordKind))
    conversation = draw(st.sampled_from(CONVERSATIONS))
    text = "a word"
    if kind in (RecordKind.FLOW_ENDED, RecordKind.UNASSIGNED):
        text = draw(st.sampled_from(ENDS if kind is RecordKind.FLOW_ENDED else LEAVINGS))
    more = _of_delivery(draw) if kind is RecordKind.DELIVERY else {}
    if kind is RecordKind.ASSIGNED:
        more = {"status": draw(st.sampled_from(("", "first")))}
    return Record(
        organization_id=UUID(int=draw(st.integers(0, 1))),
        occurred_at=NOON - timedelta(hours=number * 2 % 90),
        # A repeat is of the same kind: deliveries, which have a statement of their own, are never repeated as others.
        record_id=f"{'delivery' if kind is RecordKind.DELIVERY else 'record'}-{number}",
        sequence=draw(st.integers(0, 2)),
        kind=kind,
        conversation_id=conversation,
        phone_number=PHONES[conversation],
        flow_id=draw(st.sampled_from(FLOWS)),
        node_id=draw(st.sampled_from(("", "ask", "menu"))),
        text=text,
        flow_version=draw(st.integers(0, 2)),
        time_zone=draw(st.sampled_from(("", "Asia/Kathmandu"))),
        path=draw(st.sampled_from(WAYS)),
        phone_number_id=draw(st.sampled_from(("", "7001"))),
        answered_after_us=draw(st.sampled_from((0, 1_500_000))),
        agent_id=draw(st.sampled_from(AGENTS)) if kind in (RecordKind.ASSIGNED, RecordKind.UNASSIGNED) else None,
        **more,
    )


def _of_delivery(draw: st.DrawFn) -> dict[str, Any]:
    campaign_id = draw(st.sampled_from(CAMPAIGNS))
    return {
        "status": draw(st.sampled_from(STATUSES)),
        "former_status": draw(st.sampled_from(FORMERS)),
        "error_code": draw(st.sampled_from((0, 131047))),
        "pricing_category": draw(st.sampled_from(CATEGORIES)),
        "pricing_type": draw(st.sampled_from(TYPES)),
        "campaign_id": campaign_id,
        "campaign_try": draw(st.integers(1, 2)) if campaign_id else 0,
    }


BATCHES = st.lists(st.lists(_records(), min_size=1, max_size=15), min_size=1, max_size=8)


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture(scope="module")
def replicas(runner: asyncio.Runner, module_database: OwnDatabase) -> Iterator[list[Database]]:
    """The pools of two processes."""
    url = module_database.url_of("analytics")
    databases = [runner.run(Database.open(url, size=4, name="replica")) for _ in range(2)]
    yield databases
    for database in databases:
        runner.run(database.close())


async def everything(reports: ReportStore, organization_id: UUID) -> dict[str, Any]:
    """All that reports tell of an organization."""
    told: dict[str, Any] = {}
    for first_day in (None, (NOON - timedelta(days=2)).date()):
        told[f"overview since {first_day}"] = await reports.overview(
            organization_id=organization_id, flow_id=None, first_day=first_day
        )
        for campaign_id in CAMPAIGNS:
            told[f"campaigns {campaign_id} since {first_day}"] = await reports.campaigns(
                organization_id=organization_id, campaign_id=campaign_id, first_day=first_day, most=5
            )
        told[f"costs since {first_day}"] = await reports.costs(
            organization_id=organization_id, first_day=first_day or date(1990, 1, 1)
        )
    since = (NOON - timedelta(days=2)).date()
    for flow_id in FLOWS[1:]:
        assert flow_id is not None
        place: dict[str, Any] = {"organization_id": organization_id, "flow_id": flow_id}
        told[f"segments {flow_id}"] = await reports.segments(**place)
        for first_day in (date(1990, 1, 1), since):
            at: dict[str, Any] = place | {"first_day": first_day}
            told |= {
                f"overview {at}": await reports.overview(**at),
                f"report {at}": await reports.flow_report(**at),
                f"heatmap {at}": await reports.heatmap(**at),
                f"days {at}": await reports.days(**at),
                f"versions {at}": await reports.versions(**at),
                f"deliveries {at}": await reports.deliveries(**at),
            }
            for version in (0, 2):
                told[f"funnel {version} {at}"] = await reports.funnel(**at, flow_version=version)
    return told


async def all_in_all(dashboards: DashboardStore, organization_id: UUID) -> dict[str, Any]:
    """All that is told of an organization as a whole."""
    told: dict[str, Any] = {}
    for first_day in (None, (NOON - timedelta(days=2)).date()):
        at: dict[str, Any] = {"organization_id": organization_id, "first_day": first_day}
        told |= {
            f"contacts {at}": await dashboards.contacts(**at),
            f"flows {at}": await dashboards.flows(**at),
            f"agents {at}": await dashboards.agents(**at),
        }
        for flow_id in (None, FLOWS[1]):
            told[f"hours {flow_id} {at}"] = await dashboards.hours(**at, flow_id=flow_id)
            for is_by_hour in (False, True):
                told[f"series {is_by_hour} {flow_id} {at}"] = await dashboards.series(
                    **at, flow_id=flow_id, is_by_hour=is_by_hour
                )
    return told


def kept(batches: list[list[Record]]) -> dict[RecordKey, Record]:
    log: dict[RecordKey, Record] = {}
    for batch in batches:
        for record in batch:
            log.setdefault(record.key, record)
    return log


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(batches=BATCHES, seed=st.integers(0, 1000))
def test_every_report_equals_a_recount_after_a_storm(
    runner: asyncio.Runner, replicas: list[Database], batches: list[list[Record]], seed: int
) -> None:
    organizations = [uuid4(), uuid4()]
    # The first of a key is what is kept, so each key has one form: what differs under one key is no repeat.
    first = kept(batches)
    batches = [
        [first[record.key]._replace(organization_id=organizations[record.organization_id.int]) for record in batch]
        for batch in batches
    ]
    log = kept(batches)
    stores = [PostgresStore(database) for database in replicas]
    again = [batch[::-1] for batch in batches]
    random.Random(seed).shuffle(again)

    async def storm() -> list[tuple[dict[str, Any], dict[str, Any]]]:
        await asyncio.gather(*(stores[at % 2].add(batch) for at, batch in enumerate([*again, *batches])))
        recounted = RecountedReports(log.values)
        plainly = RecountedDashboards(log.values)
        return [
            (
                await everything(PostgresReports(replicas[0]), each)
                | await all_in_all(PostgresDashboards(replicas[0]), each),
                await everything(recounted, each) | await all_in_all(plainly, each),
            )
            for each in organizations
        ]

    for told, recounted in runner.run(storm()):
        assert told == recounted


def test_nothing_recorded_is_zero_everywhere(runner: asyncio.Runner, replicas: list[Database]) -> None:
    nobody = uuid4()

    told = runner.run(everything(PostgresReports(replicas[0]), nobody))
    whole = runner.run(all_in_all(PostgresDashboards(replicas[0]), nobody))

    assert told == runner.run(everything(RecountedReports(lambda: ()), nobody))
    assert whole == runner.run(all_in_all(RecountedDashboards(lambda: ()), nobody))


def test_who_is_erased_is_counted_no_longer_and_neighbours_are(
    runner: asyncio.Runner, replicas: list[Database]
) -> None:
    organization_id, flow_id = uuid4(), FLOWS[1]
    ana, bia = CONVERSATIONS[0], CONVERSATIONS[2]

    def said(conversation_id: UUID, count: int) -> list[Record]:
        kinds = [RecordKind.FLOW_STARTED, *[RecordKind.CONTACT_MESSAGE] * count, RecordKind.FLOW_ENDED]
        return [
            Record(
                organization_id, NOON + timedelta(seconds=number), f"{conversation_id} {number}", 0, kind,
                conversation_id, PHONES[conversation_id], flow_id, "ask", "end_node",
            )
            for number, kind in enumerate(kinds)
        ]  # fmt: skip

    async def erase() -> tuple[Any, Any, Any]:
        await PostgresStore(replicas[0]).add([*said(ana, 20), *said(bia, 5)])
        reports = PostgresReports(replicas[1])
        await PostgresPrivacy(replicas[0]).forget(
            organization_id=organization_id, job_id=uuid4(), conversation_ids=[ana], windows=[]
        )
        assert flow_id is not None
        report = await reports.flow_report(organization_id=organization_id, flow_id=flow_id, first_day=NOON.date())
        contacts = await PostgresDashboards(replicas[1]).contacts(organization_id=organization_id, first_day=None)
        return contacts, report, await reports.segments(organization_id=organization_id, flow_id=flow_id)

    contacts, report, segments = runner.run(erase())

    assert (report.figures.conversations, report.figures.completed, report.figures.contacts) == (1, 1, 1)
    assert (report.durations.count, report.durations.total_us) == (1, 6_000_000)
    assert (segments.contacts, segments.active, segments.power) == (1, 1, 0)
    assert (contacts.active, contacts.new, contacts.total) == (1, 1, 1)
    assert [(day.active, day.new) for day in contacts.days] == [(1, 1)]
    # What was said stays counted: it is the flow's.
    assert report.figures.contact_messages == 25


def test_old_contacts_are_forgotten_with_the_log_and_days_stay(
    runner: asyncio.Runner, replicas: list[Database]
) -> None:
    organization_id, flow_id = uuid4(), UUID(int=71)
    before = datetime(NOON.year, NOON.month, NOON.day, tzinfo=UTC)

    def word(conversation_id: UUID, days_ago: int) -> Record:
        return Record(
            organization_id, NOON - timedelta(days=days_ago), f"{conversation_id} {days_ago}", 0,
            RecordKind.CONTACT_MESSAGE, conversation_id, PHONES[conversation_id], flow_id, "ask", "a word",
        )  # fmt: skip

    async def expire() -> tuple[Any, ...]:
        store, privacy = PostgresStore(replicas[0]), PostgresPrivacy(replicas[0])
        await store.add([word(CONVERSATIONS[0], 9), word(CONVERSATIONS[2], 9), word(CONVERSATIONS[2], 0)])
        cleared = await privacy.expire(organization_id=organization_id, job_id=uuid4(), before=before)
        reports = PostgresReports(replicas[1])
        since = (NOON - timedelta(days=20)).date()
        days = await reports.days(organization_id=organization_id, flow_id=flow_id, first_day=since)
        contacts = await PostgresDashboards(replicas[1]).contacts(organization_id=organization_id, first_day=None)
        segments = await reports.segments(organization_id=organization_id, flow_id=flow_id)
        return cleared.counts, days, contacts, segments

    counts, days, contacts, segments = runner.run(expire())

    assert counts == {
        "analytics.conversation_logs": 2, "analytics.flow_contact": 2, "analytics.contact_day": 4,
    }  # fmt: skip
    assert (contacts.active, contacts.new, contacts.total) == (1, 1, 1)
    assert [(day.messages, day.contacts) for day in days] == [(2, 2), (1, 1)]
    assert segments.contacts == 1
