"""After a storm of repeats in any order, REST, gRPC and the export tell what a recount of the records gives."""

import asyncio
import json
import random
from collections import Counter
from datetime import UTC, date, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx

from services.analytics.domain.record import Record
from services.analytics.server.recording import KINDS
from services.chassis.rpc import Peer
from services.ingress.domain.conversation import Flow
from services.ingress.peers.analytics import GrpcReports
from services.ingress.peers.dashboards import GrpcDashboards
from services.pb.analytics.v1 import analytics_pb2, analytics_pb2_grpc
from tests.fakes.analytics_dashboards import RecountedDashboards
from tests.fakes.analytics_records import NOON
from tests.fakes.analytics_recount import RecountedReports
from tests.fakes.ingress_peers import MORNING, House
from tests.fixtures.rest import Clock, Rights, bearer, site_on
from tests.fixtures.servers import Database as OwnDatabase
from tests.integration.analytics.served import serving

FLOW, CAMPAIGN = UUID(int=61), UUID(int=60)
AGENTS = (UUID(int=62), UUID(int=63), UUID(int=64))
ZONE = "America/Manaus"
BY_HOUR = {"period": "30d", "interval": "hour"}


def made(organization_id: UUID) -> list[analytics_pb2.Record]:
    """Sixty runs of a flow over some days: begun, answered wrong and right, mostly ended, and delivered."""
    chance, records = random.Random(7), []
    for number in range(60):
        began = NOON - timedelta(hours=chance.randrange(100))
        place: dict[str, Any] = {
            "organization_id": str(organization_id), "conversation_id": str(UUID(int=1000 + number % 40)),
            "phone_number": f"55119{number % 35:0>8}", "flow_id": str(FLOW), "flow_version": 1 + number % 2,
            "time_zone": ZONE, "phone_number_id": "7001",
        }  # fmt: skip
        said: list[dict[str, Any]] = [
            {"kind": analytics_pb2.RECORD_KIND_CONTACT_MESSAGE, "node_id": "start", "text": "oi",
             "path": ["", "", "start", "next", "ask"]},
            {"kind": analytics_pb2.RECORD_KIND_FLOW_STARTED, "node_id": "start", "text": "number"},
            {"kind": analytics_pb2.RECORD_KIND_BOT_MESSAGE, "node_id": "ask", "text": "Quantos?"},
            {"kind": analytics_pb2.RECORD_KIND_INVALID_ANSWER, "node_id": "ask", "text": "number"},
            {"kind": analytics_pb2.RECORD_KIND_CONTACT_MESSAGE, "node_id": "ask", "text": "dois",
             "path": ["ask", "next", "bye"], "answered_after_us": 2_500_000},
        ]  # fmt: skip
        if number % 3:
            text = "end_node" if number % 2 else "expired"
            said.append({"kind": analytics_pb2.RECORD_KIND_FLOW_ENDED, "node_id": "bye", "text": text})
        said += delivered(number)
        if number % 4 == 0:
            hand = {"flow_id": "", "flow_version": 0, "agent_id": str(AGENTS[number % 3])}
            said += [
                hand | {"kind": analytics_pb2.RECORD_KIND_ASSIGNED, "text": "pulled", "answered_after_us": 30_000_000,
                        "status": "first" if number % 8 else ""},
                hand | {"kind": analytics_pb2.RECORD_KIND_UNASSIGNED, "text": "released" if number % 5 else "closed",
                        "answered_after_us": 95_000_000},
            ]  # fmt: skip
        records += [
            analytics_pb2.Record(
                **(place | one),
                record_id=f"event {number}#{at}",
                sequence=at,
                occurred_at_us=int((began + timedelta(seconds=20 * at)).timestamp() * 1_000_000),
            )
            for at, one in enumerate(said)
        ]
    return records


