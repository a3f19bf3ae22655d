"""What people are told of their organization at a glance: each report is put together of what rooms know."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from uuid import UUID

from services.chassis.errors import InvalidArgument
from services.ingress.analytics import Analytics, refuse_unknown
from services.ingress.domain.analytics import PERIOD_DAYS, Overview, PeriodName
from services.ingress.domain.dashboards import (
    AgentFigures,
    Audience,
    BusyHours,
    Chatbots,
    ChatbotTotals,
    Dashboard,
    Everything,
    FlowTotals,
    Interval,
    MessageFigures,
    Series,
    Team,
)
from services.ingress.ports import Executor, Reports
from services.ingress.ports.dashboards import DashboardReports
from services.ingress.ports.people import Settings
from services.ingress.ports.queues import Queues


class Dashboards:
    """Reports by period. A flow that the organization does not have is NotFound; all raise Unavailable."""

    def __init__(
        self,
        *,
        executor: Executor,
        settings: Settings,
        queues: Queues,
        reports: Reports,
        dashboards: DashboardReports,
        analytics: Analytics,
    ) -> None:
        """Names come from `executor` (flows), `settings` (chatbots) and `queues` (agents), figures from the others."""
        self._executor = executor
        self._settings = settings
        self._queues = queues
        self._reports = reports
        self._dashboards = dashboards
        self._analytics = analytics

    async def dashboard(self, *, organization_id: UUID, period: PeriodName) -> Dashboard:
        """Everything at a glance."""
        days = PERIOD_DAYS[period]
        reading = self._dashboards
        (overview, deliveries), (hours, series, audience), (chatbots, team) = await asyncio.gather(
            asyncio.gather(
                self._reports.overview(organization_id=organization_id, flow_id=None, days=days),
                self._reports.deliveries(organization_id=organization_id, flow_id=None, days=days),
            ),
            asyncio.gather(
                reading.hours(organization_id=organization_id, flow_id=None, days=days),
                reading.series(organization_id=organization_id, flow_id=None, days=days, is_by_hour=False),
                reading.audience(organization_id=organization_id, days=days),
            ),
            asyncio.gather(
                self.chatbots(organization_id=organization_id, period=period),
                self.agents(organization_id=organization_id, period=period),
            ),
        )
        flows = [replace(flow, flow_name=chatbots.names.get(flow.flow_id, "")) for flow in overview.flows]
        return Dashboard(
            overview=Overview(overview.figures, flows),
            hours=hours,
            series=series,
            audience=audience,
            chatbots=chatbots,
            team=team,
            deliveries=deliveries,
        )

    async def everything(self, *, organization_id: UUID, period: PeriodName) -> Everything:
        """All reports."""
        days = PERIOD_DAYS[period]
        dashboard, costs, campaigns = await asyncio.gather(
            self.dashboard(organization_id=organization_id, period=period),
            self._analytics.costs(organization_id=organization_id, days=days),
            self._analytics.campaigns(organization_id=organization_id, days=days),
        )
        return Everything(dashboard=dashboard, costs=costs, campaigns=campaigns)

    async def hours(self, *, organization_id: UUID, period: PeriodName, flow_id: UUID | None) -> BusyHours:
        """When it is busy."""
        await self._refuse_unknown(organization_id, flow_id)
        return await self._dashboards.hours(organization_id=organization_id, flow_id=flow_id, days=PERIOD_DAYS[period])

    async def messages(self, *, organization_id: UUID, period: PeriodName, flow_id: UUID | None) -> MessageFigures:
        """Messages and what became of them."""
        await self._refuse_unknown(organization_id, flow_id)
        days = PERIOD_DAYS[period]
        overview, deliveries, hours, series = await asyncio.gather(
            self._reports.overview(organization_id=organization_id, flow_id=flow_id, days=days),
            self._reports.deliveries(organization_id=organization_id, flow_id=flow_id, days=days),
            self._dashboards.hours(organization_id=organization_id, flow_id=flow_id, days=days),
            self._dashboards.series(organization_id=organization_id, flow_id=flow_id, days=days, is_by_hour=False),
        )
        return MessageFigures(figures=overview.figures, hours=hours, series=series, deliveries=deliveries)

    async def series(
        self, *, organization_id: UUID, period: PeriodName, flow_id: UUID | None, interval: Interval
    ) -> Series:
        """Messages over time. Raises InvalidArgument for hours of all time."""
        is_by_hour, days = interval == "hour", PERIOD_DAYS[period]
        if is_by_hour and not days:
            raise InvalidArgument("interval: of all time there are days alone; use day, or a shorter period")
        await self._refuse_unknown(organization_id, flow_id)
        return await self._dashboards.series(
            organization_id=organization_id, flow_id=flow_id, days=days, is_by_hour=is_by_hour
        )

    async def audience(self, *, organization_id: UUID, period: PeriodName) -> tuple[Audience, int]:
        """Contacts, and how many messages there were of both sides."""
        days = PERIOD_DAYS[period]
        audience, overview = await asyncio.gather(
            self._dashboards.audience(organization_id=organization_id, days=days),
            self._reports.overview(organization_id=organization_id, flow_id=None, days=days),
        )
        return audience, overview.figures.messages

    async def chatbots(self, *, organization_id: UUID, period: PeriodName) -> Chatbots:
        """Chatbots by the flows they run, most conversations first; and the other flows."""
        flows, chatbots, totals = await asyncio.gather(
            self._executor.list_flows(organization_id=organization_id),
            self._settings.chatbots(organization_id=organization_id),
            self._dashboards.flow_totals(organization_id=organization_id, days=PERIOD_DAYS[period]),
        )
        names = {flow.id: flow.name for flow in flows}
        by_flow = {each.flow_id: each for each in totals if each.flow_id}
        found = [
            ChatbotTotals(
                chatbot,
                names.get(chatbot.main_flow_id, ""),
                by_flow.get(chatbot.main_flow_id, FlowTotals(flow_id=chatbot.main_flow_id)),
            )
            for chatbot in chatbots
        ]
        found.sort(key=lambda each: (-each.totals.conversations, each.chatbot.name, each.chatbot.id))
        mains = {chatbot.main_flow_id for chatbot in chatbots}
        others = [(names.get(flow_id, ""), each) for flow_id, each in by_flow.items() if flow_id not in mains]
        return Chatbots(found, others, totals, names)

    async def agents(self, *, organization_id: UUID, period: PeriodName) -> Team:
        """What agents did, most conversations first; also those who did nothing, and those who are gone."""
        agents, figures = await asyncio.gather(
            self._queues.agents(organization_id=organization_id),
            self._dashboards.agents(organization_id=organization_id, days=PERIOD_DAYS[period]),
        )
        known = {agent.id: agent for agent in agents}
        active = {each.agent_id for each in figures}
        idle = [AgentFigures(agent_id=agent.id) for agent in agents if agent.id not in active]
        return Team([(known.get(each.agent_id), each) for each in [*figures, *idle]])

    async def _refuse_unknown(self, organization_id: UUID, flow_id: UUID | None) -> None:
        if flow_id is not None:
            flows = await self._executor.list_flows(organization_id=organization_id)
            refuse_unknown({flow.id: flow.name for flow in flows}, flow_id)
