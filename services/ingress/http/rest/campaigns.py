"""/api/v1/campaigns: templates to many contacts, each once."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, Field

from services.ingress.domain.campaigns import CampaignView, RecipientView, Verb, WantedCampaign, WantedRecipient
from services.ingress.http.rest.auth import Allowed
from services.ingress.http.rest.models import Time
from services.ingress.http.rest.refusals import refusals
from services.ingress.http.rest.rules import LOCAL_TIME, Flag, Whole, one_of
from services.ingress.ports.campaigns import Campaigns

Looker = Annotated[UUID, Depends(Allowed("campaigns:read"))]
Maker = Annotated[UUID, Depends(Allowed("campaigns:manage"))]
Executor = Annotated[UUID, Depends(Allowed("campaigns:execute"))]

MOST_RECIPIENTS = 1000
# What sender knows; the empty one is all.
_STATES = ("", "draft", "scheduled", "running", "paused", "completed", "failed", "cancelled")
_NO_NUL = r"^[^\x00]*$"
_UNKNOWN = "No campaign has this id: CAMPAIGN_NOT_FOUND"
_WRONG = "The campaign's state does not allow it: CAMPAIGN_STATE"

Text = Annotated[str, Field(max_length=1024, pattern=_NO_NUL)]


class CampaignRequest(BaseModel):
    """A campaign to be made, as a draft."""

    idempotency_key: str = Field(min_length=1, max_length=255, pattern=_NO_NUL, examples=["spring-2026"])
    name: str = Field(min_length=1, max_length=120, pattern=_NO_NUL, examples=["Spring"])
    phone_number_id: Text = Field(examples=["106540352242922"])
    content: dict[str, Any] = Field(
        description="A template as in protos/common/v1/content.proto; {{NAME}} stands for a recipient's parameter.",
        examples=[{"template": {"name": "spring", "language": "pt_BR", "body": [{"text": "{{name}}"}]}}],
    )
    audience: Literal["custom_list", "uploaded_file", "tags", "all_contacts"] = "custom_list"
    tags: list[Text] = Field(default=[], max_length=100, description="For the audience tags: any of these.")
    attributes: dict[str, Text] = Field(
        default={}, max_length=100, description="For tags and all_contacts: values that a contact must have."
    )
    messages_per_hour: Whole = Field(default=100, ge=1, le=100_000_000, description="At most, evenly spread.")
    respect_opt_out: Flag = Field(default=True, description="Leave out who refused messages.")
    skip_active_conversations: Flag = Field(default=False, description="Leave out whose 24 hour window is open.")
    max_tries: Whole = Field(default=3, ge=1, le=10, description="Tries when a failure may pass.")
    time_zone: Text = Field(default="UTC", description="IANA name, for its schedule.", examples=["America/Sao_Paulo"])

    def read(self) -> WantedCampaign:
        """As the service behind takes it."""
        return WantedCampaign(
            key=self.idempotency_key,
            name=self.name,
            phone_number_id=self.phone_number_id,
            content=self.content,
            audience=self.audience,
            tags=self.tags,
            attributes=self.attributes,
            messages_per_hour=self.messages_per_hour,
            respect_opt_out=self.respect_opt_out,
            skip_active_conversations=self.skip_active_conversations,
            max_tries=self.max_tries,
            time_zone=self.time_zone,
        )


class Campaign(BaseModel):
    """A campaign as it is."""

    id: str = Field(examples=["5f0c7b1c-6a0e-4c7e-9a44-0c6a3f3b9d10"])
    name: str = Field(examples=["Spring"])
    phone_number_id: str = Field(examples=["106540352242922"])
    state: str = Field(
        description="draft, scheduled, running, paused, completed, failed or cancelled.", examples=["running"]
    )
    note: str = Field(description="Why it is paused, or what it waits for.", examples=[""])
    audience: str = Field(examples=["custom_list"])
    messages_per_hour: int = Field(examples=[100])
    recipients: int = Field(description="Recipients so far.", examples=[10])
    done: int = Field(description="Of these, how many were handed to the number's queue or left out.", examples=[10])
    time_zone: str = Field(examples=["America/Sao_Paulo"])
    starts_at: Time | None = Field(examples=["2026-03-04T12:00:00Z"])
    created_at: Time = Field(examples=["2026-03-03T17:45:00Z"])
    ended_at: Time | None = Field(examples=[None])
    figures: dict[str, int] = Field(
        description="What became of recipients, and how many replied or opted out; empty in lists.",
        examples=[{"recipients": 10, "sent": 9, "delivered": 9, "read": 4, "replies": 2, "skipped": 1, "opt_outs": 1}],
    )

    @classmethod
    def of(cls, campaign: CampaignView) -> Campaign:
        """From a campaign."""
        return cls(
            id=campaign.campaign_id,
            name=campaign.name,
            phone_number_id=campaign.phone_number_id,
            state=campaign.state,
            note=campaign.note,
            audience=campaign.audience,
            messages_per_hour=campaign.messages_per_hour,
            recipients=campaign.recipients,
            done=campaign.done,
            time_zone=campaign.time_zone,
            starts_at=campaign.starts_at,
            created_at=campaign.created_at,
            ended_at=campaign.ended_at,
            figures=dict(campaign.figures),
        )


class CampaignList(BaseModel):
    """Campaigns, newest first."""

    campaigns: list[Campaign]


class RecipientRequest(BaseModel):
    """A recipient to be added: a phone number or a user id, and what stands for the template's placeholders."""

    phone_number: Text = Field(default="", examples=["+55 11 98765-4321"])
    user_id: Text = ""
    parameters: dict[str, Text] = Field(default={}, max_length=100, examples=[{"name": "Bia"}])


