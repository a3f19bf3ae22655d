"""What campaigns heed: templates, pauses, what people and operators said, and who answered."""

import time
import uuid
from collections import Counter
from functools import partial

import pytest

from services.pb.common.v1 import events_pb2
from services.pb.sender.v1 import sender_pb2
from services.sender.campaigning import Campaigning
from services.sender.ports import NumberFacts
from services.sender.server import DeliveryServer
from services.sender.server.campaigns import CampaignsServer

from .campaigning import NO_CONTEXT, Router, add, create, desk, got, named, numbers_of, reached, start, work
from .conftest import NUMBER, Stage, eventually


async def hear(stage: Stage, *notices: events_pb2.Notice) -> None:
    items = [sender_pb2.OrganizationNotice(organization_id=stage.organization_id, notice=each) for each in notices]
    room = stage.rooms[0]
    request = sender_pb2.ApplyNoticesRequest(notices=items)
    await DeliveryServer(room.deliver, room.notices, room.desk).ApplyNotices(request, NO_CONTEXT)


def template_news(status: str, *, quality: str = "", reason: str = "") -> events_pb2.Notice:
    news = events_pb2.TemplateNews(
        name="spring", language="pt_BR", status=status, quality=quality, reason=reason,
        told_at_ms=time.time_ns() // 1_000_000,
    )  # fmt: skip
    return events_pb2.Notice(template=news, waba_id="300")


def stop_of(number: str) -> events_pb2.Notice:
    said_at_ms = time.time_ns() // 1_000_000
    return events_pb2.Notice(
        preference=events_pb2.Preference(wa_id=number, kind="all", is_out=True, said_at_ms=said_at_ms, source="word")
    )


async def turn(stage: Stage, campaigns: Campaigning) -> None:
    await stage.sql("UPDATE sender.campaign_turn SET due_at = least(due_at, now()) RETURNING 1")
    await campaigns.work.turn()


async def resume(server: CampaignsServer, stage: Stage, campaign: sender_pb2.Campaign) -> None:
    await server.Resume(sender_pb2.ResumeCampaignRequest(**named(stage, campaign)), NO_CONTEXT)


@pytest.mark.parametrize(
    ("news", "note"),
    [
        (template_news("PAUSED"), "the template spring/pt_BR is PAUSED at Meta; resume once it is approved"),
        (
            template_news("DISABLED", reason="ABUSIVE_CONTENT"),
            "the template spring/pt_BR is DISABLED at Meta (ABUSIVE_CONTENT); resume once it is approved",
        ),
        (
            template_news("", quality="RED"),
            "Meta rates the template spring/pt_BR RED; resume once its quality is better",
        ),
    ],
)
async def test_a_template_that_meta_stops_pauses_its_campaign_until_it_is_mended(
    stage: Stage, news: events_pb2.Notice, note: str
) -> None:
    server, campaigns = await desk(stage)
    campaign = await create(server, stage)
    await add(server, stage, campaign, numbers_of(3))
    await hear(stage, news)
    await start(server, stage, campaign)
    await turn(stage, campaigns)
    stopped = (await got(server, stage, campaign)).campaign
    assert (stopped.state, stopped.note, stopped.done) == ("paused", note, 0)
    await hear(stage, template_news("APPROVED", quality="GREEN"))
    await resume(server, stage, campaign)
    await work(campaigns, server, stage, campaign)
    assert reached(stage) == Counter(numbers_of(3))


async def test_a_number_that_meta_refuses_is_waited_for_and_one_message_tries_it(stage: Stage) -> None:
    server, campaigns = await desk(stage)
    campaign = await create(server, stage)
    await add(server, stage, campaign, numbers_of(3))
    await start(server, stage, campaign)
    organization_id = uuid.UUID(stage.organization_id)
    await stage.sql(
        "INSERT INTO sender.pause (organization_id, scope, name, phone_number_id, error_code, error_text, probe_at) "
        f"VALUES ('{organization_id}', 'number', '{NUMBER}', '{NUMBER}', 131031, 'locked', now() + interval '1 hour') "
        "RETURNING 1"
    )
    await stage.rooms[0].pauses.refresh()
    await turn(stage, campaigns)
    waiting = (await got(server, stage, campaign)).campaign
    assert (waiting.state, waiting.note, waiting.done) == ("running", "waits, number paused: locked", 0)
    await stage.sql("UPDATE sender.pause SET probe_at = now() RETURNING 1")
    await stage.rooms[0].pauses.refresh()
    await turn(stage, campaigns)
    assert (await got(server, stage, campaign)).campaign.done == 1
    await work(campaigns, server, stage, campaign)
    assert reached(stage) == Counter(numbers_of(3))


