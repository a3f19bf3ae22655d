"""Campaigns on real Postgres and the simulated Meta: each recipient once, whatever dies or is paused meanwhile."""

import uuid
from collections import Counter

import orjson
import pytest

from services.chassis.errors import FailedPrecondition
from services.pb.sender.v1 import sender_pb2

from .campaigning import NO_CONTEXT, add, create, desk, got, named, numbers_of, reached, start, work
from .conftest import Stage, eventually


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