class RecipientsRequest(BaseModel):
    """Recipients to be added."""

    recipients: list[RecipientRequest] = Field(min_length=1, max_length=MOST_RECIPIENTS)


class RefusedRecipient(BaseModel):
    """A recipient that was refused."""

    index: int = Field(description="Its place in the request, from 0.", examples=[3])
    detail: str = Field(examples=["phone_number is no phone number"])


class AddedRecipients(BaseModel):
    """What adding did."""

    added: int = Field(examples=[9])
    repeated: int = Field(description="There already, or twice in the request.", examples=[1])
    refused: list[RefusedRecipient]


class Recipient(BaseModel):
    """A recipient and what became of it."""

    place: int = Field(description="From 1.", examples=[1])
    recipient: str = Field(description="Phone number in digits, or user id.", examples=["5511987654321"])
    state: str = Field(description="pending, enqueued, retry or skipped.", examples=["enqueued"])
    reason: str = Field(description="Why it was skipped.", examples=[""])
    tries: int = Field(examples=[1])
    message_id: str | None = Field(examples=["9b2f0e0c-54b8-4f7e-8f39-6a52a9d5c001"])

    @classmethod
    def of(cls, each: RecipientView) -> Recipient:
        """From a recipient."""
        return cls(
            place=each.place,
            recipient=each.recipient,
            state=each.state,
            reason=each.reason,
            tries=each.tries,
            message_id=each.message_id or None,
        )


class RecipientList(BaseModel):
    """Recipients in their order."""

    recipients: list[Recipient]


class ScheduleRequest(BaseModel):
    """When a campaign is to start."""

    local_time: str = Field(
        max_length=32,
        pattern=_NO_NUL,
        description="On the clocks of its time zone.",
        examples=["2026-12-01T09:00"],
        json_schema_extra=LOCAL_TIME,
    )


