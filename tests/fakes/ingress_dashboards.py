"""analytics' figures of an organization as a whole, as the REST API meets them: what a test puts there."""

from __future__ import annotations

from dataclasses import dataclass, field
from uuid import UUID

from services.ingress.domain.dashboards import AgentFigures, Audience, BusyHours, FlowTotals, Series
from tests.fakes.ingress_peers import MORNING

ZONE = "America/Sao_Paulo"


def no_series() -> Series:
    """Today alone, and nothing on it."""
    return Series(time_zone=ZONE, points=(), first_day=MORNING.date(), last_day=MORNING.date(), end=MORNING)


@dataclass(slots=True)
class ScriptedDashboards:
    """ports.dashboards.DashboardReports; what was asked is kept."""

    hours_to_give: BusyHours = field(default_factory=lambda: BusyHours(ZONE, ()))
    series_to_give: Series = field(default_factory=no_series)
    audience_to_give: Audience = field(default_factory=lambda: Audience(0, 0, 0, ()))
    totals_to_give: list[FlowTotals] = field(default_factory=list)
    agents_to_give: list[AgentFigures] = field(default_factory=list)
    asked: list[tuple[str, UUID, UUID | None, object]] = field(default_factory=list)

    async def hours(self, *, organization_id: UUID, flow_id: UUID | None, days: int) -> BusyHours:
        self.asked.append(("hours", organization_id, flow_id, days))
        return self.hours_to_give

    async def series(self, *, organization_id: UUID, flow_id: UUID | None, days: int, is_by_hour: bool) -> Series:
        self.asked.append(("series", organization_id, flow_id, (days, is_by_hour)))
        return self.series_to_give

    async def audience(self, *, organization_id: UUID, days: int) -> Audience:
        self.asked.append(("audience", organization_id, None, days))
        return self.audience_to_give

    async def flow_totals(self, *, organization_id: UUID, days: int) -> list[FlowTotals]:
        self.asked.append(("flows", organization_id, None, days))
        return self.totals_to_give

    async def agents(self, *, organization_id: UUID, days: int) -> list[AgentFigures]:
        self.asked.append(("agents", organization_id, None, days))
        return self.agents_to_give
