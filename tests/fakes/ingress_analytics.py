"""analytics' reports as the REST API meets them: what a test puts there, and nothing at first."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import UUID

from services.ingress.domain.analytics import (
    CampaignResults,
    DayActivity,
    Deliveries,
    Figures,
    Funnel,
    Heatmap,
    LogPage,
    LogRecord,
    NumberCosts,
    Overview,
    Segments,
    VersionFigures,
)
from services.ingress.domain.log_files import LOG, Kind
from tests.fakes.ingress_peers import MORNING


def figures_of(**named: object) -> Figures:
    """Figures of thirty days; zero but for what is named."""
    nothing = Figures(
        start=MORNING - timedelta(days=30), end=MORNING, conversations=0, completed=0, finished=0, from_contacts=0,
        from_bot=0, contacts=0, invalid_answers=0, handed_over=0, contact_response=0.0, agent_response=0.0,
        limits_reached=0, failed_effects=0, average_duration=0.0, longest=0.0, shortest=0.0,
    )  # fmt: skip
    return replace(nothing, **named)  # type: ignore[arg-type]  # a test names fields by their own types


MESSAGES = ("contact_message", "bot_message")


def _is_with(phone_number: str, record: LogRecord) -> bool:
    return record.columns["kind"] in MESSAGES and record.columns["phone_number"] == phone_number


def log_record(**named: str | int) -> LogRecord:
    """A record; what is not named is empty."""
    empty: dict[str, str | int] = {name: 0 if kind in (Kind.INT32, Kind.INT64) else "" for name, kind in LOG.items()}
    return LogRecord(empty | {"occurred_at": "2026-03-04T13:18:31.000000Z"} | named)


@dataclass(slots=True)
class ScriptedReports:
    """ports.Reports; what was asked is kept."""

    figures: Figures = field(default_factory=figures_of)
    overview_to_give: Overview | None = None
    heatmap_to_give: Heatmap = field(default_factory=lambda: Heatmap((), 0))
    days_to_give: list[DayActivity] = field(default_factory=list)
    segments_to_give: Segments = field(default_factory=lambda: Segments(0, 0, 0))
    funnel_to_give: Funnel = field(default_factory=lambda: Funnel((), ()))
    versions_to_give: list[VersionFigures] = field(default_factory=list)
    deliveries_to_give: Deliveries = field(default_factory=lambda: Deliveries((), ()))
    costs_to_give: list[NumberCosts] = field(default_factory=list)
    campaigns_to_give: list[CampaignResults] = field(default_factory=list)
    pages: list[list[LogRecord]] = field(default_factory=lambda: [[]])
    asked: list[tuple[str, UUID, UUID | None, object]] = field(default_factory=list)

    async def overview(self, *, organization_id: UUID, flow_id: UUID | None, days: int) -> Overview:
        self.asked.append(("overview", organization_id, flow_id, days))
        return self.overview_to_give or Overview(self.figures, ())

    async def flow_report(self, *, organization_id: UUID, flow_id: UUID, days: int) -> Figures:
        self.asked.append(("report", organization_id, flow_id, days))
        return self.figures

    async def heatmap(self, *, organization_id: UUID, flow_id: UUID, days: int) -> Heatmap:
        self.asked.append(("heatmap", organization_id, flow_id, days))
        return self.heatmap_to_give

    async def days(self, *, organization_id: UUID, flow_id: UUID, days: int) -> list[DayActivity]:
        self.asked.append(("days", organization_id, flow_id, days))
        return self.days_to_give

    async def segments(self, *, organization_id: UUID, flow_id: UUID) -> Segments:
        self.asked.append(("segments", organization_id, flow_id, None))
        return self.segments_to_give

    async def funnel(self, *, organization_id: UUID, flow_id: UUID, days: int, version: int) -> Funnel:
        self.asked.append(("funnel", organization_id, flow_id, (days, version)))
        return self.funnel_to_give

    async def versions(self, *, organization_id: UUID, flow_id: UUID, days: int) -> list[VersionFigures]:
        self.asked.append(("versions", organization_id, flow_id, days))
        return self.versions_to_give

    async def deliveries(self, *, organization_id: UUID, flow_id: UUID | None, days: int) -> Deliveries:
        self.asked.append(("deliveries", organization_id, flow_id, days))
        return self.deliveries_to_give

    async def costs(self, *, organization_id: UUID, days: int) -> list[NumberCosts]:
        self.asked.append(("costs", organization_id, None, days))
        return self.costs_to_give

    async def campaigns(self, *, organization_id: UUID, campaign_id: UUID | None, days: int) -> list[CampaignResults]:
        self.asked.append(("campaigns", organization_id, campaign_id, days))
        return [each for each in self.campaigns_to_give if campaign_id is None or each.campaign_id == str(campaign_id)]

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
        self.asked.append(("records", organization_id, flow_id, (since, until)))
        place = int(cursor or 0)
        if phone_number:
            return LogPage([line for page in self.pages for line in page if _is_with(phone_number, line)], "")
        if only_messages:
            pages = [[line for line in page if line.columns["kind"] in MESSAGES] for page in self.pages]
            return LogPage(pages[place], str(place + 1) if place + 1 < len(pages) else "")
        return LogPage(self.pages[place], str(place + 1) if place + 1 < len(self.pages) else "")
