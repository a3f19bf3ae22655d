"""What campaigns keep of people: told in an export, emptied by an erasure, let go of when it is old; counts stay."""

import uuid
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from services.chassis.queue import Cleared
from services.chassis.sealing import NameHasher
from services.sender.ports import Erasure
from services.sender.store import PostgresPrivacy

from .campaigning import add, create, desk, got, numbers_of, reached, start, work
from .conftest import Stage

ANA, BIA, CAI = numbers_of(3)


@pytest.fixture
def privacy(stage: Stage) -> PostgresPrivacy:
    return PostgresPrivacy(stage.pool, NameHasher.from_text(stage.settings.tombstone_key))


async def erase(stage: Stage, privacy: PostgresPrivacy, number: str) -> Cleared:
    organization_id = uuid.UUID(stage.organization_id)
    lane_id = uuid.uuid5(organization_id, number)
    erasure = Erasure(
        conversation_ids=[lane_id], wa_ids=[number], user_ids=[], wamid_parts=[], erased_at=datetime.now(UTC)
    )
    return await privacy.erase(organization_id=organization_id, job_id=uuid.uuid4(), erasure=erasure)


async def expire(stage: Stage, privacy: PostgresPrivacy, *, days: int) -> int:
    """Let go of what is older than so many days, to the end; how many places were emptied."""
    emptied, is_more = 0, True
    while is_more:
        before = datetime.now(UTC) - timedelta(days=days)
        cleared = await privacy.expire(
            organization_id=uuid.UUID(stage.organization_id), job_id=uuid.uuid4(), before=before
        )
        emptied += cleared.counts.get("sender.campaign_recipient", 0)
        is_more = bool(cleared.cursor)
    return emptied


async def places(stage: Stage) -> str:
    """Everything that is kept of recipients, as one text."""
    return "\n".join(row[0] for row in await stage.sql("SELECT r::text FROM sender.campaign_recipient r ORDER BY n"))


async def test_an_export_tells_the_campaigns_somebody_is_in(stage: Stage, privacy: PostgresPrivacy) -> None:
    server, _ = await desk(stage)
    campaign = await create(server, stage)
    await add(server, stage, campaign, [ANA, BIA])
    page = await privacy.page(
        organization_id=uuid.UUID(stage.organization_id), conversation_ids=[], names=[ANA], cursor=""
    )
    (row,) = [each for each in page.rows if each.kind == "campaign_recipient"]
    assert (row.data["campaign"], row.data["recipient"], row.data["state"]) == ("Spring", ANA, "pending")
    assert row.data["parameters"] == {"name": f"n{ANA}"}


async def test_an_erased_recipient_is_left_out_and_keeps_an_empty_place(stage: Stage, privacy: PostgresPrivacy) -> None:
    server, campaigns = await desk(stage)
    campaign = await create(server, stage)
    await add(server, stage, campaign, [ANA, BIA, CAI])
    cleared = await erase(stage, privacy, BIA)
    assert cleared.counts["sender.campaign_recipient"] == 1
    assert BIA not in await places(stage)
    await start(server, stage, campaign)
    await work(campaigns, server, stage, campaign)
    assert reached(stage) == Counter([ANA, CAI])
    figures = (await got(server, stage, campaign)).figures
    assert (figures.recipients, figures.sent, figures.skipped) == (3, 2, 1)


async def test_a_turn_that_read_somebody_before_the_erasure_comes_to_nothing(
    stage: Stage, privacy: PostgresPrivacy
) -> None:
    server, campaigns = await desk(stage)
    campaign = await create(server, stage)
    await add(server, stage, campaign, [ANA, BIA])
    await start(server, stage, campaign)
    turns = campaigns.work._turns
    claimed = await turns.claim()
    assert claimed is not None
    stale, now = claimed
    decided = await campaigns.work._decide(stale, await turns.due(stale, limit=9), now)
    await erase(stage, privacy, BIA)
    assert await turns.hand_on(stale, decided, paced_until=now) is False
    await work(campaigns, server, stage, campaign)
    assert reached(stage) == Counter([ANA])


async def test_the_erasure_of_who_got_a_message_leaves_the_figures_as_they_were(
    stage: Stage, privacy: PostgresPrivacy
) -> None:
    server, campaigns = await desk(stage)
    campaign = await create(server, stage)
    await add(server, stage, campaign, [ANA, BIA])
    await start(server, stage, campaign)
    await work(campaigns, server, stage, campaign)
    before = (await got(server, stage, campaign)).figures
    await erase(stage, privacy, ANA)
    assert ANA not in await places(stage)
    assert (await got(server, stage, campaign)).figures == before


async def test_old_campaigns_forget_whom_they_wrote_to_and_keep_their_figures(
    stage: Stage, privacy: PostgresPrivacy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.sender.store.privacy.ROWS_AT_ONCE", 2)
    server, campaigns = await desk(stage)
    old, draft, fresh = [await create(server, stage, key=key) for key in ("old", "draft", "fresh")]
    await add(server, stage, old, [ANA, BIA, CAI])
    await start(server, stage, old)
    await work(campaigns, server, stage, old)
    await add(server, stage, draft, [ANA])
    await add(server, stage, fresh, [BIA])
    before = (await got(server, stage, old)).figures
    assert await expire(stage, privacy, days=30) == 0
    aged = f"campaign_id IN ('{old.campaign_id}', '{draft.campaign_id}')"
    await stage.sql(
        "UPDATE sender.campaign SET ended_at = ended_at - interval '40 days', "
        f"paced_until = paced_until - interval '40 days' WHERE {aged} RETURNING 1"
    )
    assert await expire(stage, privacy, days=30) == 4
    kept = await places(stage)
    assert ANA not in kept
    assert BIA in kept
    assert (await got(server, stage, old)).figures == before
    assert await expire(stage, privacy, days=30) == 0
