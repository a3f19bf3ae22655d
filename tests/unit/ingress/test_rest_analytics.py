"""/api/v1/analytics and /api/v1/whatsapp-analytics: the contract's shapes, and nothing divided by zero."""

import csv
import io
import json
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid4

import pyarrow.parquet as pq
import pytest

from services.ingress.domain.analytics import (
    DayActivity,
    Deliveries,
    EdgeFigures,
    FlowFigures,
    Funnel,
    Heatmap,
    NodeFigures,
    NumberDeliveries,
    Overview,
    Segments,
    VersionFigures,
)
from services.ingress.domain.conversation import Flow, Line
from services.ingress.domain.log_files import LOG
from tests.fakes.ingress_analytics import ScriptedReports, figures_of, log_record
from tests.fakes.ingress_peers import MORNING
from tests.fixtures.rest import Asker, asking

FLOW = UUID(int=77)
REPORTS = f"/api/v1/whatsapp-analytics/flows/{FLOW}"
FURTHER = f"/api/v1/analytics/flows/{FLOW}"


def at_home(asker: Asker) -> ScriptedReports:
    """The organization has the flow; its reports."""
    asker.house.flows[asker.organization_id] = [Flow(str(FLOW), "Bolos", 3, MORNING)]
    return asker.rights.reports


@pytest.fixture
async def viewer() -> AsyncIterator[Asker]:
    async with asking(role="viewer") as asker:
        yield asker


async def test_an_organization_is_told_its_conversations_with_the_names_of_its_flows() -> None:
    async with asking(role="org_admin") as asker:
        reports = at_home(asker)
        reports.overview_to_give = Overview(
            figures_of(
                conversations=48, completed=45, from_contacts=150, from_bot=103, contacts=41, average_duration=510.0
            ),
            [FlowFigures(str(FLOW), "", 30, 27), FlowFigures(str(UUID(int=5)), "", 18, 17)],
        )

        told = (await asker.get("/api/v1/analytics/conversations", period="30d")).json()

        assert told == {
            "period": "30d",
            "metrics": {
                "total_conversations": 48,
                "active_conversations": 3,
                "completed_conversations": 45,
                "total_messages": 253,
                "avg_messages_per_conversation": 5.27,
                "avg_conversation_duration_minutes": 8.5,
                "completion_rate_percent": 93.75,
                "unique_phone_numbers": 41,
            },
            "by_flow": [
                {"flow_id": str(FLOW), "flow_name": "Bolos", "total": 30, "completed": 27, "completion_rate": 90.0},
                {"flow_id": str(UUID(int=5)), "flow_name": "", "total": 18, "completed": 17, "completion_rate": 94.44},
            ],
        }  # fmt: skip
        assert reports.asked == [("overview", asker.organization_id, None, 30)]


@pytest.mark.parametrize(("period", "days"), [("24h", 1), ("7d", 7), ("30d", 30), ("all", 0)])
async def test_periods_have_names(period: str, days: int) -> None:
    async with asking() as asker:
        reports = at_home(asker)
        answer = await asker.get("/api/v1/analytics/conversations", period=period, flow_id=FLOW)
        assert (answer.status_code, answer.json()["period"]) == (200, period)
        assert reports.asked == [("overview", asker.organization_id, FLOW, days)]
        assert (await asker.get("/api/v1/analytics/conversations", period="8d")).status_code == 422


async def test_a_flow_report_has_the_contracts_shape(viewer: Asker) -> None:
    at_home(viewer).figures = figures_of(
        conversations=40, completed=31, from_contacts=160, from_bot=50, contacts=38, average_duration=312.4,
        longest=2210.0, shortest=4.0,
    )  # fmt: skip

    told = (await viewer.get(f"{REPORTS}/report", days=30)).json()

    assert told == {
        "flow_id": str(FLOW),
        "period": {"days": 30, "start": "2026-02-02T09:30:15", "end": "2026-03-04T09:30:15"},
        "conversations": {"total": 40, "completed": 31, "active": 9, "completion_rate": 77.5, "unique_users": 38},
        "messages": {"total": 210, "from_user": 160, "from_bot": 50, "average_per_conversation": 5.25},
        "duration": {"average_seconds": 312.4, "max_seconds": 2210.0, "min_seconds": 4.0},
        "generated_at": "2026-03-04T09:30:15",
    }


