"""sender's campaigns as ingress sees them, in memory."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from uuid import UUID, uuid5

from services.chassis.errors import FailedPrecondition, NotFound
from services.ingress.domain.campaigns import (
    AddedRecipients,
    CampaignView,
    RecipientView,
    Verb,
    WantedCampaign,
    WantedRecipient,
)
from services.pb.common.v1 import errors_pb2

MORNING = datetime(2026, 3, 4, 13, 20, tzinfo=UTC)
_STATES = {"start": "running", "resume": "running", "pause": "paused", "cancel": "cancelled"}


@dataclass
class ScriptedCampaigns:
    """ports.Campaigns: a cancelled campaign takes nothing more; whoever has no phone number is refused."""

    kept: dict[tuple[UUID, str], CampaignView] = field(default_factory=dict)
    wanted: list[WantedCampaign] = field(default_factory=list)
    added: list[WantedRecipient] = field(default_factory=list)
    figures: dict[str, int] = field(default_factory=dict)

    async def create(self, *, organization_id: UUID, wanted: WantedCampaign) -> CampaignView:
        self.wanted.append(wanted)
        view = CampaignView(
            campaign_id=str(uuid5(organization_id, wanted.key)), name=wanted.name,
            phone_number_id=wanted.phone_number_id, state="draft", note="", audience=wanted.audience,
            messages_per_hour=wanted.messages_per_hour, recipients=0, done=0, time_zone=wanted.time_zone,
            starts_at=None, created_at=MORNING, ended_at=None, figures={},
        )  # fmt: skip
        return self.kept.setdefault((organization_id, view.campaign_id), view)

    async def add(
        self, *, organization_id: UUID, campaign_id: UUID, recipients: Sequence[WantedRecipient]
    ) -> AddedRecipients:
        self._open(organization_id, campaign_id)
        good = [each for each in recipients if each.phone_number]
        self.added += good
        refused = [(n, "no phone number") for n, each in enumerate(recipients) if not each.phone_number]
        return AddedRecipients(len(good), 0, refused)

    async def move(self, *, organization_id: UUID, campaign_id: UUID, verb: Verb) -> CampaignView:
        view = replace(self._open(organization_id, campaign_id), state=_STATES[verb])
        self.kept[organization_id, view.campaign_id] = view
        return view

    async def schedule(self, *, organization_id: UUID, campaign_id: UUID, local_time: str) -> CampaignView:
        view = replace(self._open(organization_id, campaign_id), state="scheduled", starts_at=MORNING, note=local_time)
        self.kept[organization_id, view.campaign_id] = view
        return view

    async def one(self, *, organization_id: UUID, campaign_id: UUID) -> CampaignView:
        return replace(
            self._found(organization_id, campaign_id), figures={"recipients": len(self.added), **self.figures}
        )

    async def all(self, *, organization_id: UUID, state: str, limit: int) -> list[CampaignView]:
        own = [view for (owner, _), view in self.kept.items() if owner == organization_id]
        return [view for view in own if state in ("", view.state)][:limit]

    async def recipients(
        self, *, organization_id: UUID, campaign_id: UUID, after: int, limit: int
    ) -> list[RecipientView]:
        self._found(organization_id, campaign_id)
        places = list(enumerate(self.added, start=1))[after : after + limit]
        return [
            RecipientView(place=n, recipient=each.phone_number, state="pending", reason="", tries=0, message_id="")
            for n, each in places
        ]

    def _found(self, organization_id: UUID, campaign_id: UUID) -> CampaignView:
        view = self.kept.get((organization_id, str(campaign_id)))
        if view is None:
            raise NotFound("no campaign has this id", reason=errors_pb2.ERROR_REASON_CAMPAIGN_NOT_FOUND)
        return view

    def _open(self, organization_id: UUID, campaign_id: UUID) -> CampaignView:
        view = self._found(organization_id, campaign_id)
        if view.state == "cancelled":
            raise FailedPrecondition("it is cancelled", reason=errors_pb2.ERROR_REASON_CAMPAIGN_STATE)
        return view
