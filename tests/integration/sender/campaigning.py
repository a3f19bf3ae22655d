"""A desk of campaigns for tests: a sender, a router of the test's own, and turns taken by hand."""

import time
import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from services.pb.common.v1 import content_pb2
from services.pb.sender.v1 import sender_pb2
from services.sender.campaigning import Campaigning, furnish_campaigns
from services.sender.domain.campaigns import Recipient as CampaignRecipient
from services.sender.ports.campaigns import AudiencePage
from services.sender.ports.teams import Conversation, NoConversation, Recipient
from services.sender.server.campaigns import CampaignsServer

from .conftest import NUMBER, Stage, eventually

NO_CONTEXT: Any = None
FAST = 36_000_000


class Router:
    """Every phone number has a conversation; those that end in 7 refused messages, those that end in 8 are talking.

    `wrote_at` is when somebody wrote last, in seconds, by conversation.
    """

    def __init__(self) -> None:
        self.wrote_at: dict[uuid.UUID, int] = {}

    async def open(
        self, *, organization_id: uuid.UUID, recipients: Sequence[Recipient]
    ) -> list[Conversation | NoConversation]:
        return [self._one(organization_id, recipient.phone_number) for recipient in recipients]

    def _one(self, organization_id: uuid.UUID, wa_id: str) -> Conversation:
        return Conversation(
            conversation_id=uuid.uuid5(organization_id, wa_id), phone_number_id=NUMBER, wa_id=wa_id, user_id="",
            window_expires_at=int(time.time()) + 3600 if wa_id.endswith("8") else 0, has_refused=wa_id.endswith("7"),
        )  # fmt: skip

    async def page(
        self, *, organization_id: uuid.UUID, tags: Sequence[str], attributes: Mapping[str, str], cursor: str
    ) -> AudiencePage:
        start = int(cursor or 0)
        who = [
            CampaignRecipient(
                recipient=f"55118{n:07d}0", is_user_id=False, parameters={"name": f"Bia {n}", "city": tags[0]}
            )
            for n in range(start, start + 3)
        ]
        return AudiencePage(who, str(start + 3) if start < 6 else "")

    async def replies(self, *, organization_id: uuid.UUID, awaited: Mapping[uuid.UUID, int]) -> int:
        return sum(self.wrote_at.get(conversation_id, -1) >= since for conversation_id, since in awaited.items())


async def desk(stage: Stage, router: Router | None = None) -> tuple[CampaignsServer, Campaigning]:
    """One more sender, whose turns the test takes by hand."""
    room = await stage.sender()
    router = router or Router()
    campaigns = furnish_campaigns(stage.settings, stage.pool, room, router, router)
    await stage.put_token(room)
    return CampaignsServer(campaigns.keep), campaigns


def template() -> content_pb2.Content:
    body = [content_pb2.TemplateParameter(text="Oi {{name}}")]
    return content_pb2.Content(template=content_pb2.TemplateContent(name="spring", language="pt_BR", body=body))


async def create(server: CampaignsServer, stage: Stage, key: str = "spring", **fields: Any) -> sender_pb2.Campaign:
    values: dict[str, Any] = {
        "organization_id": stage.organization_id, "idempotency_key": key, "name": "Spring", "phone_number_id": NUMBER,
        "content": template(), "messages_per_hour": FAST,
    }  # fmt: skip
    return (await server.Create(sender_pb2.CreateCampaignRequest(**values | fields), NO_CONTEXT)).campaign


async def add(
    server: CampaignsServer, stage: Stage, campaign: sender_pb2.Campaign, numbers: Sequence[str]
) -> sender_pb2.AddRecipientsResponse:
    recipients = [
        sender_pb2.CampaignRecipient(phone_number=number, parameters={"name": f"n{number}"}) for number in numbers
    ]
    request = sender_pb2.AddRecipientsRequest(
        organization_id=stage.organization_id, campaign_id=campaign.campaign_id, recipients=recipients
    )
    return await server.AddRecipients(request, NO_CONTEXT)


def named(stage: Stage, campaign: sender_pb2.Campaign) -> dict[str, str]:
    return {"organization_id": stage.organization_id, "campaign_id": campaign.campaign_id}


async def got(server: CampaignsServer, stage: Stage, campaign: sender_pb2.Campaign) -> sender_pb2.GetCampaignResponse:
    return await server.Get(sender_pb2.GetCampaignRequest(**named(stage, campaign)), NO_CONTEXT)


async def start(server: CampaignsServer, stage: Stage, campaign: sender_pb2.Campaign) -> None:
    await server.Start(sender_pb2.StartCampaignRequest(**named(stage, campaign)), NO_CONTEXT)


def numbers_of(count: int, *, last: int = 0) -> list[str]:
    return [f"55119{n:07d}{last}" for n in range(count)]


def reached(stage: Stage) -> Counter[str]:
    """How often Meta accepted something for each recipient."""
    return Counter(orjson.loads(entry.body)["to"].removeprefix("+") for entry in stage.meta.ledger.read())


async def work(campaigns: Campaigning, server: CampaignsServer, stage: Stage, campaign: sender_pb2.Campaign) -> None:
    """Take turns until the campaign is complete, and hand over what Meta tells meanwhile."""

    async def is_complete() -> bool:
        # The next turn need not be waited for.
        await stage.sql("UPDATE sender.campaign_turn SET due_at = least(due_at, now()) RETURNING 1")
        await campaigns.work.turn()
        await stage.apply(stage.rooms[0], *stage.statuses.kept)
        return (await got(server, stage, campaign)).campaign.state == "completed"

    await eventually(is_complete, 60.0)
