"""/api/v1/analytics/overview and its neighbours: what rooms know, put together; nothing divided by zero."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.ingress.domain.analytics import Deliveries, FlowFigures, NumberDeliveries, Overview
from services.ingress.domain.conversation import Flow
from services.ingress.domain.dashboards import (
    AgentFigures,
    Audience,
    BusyHours,
    ContactDay,
    FlowTotals,
    HourFigures,
    Series,
    SeriesPoint,
)
from services.ingress.domain.people import ChatbotView
from services.ingress.domain.queues import Agent
from tests.fakes.ingress_analytics import figures_of
from tests.fakes.ingress_dashboards import ZONE
from tests.fakes.ingress_peers import MORNING
from tests.fixtures.rest import Asker, asking

CAKES, PIES = str(UUID(int=77)), str(UUID(int=78))
ANA, GONE = str(UUID(int=31)), str(UUID(int=32))
PATHS = (
    "overview", "conversations/hourly", "agents", "contacts", "chatbots", "messages", "time-series/messages",
    "reports/full",
)  # fmt: skip


def busy(asker: Asker) -> None:
    """A bakery with two flows, a chatbot, an agent and some days behind it."""
    organization_id, rights = asker.organization_id, asker.rights
    asker.house.flows[organization_id] = [Flow(CAKES, "Bolos", 3, MORNING), Flow(PIES, "Tortas", 1, MORNING)]
    rights.desk.chatbots[organization_id] = {
        "c": ChatbotView(id="c", name="Recepção", main_flow_id=CAKES, is_active=True)
    }
    rights.queues.kept_agents = {ANA: Agent(id=ANA, name="Ana", skills=(), capacity=3, is_active=True)}
    rights.reports.overview_to_give = Overview(
        figures_of(conversations=40, completed=35, finished=30, from_contacts=100, from_bot=120, handed_over=4),
        [FlowFigures(CAKES, "", 30, 27)],
    )
    number = NumberDeliveries(phone_number_id="7001", accepted=200, delivered=190, read=95, failed=6)
    rights.reports.deliveries_to_give = Deliveries([number], [(131047, 6)])
    figures = rights.dashboards
    figures.hours_to_give = BusyHours(ZONE, [HourFigures(1, 9, 60, 70, 20), HourFigures(6, 15, 40, 50, 25)])
    figures.series_to_give = Series(
        time_zone=ZONE,
        points=[SeriesPoint(MORNING.date(), 0, 7, 9, 3)],
        first_day=MORNING.date() - timedelta(days=1),
        last_day=MORNING.date(),
        end=MORNING,
    )
    figures.audience_to_give = Audience(25, 10, 310, [ContactDay(date(2026, 3, 4), 9, 3)])
    figures.totals_to_give = [
        FlowTotals(
            flow_id=CAKES, conversations=30, completed=27, finished=24, from_contacts=70, from_bot=80, handed_over=3,
            steps=120, average_duration=90.0,
        ),
        FlowTotals(
            flow_id=PIES, conversations=10, completed=8, finished=6, from_contacts=20, from_bot=40, handed_over=1,
            steps=20,
        ),
        FlowTotals(from_contacts=10),
    ]  # fmt: skip
    figures.agents_to_give = [
        AgentFigures(
            agent_id=GONE, taken=5, released=3, closed=1, transferred=1, first_responses=4, first_response=30.0,
            responses=5, response=40.0, handled=5, handling=200.0,
        )
    ]  # fmt: skip


async def told(path: str, **query: object) -> Any:
    async with asking(role="supervisor") as asker:
        busy(asker)
        answer = await asker.get(f"/api/v1/analytics/{path}", **query)
        assert answer.status_code == 200
        return answer.json()


async def test_an_overview_tells_an_organization_at_a_glance() -> None:
    overview = await told("overview", period="30d")

    hours = overview.pop("messages_by_hour")
    assert [(hour["hour"], hour["messages"]) for hour in hours if hour["messages"]] == [(9, 130), (15, 90)]
    assert len(hours) == 24
    assert overview == {
        "period": "30d", "start": "2026-02-02T09:30:15Z", "end": "2026-03-04T09:30:15Z", "time_zone": ZONE,
        "total_conversations": 40,
        "conversations_by_status": {"active": 5, "finished": 30, "dropped": 5},
        "total_messages": 220, "messages_from_user": 100, "messages_from_bot": 120, "messages_today": 16,
        "peak_hours": [{"hour": 9, "messages": 130}, {"hour": 15, "messages": 90}],
        "total_contacts": 310, "active_contacts": 25, "new_contacts": 10, "returning_contacts": 15,
        "avg_completion_rate": 87.5, "resolution_rate": 75.0, "handoff_rate": 10.0, "response_rate": 90.0,
        "avg_conversation_steps": 3.5, "avg_first_response_time_seconds": 30.0, "avg_response_time_seconds": 40.0,
        "message_delivery_rate": 95.0, "message_read_rate": 50.0,
    }  # fmt: skip


async def test_hours_are_told_by_the_day_and_by_the_week() -> None:
    hourly = await told("conversations/hourly")

    assert hourly["hours"][9] == {"hour": 9, "conversations": 20, "messages": 130, "from_user": 60, "from_bot": 70}
    assert [day["weekday"] for day in hourly["weekdays"]] == [
        "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday",
    ]  # fmt: skip
    assert hourly["weekdays"][5]["messages"][15] == 90
    assert hourly["time_zone"] == ZONE


async def test_messages_are_told_with_what_became_of_them() -> None:
    messages = await told("messages")

    assert (messages["total_messages"], messages["messages_today"], messages["avg_messages_per_conversation"]) == (
        220, 16, 5.5,
    )  # fmt: skip
    assert messages["delivery"] == {
        "accepted": 200, "delivered": 190, "read": 95, "failed": 6, "message_delivery_rate": 95.0,
        "message_read_rate": 50.0,
    }  # fmt: skip
    assert messages["failures"] == [{"error_code": 131047, "messages": 6}]


async def test_a_series_has_a_point_for_every_day_or_every_hour_up_to_now() -> None:
    days = await told("time-series/messages", period="7d")
    hours = await told("time-series/messages", period="24h", interval="hour")

    assert [(point["date"], point["hour"], point["messages"]) for point in days["points"]] == [
        ("2026-03-03", None, 0), ("2026-03-04", None, 16),
    ]  # fmt: skip
    assert [point["hour"] for point in hours["points"]] == [*range(24), *range(7)]


async def test_contacts_are_new_or_come_back() -> None:
    assert await told("contacts") == {
        "period": "7d", "total_contacts": 310, "active_contacts": 25, "new_contacts": 10, "returning_contacts": 15,
        "avg_messages_per_contact": 8.8,
        "by_day": [{"date": "2026-03-04", "active_contacts": 9, "new_contacts": 3, "returning_contacts": 6}],
    }  # fmt: skip


async def test_a_chatbot_has_the_figures_of_its_flow_and_the_others_stand_beside() -> None:
    report = await told("chatbots")

    (chatbot,), (other,) = report["chatbots"], report["other_flows"]
    assert chatbot == {
        "chatbot_id": "c", "name": "Recepção", "is_active": True, "flow_id": CAKES, "flow_name": "Bolos",
        "total_conversations": 30, "active_conversations": 3, "completed_conversations": 27, "completion_rate": 90.0,
        "resolution_rate": 80.0, "handoff_rate": 10.0, "total_messages": 150, "from_user": 70, "from_bot": 80,
        "avg_messages_per_conversation": 5.0, "avg_conversation_steps": 4.0, "avg_conversation_duration_minutes": 1.5,
    }  # fmt: skip
    assert (other["flow_id"], other["flow_name"], other["total_conversations"]) == (PIES, "Tortas", 10)
    assert (report["avg_completion_rate"], report["avg_conversation_steps"], report["handoff_rate"]) == (
        87.5, 3.5, 10.0,
    )  # fmt: skip


async def test_agents_are_told_with_their_names_also_the_idle_and_the_gone() -> None:
    report = await told("agents")

    gone, ana = report["agents"]
    assert (gone["agent_id"], gone["name"], gone["is_active"]) == (GONE, "", False)
    assert (gone["conversations_taken"], gone["conversations_released"], gone["conversations_closed"]) == (5, 3, 1)
    assert (gone["avg_first_response_time_seconds"], gone["avg_handling_time_seconds"]) == (30.0, 200.0)
    assert (ana["name"], ana["conversations_taken"], ana["avg_response_time_seconds"]) == ("Ana", 0, 0.0)
    assert (report["conversations_taken"], report["avg_response_time_seconds"]) == (5, 40.0)


async def test_the_full_report_says_what_each_report_says() -> None:
    full = await told("reports/full", period="30d")

    parts = {
        "overview": "overview", "conversations": "conversations", "hourly": "conversations/hourly",
        "messages": "messages", "time_series": "time-series/messages", "contacts": "contacts", "chatbots": "chatbots",
        "agents": "agents",
    }  # fmt: skip
    for name, path in parts.items():
        assert full[name] == await told(path, period="30d"), name
    for name in ("costs", "campaigns"):
        assert full[name] == await told(name, days=30), name
    assert (full["period"], full["generated_at"]) == ("30d", "2026-03-04T09:30:15Z")


@pytest.mark.parametrize(("period", "days"), [("24h", 1), ("7d", 7), ("30d", 30), ("all", 0)])
async def test_periods_are_those_of_conversations(period: str, days: int) -> None:
    async with asking() as asker:
        busy(asker)
        for path in PATHS:
            assert (await asker.get(f"/api/v1/analytics/{path}", period=period)).status_code == 200
        asked = {days for _, _, _, days in asker.rights.dashboards.asked if isinstance(days, int)}

        assert asked == {days}
        assert (await asker.get("/api/v1/analytics/overview", period="8d")).status_code == 422


async def test_of_all_time_there_are_days_and_no_hours() -> None:
    async with asking() as asker:
        answer = await asker.get("/api/v1/analytics/time-series/messages", period="all", interval="hour")

        assert (answer.status_code, asker.rights.dashboards.asked) == (422, [])


@pytest.mark.parametrize("path", ["conversations/hourly", "messages", "time-series/messages"])
async def test_a_report_of_one_flow_asks_for_it_and_refuses_that_of_somebody_else(path: str) -> None:
    async with asking() as asker:
        busy(asker)
        assert (await asker.get(f"/api/v1/analytics/{path}", flow_id=CAKES)).status_code == 200
        assert {flow_id for _, _, flow_id, _ in asker.rights.dashboards.asked} == {UUID(CAKES)}
        answer = await asker.get(f"/api/v1/analytics/{path}", flow_id=uuid4())
        assert (answer.status_code, answer.json()["error_code"]) == (404, "FLOW_NOT_FOUND")


@pytest.mark.parametrize("path", PATHS)
async def test_without_any_record_everything_is_zero(path: str) -> None:
    async with asking() as asker:
        answer = (await asker.get(f"/api/v1/analytics/{path}")).json()

        assert all(number == 0 for number in _numbers(answer))


def _numbers(told: Any) -> list[float]:
    if isinstance(told, dict):
        return [number for key, part in told.items() if key not in ("hour", "period_days") for number in _numbers(part)]
    if isinstance(told, list):
        return [number for part in told for number in _numbers(part)]
    return [told] if isinstance(told, int | float) else []


@pytest.mark.parametrize("role", ["viewer", "agent"])
async def test_figures_are_for_those_who_lead(role: str) -> None:
    async with asking(role=role) as asker:
        for path in PATHS:
            assert (await asker.get(f"/api/v1/analytics/{path}")).status_code == 403