async def test_heatmap_days_and_segments_have_the_contracts_shapes(viewer: Asker) -> None:
    reports = at_home(viewer)
    reports.heatmap_to_give = Heatmap([("ask", 84), ("bye", 21)], 210)
    reports.days_to_give = [DayActivity(date(2026, 3, 3), 31, 9), DayActivity(date(2026, 3, 4), 2, 1)]
    reports.segments_to_give = Segments(38, 2, 16)

    assert (await viewer.get(f"{REPORTS}/nodes-heatmap", days=7)).json() == {
        "flow_id": str(FLOW),
        "period_days": 7,
        "nodes": [
            {"node_id": "ask", "visits": 84, "percentage": 40.0},
            {"node_id": "bye", "visits": 21, "percentage": 10.0},
        ],
        "total_visits": 210,
    }
    assert (await viewer.get(f"{REPORTS}/daily-activity")).json() == {
        "flow_id": str(FLOW),
        "period_days": 30,
        "daily_activity": [
            {"date": "2026-03-03", "messages": 31, "unique_users": 9},
            {"date": "2026-03-04", "messages": 2, "unique_users": 1},
        ],
    }
    assert (await viewer.get(f"{REPORTS}/user-segments")).json() == {
        "flow_id": str(FLOW),
        "total_users": 38,
        "segments": {
            "power_users": {"count": 2, "percentage": 5.26, "description": "20+ messages"},
            "active_users": {"count": 16, "percentage": 42.11, "description": "5-19 messages"},
            "inactive_users": {"count": 20, "percentage": 52.63, "description": "1-4 messages"},
        },
    }


async def test_without_any_record_everything_is_zero() -> None:
    async with asking() as asker:
        at_home(asker)
        paths = ("report", "nodes-heatmap", "daily-activity", "user-segments")
        told = [(await asker.get(f"{REPORTS}/{path}")).json() for path in paths]
        told.append((await asker.get("/api/v1/analytics/metrics")).json())

        assert all(number == 0 for answer in told for number in _numbers(answer, ignoring=("days", "period_days")))


def _numbers(told: Any, ignoring: tuple[str, ...]) -> list[float]:
    if isinstance(told, dict):
        return [number for key, part in told.items() if key not in ignoring for number in _numbers(part, ignoring)]
    if isinstance(told, list):
        return [number for part in told for number in _numbers(part, ignoring)]
    return [told] if isinstance(told, int | float) else []


async def test_a_transcript_is_read_to_its_end(viewer: Asker) -> None:
    at_home(viewer)
    lines = [
        Line(f"m{number}", "bot" if number % 2 else "user", f"line {number}", MORNING, "ask") for number in range(1500)
    ]
    viewer.house.lines[viewer.organization_id] = lines

    told = (await viewer.get("/api/v1/whatsapp-analytics/conversations/5511987654321/transcript", flow_id=FLOW)).json()

    assert {key: told[key] for key in ("phone_number", "flow_id", "message_count", "started_at", "ended_at")} == {
        "phone_number": "5511987654321",
        "flow_id": str(FLOW),
        "message_count": 1500,
        "started_at": "2026-03-04T09:30:15",
        "ended_at": "2026-03-04T09:30:15",
    }
    assert told["messages"][0] == {
        "speaker": "user", "text": "line 0", "timestamp": "2026-03-04T09:30:15", "node_id": "ask",
    }  # fmt: skip
    assert [line["text"] for line in told["messages"]] == [line.text for line in lines]


