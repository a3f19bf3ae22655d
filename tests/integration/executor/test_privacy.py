"""What executor keeps of people goes when they are erased, comes in an export, and goes when it is old."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from services.chassis.queue import Cleared, Finish, Lanes
from services.executor.store import OUTBOX, RECORDS, PostgresPrivacy
from tests.integration.executor.conftest import Room

ANA, BIA = "4915100000007", "4915100000008"
TABLES = ("conversation_states", "timer", "inbox_item", "inbox_lane", "outbox_item", "outbox_lane", "records_item")
"""Where a talk leaves something; both people are of one organization."""


@pytest.fixture
def privacy(room: Room) -> PostgresPrivacy:
    return PostgresPrivacy(room.database)


class Talk:
    """Two people of one organization talk; everything they said is worked off and handed on."""

    def __init__(self, room: Room) -> None:
        self.room = room
        self.ana, self.bia = uuid4(), uuid4()
        self.job_id = uuid4()
        self.outbox, self.records = Lanes(OUTBOX, room.database), Lanes(RECORDS, room.database)

    async def begin(self) -> None:
        for lane, number, name in ((self.ana, ANA, "Ana Beatriz"), (self.bia, BIA, "Bia Souza")):
            for text in ("hi", name):
                ids = {"conversation_id": str(lane), "contact_id": str(lane), "contact_wa_id": number}
                await self.room.submit(self.room.event(text, **ids))
        await self.room.work()

    async def hand_on(self) -> None:
        """Sender and analytics have taken everything, of other tests too."""
        for box in (self.outbox, self.records):
            while claims := await box.claim():
                async with self.room.database.transaction({claim.group_id for claim in claims}) as connection:
                    await box.finish(connection, [Finish(claim, claim.until) for claim in claims])

    async def bury_first_replies(self) -> None:
        """The first reply of each could not be handed on; the others were."""
        for claim in await self.outbox.claim():
            async with self.room.database.transaction([claim.group_id]) as connection:
                await self.outbox.bury(connection, claim, claim.items[0], "refused")
                await self.outbox.finish(connection, [Finish(claim, claim.until)])

    def rows(self, table: str) -> str:
        """Everything in one of executor's tables, of this organization, as one text."""
        rows = self.room.as_superuser(
            f"SELECT t::text FROM executor.{table} t WHERE organization_id = %s", self.room.organization_id
        )
        return "\n".join(str(row[0]) for row in rows)

    def holds(self, *needles: str) -> dict[str, bool]:
        """By table, whether one of these texts is in it; columns of bytes are shown in hexadecimal."""
        written = [*needles, *(needle.encode().hex() for needle in needles)]
        return {table: any(needle in self.rows(table) for needle in written) for table in TABLES}


@pytest.fixture
async def talk(room: Room) -> Talk:
    talk = Talk(room)
    await talk.begin()
    return talk


async def test_an_erasure_waits_for_replies_that_are_on_their_way_and_removes_nothing(
    talk: Talk, privacy: PostgresPrivacy
) -> None:
    before = talk.holds(str(talk.ana), ANA, "Ana Beatriz")

    cleared = await erase(talk, privacy)

    assert cleared.waiting_for == "events, replies, calls or orders that are being worked on"
    assert talk.holds(str(talk.ana), ANA, "Ana Beatriz") == before == dict.fromkeys(TABLES, True)


async def test_an_erasure_leaves_nothing_of_the_person_and_everything_of_a_neighbour(
    talk: Talk, privacy: PostgresPrivacy
) -> None:
    await talk.hand_on()

    cleared = await erase(talk, privacy)

    assert cleared.counts == {
        "executor.conversation_states": 1,
        "executor.timer": 1,
        "executor.inbox_item": 2,
        "executor.inbox_lane": 1,
        "executor.outbox_item": 3,
        "executor.outbox_lane": 1,
    }
    assert (cleared.waiting_for, cleared.cursor) == ("", "")
    assert talk.holds(str(talk.ana), ANA, "Ana Beatriz") == dict.fromkeys(TABLES, False)
    # Records that analytics has taken are not sorted by person: the finished ones go together.
    assert talk.holds(str(talk.bia), BIA, "Bia Souza") == dict.fromkeys(TABLES, True) | {"records_item": False}


