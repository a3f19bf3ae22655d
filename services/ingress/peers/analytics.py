"""analytics' reports, as the REST API sees them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from services.chassis.rpc import Peer
from services.ingress.domain.analytics import (
    CampaignResults,
    Charge,
    DayActivity,
    Deliveries,
    EdgeFigures,
    Figures,
    FlowFigures,
    Funnel,
    Heatmap,
    LogPage,
    LogRecord,
    NodeFigures,
    NumberCosts,
    NumberDeliveries,
    Overview,
    Segments,
    VersionFigures,
)
from services.pb.analytics.v1 import analytics_pb2, analytics_pb2_grpc

# A person waits for it.
_SECONDS = 3.0
# Some hundred texts, read from the log.
_PAGE_SECONDS = 10.0
_RECORDS_AT_ONCE = 1000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class GrpcReports:
    """See ports.Reports."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer
        self._reports = peer.stub(analytics_pb2_grpc.ReportsStub)

    async def overview(self, *, organization_id: UUID, flow_id: UUID | None, days: int) -> Overview:
        """See ports.Reports."""
        request = analytics_pb2.GetOverviewRequest(
            organization_id=str(organization_id), flow_id=_text_of(flow_id), days=days
        )
        told = await self._peer.call(self._reports.GetOverview, request, seconds=_SECONDS)
        flows = [FlowFigures(each.flow_id, "", each.conversations, each.completed) for each in told.flows]
        return Overview(_figures(told.period, told.figures, told.durations), flows)

    async def flow_report(self, *, organization_id: UUID, flow_id: UUID, days: int) -> Figures:
        """See ports.Reports."""
        request = analytics_pb2.GetFlowReportRequest(
            organization_id=str(organization_id), flow_id=str(flow_id), days=days
        )
        told = await self._peer.call(self._reports.GetFlowReport, request, seconds=_SECONDS)
        return _figures(told.period, told.figures, told.durations)

    async def heatmap(self, *, organization_id: UUID, flow_id: UUID, days: int) -> Heatmap:
        """See ports.Reports."""
        request = analytics_pb2.GetNodeHeatmapRequest(
            organization_id=str(organization_id), flow_id=str(flow_id), days=days
        )
        told = await self._peer.call(self._reports.GetNodeHeatmap, request, seconds=_SECONDS)
        return Heatmap([(each.node_id, each.visits) for each in told.nodes], told.total_visits)

    async def days(self, *, organization_id: UUID, flow_id: UUID, days: int) -> list[DayActivity]:
        """See ports.Reports."""
        request = analytics_pb2.GetDailyActivityRequest(
            organization_id=str(organization_id), flow_id=str(flow_id), days=days
        )
        told = await self._peer.call(self._reports.GetDailyActivity, request, seconds=_SECONDS)
        return [DayActivity(date.fromisoformat(each.date), each.messages, each.contacts) for each in told.days]

    async def segments(self, *, organization_id: UUID, flow_id: UUID) -> Segments:
        """See ports.Reports."""
        request = analytics_pb2.GetUserSegmentsRequest(organization_id=str(organization_id), flow_id=str(flow_id))
        told = await self._peer.call(self._reports.GetUserSegments, request, seconds=_SECONDS)
        return Segments(told.contacts, told.power, told.active)

    async def funnel(self, *, organization_id: UUID, flow_id: UUID, days: int, version: int) -> Funnel:
        """See ports.Reports."""
        request = analytics_pb2.GetFunnelRequest(
            organization_id=str(organization_id), flow_id=str(flow_id), days=days, flow_version=version
        )
        told = await self._peer.call(self._reports.GetFunnel, request, seconds=_SECONDS)
        return Funnel(
            [
                NodeFigures(
                    node_id=each.node_id,
                    entered=each.entered,
                    left=each.left,
                    finished=each.finished,
                    dropped=each.dropped,
                    invalid_answers=each.invalid_answers,
                    contact_messages=each.contact_messages,
                    handed_over=each.handed_over,
                )
                for each in told.nodes
            ],
            [EdgeFigures(each.source, each.handle, each.target, each.passed) for each in told.edges],
        )

    async def versions(self, *, organization_id: UUID, flow_id: UUID, days: int) -> list[VersionFigures]:
        """See ports.Reports."""
        request = analytics_pb2.GetVersionsRequest(
            organization_id=str(organization_id), flow_id=str(flow_id), days=days
        )
        told = await self._peer.call(self._reports.GetVersions, request, seconds=_SECONDS)
        return [
            VersionFigures(
                version=each.flow_version,
                conversations=each.conversations,
                completed=each.completed,
                finished=each.finished,
                finish_rate=each.finish_rate,
                low=each.finish_rate_low,
                high=each.finish_rate_high,
                average_duration=each.average_seconds,
            )
            for each in told.versions
        ]

    async def deliveries(self, *, organization_id: UUID, flow_id: UUID | None, days: int) -> Deliveries:
        """See ports.Reports."""
        request = analytics_pb2.GetDeliveriesRequest(
            organization_id=str(organization_id), flow_id=_text_of(flow_id), days=days
        )
        told = await self._peer.call(self._reports.GetDeliveries, request, seconds=_SECONDS)
        return Deliveries(
            [
                NumberDeliveries(
                    phone_number_id=each.phone_number_id,
                    accepted=each.accepted,
                    delivered=each.delivered,
                    read=each.read,
                    failed=each.failed,
                )
                for each in told.numbers
            ],
            [(each.error_code, each.messages) for each in told.failures],
        )

    async def costs(self, *, organization_id: UUID, days: int) -> list[NumberCosts]:
        """See ports.Reports."""
        request = analytics_pb2.GetCostsRequest(organization_id=str(organization_id), days=days)
        told = await self._peer.call(self._reports.GetCosts, request, seconds=_SECONDS)
        return [
            NumberCosts(
                phone_number_id=number.phone_number_id,
                delivered=number.delivered,
                billed=number.billed,
                free=number.free,
                unpriced=number.unpriced,
                charges=[
                    Charge(
                        category=each.pricing_category,
                        type=each.pricing_type,
                        calling_code=each.calling_code,
                        messages=each.messages,
                        is_billed=each.is_billed,
                    )
                    for each in number.charges
                ],
            )
            for number in told.numbers
        ]

    async def campaigns(self, *, organization_id: UUID, campaign_id: UUID | None, days: int) -> list[CampaignResults]:
        """See ports.Reports."""
        request = analytics_pb2.GetCampaignsRequest(
            organization_id=str(organization_id), campaign_id=_text_of(campaign_id), days=days
        )
        told = await self._peer.call(self._reports.GetCampaigns, request, seconds=_SECONDS)
        return [
            CampaignResults(
                campaign_id=each.campaign_id,
                name="",
                last_day=date.fromisoformat(each.last_day),
                sent=each.sent,
                delivered=each.delivered,
                read=each.read,
                failed=each.failed,
                retries=each.retries,
                failures=[(failure.error_code, failure.messages) for failure in each.failures],
            )
            for each in told.campaigns
        ]

    async def records(
        self,
        *,
        organization_id: UUID,
        flow_id: UUID | None,
        since: datetime | None,
        until: datetime | None,
        cursor: str,
        phone_number: str = "",
        only_messages: bool = False,
    ) -> LogPage:
        """See ports.Reports."""
        request = analytics_pb2.ListRecordsRequest(
            organization_id=str(organization_id),
            flow_id=_text_of(flow_id),
            limit=_RECORDS_AT_ONCE,
            cursor=cursor,
            phone_number=phone_number,
            only_messages=only_messages,
        )
        if since is not None:
            request.since.FromDatetime(since)
        if until is not None:
            request.until.FromDatetime(until)
        told = await self._peer.call(self._reports.ListRecords, request, seconds=_PAGE_SECONDS)
        return LogPage([log_record_of(each) for each in told.records], told.cursor)


