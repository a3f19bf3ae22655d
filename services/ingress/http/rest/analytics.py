"""/api/v1/analytics and /api/v1/whatsapp-analytics: figures of conversations, and the log as a file."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.responses import StreamingResponse

from services.ingress.analytics import Analytics
from services.ingress.domain.analytics import PeriodName
from services.ingress.files import Form
from services.ingress.http.rest.analytics_models import (
    ConversationAnalytics,
    DailyActivity,
    FlowReport,
    FlowTranscript,
    NodesHeatmap,
    UserSegments,
)
from services.ingress.http.rest.auth import AnalyticsReader, LogExporter, ReportReader
from services.ingress.http.rest.conversations import Phone
from services.ingress.http.rest.cost_models import CampaignReport, CostReport
from services.ingress.http.rest.exports import as_file, file_answers
from services.ingress.http.rest.figure_models import DeliveryReport, FlowFunnel, Metrics, VersionComparison
from services.ingress.http.rest.flow_requests import LARGEST, NO_FLOW
from services.ingress.http.rest.models import Moment
from services.ingress.http.rest.refusals import refusals

Days = Annotated[
    int, Query(ge=1, le=365, description="How many days back, whole ones in the organization's time zone.")
]
OnlyFlow = Annotated[UUID | None, Query(description="Only this flow; left out, all.")]


class _Endpoints:
    """The methods."""

    def __init__(self, analytics: Analytics) -> None:
        self._analytics = analytics

    async def conversations(
        self,
        organization_id: AnalyticsReader,
        period: Annotated[PeriodName, Query(description="How far back; 24h is today and yesterday.")] = "7d",
        flow_id: OnlyFlow = None,
    ) -> ConversationAnalytics:
        """Your organization's conversations in figures. Permission: analytics:read.

        Days are whole ones in the organization's time zone. Figures follow what happens within some seconds.
        """
        found = await self._analytics.overview(organization_id=organization_id, period=period, flow_id=flow_id)
        return ConversationAnalytics.of(period, found)

    async def metrics(self, organization_id: AnalyticsReader, days: Days = 30, flow_id: OnlyFlow = None) -> Metrics:
        """Rates and response times. Permission: analytics:read."""
        figures = await self._analytics.figures(organization_id=organization_id, flow_id=flow_id, days=days)
        deliveries = await self._analytics.deliveries(organization_id=organization_id, flow_id=flow_id, days=days)
        return Metrics.of(days, figures, deliveries)

    async def deliveries(
        self, organization_id: AnalyticsReader, days: Days = 30, flow_id: OnlyFlow = None
    ) -> DeliveryReport:
        """What became of messages, by number and by Meta's error code. Permission: analytics:read."""
        found = await self._analytics.deliveries(organization_id=organization_id, flow_id=flow_id, days=days)
        return DeliveryReport.of(days, found)

    async def costs(self, organization_id: AnalyticsReader, days: Days = 30) -> CostReport:
        """How many delivered messages Meta charges, and as what, by number. Permission: analytics:read.

        Messages, not money: prices are Meta's, by your agreement with it.
        """
        return CostReport.of(days, await self._analytics.costs(organization_id=organization_id, days=days))

    async def campaigns(
        self,
        organization_id: AnalyticsReader,
        days: Days = 30,
        campaign_id: Annotated[UUID | None, Query(description="Only this campaign, whenever it was.")] = None,
    ) -> CampaignReport:
        """What became of campaigns of whose messages something was told in these days. Permission: analytics:read."""
        if campaign_id is None:
            return CampaignReport.of(days, await self._analytics.campaigns(organization_id=organization_id, days=days))
        found = await self._analytics.campaign(organization_id=organization_id, campaign_id=campaign_id, days=days)
        return CampaignReport.of(days, [found])

    async def funnel(
        self,
        organization_id: AnalyticsReader,
        flow_id: UUID,
        days: Days = 30,
        version: Annotated[int, Query(ge=0, le=LARGEST, description="Only this version; 0, all.")] = 0,
    ) -> FlowFunnel:
        """Where conversations went, and where they were dropped. Permission: analytics:read."""
        found = await self._analytics.funnel(
            organization_id=organization_id, flow_id=flow_id, days=days, version=version
        )
        return FlowFunnel.of(str(flow_id), days, version, found)

    async def versions(self, organization_id: AnalyticsReader, flow_id: UUID, days: Days = 30) -> VersionComparison:
        """A flow's versions beside each other, with confidence intervals. Permission: analytics:read."""
        found = await self._analytics.versions(organization_id=organization_id, flow_id=flow_id, days=days)
        return VersionComparison.of(str(flow_id), days, list(found))

    async def export(
        self,
        organization_id: LogExporter,
        form: Annotated[Form, Query(alias="format", description="csv with a header, jsonl, or parquet.")] = "jsonl",
        flow_id: OnlyFlow = None,
        since: Annotated[Moment | None, Query(description="From this moment on; left out, from the first.")] = None,
        until: Annotated[Moment | None, Query(description="Up to, and without, this moment.")] = None,
    ) -> StreamingResponse:
        """The log of conversations as a file, by time. Permission: analytics:export.

        In CSV, a text that a spreadsheet would take for a formula has an apostrophe before it.
        """
        parts = await self._analytics.export(
            organization_id=organization_id, form=form, flow_id=flow_id, since=since, until=until
        )
        return as_file(parts, "conversation-log", form)

    async def report(self, organization_id: ReportReader, flow_id: UUID, days: Days = 30) -> FlowReport:
        """A flow in figures. Permission: reports:read."""
        figures = await self._analytics.report(organization_id=organization_id, flow_id=flow_id, days=days)
        return FlowReport.of(str(flow_id), days, figures)

    async def heatmap(self, organization_id: ReportReader, flow_id: UUID, days: Days = 30) -> NodesHeatmap:
        """Messages by node. Permission: reports:read."""
        found = await self._analytics.heatmap(organization_id=organization_id, flow_id=flow_id, days=days)
        return NodesHeatmap.of(str(flow_id), days, found)

    async def days(self, organization_id: ReportReader, flow_id: UUID, days: Days = 30) -> DailyActivity:
        """Messages and contacts by day, in the organization's time zone. Permission: reports:read."""
        found = await self._analytics.days(organization_id=organization_id, flow_id=flow_id, days=days)
        return DailyActivity.of(str(flow_id), days, list(found))

    async def segments(self, organization_id: ReportReader, flow_id: UUID) -> UserSegments:
        """Contacts by how much they write, of all time. Permission: reports:read."""
        found = await self._analytics.segments(organization_id=organization_id, flow_id=flow_id)
        return UserSegments.of(str(flow_id), found)

    async def transcript(
        self,
        organization_id: ReportReader,
        phone: Phone,
        flow_id: Annotated[UUID, Query(description="The flow in which it was said.")],
    ) -> FlowTranscript:
        """What a contact and the bot said in a flow. Permission: reports:read."""
        found = await self._analytics.transcript(organization_id=organization_id, phone_number=phone, flow_id=flow_id)
        return FlowTranscript.of(phone, str(flow_id), found)


