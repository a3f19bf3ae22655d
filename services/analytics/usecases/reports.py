"""What people ask of the log: transcripts, counts, reports, exports."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from uuid import UUID

from services.analytics.domain.days import first_day, midnight
from services.analytics.domain.figures import (
    CampaignResults,
    DayActivity,
    Deliveries,
    FlowReport,
    Funnel,
    Heatmap,
    NumberCosts,
    Overview,
    Period,
    Segments,
    VersionFigures,
)
from services.analytics.domain.report import Chosen, Counts, LogPage, LogPlace, Transcript
from services.analytics.ports import ReportStore, Store
from services.analytics.usecases.cursors import place_of
from services.chassis.clock import Now
from services.chassis.errors import InvalidArgument

LONGEST_TRANSCRIPT = 1000
MOST_CONVERSATIONS = 1000
MOST_RECORDS = 1000
MOST_DAYS = 365
MOST_CAMPAIGNS = 1000


class Reports:
    """Answers what people ask. Periods are whole days where the organization lives, and end now."""

    def __init__(self, store: Store, reports: ReportStore, now: Now) -> None:
        self._store = store
        self._reports = reports
        self._now = now

    async def transcript(
        self, *, organization_id: UUID, phone_number: str, flow_id: UUID | None, skip: int, limit: int
    ) -> Transcript:
        """A page of a contact's messages. Raises InvalidArgument."""
        if not phone_number:
            raise InvalidArgument("phone_number is empty; give the contact's phone number in digits")
        if skip < 0:
            raise InvalidArgument(f"skip is {skip}; use 0 or more")
        if not 1 <= limit <= LONGEST_TRANSCRIPT:
            raise InvalidArgument(f"limit is {limit}; use 1 to {LONGEST_TRANSCRIPT}")
        return await self._store.transcript(
            organization_id=organization_id, phone_number=phone_number, flow_id=flow_id, skip=skip, limit=limit
        )

    async def counts(self, *, organization_id: UUID, flow_id: UUID | None) -> Counts:
        """Counts per conversation, flow and node."""
        return await self._store.counts(
            organization_id=organization_id, flow_id=flow_id, most_conversations=MOST_CONVERSATIONS
        )

    async def overview(self, *, organization_id: UUID, flow_id: UUID | None, days: int) -> tuple[Period, Overview]:
        """An organization's figures; of all time when days is 0. Raises InvalidArgument."""
        period = await self._period(organization_id, days) if days else self._always()
        found = await self._reports.overview(
            organization_id=organization_id, flow_id=flow_id, first_day=period.first_day
        )
        return period, found

    async def flow_report(self, *, organization_id: UUID, flow_id: UUID, days: int) -> tuple[Period, FlowReport]:
        """A flow's figures. Raises InvalidArgument."""
        period = await self._period(organization_id, days)
        found = await self._reports.flow_report(
            organization_id=organization_id, flow_id=flow_id, first_day=_first(period)
        )
        return period, found

    async def heatmap(self, *, organization_id: UUID, flow_id: UUID, days: int) -> Heatmap:
        """Messages by node. Raises InvalidArgument."""
        period = await self._period(organization_id, days)
        return await self._reports.heatmap(organization_id=organization_id, flow_id=flow_id, first_day=_first(period))

    async def days(self, *, organization_id: UUID, flow_id: UUID, days: int) -> Sequence[DayActivity]:
        """A flow's days, ascending. Raises InvalidArgument."""
        period = await self._period(organization_id, days)
        return await self._reports.days(organization_id=organization_id, flow_id=flow_id, first_day=_first(period))

    async def segments(self, *, organization_id: UUID, flow_id: UUID) -> Segments:
        """How much contacts write in a flow."""
        return await self._reports.segments(organization_id=organization_id, flow_id=flow_id)

    async def funnel(self, *, organization_id: UUID, flow_id: UUID, days: int, flow_version: int) -> Funnel:
        """Where conversations of a flow went. Raises InvalidArgument."""
        if flow_version < 0:
            raise InvalidArgument(f"flow_version is {flow_version}; use 0 for all, or a version")
        period = await self._period(organization_id, days)
        return await self._reports.funnel(
            organization_id=organization_id, flow_id=flow_id, first_day=_first(period), flow_version=flow_version
        )

    async def versions(self, *, organization_id: UUID, flow_id: UUID, days: int) -> Sequence[VersionFigures]:
        """A flow's versions. Raises InvalidArgument."""
        period = await self._period(organization_id, days)
        return await self._reports.versions(organization_id=organization_id, flow_id=flow_id, first_day=_first(period))

    async def deliveries(self, *, organization_id: UUID, flow_id: UUID | None, days: int) -> Deliveries:
        """What became of messages; of all time when days is 0. Raises InvalidArgument."""
        period = await self._period(organization_id, days) if days else self._always()
        return await self._reports.deliveries(
            organization_id=organization_id, flow_id=flow_id, first_day=period.first_day
        )

    async def costs(self, *, organization_id: UUID, days: int) -> Sequence[NumberCosts]:
        """What delivered messages are charged as; of all time when days is 0. Raises InvalidArgument."""
        period = await self._period(organization_id, days) if days else self._always()
        return await self._reports.costs(organization_id=organization_id, first_day=period.first_day)

    async def campaigns(
        self, *, organization_id: UUID, campaign_id: UUID | None, days: int
    ) -> Sequence[CampaignResults]:
        """Results of campaigns of these days (0: of all time), or of one whenever it was. Raises InvalidArgument."""
        is_always = campaign_id is not None or not days
        period = self._always() if is_always else await self._period(organization_id, days)
        return await self._reports.campaigns(
            organization_id=organization_id, campaign_id=campaign_id, first_day=period.first_day, most=MOST_CAMPAIGNS
        )

    async def records(
        self,
        *,
        organization_id: UUID,
        flow_id: UUID | None,
        since: datetime | None,
        until: datetime | None,
        limit: int,
        cursor: str,
        phone_number: str = "",
        only_messages: bool = False,
    ) -> LogPage:
        """Records by time and id, page by page; of a contact only what was said. Raises InvalidArgument."""
        if not 1 <= limit <= MOST_RECORDS:
            raise InvalidArgument(f"limit is {limit}; use 1 to {MOST_RECORDS}")
        return await self._store.records(
            organization_id=organization_id,
            flow_id=flow_id,
            after=place_of(cursor) if cursor else LogPlace(since or datetime.min.replace(tzinfo=UTC), ""),
            until=until,
            limit=limit,
            chosen=Chosen(phone_number, only_messages),
        )

    async def _period(self, organization_id: UUID, days: int) -> Period:
        if not 1 <= days <= MOST_DAYS:
            raise InvalidArgument(f"days is {days}; use 1 to {MOST_DAYS}")
        zone, now = await self._reports.time_zone(organization_id=organization_id), self._now()
        start = first_day(now, zone, days)
        return Period(start, midnight(start, zone), now)

    def _always(self) -> Period:
        return Period(None, datetime(1970, 1, 1, tzinfo=UTC), self._now())


def _first(period: Period) -> date:
    assert period.first_day is not None
    return period.first_day