async def test_who_said_nothing_in_a_flow_has_no_transcript_and_a_flow_must_be_named(viewer: Asker) -> None:
    at_home(viewer)
    path = "/api/v1/whatsapp-analytics/conversations/5511987654321/transcript"

    nobody = await viewer.get(path, flow_id=FLOW)

    assert (nobody.status_code, nobody.json()["error_code"]) == (404, "CONVERSATION_NOT_FOUND")
    assert (await viewer.get(path)).status_code == 422


@pytest.mark.parametrize(
    "path",
    [
        *(f"/api/v1/whatsapp-analytics/flows/{{}}/{name}"
          for name in ("report", "nodes-heatmap", "daily-activity", "user-segments")),
        "/api/v1/analytics/flows/{}/funnel",
        "/api/v1/analytics/flows/{}/versions",
        "/api/v1/analytics/conversations?flow_id={}",
        "/api/v1/analytics/metrics?flow_id={}",
        "/api/v1/analytics/deliveries?flow_id={}",
        "/api/v1/analytics/export?flow_id={}",
        "/api/v1/whatsapp-analytics/conversations/5511987654321/transcript?flow_id={}",
    ],
)  # fmt: skip
async def test_a_flow_of_somebody_else_is_not_found(path: str) -> None:
    async with asking() as asker:
        asker.house.flows[uuid4()] = [Flow(str(FLOW), "Bolos", 3, MORNING)]
        answer = await asker.client.get(path.format(FLOW), headers=asker.headers)
        assert (answer.status_code, answer.json()["error_code"]) == (404, "FLOW_NOT_FOUND")
        assert asker.rights.reports.asked == []


@pytest.mark.parametrize("days", [0, 366, -1, "many"])
async def test_days_are_one_to_a_year(viewer: Asker, days: object) -> None:
    at_home(viewer)
    answer = await viewer.get(f"{REPORTS}/report", days=days)
    assert (answer.status_code, answer.json()["error_code"]) == (422, "VALIDATION_ERROR")


@pytest.mark.parametrize("role", ["viewer", "agent"])
async def test_figures_of_the_organization_are_for_those_who_lead(role: str) -> None:
    async with asking(role=role) as asker:
        at_home(asker)
        for path in ("conversations", "metrics", "deliveries", "costs", "campaigns", "export"):
            assert (await asker.get(f"/api/v1/analytics/{path}")).status_code == 403
        assert (await asker.get(f"{FURTHER}/funnel")).status_code == 403
        assert (await asker.get(f"{REPORTS}/report")).status_code == 200


async def test_a_supervisor_reads_figures_and_takes_no_log_away() -> None:
    async with asking(role="supervisor") as asker:
        assert (await asker.get("/api/v1/analytics/conversations")).status_code == 200
        assert (await asker.get("/api/v1/analytics/export")).status_code == 403


async def test_a_funnel_tells_where_people_are_lost() -> None:
    async with asking() as asker:
        reports = at_home(asker)
        reports.funnel_to_give = Funnel(
            [
                NodeFigures(
                    node_id="ask", entered=120, left=96, finished=0, dropped=18, invalid_answers=9,
                    contact_messages=120, handed_over=1,
                )
            ],
            [EdgeFigures("ask", "corn", "confirm", 61), EdgeFigures("ask", "milk", "confirm", 35)],
        )  # fmt: skip

        told = (await asker.get(f"{FURTHER}/funnel", days=30, version=3)).json()

        assert reports.asked == [("funnel", asker.organization_id, FLOW, (30, 3))]
        (node,), edges = told["nodes"], told["edges"]
        assert (node["drop_off_rate"], node["validation_error_rate"], node["handed_over"]) == (15.0, 7.5, 1)
        assert [(edge["handle"], edge["passed"], edge["share"]) for edge in edges] == [
            ("corn", 61, 63.54), ("milk", 35, 36.46),
        ]  # fmt: skip


async def test_versions_stand_beside_each_other_with_their_intervals() -> None:
    async with asking() as asker:
        at_home(asker).versions_to_give = [
            VersionFigures(
                version=3, conversations=200, completed=190, finished=152, finish_rate=80.0, low=73.75, high=85.07,
                average_duration=241.7,
            )
        ]  # fmt: skip
        (told,) = (await asker.get(f"{FURTHER}/versions")).json()["versions"]
        assert (told["version"], told["confidence_low"], told["confidence_high"]) == (3, 73.75, 85.07)


