"""Campaigns on real Postgres and the simulated Meta: each recipient once, whatever dies or is paused meanwhile."""

import time
import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import orjson
import pytest

from services.chassis.errors import FailedPrecondition
from services.pb.common.v1 import content_pb2
from services.pb.sender.v1 import sender_pb2
from services.sender.app import Campaigning, furnish_campaigns
from services.sender.domain.campaigns import Recipient as CampaignRecipient
from services.sender.ports.campaigns import AudiencePage
from services.sender.ports.teams import Conversation, NoConversation, Recipient
from services.sender.server.campaigns import CampaignsServer

from .conftest import NUMBER, Stage, eventually

NO_CONTEXT: Any = None
FAST = 36_000_000


class Router:
    """Every phone number has a conversation; those that end in 7 refused messages, those that end in 8 are talking."""

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


async def desk(stage: Stage) -> tuple[CampaignsServer, Campaigning]:
    """One more sender, whose turns the test takes by hand."""
    room = await stage.sender()
    router = Router()
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


async def test_each_recipient_gets_the_template_with_its_own_words_once(stage: Stage) -> None:
    server, campaigns = await desk(stage)
    campaign = await create(server, stage)
    assert (await create(server, stage)).campaign_id == campaign.campaign_id
    first = await add(server, stage, campaign, numbers_of(30))
    again = await add(server, stage, campaign, numbers_of(31))
    assert (first.added, again.added, again.repeated_ones) == (30, 1, 30)
    await start(server, stage, campaign)
    await work(campaigns, server, stage, campaign)
    assert reached(stage) == Counter(numbers_of(31))
    texts = {
        orjson.loads(entry.body)["template"]["components"][0]["parameters"][0]["text"]
        for entry in stage.meta.ledger.read()
    }
    assert texts == {f"Oi n{number}" for number in numbers_of(31)}
    figures = (await got(server, stage, campaign)).figures
    assert (figures.recipients, figures.sent, figures.failed, figures.pending) == (31, 31, 0, 0)

    async def are_delivered() -> bool:
        # The later status first, and all of them again and again.
        await stage.apply(stage.rooms[0], *sorted(stage.statuses.kept, key=lambda status: status.status))
        return (await got(server, stage, campaign)).figures.delivered == 31

    await eventually(are_delivered)
    assert (await got(server, stage, campaign)).figures.sent == 31


async def test_a_turn_that_was_overtaken_changes_nothing(stage: Stage) -> None:
    server, campaigns = await desk(stage)
    _, others = await desk(stage)
    campaign = await create(server, stage)
    await add(server, stage, campaign, numbers_of(20))
    await start(server, stage, campaign)
    turns = campaigns.work._turns
    claimed = await turns.claim()
    assert claimed is not None
    stale, now = claimed
    await stage.sql("UPDATE sender.campaign_turn SET due_at = now() RETURNING 1")
    await others.work.turn()
    places = await turns.due(stale, limit=20)
    decided = await campaigns.work._decide(stale, places, now)
    assert await turns.hand_on(stale, decided, paced_until=now) is False
    await work(others, server, stage, campaign)
    assert reached(stage) == Counter(numbers_of(20))


async def test_what_is_paused_waits_and_goes_on_where_it_stopped(stage: Stage) -> None:
    server, campaigns = await desk(stage)
    campaign = await create(server, stage, messages_per_hour=3600)
    await add(server, stage, campaign, numbers_of(12))
    await start(server, stage, campaign)
    await campaigns.work.turn()
    await server.Pause(sender_pb2.PauseCampaignRequest(**named(stage, campaign)), NO_CONTEXT)
    paused = await got(server, stage, campaign)
    assert paused.campaign.state == "paused"
    assert 0 < paused.campaign.done <= 6
    assert not await campaigns.work.turn()
    assert paused.figures.pending == 12 - paused.campaign.done
    await server.Resume(sender_pb2.ResumeCampaignRequest(**named(stage, campaign)), NO_CONTEXT)
    await work(campaigns, server, stage, campaign)
    assert reached(stage) == Counter(numbers_of(12))


