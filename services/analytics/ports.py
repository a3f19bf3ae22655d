"""What the use cases need from outside."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Protocol
from uuid import UUID

from services.analytics.domain.dashboards import (
    AgentFigures,
    ContactFigures,
    FlowTotals,
    HourFigures,
    SeriesPoint,
)
from services.analytics.domain.figures import (
    CampaignResults,
    DayActivity,
    Deliveries,
    FlowReport,
    Funnel,
    Heatmap,
    NumberCosts,
    Overview,
    Segments,
    VersionFigures,
)
from services.analytics.domain.record import Record
from services.analytics.domain.report import EVERYTHING, Chosen, Counts, LogPage, LogPlace, Transcript
from services.analytics.domain.windows import Window
from services.chassis.queue import Cleared, PageRow

# Texts of one page; with their ids and times they stay within an answer (chassis.rpc.sizes).
MOST_TEXT_BYTES = 3 * 1024 * 1024


class RecordRefused(Exception):
    """The database cannot hold a value of one of these records; nothing of the batch was kept."""


class Store(Protocol):
    """The log and its counts."""

    async def add(self, records: Sequence[Record]) -> Sequence[bool]:
        """Keep records of any organizations and count the new ones, all or nothing; tells per record whether it is new.

        A record that is in the log already, or came earlier in the same batch, is not new and changes nothing.
        Raises RecordRefused, or Unavailable when the database is out of reach.
        """

    async def ensure_partitions(self) -> None:
        """Make the partitions of the months to come."""

    async def transcript(
        self, *, organization_id: UUID, phone_number: str, flow_id: UUID | None, skip: int, limit: int
    ) -> Transcript:
        """The messages of a contact by time, sequence and record_id; None means every flow.

        A page ends before the message that would make its texts larger than MOST_TEXT_BYTES, but is never empty for it.
        """

    async def counts(self, *, organization_id: UUID, flow_id: UUID | None, most_conversations: int) -> Counts:
        """Counts, busiest first and then by id; None means every flow."""

    async def records(
        self,
        *,
        organization_id: UUID,
        flow_id: UUID | None,
        after: LogPlace,
        until: datetime | None,
        limit: int,
        chosen: Chosen = EVERYTHING,
    ) -> LogPage:
        """Chosen records by time and id, behind a place and before a moment; None means every flow, or no end.

        A page ends before the record that would make its texts larger than MOST_TEXT_BYTES, but is never empty for it.
        """


class ReportStore(Protocol):
    """What is counted, by whole days in the organization's time zone. Every method raises Unavailable.

    Reports cover days from `first_day` on; None means of all time. A flow of None means every flow.
    """

    async def time_zone(self, *, organization_id: UUID) -> str:
        """The IANA name of the organization's zone as its latest record told it; empty when none did."""

    async def overview(self, *, organization_id: UUID, flow_id: UUID | None, first_day: date | None) -> Overview:
        """An organization's figures; of its flows, those with most conversations first."""

    async def flow_report(self, *, organization_id: UUID, flow_id: UUID, first_day: date) -> FlowReport:
        """A flow's figures."""

    async def heatmap(self, *, organization_id: UUID, flow_id: UUID, first_day: date) -> Heatmap:
        """Messages by node, most first and then by id."""

    async def days(self, *, organization_id: UUID, flow_id: UUID, first_day: date) -> Sequence[DayActivity]:
        """Days with messages, ascending."""

    async def segments(self, *, organization_id: UUID, flow_id: UUID) -> Segments:
        """How much contacts write in a flow, of all time."""

    async def funnel(self, *, organization_id: UUID, flow_id: UUID, first_day: date, flow_version: int) -> Funnel:
        """Where conversations of a flow went, busiest first; version 0 means all."""

    async def versions(self, *, organization_id: UUID, flow_id: UUID, first_day: date) -> Sequence[VersionFigures]:
        """A flow's versions, ascending."""

    async def deliveries(self, *, organization_id: UUID, flow_id: UUID | None, first_day: date | None) -> Deliveries:
        """What became of messages, by number and by error code, busiest first."""

    async def costs(self, *, organization_id: UUID, first_day: date | None) -> Sequence[NumberCosts]:
        """What delivered messages are charged as, by number, most billed first; its charges, most first."""

    async def campaigns(
        self, *, organization_id: UUID, campaign_id: UUID | None, first_day: date | None, most: int
    ) -> Sequence[CampaignResults]:
        """Results of campaigns of whose messages something was recorded on these days, latest first."""


class DashboardStore(Protocol):
    """What is counted of an organization as a whole, by the same days. Every method raises Unavailable."""

    async def hours(
        self, *, organization_id: UUID, flow_id: UUID | None, first_day: date | None
    ) -> Sequence[HourFigures]:
        """Hours of the week with messages or beginnings, by weekday and hour."""

    async def series(
        self, *, organization_id: UUID, flow_id: UUID | None, first_day: date | None, is_by_hour: bool
    ) -> Sequence[SeriesPoint]:
        """Days, or hours, with messages or beginnings, ascending."""

    async def contacts(self, *, organization_id: UUID, first_day: date | None) -> ContactFigures:
        """Contacts of the period, and its days with messages, ascending."""

    async def flows(self, *, organization_id: UUID, first_day: date | None) -> Sequence[FlowTotals]:
        """Flows in which something happened, most conversations first and then by id; None is what is in no flow."""

    async def agents(self, *, organization_id: UUID, first_day: date | None) -> Sequence[AgentFigures]:
        """Agents who did something, most conversations first and then by id."""


class PrivacyStore(Protocol):
    """What analytics keeps of people. Every method raises Unavailable."""

    async def forget(
        self, *, organization_id: UUID, job_id: UUID, conversation_ids: Sequence[UUID], windows: Sequence[Window]
    ) -> Cleared:
        """Remove the counts of conversations, and their records within these windows. Counts are the job's."""

    async def records(
        self, *, organization_id: UUID, conversation_ids: Sequence[UUID], window: Window, after: str, limit: int
    ) -> Sequence[PageRow]:
        """Records of conversations by time and id, within a window; at its very start only ids greater than `after`."""

    async def expire(self, *, organization_id: UUID, job_id: UUID, before: datetime) -> Cleared:
        """Remove a batch of records of before that moment. Counts are the job's."""