def _figures(
    period: analytics_pb2.Period, figures: analytics_pb2.Figures, durations: analytics_pb2.Durations
) -> Figures:
    return Figures(
        start=period.start.ToDatetime(UTC),
        end=period.end.ToDatetime(UTC),
        conversations=figures.conversations,
        completed=figures.completed,
        finished=figures.finished,
        from_contacts=figures.contact_messages,
        from_bot=figures.bot_messages,
        contacts=figures.contacts,
        invalid_answers=figures.invalid_answers,
        handed_over=figures.handed_over,
        contact_response=figures.contact_response_seconds,
        agent_response=figures.agent_response_seconds,
        limits_reached=figures.limits_reached,
        failed_effects=figures.failed_effects,
        average_duration=durations.average_seconds,
        longest=durations.max_seconds,
        shortest=durations.min_seconds,
    )


def log_record_of(told: analytics_pb2.Record) -> LogRecord:
    """A record as a line of a file."""
    moment = _EPOCH + timedelta(microseconds=told.occurred_at_us)
    return LogRecord(
        {
            "occurred_at": f"{moment.isoformat(timespec='microseconds').removesuffix('+00:00')}Z",
            "record_id": told.record_id,
            "sequence": told.sequence,
            "kind": analytics_pb2.RecordKind.Name(told.kind).removeprefix("RECORD_KIND_").lower(),
            "conversation_id": told.conversation_id,
            "phone_number": told.phone_number,
            "flow_id": told.flow_id,
            "flow_version": told.flow_version,
            "node_id": told.node_id,
            "text": told.text,
            "status": told.status,
            "former_status": told.former_status,
            "error_code": told.error_code,
            "phone_number_id": told.phone_number_id,
            "answered_after_us": told.answered_after_us,
            "path": " > ".join(told.path),
            "pricing_category": told.pricing_category,
            "pricing_type": told.pricing_type,
            "campaign_id": told.campaign_id,
            "campaign_try": told.campaign_try,
            "agent_id": told.agent_id,
        }
    )


def _text_of(value: UUID | None) -> str:
    return str(value) if value else ""