class _Endpoints:
    """What one does with campaigns."""

    def __init__(self, campaigns: Campaigns) -> None:
        self._campaigns = campaigns

    async def all(
        self,
        organization_id: Looker,
        state: Annotated[str, Query(max_length=20, pattern=_NO_NUL, json_schema_extra=one_of(*_STATES))] = "",
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    ) -> CampaignList:
        """Campaigns of your organization, newest first, without figures. Permission: campaigns:read."""
        found = await self._campaigns.all(organization_id=organization_id, state=state, limit=limit)
        return CampaignList(campaigns=[Campaign.of(each) for each in found])

    async def create(self, organization_id: Maker, wanted: CampaignRequest) -> Campaign:
        """Make a draft; under the same key there is one, however often it is asked for. Permission:
        campaigns:manage."""
        return Campaign.of(await self._campaigns.create(organization_id=organization_id, wanted=wanted.read()))

    async def one(self, organization_id: Looker, campaign_id: UUID) -> Campaign:
        """A campaign with its figures, counted anew. Permission: campaigns:read."""
        return Campaign.of(await self._campaigns.one(organization_id=organization_id, campaign_id=campaign_id))

    async def recipients(
        self,
        organization_id: Looker,
        campaign_id: UUID,
        after: Annotated[int, Query(ge=0, le=2**62)] = 0,
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    ) -> RecipientList:
        """Recipients in their order, those after a place. Permission: campaigns:read."""
        found = await self._campaigns.recipients(
            organization_id=organization_id, campaign_id=campaign_id, after=after, limit=limit
        )
        return RecipientList(recipients=[Recipient.of(each) for each in found])

    async def add(self, organization_id: Maker, campaign_id: UUID, wanted: RecipientsRequest) -> AddedRecipients:
        """Add recipients to a draft or a scheduled campaign; each counts once. Permission: campaigns:manage."""
        recipients = [
            WantedRecipient(phone_number=each.phone_number, user_id=each.user_id, parameters=each.parameters)
            for each in wanted.recipients
        ]
        done = await self._campaigns.add(
            organization_id=organization_id, campaign_id=campaign_id, recipients=recipients
        )
        refused = [RefusedRecipient(index=index, detail=problem) for index, problem in done.refused]
        return AddedRecipients(added=done.added, repeated=done.repeated, refused=refused)

    async def schedule(self, organization_id: Executor, campaign_id: UUID, wanted: ScheduleRequest) -> Campaign:
        """Have it start by itself. Permission: campaigns:execute."""
        return Campaign.of(
            await self._campaigns.schedule(
                organization_id=organization_id, campaign_id=campaign_id, local_time=wanted.local_time
            )
        )

    async def start(self, organization_id: Executor, campaign_id: UUID) -> Campaign:
        """Start it now. Permission: campaigns:execute."""
        return await self._move(organization_id, campaign_id, "start")

    async def pause(self, organization_id: Executor, campaign_id: UUID) -> Campaign:
        """Stop it for now. Permission: campaigns:execute."""
        return await self._move(organization_id, campaign_id, "pause")

    async def resume(self, organization_id: Executor, campaign_id: UUID) -> Campaign:
        """Let it go on. Permission: campaigns:execute."""
        return await self._move(organization_id, campaign_id, "resume")

    async def cancel(self, organization_id: Executor, campaign_id: UUID) -> Campaign:
        """End it for good. Permission: campaigns:execute."""
        return await self._move(organization_id, campaign_id, "cancel")

    async def _move(self, organization_id: UUID, campaign_id: UUID, verb: Verb) -> Campaign:
        return Campaign.of(
            await self._campaigns.move(organization_id=organization_id, campaign_id=campaign_id, verb=verb)
        )


def campaign_routes(campaigns: Campaigns) -> APIRouter:
    """The routes, to be put under /api/v1."""
    endpoints = _Endpoints(campaigns)
    routes = APIRouter(prefix="/campaigns", tags=["campaigns"])
    known, steered = refusals(on_404=_UNKNOWN), refusals(on_404=_UNKNOWN, on_409=_WRONG)
    one, post = "/{campaign_id}", ["POST"]
    routes.add_api_route("", endpoints.all, summary="List campaigns", responses=refusals())
    routes.add_api_route("", endpoints.create, methods=post, summary="Make a campaign", responses=refusals())
    routes.add_api_route(one, endpoints.one, summary="A campaign with figures", responses=known)
    routes.add_api_route(f"{one}/recipients", endpoints.recipients, summary="List recipients", responses=known)
    routes.add_api_route(f"{one}/recipients", endpoints.add, methods=post, summary="Add recipients", responses=steered)
    for action, summary in (
        (endpoints.schedule, "Schedule a campaign"), (endpoints.start, "Start a campaign"),
        (endpoints.pause, "Pause a campaign"), (endpoints.resume, "Resume a campaign"),
        (endpoints.cancel, "Cancel a campaign"),
    ):  # fmt: skip
        routes.add_api_route(f"{one}/{action.__name__}", action, methods=post, summary=summary, responses=steered)
    return routes
