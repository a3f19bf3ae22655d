"""What people ask of an organization as a whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from uuid import UUID

from services.analytics.domain.dashboards import (
    AgentFigures,
    ContactFigures,
    FlowTotals,
    HourFigures,
    SeriesPoint,
)
from services.analytics.domain.days import DEFAULT_ZONE, first_day, midnight, zone_named
from services.analytics.domain.figures import Period
from services.analytics.ports import DashboardStore, ReportStore
from services.analytics.usecases.reports import MOST_DAYS
from services.chassis.clock import Now
from services.chassis.errors import InvalidArgument


@dataclass(frozen=True, slots=True)
class LocalPeriod:
    """A period, the zone its days are of, and today there."""

    period: Period
    time_zone: str
    today: date


class Dashboards:
    """Answers by period: so many days back, of all time when days is 0. All raise InvalidArgument for other days."""

    def __init__(self, reports: ReportStore, dashboards: DashboardStore, now: Now) -> None:
        self._reports = reports
        self._dashboards = dashboards
        self._now = now

    async def hours(
        self, *, organization_id: UUID, flow_id: UUID | None, days: int
    ) -> tuple[LocalPeriod, Sequence[HourFigures]]:
        """Hours of the week in which something happened."""
        local = await self._local(organization_id, days)
        return local, await self._dashboards.hours(
            organization_id=organization_id, flow_id=flow_id, first_day=local.period.first_day
        )

    async def series(
        self, *, organization_id: UUID, flow_id: UUID | None, days: int, is_by_hour: bool
    ) -> tuple[LocalPeriod, Sequence[SeriesPoint]]:
        """Days, or hours, with messages or beginnings."""
        if is_by_hour and not days:
            raise InvalidArgument(f"days is 0; of all time there are days alone, so use 1 to {MOST_DAYS}")
        local = await self._local(organization_id, days)
        return local, await self._dashboards.series(
            organization_id=organization_id, flow_id=flow_id, first_day=local.period.first_day, is_by_hour=is_by_hour
        )

    async def contacts(self, *, organization_id: UUID, days: int) -> tuple[LocalPeriod, ContactFigures]:
        """Contacts who wrote or were written to."""
        local = await self._local(organization_id, days)
        return local, await self._dashboards.contacts(organization_id=organization_id, first_day=local.period.first_day)

    async def flows(self, *, organization_id: UUID, days: int) -> tuple[LocalPeriod, Sequence[FlowTotals]]:
        """Flows side by side."""
        local = await self._local(organization_id, days)
        return local, await self._dashboards.flows(organization_id=organization_id, first_day=local.period.first_day)

    async def agents(self, *, organization_id: UUID, days: int) -> tuple[LocalPeriod, Sequence[AgentFigures]]:
        """What agents did."""
        local = await self._local(organization_id, days)
        return local, await self._dashboards.agents(organization_id=organization_id, first_day=local.period.first_day)

    async def _local(self, organization_id: UUID, days: int) -> LocalPeriod:
        if not 0 <= days <= MOST_DAYS:
            raise InvalidArgument(f"days is {days}; use 1 to {MOST_DAYS}, or 0 for all time")
        told, now = await self._reports.time_zone(organization_id=organization_id), self._now()
        zone = getattr(zone_named(told), "key", DEFAULT_ZONE)
        today = now.astimezone(zone_named(zone)).date()
        if not days:
            return LocalPeriod(Period(None, datetime(1970, 1, 1, tzinfo=UTC), now), zone, today)
        start = first_day(now, zone, days)
        return LocalPeriod(Period(start, midnight(start, zone), now), zone, today)