def analytics_routes(analytics: Analytics) -> APIRouter:
    """The routes, to be put under /api/v1."""
    endpoints = _Endpoints(analytics)
    routes = APIRouter(tags=["analytics"])
    missing = refusals(on_404=NO_FLOW)
    for path, endpoint, summary in (
        ("/analytics/conversations", endpoints.conversations, "Conversations in figures"),
        ("/analytics/metrics", endpoints.metrics, "Rates and response times"),
        ("/analytics/deliveries", endpoints.deliveries, "What became of messages"),
        ("/analytics/flows/{flow_id}/funnel", endpoints.funnel, "Where conversations went"),
        ("/analytics/flows/{flow_id}/versions", endpoints.versions, "Compare versions"),
        ("/whatsapp-analytics/flows/{flow_id}/report", endpoints.report, "A flow in figures"),
        ("/whatsapp-analytics/flows/{flow_id}/nodes-heatmap", endpoints.heatmap, "Messages by node"),
        ("/whatsapp-analytics/flows/{flow_id}/daily-activity", endpoints.days, "A flow by day"),
        ("/whatsapp-analytics/flows/{flow_id}/user-segments", endpoints.segments, "Contacts by how much they write"),
    ):
        routes.add_api_route(path, endpoint, summary=summary, responses=missing)
    routes.add_api_route(
        "/analytics/costs", endpoints.costs, summary="What messages are charged as", responses=refusals()
    )
    routes.add_api_route(
        "/analytics/campaigns",
        endpoints.campaigns,
        summary="What became of campaigns",
        responses=refusals(on_404="No campaign has this id: CAMPAIGN_NOT_FOUND"),
    )
    routes.add_api_route(
        "/whatsapp-analytics/conversations/{phone}/transcript",
        endpoints.transcript,
        summary="What was said in a flow",
        responses=refusals(on_404=f"Conversation not found: CONVERSATION_NOT_FOUND; {NO_FLOW}"),
    )
    routes.add_api_route(
        "/analytics/export",
        endpoints.export,
        summary="The log as a file",
        response_class=StreamingResponse,
        responses=missing | file_answers("csv", "jsonl", "parquet"),
    )
    return routes