async def test_an_erasure_repeated_tells_the_same_counts_and_another_job_none(
    talk: Talk, privacy: PostgresPrivacy
) -> None:
    await talk.hand_on()
    first = await erase(talk, privacy)

    assert (await erase(talk, privacy)).counts == first.counts
    talk.job_id = uuid4()
    assert (await erase(talk, privacy)).counts == {}


async def test_an_erasure_removes_dead_letters_too(talk: Talk, privacy: PostgresPrivacy) -> None:
    await talk.bury_first_replies()

    cleared = await erase(talk, privacy)

    assert cleared.counts["executor.outbox_dead"] == 1
    letters = {letter.lane_id for letter in await talk.outbox.dead_letters()}
    assert (talk.ana in letters, talk.bia in letters) == (False, True)


async def test_an_erasure_of_another_organization_finds_nothing(talk: Talk, privacy: PostgresPrivacy) -> None:
    await talk.hand_on()
    cleared = await privacy.erase(organization_id=uuid4(), job_id=talk.job_id, conversation_ids=[talk.ana])

    assert cleared.counts == {}
    assert talk.holds(str(talk.ana))["conversation_states"]


async def test_an_export_tells_states_timers_events_and_replies_of_one_person_in_order(
    talk: Talk, privacy: PostgresPrivacy
) -> None:
    rows, cursor = [], ""
    while True:
        page = await privacy.page(organization_id=talk.room.organization_id, conversation_ids=[talk.ana], cursor=cursor)
        rows += page.rows
        cursor = page.cursor
        if not cursor:
            break

    assert [row.kind for row in rows] == ["conversation_state", "timer", *["event"] * 2, *["reply"] * 3]
    assert rows[0].data["variables"] == {"guest": "Ana Beatriz"}
    assert rows[0].data["phone_number"] == ANA
    assert all(str(talk.bia) not in str(row.data) for row in rows)


async def test_ended_sessions_go_when_they_are_old_and_running_ones_stay(talk: Talk, privacy: PostgresPrivacy) -> None:
    await talk.hand_on()
    await talk.room.say("hi")  # somebody else, later
    talk.room.as_superuser(
        """UPDATE executor.conversation_states SET last_message_at = now() - interval '40 days',
             session_expires_at = CASE WHEN conversation_id = %s THEN now() - interval '39 days'
                                       ELSE session_expires_at END
           WHERE conversation_id = ANY (%s)""",
        talk.ana,
        [talk.ana, talk.bia],
    )
    month_ago = datetime.now(UTC) - timedelta(days=30)

    cleared = await expire(talk, privacy, month_ago)

    assert cleared.counts == {"executor.conversation_states": 1}
    left = talk.rows("conversation_states")
    assert (str(talk.ana) in left, str(talk.bia) in left) == (False, True)
    assert str(talk.ana) not in talk.rows("timer")
    assert (await expire(talk, privacy, month_ago)).counts == cleared.counts


async def test_items_go_when_they_are_old_and_what_waits_stays(talk: Talk, privacy: PostgresPrivacy) -> None:
    later = datetime.now(UTC) + timedelta(days=1)

    cleared = await expire(talk, privacy, later)

    assert cleared.counts == {"executor.inbox_item": 4}
    await talk.hand_on()
    assert set((await expire(talk, privacy, later)).counts) == {
        "executor.inbox_item", "executor.outbox_item", "executor.records_item",
    }  # fmt: skip
    assert talk.rows("outbox_item") == ""


async def erase(talk: Talk, privacy: PostgresPrivacy) -> Cleared:
    return await privacy.erase(
        organization_id=talk.room.organization_id, job_id=talk.job_id, conversation_ids=[talk.ana]
    )


async def expire(talk: Talk, privacy: PostgresPrivacy, before: datetime) -> Cleared:
    return await privacy.expire(organization_id=talk.room.organization_id, job_id=talk.job_id, before=before)
