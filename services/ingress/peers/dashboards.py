"""analytics' figures of an organization as a whole, as the REST API sees them."""

from __future__ import annotations

from datetime import UTC, date
from uuid import UUID

from services.chassis.rpc import Peer
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
from services.pb.analytics.v1 import analytics_pb2, analytics_pb2_grpc

# A person waits for it.
_SECONDS = 3.0


class GrpcDashboards:
    """See ports.dashboards.DashboardReports."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer
        self._reports = peer.stub(analytics_pb2_grpc.ReportsStub)

    async def hours(self, *, organization_id: UUID, flow_id: UUID | None, days: int) -> BusyHours:
        """See DashboardReports."""
        request = analytics_pb2.GetBusyHoursRequest(
            organization_id=str(organization_id), flow_id=_text_of(flow_id), days=days
        )
        told = await self._peer.call(self._reports.GetBusyHours, request, seconds=_SECONDS)
        hours = [
            HourFigures(each.weekday, each.hour, each.contact_messages, each.bot_messages, each.started)
            for each in told.hours
        ]
        return BusyHours(told.time_zone, hours)

    async def series(self, *, organization_id: UUID, flow_id: UUID | None, days: int, is_by_hour: bool) -> Series:
        """See DashboardReports."""
        request = analytics_pb2.GetMessageSeriesRequest(
            organization_id=str(organization_id), flow_id=_text_of(flow_id), days=days, is_by_hour=is_by_hour
        )
        told = await self._peer.call(self._reports.GetMessageSeries, request, seconds=_SECONDS)
        return Series(
            time_zone=told.time_zone,
            points=[
                SeriesPoint(
                    date.fromisoformat(each.date), each.hour, each.contact_messages, each.bot_messages, each.started
                )
                for each in told.points
            ],
            first_day=date.fromisoformat(told.first_date),
            last_day=date.fromisoformat(told.last_date),
            end=told.period.end.ToDatetime(UTC),
        )

    async def audience(self, *, organization_id: UUID, days: int) -> Audience:
        """See DashboardReports."""
        request = analytics_pb2.GetContactFiguresRequest(organization_id=str(organization_id), days=days)
        told = await self._peer.call(self._reports.GetContactFigures, request, seconds=_SECONDS)
        found = [
            ContactDay(date.fromisoformat(each.date), each.active_contacts, each.new_contacts) for each in told.days
        ]
        return Audience(told.active_contacts, told.new_contacts, told.total_contacts, found)

    async def flow_totals(self, *, organization_id: UUID, days: int) -> list[FlowTotals]:
        """See DashboardReports."""
        request = analytics_pb2.GetFlowTotalsRequest(organization_id=str(organization_id), days=days)
        told = await self._peer.call(self._reports.GetFlowTotals, request, seconds=_SECONDS)
        return [
            FlowTotals(
                flow_id=each.flow_id,
                conversations=each.conversations,
                completed=each.completed,
                finished=each.finished,
                from_contacts=each.contact_messages,
                from_bot=each.bot_messages,
                handed_over=each.handed_over,
                steps=each.steps,
                average_duration=each.average_seconds,
            )
            for each in told.flows
        ]

    async def agents(self, *, organization_id: UUID, days: int) -> list[AgentFigures]:
        """See DashboardReports."""
        request = analytics_pb2.GetAgentFiguresRequest(organization_id=str(organization_id), days=days)
        told = await self._peer.call(self._reports.GetAgentFigures, request, seconds=_SECONDS)
        return [
            AgentFigures(
                agent_id=each.agent_id,
                taken=each.taken,
                released=each.released,
                closed=each.closed,
                transferred=each.transferred,
                first_responses=each.first_responses,
                first_response=each.first_response_seconds,
                responses=each.responses,
                response=each.response_seconds,
                handled=each.handled,
                handling=each.handling_seconds,
            )
            for each in told.agents
        ]


def _text_of(value: UUID | None) -> str:
    return str(value) if value else ""
