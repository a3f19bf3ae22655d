"""/api/v1/analytics/…: an organization at a glance, and what its hours, contacts, chatbots and agents come to."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel

from services.ingress.dashboards import Dashboards
from services.ingress.domain.analytics import PeriodName
from services.ingress.domain.dashboards import Interval
from services.ingress.http.rest.analytics import OnlyFlow
from services.ingress.http.rest.auth import AnalyticsReader
from services.ingress.http.rest.dashboard_models import (
    ContactReport,
    DashboardOverview,
    HourlyConversations,
    MessageReport,
    MessageSeries,
)
from services.ingress.http.rest.flow_requests import NO_FLOW
from services.ingress.http.rest.refusals import refusals
from services.ingress.http.rest.team_models import AgentAnalytics, ChatbotAnalytics, FullReport

Period = Annotated[
    PeriodName,
    Query(description="How far back: whole days where the organization lives; 24h is today and yesterday."),
]


_Routes = tuple[tuple[str, Callable[..., Awaitable[BaseModel]], str], ...]


class _Endpoints:
    """The methods."""

    def __init__(self, dashboards: Dashboards) -> None:
        self._dashboards = dashboards

    async def overview(self, organization_id: AnalyticsReader, period: Period = "7d") -> DashboardOverview:
        """Your organization at a glance. Permission: analytics:read."""
        found = await self._dashboards.dashboard(organization_id=organization_id, period=period)
        return DashboardOverview.of(period, found)

    async def hourly(
        self, organization_id: AnalyticsReader, period: Period = "7d", flow_id: OnlyFlow = None
    ) -> HourlyConversations:
        """Conversations and messages by hour of the day, and by weekday. Permission: analytics:read."""
        found = await self._dashboards.hours(organization_id=organization_id, period=period, flow_id=flow_id)
        return HourlyConversations.of(period, found)

    async def messages(
        self, organization_id: AnalyticsReader, period: Period = "7d", flow_id: OnlyFlow = None
    ) -> MessageReport:
        """Messages, and how many were delivered and read. Permission: analytics:read."""
        found = await self._dashboards.messages(organization_id=organization_id, period=period, flow_id=flow_id)
        return MessageReport.of(period, found)

    async def series(
        self,
        organization_id: AnalyticsReader,
        period: Period = "7d",
        interval: Annotated[Interval, Query(description="Days or hours; of all time there are days alone.")] = "day",
        flow_id: OnlyFlow = None,
    ) -> MessageSeries:
        """Messages over time, by day or by hour. Permission: analytics:read."""
        found = await self._dashboards.series(
            organization_id=organization_id, period=period, flow_id=flow_id, interval=interval
        )
        return MessageSeries.of(period, interval, found)

    async def contacts(self, organization_id: AnalyticsReader, period: Period = "7d") -> ContactReport:
        """New and returning contacts. Permission: analytics:read."""
        found, messages = await self._dashboards.audience(organization_id=organization_id, period=period)
        return ContactReport.of(period, found, messages)

    async def chatbots(self, organization_id: AnalyticsReader, period: Period = "7d") -> ChatbotAnalytics:
        """Chatbots side by side, by their flows. Permission: analytics:read."""
        found = await self._dashboards.chatbots(organization_id=organization_id, period=period)
        return ChatbotAnalytics.of(period, found)

    async def agents(self, organization_id: AnalyticsReader, period: Period = "7d") -> AgentAnalytics:
        """What agents did, and how long contacts waited for them. Permission: analytics:read."""
        found = await self._dashboards.agents(organization_id=organization_id, period=period)
        return AgentAnalytics.of(period, found)

    async def full(self, organization_id: AnalyticsReader, period: Period = "7d") -> FullReport:
        """All reports of a period in one document. Permission: analytics:read."""
        found = await self._dashboards.everything(organization_id=organization_id, period=period)
        return FullReport.of(period, found)


def dashboard_routes(dashboards: Dashboards) -> APIRouter:
    """The routes, to be put under /api/v1/analytics."""
    endpoints = _Endpoints(dashboards)
    routes = APIRouter(prefix="/analytics", tags=["analytics"])
    of_all: _Routes = (
        ("/overview", endpoints.overview, "An organization at a glance"),
        ("/contacts", endpoints.contacts, "New and returning contacts"),
        ("/chatbots", endpoints.chatbots, "Chatbots side by side"),
        ("/agents", endpoints.agents, "What agents did"),
        ("/reports/full", endpoints.full, "All reports in one document"),
    )
    of_a_flow: _Routes = (
        ("/conversations/hourly", endpoints.hourly, "Conversations by hour"),
        ("/messages", endpoints.messages, "Messages in figures"),
        ("/time-series/messages", endpoints.series, "Messages over time"),
    )
    for path, endpoint, summary in of_all:
        routes.add_api_route(path, endpoint, summary=summary, responses=refusals())
    for path, endpoint, summary in of_a_flow:
        routes.add_api_route(path, endpoint, summary=summary, responses=refusals(on_404=NO_FLOW))
    return routes
