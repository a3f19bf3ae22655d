"""analytics' figures of an organization as a whole, as ingress needs them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

from services.ingress.domain.dashboards import AgentFigures, Audience, BusyHours, FlowTotals, Series


class DashboardReports(Protocol):
    """Of so many days back, 0 for all time. Every method raises Unavailable."""

    async def hours(self, *, organization_id: UUID, flow_id: UUID | None, days: int) -> BusyHours:
        """Hours of the week with messages or beginnings."""

    async def series(self, *, organization_id: UUID, flow_id: UUID | None, days: int, is_by_hour: bool) -> Series:
        """Days, or hours, with messages or beginnings. Raises InvalidArgument for hours of all time."""

    async def audience(self, *, organization_id: UUID, days: int) -> Audience:
        """Contacts with messages."""

    async def flow_totals(self, *, organization_id: UUID, days: int) -> Sequence[FlowTotals]:
        """Flows side by side, most conversations first."""

    async def agents(self, *, organization_id: UUID, days: int) -> Sequence[AgentFigures]:
        """What agents did, most conversations first."""
