"""Prices and campaigns on their way to analytics: once for a message, whatever comes first, and as campaigns count."""

import time
import uuid
from datetime import UTC, datetime, timedelta
from uuid import UUID

from services.analytics.domain.record import Record, RecordKind
from services.pb.analytics.v1 import analytics_pb2
from services.pb.common.v1 import events_pb2
from services.sender.domain.answers import Accepted
from services.sender.domain.settling import Outcome, Turn, Wish
from tests.fakes.analytics_recount import RecountedReports

from .campaigning import add, create, desk, got, numbers_of, reached, start, work
from .conftest import NUMBER, Stage, eventually, settled

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def status(wamid: str, name: str, *, at: int = 0, price: tuple[str, str] = ("", ""), code: int = 0,
           callback: str = "") -> events_pb2.MessageStatus:  # fmt: skip
    return events_pb2.MessageStatus(
        event_id=f"{wamid}:{name}", phone_number_id=NUMBER, message_id=wamid, status=name, occurred_at=at,
        pricing_category=price[0], pricing_type=price[1], error_codes=[code] if code else [], callback_data=callback,
    )  # fmt: skip


async def prices(stage: Stage) -> list[tuple[str, str, str, int]]:
    """What analytics is told of prices."""
    return [
        (record.status, record.pricing_category, record.pricing_type, record.occurred_at_us // 1_000_000)
        for record in await stage.records()
        if record.pricing_category
    ]


async def test_a_price_that_is_told_before_the_answer_waits_for_the_message(stage: Stage) -> None:
    room = await stage.sender()
    await room.worker.stop()
    await stage.put_token(room)
    await stage.apply(room, status("wamid.x", "delivered", at=77, price=("utility", "regular")))
    message = stage.message(uuid.uuid4(), "found")
    await stage.enqueue(room, message)
    store = stage.store()
    (claim,) = await store.claim(limit=1)
    message_id, position = UUID(message.message_id), claim.items[0].position
    await store.settle([(claim, Turn(claim.head, wish=Wish(message_id, position, time.time() + 99)))])
    outcome = Outcome(message_id, 1, Accepted("wamid.x"), position, time.time() + 99)
    await store.settle([(claim, Turn(claim.head, outcome))])

    assert await prices(stage) == [("delivered", "utility", "regular", 77)]


async def test_a_message_is_charged_once_when_its_price_comes_late_and_again(stage: Stage) -> None:
    room = await stage.sender()
    await stage.put_token(room)
    message = stage.message(uuid.uuid4(), "late")
    await stage.enqueue(room, message)
    await settled(stage, 1)
    ((row),) = await stage.rows()
    (wamid,) = row["wamids"]
    price = ("service", "regular")
    sent = status(wamid, "sent", at=70, price=price)
    for one in (status(wamid, "read", at=90), sent, sent, status(wamid, "delivered", at=80, price=price)):
        await stage.apply(room, one)

    assert await prices(stage) == [("priced", *price, 90)]
    assert (await stage.rows("arrived_at_us"))[0]["arrived_at_us"] == 90_000_000


def read(told: analytics_pb2.Record) -> Record:
    """A record of a delivery as analytics keeps it."""
    return Record(
        UUID(told.organization_id), EPOCH + timedelta(microseconds=told.occurred_at_us), told.record_id, told.sequence,
        RecordKind.DELIVERY, UUID(told.conversation_id), status=told.status, error_code=told.error_code,
        former_status=told.former_status, campaign_id=UUID(told.campaign_id) if told.campaign_id else None,
        campaign_try=told.campaign_try,
    )  # fmt: skip


async def test_what_analytics_adds_up_of_a_campaign_is_what_the_campaign_counts(stage: Stage) -> None:
    server, campaigns = await desk(stage)
    campaign = await create(server, stage)
    await add(server, stage, campaign, numbers_of(6))
    await start(server, stage, campaign)
    await campaigns.work.turn()

    async def are_sent() -> bool:
        rows = await stage.rows()
        return len(reached(stage)) == 6 and all(row["state"] == "accepted" for row in rows)

    await eventually(are_sent)
    rows = {row["recipient_wa_id"]: row["wamids"][0] for row in await stage.rows("recipient_wa_id")}
    lost, gone, seen = (rows[number] for number in numbers_of(3))
    # What comes back of these from Meta later is too late: one fails and may be tried again, one is gone for good.
    await stage.apply(stage.rooms[0], status(lost, "failed", code=131000), status(gone, "failed", code=131026))
    await stage.apply(stage.rooms[0], status(seen, "read"), status(seen, "delivered"), status(seen, "read"))
    for _ in range(2):
        await stage.sql("UPDATE sender.campaign_turn SET due_at = now() RETURNING 1")
        await campaigns.work.turn()
    due = "UPDATE sender.campaign_recipient SET due_at = now() WHERE state = 'retry' RETURNING n"
    assert len(await stage.sql(due)) == 1
    await work(campaigns, server, stage, campaign)

    async def are_delivered() -> bool:
        await stage.apply(stage.rooms[0], *reversed(stage.statuses.kept))
        return (await got(server, stage, campaign)).figures.delivered == 5

    await eventually(are_delivered)
    figures = (await got(server, stage, campaign)).figures
    log = [read(record) for record in await stage.records()]
    (results,) = await RecountedReports(lambda: log).campaigns(
        organization_id=UUID(stage.organization_id), campaign_id=UUID(campaign.campaign_id), first_day=None, most=9
    )
    assert (results.sent, results.delivered, results.read, results.failed, results.retries) == (
        figures.sent, figures.delivered, figures.read, figures.failed, figures.retries,
    )  # fmt: skip
    assert (figures.sent, figures.failed, figures.retries) == (5, 1, 1)
    assert results.failures == [(131000, 1), (131026, 1)]