def delivered(number: int) -> list[dict[str, Any]]:
    """Accepted, and read at a price that was known, or known later; some of them messages of a campaign."""
    campaign = {"campaign_id": str(CAMPAIGN), "campaign_try": 1 + number % 8 // 4} if number % 4 == 0 else {}
    price = {"pricing_category": "utility" if campaign else "service",
             "pricing_type": "free_entry_point" if number % 5 == 0 else "regular"}  # fmt: skip
    told: list[dict[str, Any]] = [
        {"status": "accepted"},
        {"status": "read", "former_status": "accepted", **(price if number % 3 else {})},
        *([] if number % 3 else [{"status": "priced", "former_status": "read", **price}]),
    ]
    return [{"kind": analytics_pb2.RECORD_KIND_DELIVERY} | campaign | one for one in told]


async def storm(peer: Peer, records: list[analytics_pb2.Record]) -> None:
    """Every record three times, shuffled, in small calls of which many are under way."""
    stub = peer.stub(analytics_pb2_grpc.RecordingStub)
    thrice = records * 3
    random.Random(11).shuffle(thrice)
    calls = [analytics_pb2.IngestRequest(records=thrice[at : at + 17]) for at in range(0, len(thrice), 17)]
    await asyncio.gather(*(peer.call(stub.Ingest, call, seconds=30) for call in calls))


def read(told: analytics_pb2.Record) -> Record:
    """A record as analytics keeps it."""
    return Record(
        UUID(told.organization_id), NOON + timedelta(microseconds=told.occurred_at_us - int(NOON.timestamp() * 1e6)),
        told.record_id, told.sequence, KINDS[told.kind], UUID(told.conversation_id), told.phone_number,
        UUID(told.flow_id) if told.flow_id else None, told.node_id, told.text, told.status, told.error_code,
        told.flow_version, ZONE, "\x1f".join(told.path), told.phone_number_id, told.answered_after_us,
        told.former_status, told.pricing_category, told.pricing_type,
        UUID(told.campaign_id) if told.campaign_id else None, told.campaign_try,
        UUID(told.agent_id) if told.agent_id else None,
    )  # fmt: skip


async def agrees_as_a_whole(
    organization_id: UUID, since: date, records: list[analytics_pb2.Record], full: dict[str, Any]
) -> None:
    """Every part of the full report is what a recount of the records gives."""
    recount = RecountedDashboards(lambda: [read(record) for record in records])
    at: dict[str, Any] = {"organization_id": organization_id, "first_day": since}
    contacts = await recount.contacts(**at)
    assert (full["contacts"]["active_contacts"], full["contacts"]["new_contacts"]) == (contacts.active, contacts.new)
    assert [(day["date"], day["active_contacts"], day["new_contacts"]) for day in full["contacts"]["by_day"]] == [
        (day.day.isoformat(), day.active, day.new) for day in contacts.days
    ]
    (flow,) = [each for each in await recount.flows(**at) if each.flow_id]
    (told,) = full["chatbots"]["other_flows"]
    assert (told["flow_id"], told["total_conversations"], told["total_messages"]) == (
        str(flow.flow_id), flow.conversations, flow.contact_messages + flow.bot_messages,
    )  # fmt: skip
    assert full["overview"]["avg_conversation_steps"] == round(flow.steps / flow.conversations, 2)
    agents = await recount.agents(**at)
    assert [(each["agent_id"], each["conversations_taken"]) for each in full["agents"]["agents"]] == [
        (str(each.agent_id), each.taken) for each in agents
    ]
    assert (full["overview"]["avg_first_response_time_seconds"], full["overview"]["avg_response_time_seconds"]) == (
        30.0, 30.0,
    )  # fmt: skip
    hours = await recount.hours(**at, flow_id=None)
    by_hour = Counter[int]()
    for each in hours:
        by_hour[each.hour] += each.contact_messages + each.bot_messages
    assert {hour["hour"]: hour["messages"] for hour in full["overview"]["messages_by_hour"] if hour["messages"]} == {
        hour: messages for hour, messages in by_hour.items() if messages
    }
    points = await recount.series(**at, flow_id=None, is_by_hour=False)
    assert [
        (point["date"], point["conversations"]) for point in full["time_series"]["points"] if point["messages"]
    ] == [(point.day.isoformat(), point.started) for point in points]


async def test_rest_grpc_and_export_agree_with_a_recount_after_a_storm(
    module_database: OwnDatabase, tmp_path: Path
) -> None:
    organization_id = uuid4()
    records = made(organization_id)
    async with serving(module_database.url_of("analytics"), tmp_path, "executor", "ingress") as (executor, ingress):
        await storm(executor, records)

        house, rights = House(), Rights(dashboards=GrpcDashboards(ingress))  # type: ignore[arg-type]  # as the reports
        house.flows[organization_id] = [Flow(str(FLOW), "Bolos", 2, MORNING)]
        rights.reports = GrpcReports(ingress)  # type: ignore[assignment]  # the real one in the fake's place
        transport = httpx.ASGITransport(site_on(house, Clock(), rights))
        async with httpx.AsyncClient(
            transport=transport, base_url="http://ingress", headers=bearer(organization_id, "org_admin")
        ) as client:
            flow = f"/api/v1/whatsapp-analytics/flows/{FLOW}"
            report = (await client.get(f"{flow}/report", params={"days": 30})).json()
            heatmap = (await client.get(f"{flow}/nodes-heatmap")).json()
            days = (await client.get(f"{flow}/daily-activity")).json()
            segments = (await client.get(f"{flow}/user-segments")).json()
            funnel = (await client.get(f"/api/v1/analytics/flows/{FLOW}/funnel")).json()
            overview = (await client.get("/api/v1/analytics/conversations", params={"period": "30d"})).json()
            deliveries = (await client.get("/api/v1/analytics/deliveries")).json()
            costs = (await client.get("/api/v1/analytics/costs")).json()
            (campaign,) = (await client.get("/api/v1/analytics/campaigns")).json()["campaigns"]
            lines = (await client.get("/api/v1/analytics/export")).text.splitlines()
            full = (await client.get("/api/v1/analytics/reports/full", params={"period": "30d"})).json()
            series = (await client.get("/api/v1/analytics/time-series/messages", params=BY_HOUR)).json()
        stub = ingress.stub(analytics_pb2_grpc.ReportsStub)
        request = analytics_pb2.GetFlowReportRequest(organization_id=str(organization_id), flow_id=str(FLOW), days=30)
        over_grpc = await ingress.call(stub.GetFlowReport, request, seconds=10)
        asked = analytics_pb2.GetCostsRequest(organization_id=str(organization_id), days=30)
        (charged,) = (await ingress.call(stub.GetCosts, asked, seconds=10)).numbers
        named = analytics_pb2.GetCampaignsRequest(organization_id=str(organization_id), campaign_id=str(CAMPAIGN))
        (results,) = (await ingress.call(stub.GetCampaigns, named, seconds=10)).campaigns
        whole = analytics_pb2.GetAgentFiguresRequest(organization_id=str(organization_id), days=30)
        agents_over_grpc = await ingress.call(stub.GetAgentFigures, whole, seconds=10)

    since = (NOON.astimezone(UTC) - timedelta(days=29)).date()
    recount = RecountedReports(lambda: [read(record) for record in records])
    whose: dict[str, Any] = {"organization_id": organization_id, "flow_id": FLOW}
    counted = await recount.flow_report(**whose, first_day=since)
    figures, durations = counted.figures, counted.durations
    assert report["conversations"] == {
        "total": figures.conversations, "completed": figures.completed,
        "active": figures.conversations - figures.completed,
        "completion_rate": round(100 * figures.completed / figures.conversations, 2), "unique_users": figures.contacts,
    }  # fmt: skip
    assert report["messages"]["total"] == figures.contact_messages + figures.bot_messages == 180
    assert report["duration"] == {
        "average_seconds": round(durations.total_us / 1e6 / durations.count, 2),
        "max_seconds": durations.longest_us / 1e6,
        "min_seconds": durations.shortest_us / 1e6,
    }
    assert (over_grpc.figures.conversations, over_grpc.figures.contacts) == (40, 35)
    assert over_grpc.figures.contact_messages == report["messages"]["from_user"] == 120
    counted_map = await recount.heatmap(**whose, first_day=since)
    assert [(node["node_id"], node["visits"]) for node in heatmap["nodes"]] == list(counted_map.nodes)
    counted_days = await recount.days(**whose, first_day=since)
    assert [(day["date"], day["messages"], day["unique_users"]) for day in days["daily_activity"]] == [
        (day.day.isoformat(), day.messages, day.contacts) for day in counted_days
    ]
    counted_segments = await recount.segments(**whose)
    assert (segments["total_users"], segments["segments"]["active_users"]["count"]) == (
        counted_segments.contacts, counted_segments.active - counted_segments.power,
    )  # fmt: skip
    counted_funnel = await recount.funnel(**whose, first_day=since, flow_version=0)
    assert [(edge["source"], edge["target"], edge["passed"]) for edge in funnel["edges"]] == [
        (edge.source, edge.target, edge.passed) for edge in counted_funnel.edges
    ]
    assert overview["metrics"]["total_messages"] == report["messages"]["total"]
    assert overview["by_flow"][0]["flow_name"] == "Bolos"
    (number,) = deliveries["numbers"]
    assert (number["accepted"], number["delivered"], number["read"]) == (60, 60, 60)
    await agrees_as_a_whole(organization_id, since, records, full)
    assert [
        (each.agent_id, each.taken, each.closed, each.first_response_seconds) for each in agents_over_grpc.agents
    ] == [
        (
            agent["agent_id"],
            agent["conversations_taken"],
            agent["conversations_closed"],
            agent["avg_first_response_time_seconds"],
        )
        for agent in full["agents"]["agents"]
    ]
    assert sum(point["messages"] for point in series["points"]) == full["messages"]["total_messages"]
    # The export tells every record once, by time.
    exported = [json.loads(line) for line in lines]
    (counted_costs,) = await recount.costs(organization_id=organization_id, first_day=since)
    assert costs["totals"]["delivered"] == number["delivered"] == 60
    assert costs["totals"]["billed"] == charged.billed == counted_costs.billed == 48
    assert costs["totals"]["free"] == charged.free == counted_costs.free == 12
    assert [tuple(each.values()) for each in costs["numbers"][0]["charges"]] == [
        (each.pricing_category, each.pricing_type, each.messages, each.is_billed) for each in charged.charges
    ]
    # In the file, a message is charged by the one line that has a price.
    assert Counter((line["pricing_category"], line["pricing_type"]) for line in exported if line["pricing_type"]) == {
        (each.pricing_category, each.pricing_type): each.messages for each in counted_costs.charges
    }
    (counted_results,) = await recount.campaigns(
        organization_id=organization_id, campaign_id=CAMPAIGN, first_day=since, most=9
    )
    assert (campaign["sent"], campaign["read"], campaign["retries"]) == (results.sent, results.read, results.retries)
    assert (results.sent, results.delivered, results.read, results.retries) == (
        counted_results.sent, counted_results.delivered, counted_results.read, counted_results.retries,
    )  # fmt: skip
    of_campaign = [line for line in exported if line["campaign_id"] == str(CAMPAIGN)]
    assert results.sent == sum(line["status"] == "accepted" for line in of_campaign) == 15
    # The export tells every record once, by time.
    assert {line["record_id"] for line in exported} == {record.record_id for record in records}
    assert len(exported) == len(records)
    assert [line["occurred_at"] for line in exported] == sorted(line["occurred_at"] for line in exported)
    assert sum(line["kind"] in ("contact_message", "bot_message") for line in exported) == report["messages"]["total"]