async def test_a_cancelled_campaign_never_goes_on(stage: Stage) -> None:
    server, campaigns = await desk(stage)
    campaign = await create(server, stage)
    await add(server, stage, campaign, numbers_of(3))
    await server.Cancel(sender_pb2.CancelCampaignRequest(**named(stage, campaign)), NO_CONTEXT)
    with pytest.raises(FailedPrecondition, match="draft or scheduled"):
        await start(server, stage, campaign)
    assert not await campaigns.work.turn()
    assert not reached(stage)


async def test_who_refused_and_who_is_talking_are_left_out(stage: Stage) -> None:
    server, campaigns = await desk(stage)
    campaign = await create(server, stage, skip_active_conversations=True)
    await add(server, stage, campaign, [*numbers_of(4), *numbers_of(3, last=7), *numbers_of(2, last=8)])
    await start(server, stage, campaign)
    await work(campaigns, server, stage, campaign)
    assert reached(stage) == Counter(numbers_of(4))
    figures = (await got(server, stage, campaign)).figures
    assert (figures.sent, figures.skipped, figures.opt_outs) == (4, 5, 3)
    request = sender_pb2.ListRecipientsRequest(**named(stage, campaign), after=4)
    listed = (await server.ListRecipients(request, NO_CONTEXT)).recipients
    assert [each.reason for each in listed] == ["opted_out"] * 3 + ["in_conversation"] * 2


async def test_an_audience_of_routers_is_gathered_page_by_page(stage: Stage) -> None:
    server, campaigns = await desk(stage)
    campaign = await create(server, stage, audience="tags", tags=["garden"])
    await start(server, stage, campaign)
    await work(campaigns, server, stage, campaign)
    assert len(reached(stage)) == 9
    rows = await stage.sql("SELECT parameters FROM sender.campaign_recipient ORDER BY n")
    assert rows[0][0] == {"name": "Bia 0"}


async def test_a_failure_that_may_pass_is_tried_again_as_a_new_message(stage: Stage) -> None:
    server, campaigns = await desk(stage)
    campaign = await create(server, stage)
    await add(server, stage, campaign, numbers_of(2))
    await start(server, stage, campaign)
    await campaigns.work.turn()

    async def are_sent() -> bool:
        return len(reached(stage)) == 2 and len(stage.statuses.kept) >= 2

    await eventually(are_sent)
    await stage.sql(
        "UPDATE sender.message SET state = 'failed', status = 'failed', error_code = 131000 "
        "WHERE recipient_wa_id = '5511900000000' RETURNING 1"
    )
    for _ in range(2):
        await stage.sql("UPDATE sender.campaign_turn SET due_at = now() RETURNING 1")
        await campaigns.work.turn()
    due = (
        "UPDATE sender.campaign_recipient SET due_at = now() WHERE state = 'retry' RETURNING extract(epoch FROM due_at)"
    )
    assert len(await stage.sql(due)) == 1
    await work(campaigns, server, stage, campaign)
    assert reached(stage) == Counter({"5511900000000": 2, "5511900000010": 1})
    figures = (await got(server, stage, campaign)).figures
    assert (figures.sent, figures.failed, figures.retries) == (2, 0, 1)


async def test_a_schedule_is_of_the_campaigns_time_zone_and_starts_by_itself(stage: Stage) -> None:
    server, campaigns = await desk(stage)
    campaign = await create(server, stage, time_zone="America/Sao_Paulo")
    await add(server, stage, campaign, numbers_of(1))
    request = sender_pb2.ScheduleCampaignRequest(**named(stage, campaign), local_time="2100-01-01T09:00")
    scheduled = (await server.Schedule(request, NO_CONTEXT)).campaign
    assert scheduled.starts_at.ToJsonString() == "2100-01-01T12:00:00Z"
    assert not await campaigns.work.turn()
    request.local_time = "2020-01-01T09:00"
    await server.Schedule(request, NO_CONTEXT)
    await work(campaigns, server, stage, campaign)
    assert reached(stage) == Counter(numbers_of(1))


async def test_another_organization_neither_sees_nor_steers_a_campaign(stage: Stage) -> None:
    server, _ = await desk(stage)
    campaign = await create(server, stage)
    stage.organization_id = str(uuid.uuid4())
    request = sender_pb2.ListCampaignsRequest(organization_id=stage.organization_id)
    assert list((await server.List(request, NO_CONTEXT)).campaigns) == []
    with pytest.raises(Exception, match="no campaign has this id"):
        await got(server, stage, campaign)
