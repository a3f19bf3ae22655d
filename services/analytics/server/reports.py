"""What was recorded, for people."""

from __future__ import annotations

from datetime import UTC

from grpc import aio

from services.analytics.server import answers, dashboards
from services.analytics.server.ids import uuid_of, uuid_or_none
from services.analytics.usecases import Dashboards, Reports
from services.pb.analytics.v1 import analytics_pb2, analytics_pb2_grpc


class ReportsServer(analytics_pb2_grpc.ReportsServicer):
    """What was recorded, for people."""

    def __init__(self, reports: Reports, dashboards: Dashboards) -> None:
        self._reports = reports
        self._dashboards = dashboards

    async def GetTranscript(
        self,
        request: analytics_pb2.GetTranscriptRequest,
        context: aio.ServicerContext,  # type: ignore[type-arg]  # the types of request and response are named here
    ) -> analytics_pb2.GetTranscriptResponse:
        """The messages of a contact, oldest first."""
        transcript = await self._reports.transcript(
            organization_id=uuid_of("organization_id", request.organization_id),
            phone_number=request.phone_number,
            flow_id=uuid_or_none("flow_id", request.flow_id),
            skip=request.skip,
            limit=request.limit,
        )
        messages = [answers.message(message) for message in transcript.messages]
        return analytics_pb2.GetTranscriptResponse(messages=messages, total=transcript.total)

    async def GetCounts(
        self,
        request: analytics_pb2.GetCountsRequest,
        context: aio.ServicerContext,  # type: ignore[type-arg]  # the types of request and response are named here
    ) -> analytics_pb2.GetCountsResponse:
        """Counts per conversation, flow and node."""
        counts = await self._reports.counts(
            organization_id=uuid_of("organization_id", request.organization_id),
            flow_id=uuid_or_none("flow_id", request.flow_id),
        )
        return answers.counts(counts)

    async def GetOverview(
        self,
        request: analytics_pb2.GetOverviewRequest,
        context: aio.ServicerContext,  # type: ignore[type-arg]  # the types of request and response are named here
    ) -> analytics_pb2.GetOverviewResponse:
        """An organization's figures."""
        period, found = await self._reports.overview(
            organization_id=uuid_of("organization_id", request.organization_id),
            flow_id=uuid_or_none("flow_id", request.flow_id),
            days=request.days,
        )
        return answers.overview(period, found)

    async def GetFlowReport(
        self,
        request: analytics_pb2.GetFlowReportRequest,
        context: aio.ServicerContext,  # type: ignore[type-arg]  # the types of request and response are named here
    ) -> analytics_pb2.GetFlowReportResponse:
        """A flow's figures."""
        period, found = await self._reports.flow_report(
            organization_id=uuid_of("organization_id", request.organization_id),
            flow_id=uuid_of("flow_id", request.flow_id),
            days=request.days,
        )
        return answers.flow_report(period, found)

    async def GetNodeHeatmap(
        self,
        request: analytics_pb2.GetNodeHeatmapRequest,
        context: aio.ServicerContext,  # type: ignore[type-arg]  # the types of request and response are named here
    ) -> analytics_pb2.GetNodeHeatmapResponse:
        """Messages by node, most first."""
        found = await self._reports.heatmap(
            organization_id=uuid_of("organization_id", request.organization_id),
            flow_id=uuid_of("flow_id", request.flow_id),
            days=request.days,
        )
        return answers.heatmap(found)

    async def GetDailyActivity(
        self,
        request: analytics_pb2.GetDailyActivityRequest,
        context: aio.ServicerContext,  # type: ignore[type-arg]  # the types of request and response are named here
    ) -> analytics_pb2.GetDailyActivityResponse:
        """Days with messages."""
        found = await self._reports.days(
            organization_id=uuid_of("organization_id", request.organization_id),
            flow_id=uuid_of("flow_id", request.flow_id),
            days=request.days,
        )
        return answers.days(found)

    async def GetUserSegments(
        self,
        request: analytics_pb2.GetUserSegmentsRequest,
        context: aio.ServicerContext,  # type: ignore[type-arg]  # the types of request and response are named here
    ) -> analytics_pb2.GetUserSegmentsResponse:
        """How much contacts write."""
        found = await self._reports.segments(
            organization_id=uuid_of("organization_id", request.organization_id),
            flow_id=uuid_of("flow_id", request.flow_id),
        )
        return analytics_pb2.GetUserSegmentsResponse(
            contacts=found.contacts, power=found.power, active=found.active - found.power
        )

    async def GetFunnel(
        self,
        request: analytics_pb2.GetFunnelRequest,
        context: aio.ServicerContext,  # type: ignore[type-arg]  # the types of request and response are named here
    ) -> analytics_pb2.GetFunnelResponse:
        """Where conversations went."""
        found = await self._reports.funnel(
            organization_id=uuid_of("organization_id", request.organization_id),
            flow_id=uuid_of("flow_id", request.flow_id),
            days=request.days,
            flow_version=request.flow_version,
        )
        return answers.funnel(found)

    async def GetVersions(
        self,
        request: analytics_pb2.GetVersionsRequest,
        context: aio.ServicerContext,  # type: ignore[type-arg]  # the types of request and response are named here
    ) -> analytics_pb2.GetVersionsResponse:
        """A flow's versions beside each other."""
        found = await self._reports.versions(
            organization_id=uuid_of("organization_id", request.organization_id),
            flow_id=uuid_of("flow_id", request.flow_id),
            days=request.days,
        )
        return answers.versions(found)

    async def GetDeliveries(
        self,
        request: analytics_pb2.GetDeliveriesRequest,
        context: aio.ServicerContext,  # type: ignore[type-arg]  # the types of request and response are named here
    ) -> analytics_pb2.GetDeliveriesResponse:
        """What became of messages."""
        found = await self._reports.deliveries(
            organization_id=uuid_of("organization_id", request.organization_id),
            flow_id=uuid_or_none("flow_id", request.flow_id),
            days=request.days,
        )
        return answers.deliveries(found)

    async def GetCosts(
        self,
        request: analytics_pb2.GetCostsRequest,
        context: aio.ServicerContext,  # type: ignore[type-arg]  # the types of request and response are named here
    ) -> analytics_pb2.GetCostsResponse:
        """What delivered messages are charged as."""
        found = await self._reports.costs(
            organization_id=uuid_of("organization_id", request.organization_id), days=request.days
        )
        return answers.costs(found)

    async def GetCampaigns(
        self,
        request: analytics_pb2.GetCampaignsRequest,
        context: aio.ServicerContext,  # type: ignore[type-arg]  # the types of request and response are named here
    ) -> analytics_pb2.GetCampaignsResponse:
        """What became of campaigns' messages."""
        found = await self._reports.campaigns(
            organization_id=uuid_of("organization_id", request.organization_id),
            campaign_id=uuid_or_none("campaign_id", request.campaign_id),
            days=request.days,
        )
        return answers.campaigns(found)

    async def GetBusyHours(
        self,
        request: analytics_pb2.GetBusyHoursRequest,
        context: aio.ServicerContext,  # type: ignore[type-arg]  # the types of request and response are named here
    ) -> analytics_pb2.GetBusyHoursResponse:
        """Hours of the week."""
        local, found = await self._dashboards.hours(
            organization_id=uuid_of("organization_id", request.organization_id),
            flow_id=uuid_or_none("flow_id", request.flow_id),
            days=request.days,
        )
        return dashboards.hours(local, found)

    async def GetMessageSeries(
        self,
        request: analytics_pb2.GetMessageSeriesRequest,
        context: aio.ServicerContext,  # type: ignore[type-arg]  # the types of request and response are named here
    ) -> analytics_pb2.GetMessageSeriesResponse:
        """Messages over time."""
        local, found = await self._dashboards.series(
            organization_id=uuid_of("organization_id", request.organization_id),
            flow_id=uuid_or_none("flow_id", request.flow_id),
            days=request.days,
            is_by_hour=request.is_by_hour,
        )
        return dashboards.series(local, found)

    async def GetContactFigures(
        self,
        request: analytics_pb2.GetContactFiguresRequest,
        context: aio.ServicerContext,  # type: ignore[type-arg]  # the types of request and response are named here
    ) -> analytics_pb2.GetContactFiguresResponse:
        """Contacts of a period."""
        local, found = await self._dashboards.contacts(
            organization_id=uuid_of("organization_id", request.organization_id),
            days=request.days,
        )
        return dashboards.contacts(local, found)

    async def GetFlowTotals(
        self,
        request: analytics_pb2.GetFlowTotalsRequest,
        context: aio.ServicerContext,  # type: ignore[type-arg]  # the types of request and response are named here
    ) -> analytics_pb2.GetFlowTotalsResponse:
        """Flows side by side."""
        local, found = await self._dashboards.flows(
            organization_id=uuid_of("organization_id", request.organization_id),
            days=request.days,
        )
        return dashboards.flows(local, found)

    async def GetAgentFigures(
        self,
        request: analytics_pb2.GetAgentFiguresRequest,
        context: aio.ServicerContext,  # type: ignore[type-arg]  # the types of request and response are named here
    ) -> analytics_pb2.GetAgentFiguresResponse:
        """What agents did."""
        local, found = await self._dashboards.agents(
            organization_id=uuid_of("organization_id", request.organization_id),
            days=request.days,
        )
        return dashboards.agents(local, found)

    async def ListRecords(
        self,
        request: analytics_pb2.ListRecordsRequest,
        context: aio.ServicerContext,  # type: ignore[type-arg]  # the types of request and response are named here
    ) -> analytics_pb2.ListRecordsResponse:
        """Records by time."""
        page = await self._reports.records(
            organization_id=uuid_of("organization_id", request.organization_id),
            flow_id=uuid_or_none("flow_id", request.flow_id),
            since=request.since.ToDatetime(UTC) if request.HasField("since") else None,
            until=request.until.ToDatetime(UTC) if request.HasField("until") else None,
            limit=request.limit,
            cursor=request.cursor,
            phone_number=request.phone_number,
            only_messages=request.only_messages,
        )
        return answers.records(request.organization_id, page)
