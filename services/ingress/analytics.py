"""What people are told of their conversations in figures, and the log as a file."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from services.chassis.errors import NotFound
from services.ingress.domain.analytics import (
    PERIOD_DAYS,
    CampaignResults,
    DayActivity,
    Deliveries,
    Figures,
    Funnel,
    Heatmap,
    LogPage,
    NumberCosts,
    Overview,
    PeriodName,
    Segments,
    VersionFigures,
)
from services.ingress.domain.conversation import Line, Transcript
from services.ingress.domain.log_files import LOG, Row
from services.ingress.files import Form, streamed
from services.ingress.ports import Executor, Reports, Transcripts
from services.ingress.ports.campaigns import Campaigns
from services.pb.common.v1 import errors_pb2

# More of one contact in one flow is read by page (GET /api/v1/conversations/{phone}).
LONGEST_TRANSCRIPT = 10_000
_AT_ONCE = 1000
# Sender lists no more at once; older campaigns have no name in a report.
_MOST_NAMES = 1000


class Analytics:
    """Figures of one organization at a time. A flow that it does not have is NotFound, everywhere."""

    def __init__(self, *, executor: Executor, campaigns: Campaigns, reports: Reports, transcripts: Transcripts) -> None:
        self._executor = executor
        self._campaigns = campaigns
        self._reports = reports
        self._transcripts = transcripts

    async def overview(self, *, organization_id: UUID, period: PeriodName, flow_id: UUID | None) -> Overview:
        """An organization's figures, with its flows' names. Raises NotFound or Unavailable."""
        names = await self._flow_names(organization_id)
        if flow_id is not None:
            refuse_unknown(names, flow_id)
        found = await self._reports.overview(organization_id=organization_id, flow_id=flow_id, days=PERIOD_DAYS[period])
        flows = [replace(flow, flow_name=names.get(flow.flow_id, "")) for flow in found.flows]
        return Overview(found.figures, flows)

    async def figures(self, *, organization_id: UUID, flow_id: UUID | None, days: int) -> Figures:
        """Figures of a flow, or of all. Raises NotFound or Unavailable."""
        if flow_id is not None:
            await self._known(organization_id, flow_id)
        found = await self._reports.overview(organization_id=organization_id, flow_id=flow_id, days=days)
        return found.figures

    async def report(self, *, organization_id: UUID, flow_id: UUID, days: int) -> Figures:
        """A flow's figures. Raises NotFound or Unavailable."""
        await self._known(organization_id, flow_id)
        return await self._reports.flow_report(organization_id=organization_id, flow_id=flow_id, days=days)

    async def heatmap(self, *, organization_id: UUID, flow_id: UUID, days: int) -> Heatmap:
        """Messages by node. Raises NotFound or Unavailable."""
        await self._known(organization_id, flow_id)
        return await self._reports.heatmap(organization_id=organization_id, flow_id=flow_id, days=days)

    async def days(self, *, organization_id: UUID, flow_id: UUID, days: int) -> Sequence[DayActivity]:
        """A flow's days. Raises NotFound or Unavailable."""
        await self._known(organization_id, flow_id)
        return await self._reports.days(organization_id=organization_id, flow_id=flow_id, days=days)

    async def segments(self, *, organization_id: UUID, flow_id: UUID) -> Segments:
        """How much contacts write in a flow. Raises NotFound or Unavailable."""
        await self._known(organization_id, flow_id)
        return await self._reports.segments(organization_id=organization_id, flow_id=flow_id)

    async def funnel(self, *, organization_id: UUID, flow_id: UUID, days: int, version: int) -> Funnel:
        """Where a flow's conversations went. Raises NotFound or Unavailable."""
        await self._known(organization_id, flow_id)
        return await self._reports.funnel(organization_id=organization_id, flow_id=flow_id, days=days, version=version)

    async def versions(self, *, organization_id: UUID, flow_id: UUID, days: int) -> Sequence[VersionFigures]:
        """A flow's versions beside each other. Raises NotFound or Unavailable."""
        await self._known(organization_id, flow_id)
        return await self._reports.versions(organization_id=organization_id, flow_id=flow_id, days=days)

    async def deliveries(self, *, organization_id: UUID, flow_id: UUID | None, days: int) -> Deliveries:
        """What became of messages. Raises NotFound or Unavailable."""
        if flow_id is not None:
            await self._known(organization_id, flow_id)
        return await self._reports.deliveries(organization_id=organization_id, flow_id=flow_id, days=days)

    async def costs(self, *, organization_id: UUID, days: int) -> Sequence[NumberCosts]:
        """What delivered messages are charged as, by number. Raises Unavailable."""
        return await self._reports.costs(organization_id=organization_id, days=days)

    async def campaigns(self, *, organization_id: UUID, days: int) -> Sequence[CampaignResults]:
        """Results of campaigns of these days, latest first, with their names. Raises Unavailable."""
        found = await self._reports.campaigns(organization_id=organization_id, campaign_id=None, days=days)
        if not found:
            return found
        listed = await self._campaigns.all(organization_id=organization_id, state="", limit=_MOST_NAMES)
        names = {campaign.campaign_id: campaign.name for campaign in listed}
        return [replace(campaign, name=names.get(campaign.campaign_id, "")) for campaign in found]

    async def campaign(self, *, organization_id: UUID, campaign_id: UUID, days: int) -> CampaignResults:
        """Results of one campaign, with its replies and opt-outs; none yet are zero. Raises NotFound or Unavailable."""
        known = await self._campaigns.one(organization_id=organization_id, campaign_id=campaign_id)
        found = await self._reports.campaigns(organization_id=organization_id, campaign_id=campaign_id, days=days)
        nothing = CampaignResults(
            campaign_id=known.campaign_id, name="", last_day=None, sent=0, delivered=0, read=0, failed=0, retries=0,
            failures=(),
        )  # fmt: skip
        told = known.figures
        return replace(
            next(iter(found), nothing),
            name=known.name,
            replies=told.get("replies", 0),
            opt_outs=told.get("opt_outs", 0),
        )

    async def transcript(self, *, organization_id: UUID, phone_number: str, flow_id: UUID) -> Transcript:
        """What was said in a flow, oldest first, at most LONGEST_TRANSCRIPT lines.

        Raises NotFound for an unknown flow, or a contact who has said and heard nothing in it, or Unavailable.
        """
        await self._known(organization_id, flow_id)
        lines: list[Line] = []
        total = 1
        while len(lines) < min(total, LONGEST_TRANSCRIPT):
            page = await self._transcripts.transcript(
                organization_id=organization_id,
                phone_number=phone_number,
                skip=len(lines),
                limit=min(_AT_ONCE, LONGEST_TRANSCRIPT - len(lines)),
                flow_id=flow_id,
            )
            if not page.lines:
                break
            lines += page.lines
            total = page.total
        if not lines:
            raise NotFound("no conversation", reason=errors_pb2.ERROR_REASON_CONVERSATION_NOT_FOUND)
        return Transcript(tuple(lines), total)

    async def export(
        self,
        *,
        organization_id: UUID,
        form: Form,
        flow_id: UUID | None,
        since: datetime | None,
        until: datetime | None,
    ) -> AsyncIterator[bytes]:
        """The log as a file, page by page: no more is held than the form needs. Raises NotFound or Unavailable.

        What fails after the first page is raised while the file is read, so that its reader is cut off.
        """
        if flow_id is not None:
            await self._known(organization_id, flow_id)

        async def page(cursor: str) -> LogPage:
            return await self._reports.records(
                organization_id=organization_id, flow_id=flow_id, since=since, until=until, cursor=cursor
            )

        first = await page("")

        async def pages() -> AsyncIterator[list[Row]]:
            found = first
            while True:
                yield [record.columns for record in found.records]
                if not found.cursor:
                    return
                found = await page(found.cursor)

        return streamed(form, LOG, pages())

    async def _flow_names(self, organization_id: UUID) -> dict[str, str]:
        return {flow.id: flow.name for flow in await self._executor.list_flows(organization_id=organization_id)}

    async def _known(self, organization_id: UUID, flow_id: UUID) -> None:
        refuse_unknown(await self._flow_names(organization_id), flow_id)


def refuse_unknown(names: Mapping[str, str], flow_id: UUID) -> None:
    """Raise NotFound for a flow that is not among an organization's."""
    if str(flow_id) not in names:
        raise NotFound(
            "no flow has this flow_id; GET /api/v1/flows lists them", reason=errors_pb2.ERROR_REASON_FLOW_NOT_FOUND
        )