async def test_rates_are_of_what_they_are_about() -> None:
    async with asking() as asker:
        reports = at_home(asker)
        reports.figures = figures_of(
            conversations=40, finished=30, handed_over=4, invalid_answers=5, from_contacts=100, contact_response=12.5,
            agent_response=60.0,
        )  # fmt: skip
        number = NumberDeliveries(phone_number_id="7001", accepted=200, delivered=190, read=95, failed=6)
        reports.deliveries_to_give = Deliveries([number], [(131047, 6)])

        metrics = (await asker.get("/api/v1/analytics/metrics")).json()
        deliveries = (await asker.get("/api/v1/analytics/deliveries")).json()

        assert (metrics["resolution_rate"], metrics["handoff_rate"], metrics["validation_error_rate"]) == (
            75.0,
            10.0,
            5.0,
        )
        assert (metrics["message_delivery_rate"], metrics["message_read_rate"]) == (95.0, 50.0)
        assert deliveries["numbers"][0] == {
            "phone_number_id": "7001", "accepted": 200, "delivered": 190, "read": 95, "failed": 6,
            "delivery_rate": 95.0, "read_rate": 50.0,
        }  # fmt: skip
        assert deliveries["failures"] == [{"error_code": 131047, "messages": 6}]


async def test_the_log_is_written_page_by_page_as_json_lines_and_as_csv() -> None:
    async with asking() as asker:
        pages = [[log_record(text="olá, você"), log_record(text='com "aspas"\ne linha')], [log_record(text="fim")]]
        asker.rights.reports.pages = pages
        lines = await asker.get("/api/v1/analytics/export", since="2026-03-01T00:00:00Z")
        table = await asker.get("/api/v1/analytics/export", format="csv")

        texts = ["olá, você", 'com "aspas"\ne linha', "fim"]
        assert lines.headers["content-type"] == "application/x-ndjson"
        assert [json.loads(line)["text"] for line in lines.text.splitlines()] == texts
        assert table.headers["content-disposition"] == 'attachment; filename="conversation-log.csv"'
        header, *rows = csv.reader(io.StringIO(table.text, newline=""))
        assert header == list(LOG)
        assert [row[list(LOG).index("text")] for row in rows] == texts
        assert asker.rights.reports.asked[0][3] == (datetime(2026, 3, 1, tzinfo=UTC), None)


async def test_the_log_is_parquet_for_who_asks_for_it() -> None:
    async with asking() as asker:
        asker.rights.reports.pages = [[log_record(text="olá", error_code=131047)], [log_record(text="fim")]]
        answer = await asker.get("/api/v1/analytics/export", format="parquet")

        assert answer.headers["content-type"] == "application/vnd.apache.parquet"
        assert answer.headers["content-disposition"] == 'attachment; filename="conversation-log.parquet"'
        table = pq.read_table(io.BytesIO(answer.content))
        assert table.column("text").to_pylist() == ["olá", "fim"]
        assert table.column("error_code").to_pylist() == [131047, 0]


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
async def test_a_moment_outside_of_the_calendar_is_told_by_field(moment: str) -> None:
    async with asking() as asker:
        answer = await asker.get("/api/v1/analytics/export", until=moment)

        assert answer.status_code == 422
        assert answer.json()["errors"] == [{"field": "until", "message": "must lie between the years 1 and 9999"}]


async def test_no_spreadsheet_runs_what_somebody_wrote() -> None:
    async with asking() as asker:
        asker.rights.reports.pages = [[log_record(text='=HYPERLINK("x")'), log_record(text="-1")]]
        _, first, second = csv.reader(
            io.StringIO((await asker.get("/api/v1/analytics/export", format="csv")).text, newline="")
        )
        assert (first[list(LOG).index("text")], second[list(LOG).index("text")]) == ('\'=HYPERLINK("x")', "'-1")
