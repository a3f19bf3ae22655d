"""`python -m tests.benchmarks.reports`: how long reports take, by how many messages the log holds.

The log grows in one database: records of synthetic conversations go through the room's own store, and at every size
each report is asked for again and again. Figures are milliseconds from the call of the servicer to its answer, Postgres
included. Before that Postgres looks at its tables, as autovacuum does within a minute or two.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast
from uuid import UUID, uuid5

import psycopg

from services.analytics.domain.path import path_text
from services.analytics.domain.record import Record, RecordKind
from services.analytics.server import ReportsServer
from services.analytics.store import PostgresDashboards, PostgresReports, PostgresStore
from services.analytics.usecases import Dashboards, Reports
from services.chassis.clock import now
from services.chassis.db import Database
from services.embedded.supervisor import Supervisor
from services.pb.analytics.v1 import analytics_pb2
from tests.benchmarks.parts.analytics_ingest import start_postgres

SIZES = (10_000, 1_000_000, 5_000_000)
CALLS = 40
BATCH = 2_000
DAYS = 30
NODES = 20
TURNS = 5
"""Messages of each side in a conversation."""

_NAMESPACE = UUID("a6c1f2de-70f5-4d57-a3f2-6b1a0d0b7c31")
ORGANIZATION = uuid5(_NAMESPACE, "organization")
FLOWS = tuple(uuid5(_NAMESPACE, f"flow {number}") for number in range(3))
CAMPAIGNS = tuple(uuid5(_NAMESPACE, f"campaign {number}") for number in range(50))
AGENTS = tuple(uuid5(_NAMESPACE, f"agent {number}") for number in range(20))
_NOBODY = cast(Any, None)


def conversation(number: int, chance: random.Random, until: datetime) -> Iterator[Record]:
    """One of 30 days: a flow begins, ten messages are said, one is delivered, and it ends; one in ten breaks off.

    One in five has an agent. What broke off within the last day goes on: sessions end a day after their last message.
    """
    flow, began = FLOWS[number % len(FLOWS)], until - timedelta(seconds=chance.randrange(DAYS * 86_400 - 600) + 600)
    conversation_id = uuid5(_NAMESPACE, f"conversation {number % 1_000_000}")
    phone, version = f"55119{number % 1_000_000:0>8}", 1 + number % 2
    is_broken_off, is_old = number % 10 == 0, until - began > timedelta(days=1, minutes=10)
    place = 0

    def record(kind: RecordKind, node: int, text: str, path: str = "", agent_id: UUID | None = None) -> Record:
        nonlocal place
        place += 1
        return Record(
            ORGANIZATION, began + timedelta(seconds=7 * place), f"event {number}#{place}", place, kind, conversation_id,
            phone, flow, f"node_{node}", text, flow_version=version, time_zone="America/Recife", path=path,
            phone_number_id="7001", answered_after_us=4_000_000, agent_id=agent_id,
        )  # fmt: skip

    yield record(RecordKind.FLOW_STARTED, 0, "number")
    for turn in range(TURNS):
        node = chance.randrange(NODES)
        way = path_text([f"node_{node}", "next", f"node_{(node + 1) % NODES}"])
        yield record(RecordKind.CONTACT_MESSAGE, node, "Quero revisar a bicicleta na quinta", way)
        yield record(RecordKind.BOT_MESSAGE, (node + 1) % NODES, f"Certo, {turn}. Para que dia fica a revisão?")
    yield record(RecordKind.DELIVERY, 1, "")._replace(
        status="delivered", former_status="accepted", pricing_category=chance.choice(("utility", "service")),
        pricing_type=chance.choice(("regular", "free_entry_point")), campaign_id=chance.choice(CAMPAIGNS),
        campaign_try=1,
    )  # fmt: skip
    if number % 5 == 1:
        agent_id = AGENTS[number % len(AGENTS)]
        yield record(RecordKind.ASSIGNED, 0, "pulled", agent_id=agent_id)
        yield record(RecordKind.UNASSIGNED, 0, "released", agent_id=agent_id)
    if is_broken_off and is_old:
        expired = record(RecordKind.FLOW_ENDED, chance.randrange(NODES), "expired")
        yield expired._replace(occurred_at=expired.occurred_at + timedelta(days=1))
    elif not is_broken_off:
        yield record(RecordKind.FLOW_ENDED, NODES - 1, "end_node")


async def grow(store: PostgresStore, first: int, last: int, until: datetime) -> None:
    """Add the conversations of these numbers."""
    chance = random.Random(first)
    batch: list[Record] = []
    for number in range(first, last):
        batch += conversation(number, chance, until)
        if len(batch) >= BATCH:
            await store.add(batch)
            batch = []
    if batch:
        await store.add(batch)


async def look_at_tables(superuser_url: str) -> None:
    """Have Postgres know what it holds."""
    async with await psycopg.AsyncConnection.connect(superuser_url, autocommit=True) as connection:
        await connection.execute("VACUUM ANALYZE")


def questions(server: ReportsServer) -> dict[str, Callable[[], Awaitable[object]]]:
    """The reports, by name."""
    organization, flow = str(ORGANIZATION), str(FLOWS[0])
    place: dict[str, Any] = {"organization_id": organization, "flow_id": flow}
    pb = analytics_pb2
    return {
        "overview 7 days": lambda: server.GetOverview(
            pb.GetOverviewRequest(organization_id=organization, days=7), _NOBODY
        ),
        "overview all": lambda: server.GetOverview(pb.GetOverviewRequest(organization_id=organization), _NOBODY),
        "report": lambda: server.GetFlowReport(pb.GetFlowReportRequest(**place, days=30), _NOBODY),
        "heatmap": lambda: server.GetNodeHeatmap(pb.GetNodeHeatmapRequest(**place, days=30), _NOBODY),
        "daily activity": lambda: server.GetDailyActivity(pb.GetDailyActivityRequest(**place, days=30), _NOBODY),
        "segments": lambda: server.GetUserSegments(pb.GetUserSegmentsRequest(**place), _NOBODY),
        "funnel": lambda: server.GetFunnel(pb.GetFunnelRequest(**place, days=30), _NOBODY),
        "versions": lambda: server.GetVersions(pb.GetVersionsRequest(**place, days=30), _NOBODY),
        "deliveries": lambda: server.GetDeliveries(pb.GetDeliveriesRequest(**place, days=30), _NOBODY),
        "costs": lambda: server.GetCosts(pb.GetCostsRequest(organization_id=organization, days=30), _NOBODY),
        "campaigns": lambda: server.GetCampaigns(
            pb.GetCampaignsRequest(organization_id=organization, days=30), _NOBODY
        ),
        "busy hours": lambda: server.GetBusyHours(
            pb.GetBusyHoursRequest(organization_id=organization, days=30), _NOBODY
        ),
        "series by day": lambda: server.GetMessageSeries(
            pb.GetMessageSeriesRequest(organization_id=organization, days=30), _NOBODY
        ),
        "series by hour": lambda: server.GetMessageSeries(
            pb.GetMessageSeriesRequest(organization_id=organization, days=30, is_by_hour=True), _NOBODY
        ),
        "contacts": lambda: server.GetContactFigures(
            pb.GetContactFiguresRequest(organization_id=organization, days=30), _NOBODY
        ),
        "flow totals": lambda: server.GetFlowTotals(
            pb.GetFlowTotalsRequest(organization_id=organization, days=30), _NOBODY
        ),
        "agents": lambda: server.GetAgentFigures(
            pb.GetAgentFiguresRequest(organization_id=organization, days=30), _NOBODY
        ),
        "transcript": lambda: server.GetTranscript(
            pb.GetTranscriptRequest(**place, phone_number="5511900000003", limit=100), _NOBODY
        ),
    }


async def measured(server: ReportsServer) -> dict[str, tuple[float, float]]:
    """Median and 95th percentile of each report in milliseconds; they take turns, so that noise meets all of them."""
    asked = questions(server)
    took: dict[str, list[float]] = {name: [] for name in asked}
    for round_number in range(CALLS + 3):
        for name, ask in asked.items():
            began = time.perf_counter()
            await ask()
            if round_number >= 3:
                took[name].append((time.perf_counter() - began) * 1000)
    return {name: _quantiles(sorted(times)) for name, times in took.items()}


def _quantiles(times: Sequence[float]) -> tuple[float, float]:
    return times[len(times) // 2], times[int(len(times) * 0.95)]


@contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="pytake-bench-") as folder:
        Path(folder).chmod(0o711)  # the user Postgres runs as for root must pass through
        yield Path(folder)


async def run(sizes: Sequence[int]) -> dict[int, dict[str, tuple[float, float]]]:
    """Grow the log to each size and measure."""
    found: dict[int, dict[str, tuple[float, float]]] = {}
    until = datetime.now(UTC)
    with _folder() as folder:
        supervisor = Supervisor(say=lambda _: None)
        try:
            url, superuser_url, _ = await start_postgres(folder, supervisor)
            database = await Database.open(url, size=2, name="benchmark")
            store = PostgresStore(database)
            reports = PostgresReports(database)
            dashboards = Dashboards(reports, PostgresDashboards(database), now)
            server = ReportsServer(Reports(store, reports, now), dashboards)
            grown = 0
            for size in sizes:
                conversations = size // (2 * TURNS)
                began = time.perf_counter()
                await grow(store, grown, conversations, until)
                print(f"{size:,} messages, the last of them in {time.perf_counter() - began:.0f} s", file=sys.stderr)
                grown = conversations
                await look_at_tables(superuser_url)
                found[size] = await measured(server)
            await database.close()
        finally:
            await supervisor.stop("postgres")
    return found


def table(found: dict[int, dict[str, tuple[float, float]]]) -> str:
    """Medians by size, with the 95th percentile in brackets, and how many times the smallest log's the largest's is."""
    sizes = list(found)
    head = f"{'report':16}" + "".join(f"{size:>20,}" for size in sizes) + f"{'growth':>9}"
    lines = [head]
    for name in found[sizes[0]]:
        cells = "".join(f"{'{:.1f} ({:.1f}) ms'.format(*found[size][name]):>20}" for size in sizes)
        lines.append(f"{name:16}{cells}{found[sizes[-1]][name][0] / found[sizes[0]][name][0]:>8.1f}×")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.reports", description=__doc__)
    parser.add_argument("sizes", nargs="*", type=int, default=SIZES, help="messages in the log, ascending")
    print(table(asyncio.run(run(parser.parse_args(arguments).sizes))))


if __name__ == "__main__":
    main()