async def test_no_more_users_a_day_are_written_to_than_the_operator_allows(stage: Stage) -> None:
    server, campaigns = await desk(stage)
    organization_id = uuid.UUID(stage.organization_id)
    facts = NumberFacts(portfolio_id="portfolio", users_per_day=2)
    await stage.rooms[0].numbers.put_limits(organization_id=organization_id, phone_number_id=NUMBER, facts=facts)
    campaign = await create(server, stage)
    await add(server, stage, campaign, numbers_of(5))
    await start(server, stage, campaign)

    async def has_said_so() -> bool:
        await turn(stage, campaigns)
        return "users a day" in (await got(server, stage, campaign)).campaign.note

    async def have_left(count: int) -> bool:
        await turn(stage, campaigns)
        return (await got(server, stage, campaign)).figures.sent == count

    await eventually(has_said_so)
    await eventually(partial(have_left, 2))
    assert (len(reached(stage)), (await got(server, stage, campaign)).campaign.done) == (2, 2)
    await stage.sql("UPDATE sender.reached SET reached_at = now() - interval '25 hours' RETURNING 1")
    await eventually(partial(have_left, 4))
    assert len(reached(stage)) == 4


async def test_who_said_stop_after_the_start_gets_nothing_and_counts_as_opted_out(stage: Stage) -> None:
    server, campaigns = await desk(stage)
    campaign = await create(server, stage, respect_opt_out=False)
    await add(server, stage, campaign, numbers_of(3))
    await start(server, stage, campaign)
    await hear(stage, stop_of(numbers_of(3)[1]))
    await work(campaigns, server, stage, campaign)
    assert reached(stage) == Counter([numbers_of(3)[0], numbers_of(3)[2]])
    figures = (await got(server, stage, campaign)).figures
    assert (figures.sent, figures.failed, figures.opt_outs) == (2, 1, 1)


async def test_who_says_stop_to_what_they_got_counts_as_opted_out(stage: Stage) -> None:
    server, campaigns = await desk(stage)
    campaign = await create(server, stage)
    await add(server, stage, campaign, numbers_of(3))
    await start(server, stage, campaign)
    await work(campaigns, server, stage, campaign)
    for _ in range(2):
        await hear(stage, stop_of(numbers_of(3)[1]))
    figures = (await got(server, stage, campaign)).figures
    assert (figures.sent, figures.failed, figures.opt_outs) == (3, 0, 1)


async def test_who_wrote_since_the_message_left_has_replied_and_who_wrote_before_has_not(stage: Stage) -> None:
    router = Router()
    server, campaigns = await desk(stage, router)
    campaign = await create(server, stage)
    await add(server, stage, campaign, numbers_of(4))
    ids = [uuid.uuid5(uuid.UUID(stage.organization_id), number) for number in numbers_of(4)]
    router.wrote_at = {ids[0]: int(time.time()) - 60}
    await start(server, stage, campaign)
    await work(campaigns, server, stage, campaign)
    assert (await got(server, stage, campaign)).figures.replies == 0
    # Meta tells whole seconds: whoever answers at once has the second in which the message left.
    rows = await stage.sql(
        "SELECT lane_id, floor(extract(epoch FROM attempted_at))::bigint FROM sender.message ORDER BY recipient_wa_id"
    )
    router.wrote_at |= {ids[1]: rows[1][1], ids[2]: int(time.time()) + 5, uuid.uuid4(): int(time.time()) + 5}
    assert (await got(server, stage, campaign)).figures.replies == 2


async def test_a_message_that_stays_in_doubt_is_told_as_such_until_a_status_comes(stage: Stage) -> None:
    server, campaigns = await desk(stage)
    campaign = await create(server, stage)
    await add(server, stage, campaign, numbers_of(2))
    await start(server, stage, campaign)
    await work(campaigns, server, stage, campaign)
    given_up = "IN_DOUBT: nobody knows whether Meta took the message, and it may not be sent twice"
    await stage.sql(
        f"UPDATE sender.message SET state = 'failed', status = 'none', error_text = '{given_up}', error_code = 0 "
        "WHERE recipient_wa_id = '5511900000000' RETURNING 1"
    )
    figures = (await got(server, stage, campaign)).figures
    assert (figures.sent, figures.failed, figures.uncertain) == (1, 1, 1)
    await stage.apply(stage.rooms[0], *stage.statuses.kept)
    figures = (await got(server, stage, campaign)).figures
    assert (figures.sent, figures.failed, figures.uncertain) == (2, 0, 0)
