"""sender's campaigns, as the REST API sees them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from uuid import UUID

from google.protobuf.json_format import ParseDict, ParseError
from google.protobuf.timestamp_pb2 import Timestamp

from services.chassis.errors import InvalidArgument
from services.chassis.rpc import Peer
from services.ingress.domain.campaigns import (
    AddedRecipients,
    CampaignView,
    RecipientView,
    Verb,
    WantedCampaign,
    WantedRecipient,
)
from services.pb.common.v1 import content_pb2
from services.pb.sender.v1 import sender_pb2, sender_pb2_grpc

_SECONDS = 10.0
# Figures are counted anew: seconds for 100,000 recipients on a busy machine.
_COUNT_SECONDS = 30.0


class GrpcCampaigns:
    """See ports.Campaigns."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer
        self._stub = peer.stub(sender_pb2_grpc.CampaignsStub)

    async def create(self, *, organization_id: UUID, wanted: WantedCampaign) -> CampaignView:
        """Make a draft."""
        request = sender_pb2.CreateCampaignRequest(
            organization_id=str(organization_id),
            idempotency_key=wanted.key,
            name=wanted.name,
            phone_number_id=wanted.phone_number_id,
            content=_content(wanted.content),
            audience=wanted.audience,
            tags=wanted.tags,
            attributes=wanted.attributes,
            messages_per_hour=wanted.messages_per_hour,
            respect_opt_out=wanted.respect_opt_out,
            skip_active_conversations=wanted.skip_active_conversations,
            max_tries=wanted.max_tries,
            time_zone=wanted.time_zone,
        )
        return _view((await self._peer.call(self._stub.Create, request, seconds=_SECONDS)).campaign, {})

    async def add(
        self, *, organization_id: UUID, campaign_id: UUID, recipients: Sequence[WantedRecipient]
    ) -> AddedRecipients:
        """Add recipients."""
        request = sender_pb2.AddRecipientsRequest(organization_id=str(organization_id), campaign_id=str(campaign_id))
        for each in recipients:
            request.recipients.add(phone_number=each.phone_number, user_id=each.user_id, parameters=each.parameters)
        answer = await self._peer.call(self._stub.AddRecipients, request, seconds=_SECONDS)
        refused = [(each.index, each.problem) for each in answer.refused]
        return AddedRecipients(answer.added, answer.repeated_ones, refused)

    async def move(self, *, organization_id: UUID, campaign_id: UUID, verb: Verb) -> CampaignView:
        """Start, pause, resume or cancel."""
        named = {"organization_id": str(organization_id), "campaign_id": str(campaign_id)}
        campaign: sender_pb2.Campaign
        match verb:
            case "start":
                start = sender_pb2.StartCampaignRequest(**named)
                campaign = (await self._peer.call(self._stub.Start, start, seconds=_SECONDS)).campaign
            case "pause":
                pause = sender_pb2.PauseCampaignRequest(**named)
                campaign = (await self._peer.call(self._stub.Pause, pause, seconds=_SECONDS)).campaign
            case "resume":
                resume = sender_pb2.ResumeCampaignRequest(**named)
                campaign = (await self._peer.call(self._stub.Resume, resume, seconds=_SECONDS)).campaign
            case "cancel":
                cancel = sender_pb2.CancelCampaignRequest(**named)
                campaign = (await self._peer.call(self._stub.Cancel, cancel, seconds=_SECONDS)).campaign
        return _view(campaign, {})

    async def schedule(self, *, organization_id: UUID, campaign_id: UUID, local_time: str) -> CampaignView:
        """Have it start at a moment."""
        request = sender_pb2.ScheduleCampaignRequest(
            organization_id=str(organization_id), campaign_id=str(campaign_id), local_time=local_time
        )
        return _view((await self._peer.call(self._stub.Schedule, request, seconds=_SECONDS)).campaign, {})

    async def one(self, *, organization_id: UUID, campaign_id: UUID) -> CampaignView:
        """One with its figures."""
        request = sender_pb2.GetCampaignRequest(organization_id=str(organization_id), campaign_id=str(campaign_id))
        answer = await self._peer.call(self._stub.Get, request, seconds=_COUNT_SECONDS)
        fields = answer.figures.DESCRIPTOR.fields
        return _view(answer.campaign, {field.name: getattr(answer.figures, field.name) for field in fields})

    async def all(self, *, organization_id: UUID, state: str, limit: int) -> list[CampaignView]:
        """Newest first."""
        request = sender_pb2.ListCampaignsRequest(organization_id=str(organization_id), state=state, limit=limit)
        answer = await self._peer.call(self._stub.List, request, seconds=_SECONDS)
        return [_view(campaign, {}) for campaign in answer.campaigns]

    async def recipients(
        self, *, organization_id: UUID, campaign_id: UUID, after: int, limit: int
    ) -> list[RecipientView]:
        """Recipients in their order."""
        request = sender_pb2.ListRecipientsRequest(
            organization_id=str(organization_id), campaign_id=str(campaign_id), after=after, limit=limit
        )
        answer = await self._peer.call(self._stub.ListRecipients, request, seconds=_SECONDS)
        return [
            RecipientView(
                place=each.place,
                recipient=each.recipient,
                state=each.state,
                reason=each.reason,
                tries=each.tries,
                message_id=each.message_id,
            )
            for each in answer.recipients
        ]


def _content(content: Mapping[str, object]) -> content_pb2.Content:
    try:
        return ParseDict(dict(content), content_pb2.Content())
    except ParseError as error:
        # Its first line names the field; what was written there is not repeated.
        place = str(error).partition(":")[0]
        raise InvalidArgument(f"content is no content of the contract ({place})") from None


def _view(campaign: sender_pb2.Campaign, figures: Mapping[str, int]) -> CampaignView:
    return CampaignView(
        campaign_id=campaign.campaign_id,
        name=campaign.name,
        phone_number_id=campaign.phone_number_id,
        state=campaign.state,
        note=campaign.note,
        audience=campaign.audience,
        messages_per_hour=campaign.messages_per_hour,
        recipients=campaign.recipients,
        done=campaign.done,
        time_zone=campaign.time_zone,
        starts_at=_moment(campaign.starts_at) if campaign.HasField("starts_at") else None,
        created_at=_moment(campaign.created_at),
        ended_at=_moment(campaign.ended_at) if campaign.HasField("ended_at") else None,
        figures=figures,
    )


def _moment(stamp: Timestamp) -> datetime:
    return stamp.ToDatetime(UTC)
