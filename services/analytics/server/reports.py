"""What was recorded, for people."""

from __future__ import annotations

from datetime import UTC

from grpc import aio

from services.analytics.server import answers
from services.analytics.server.ids import uuid_of, uuid_or_none
from services.analytics.usecases import Reports
from services.pb.analytics.v1 import analytics_pb2, analytics_pb2_grpc


class ReportsServer(analytics_pb2_grpc.ReportsServicer):
    """What was recorded, for people."""

    def __init__(self, reports: Reports) -> None:
        self._reports = reports

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
