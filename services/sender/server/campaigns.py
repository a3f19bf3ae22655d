"""sender.v1.Campaigns."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any
from uuid import UUID

from google.protobuf.timestamp_pb2 import Timestamp
from grpc import aio

from services.chassis.rpc import Servicer
from services.chassis.rpc.pages import page_of, place_at, read_place, read_place_at
from services.pb.sender.v1 import sender_pb2, sender_pb2_grpc
from services.sender.domain.campaigns import Campaign, Place, Verb
from services.sender.server.reading import read_id
from services.sender.usecases.campaigns import Addressee, KeepCampaigns, Wish

Context = aio.ServicerContext[Any, Any]
Named = (
    sender_pb2.StartCampaignRequest
    | sender_pb2.PauseCampaignRequest
    | sender_pb2.ResumeCampaignRequest
    | sender_pb2.CancelCampaignRequest
)


def campaign_servicer(campaigns: KeepCampaigns) -> Servicer:
    """What teams call for campaigns."""
    return Servicer(
        "pytake.sender.v1.Campaigns", sender_pb2_grpc.add_CampaignsServicer_to_server, CampaignsServer(campaigns)
    )


class CampaignsServer(sender_pb2_grpc.CampaignsServicer):
    """Campaigns of organizations."""

    def __init__(self, campaigns: KeepCampaigns) -> None:
        self._campaigns = campaigns

    async def Create(
        self, request: sender_pb2.CreateCampaignRequest, context: Context
    ) -> sender_pb2.CreateCampaignResponse:
        """Makes a draft."""
        wish = Wish(
            key=request.idempotency_key,
            name=request.name,
            phone_number_id=request.phone_number_id,
            content=request.content.SerializeToString(deterministic=True),
            audience=request.audience,
            tags=list(request.tags),
            attributes=dict(request.attributes),
            messages_per_hour=request.messages_per_hour,
            respects_opt_out=request.respect_opt_out if request.HasField("respect_opt_out") else True,
            skips_active=request.skip_active_conversations,
            max_tries=request.max_tries,
            time_zone=request.time_zone,
        )
        campaign, is_new = await self._campaigns.create(organization_id=_organization(request), wish=wish)
        return sender_pb2.CreateCampaignResponse(campaign=_campaign(campaign), is_new=is_new)

    async def AddRecipients(
        self, request: sender_pb2.AddRecipientsRequest, context: Context
    ) -> sender_pb2.AddRecipientsResponse:
        """Adds recipients."""
        added = await self._campaigns.add(
            organization_id=_organization(request),
            campaign_id=read_id("campaign_id", request.campaign_id),
            addressees=[
                Addressee(phone_number=each.phone_number, user_id=each.user_id, parameters=dict(each.parameters))
                for each in request.recipients
            ],
        )
        return sender_pb2.AddRecipientsResponse(
            added=added.added,
            repeated_ones=added.repeated,
            refused=[sender_pb2.RefusedRecipient(index=index, problem=problem) for index, problem in added.refused],
        )

    async def Start(
        self, request: sender_pb2.StartCampaignRequest, context: Context
    ) -> sender_pb2.StartCampaignResponse:
        """Starts it now."""
        return sender_pb2.StartCampaignResponse(campaign=await self._move(request, "start"))

    async def Schedule(
        self, request: sender_pb2.ScheduleCampaignRequest, context: Context
    ) -> sender_pb2.ScheduleCampaignResponse:
        """Has it start at a moment."""
        campaign = await self._campaigns.schedule(
            organization_id=_organization(request),
            campaign_id=read_id("campaign_id", request.campaign_id),
            local_time=request.local_time,
        )
        return sender_pb2.ScheduleCampaignResponse(campaign=_campaign(campaign))

    async def Pause(
        self, request: sender_pb2.PauseCampaignRequest, context: Context
    ) -> sender_pb2.PauseCampaignResponse:
        """Stops it."""
        return sender_pb2.PauseCampaignResponse(campaign=await self._move(request, "pause"))

    async def Resume(
        self, request: sender_pb2.ResumeCampaignRequest, context: Context
    ) -> sender_pb2.ResumeCampaignResponse:
        """Lets it go on."""
        return sender_pb2.ResumeCampaignResponse(campaign=await self._move(request, "resume"))

    async def Cancel(
        self, request: sender_pb2.CancelCampaignRequest, context: Context
    ) -> sender_pb2.CancelCampaignResponse:
        """Ends it."""
        return sender_pb2.CancelCampaignResponse(campaign=await self._move(request, "cancel"))

    async def Get(self, request: sender_pb2.GetCampaignRequest, context: Context) -> sender_pb2.GetCampaignResponse:
        """Gives one with its figures."""
        campaign, figures = await self._campaigns.one(
            organization_id=_organization(request), campaign_id=read_id("campaign_id", request.campaign_id)
        )
        return sender_pb2.GetCampaignResponse(
            campaign=_campaign(campaign), figures=sender_pb2.CampaignFigures(**asdict(figures))
        )

    async def List(
        self, request: sender_pb2.ListCampaignsRequest, context: Context
    ) -> sender_pb2.ListCampaignsResponse:
        """Lists them, newest first."""
        found, limit = await self._campaigns.all(
            organization_id=_organization(request),
            state=request.state,
            limit=request.limit,
            before=read_place_at(request.cursor),
        )
        campaigns, cursor = page_of(
            found, _campaign, lambda campaign: place_at(campaign.created_at, campaign.campaign_id), limit
        )
        return sender_pb2.ListCampaignsResponse(campaigns=campaigns, cursor=cursor)

    async def ListRecipients(
        self, request: sender_pb2.ListRecipientsRequest, context: Context
    ) -> sender_pb2.ListRecipientsResponse:
        """Lists recipients in their order."""
        begun = read_place(request.cursor, int)
        found, limit = await self._campaigns.places(
            organization_id=_organization(request),
            campaign_id=read_id("campaign_id", request.campaign_id),
            after=int(begun[0]) if begun else request.after,
            limit=request.limit,
        )
        recipients, cursor = page_of(found, _place, lambda place: (place.n,), limit)
        return sender_pb2.ListRecipientsResponse(recipients=recipients, cursor=cursor)

    async def _move(self, request: Named, verb: Verb) -> sender_pb2.Campaign:
        campaign_id = read_id("campaign_id", request.campaign_id)
        organization_id = read_id("organization_id", request.organization_id)
        return _campaign(
            await self._campaigns.move(organization_id=organization_id, campaign_id=campaign_id, verb=verb)
        )


def _organization(request: Any) -> UUID:
    return read_id("organization_id", request.organization_id)


def _campaign(campaign: Campaign) -> sender_pb2.Campaign:
    plan = campaign.plan
    told = sender_pb2.Campaign(
        campaign_id=str(campaign.campaign_id),
        name=plan.name,
        phone_number_id=plan.phone_number_id,
        state=campaign.state,
        note=campaign.note,
        audience=plan.audience,
        messages_per_hour=plan.messages_per_hour,
        recipients=campaign.recipients,
        done=campaign.done_n,
        time_zone=plan.time_zone,
    )
    moments: list[tuple[Timestamp, Any]] = [
        (told.starts_at, campaign.starts_at), (told.created_at, campaign.created_at), (told.ended_at, campaign.ended_at)
    ]  # fmt: skip
    for field, moment in moments:
        if moment is not None:
            field.FromDatetime(moment)
    return told


def _place(place: Place) -> sender_pb2.CampaignRecipientRecord:
    return sender_pb2.CampaignRecipientRecord(
        place=place.n,
        recipient=place.recipient.recipient,
        state=place.state,
        reason=place.reason,
        tries=place.tries,
        message_id=str(place.message_id or ""),
    )
