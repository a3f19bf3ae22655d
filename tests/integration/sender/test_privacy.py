"""What sender keeps of people: emptied when they are erased, told in an export, let go of when it is old."""

import base64
import time
import uuid
from datetime import UTC, datetime, timedelta

import pytest

from services.chassis.queue import Box, Cleared, Finish, Lanes
from services.chassis.sealing import NameHasher
from services.pb.common.v1 import events_pb2, results_pb2
from services.sender.app import Room
from services.sender.ports import Erasure
from services.sender.ports.teams import MessageFilter
from services.sender.store import PostgresMessages, PostgresPrivacy

from .conftest import NUMBER, Stage, settled

OK, ERASED = results_pb2.ITEM_OUTCOME_OK, results_pb2.ITEM_OUTCOME_ERASED
ANA, BIA = uuid.UUID(int=1), uuid.UUID(int=2)
"""Conversations. `Stage.message` makes the recipient's number of them."""
TABLES = ("message", "message_wamid", "parked_status", "pair", "inbox_item", "inbox_lane", "inbox_dead", "records_item")


@pytest.fixture
def privacy(stage: Stage) -> PostgresPrivacy:
    return PostgresPrivacy(stage.pool, NameHasher.from_text(stage.settings.tombstone_key))


def wa_id_of(conversation: uuid.UUID) -> str:
    return f"55119{conversation.int:08d}"


async def erase(stage: Stage, privacy: PostgresPrivacy, conversation: uuid.UUID = ANA, *parts: str) -> Cleared:
    erasure = Erasure(
        conversation_ids=[conversation], wa_ids=[wa_id_of(conversation)], user_ids=[f"US.{conversation.int}"],
        wamid_parts=parts, erased_at=datetime.now(UTC),
    )  # fmt: skip
    organization_id = uuid.UUID(stage.organization_id)
    return await privacy.erase(organization_id=organization_id, job_id=uuid.UUID(int=9), erasure=erasure)


async def expire(stage: Stage, privacy: PostgresPrivacy, before: datetime) -> Cleared:
    organization_id = uuid.UUID(stage.organization_id)
    return await privacy.expire(organization_id=organization_id, job_id=uuid.UUID(int=8), before=before)


async def tell_analytics(stage: Stage) -> None:
    """Analytics has taken all records."""
    records = Lanes(Box("sender", "records"), stage.pool)
    while claims := await records.claim():
        async with stage.pool.transaction([stage.organization_id]) as connection:
            await records.finish(connection, [Finish(claim, claim.until) for claim in claims])


async def send(stage: Stage, room: Room, *conversations: uuid.UUID) -> dict[uuid.UUID, str]:
    """A message to each has left; conversation → message id."""
    messages = [stage.message(conversation, f"dear {conversation.int}") for conversation in conversations]
    await stage.enqueue(room, *messages)
    await settled(stage, len(conversations))
    await tell_analytics(stage)
    return {uuid.UUID(message.conversation_id): message.message_id for message in messages}


async def holding(stage: Stage, conversation: uuid.UUID) -> set[str]:
    """The tables in which something of a conversation is, by its id, number, text, and by Meta's ids."""
    needles = [str(conversation), wa_id_of(conversation), f"dear {conversation.int}"]
    written = [*needles, *(needle.encode().hex() for needle in needles)]
    found = set()
    for table in TABLES:
        texts = "\n".join(row[0] for row in await stage.sql(f"SELECT t::text FROM sender.{table} t"))
        if any(needle in texts for needle in written):
            found.add(table)
    return found


def status(wamid: str, *, callback: str = "", to: uuid.UUID = ANA, name: str = "read") -> events_pb2.MessageStatus:
    return events_pb2.MessageStatus(
        event_id=f"status:{NUMBER}:{wamid}:{name}", phone_number_id=NUMBER, message_id=wamid, status=name,
        callback_data=callback, recipient_wa_id=wa_id_of(to), occurred_at=int(time.time()),
    )  # fmt: skip


async def test_an_erased_message_keeps_what_became_of_it_and_nothing_of_whom(
    stage: Stage, privacy: PostgresPrivacy
) -> None:
    room = await stage.sender()
    await stage.put_token(room)
    await send(stage, room, ANA, BIA)
    (ana, bia) = sorted(await stage.rows("recipient_wa_id", "accepted_at"), key=lambda row: row["recipient_wa_id"])

    cleared = await erase(stage, privacy)

    assert cleared.waiting_for == ""
    assert cleared.counts == {
        "sender.message": 1,
        "sender.message_wamid": 1,
        "sender.pair": 1,
        "sender.inbox_item": 1,
        "sender.inbox_lane": 1,
    }
    by_id = {row["message_id"]: row for row in await stage.rows("recipient_wa_id", "accepted_at")}
    assert by_id[ana["message_id"]] == ana | {"recipient_wa_id": "", "wamids": []}
    assert by_id[bia["message_id"]] == bia
    assert await holding(stage, ANA) == set()
    assert await holding(stage, BIA) == {"message", "pair", "inbox_item", "inbox_lane"}


async def test_an_erasure_repeated_finds_nothing_more(stage: Stage, privacy: PostgresPrivacy) -> None:
    room = await stage.sender()
    await stage.put_token(room)
    await send(stage, room, ANA)
    first = await erase(stage, privacy)
    rows = await stage.rows("erased_at")

    assert (await erase(stage, privacy)).counts == first.counts
    assert await stage.rows("erased_at") == rows


async def test_an_erasure_waits_for_a_message_on_its_way(stage: Stage, privacy: PostgresPrivacy) -> None:
    room = await stage.sender()
    await stage.enqueue(room, stage.message(ANA, "dear 1"))

    waiting = await erase(stage, privacy)

    assert waiting.waiting_for.startswith("messages that are on their way, or wait for the number's token")
    assert "inbox_item" in await holding(stage, ANA)
    await stage.put_token(room)
    await settled(stage, 1)
    assert (await erase(stage, privacy)).waiting_for == "records on their way to analytics"
    await tell_analytics(stage)
    assert (await erase(stage, privacy)).waiting_for == ""
    assert stage.texts() == ["dear 1"]
    assert await holding(stage, ANA) == set()


async def test_a_status_that_comes_after_the_erasure_is_not_kept(stage: Stage, privacy: PostgresPrivacy) -> None:
    room = await stage.sender()
    await stage.put_token(room)
    messages = await send(stage, room, ANA)
    ((wamid,),) = await stage.sql("SELECT wamid FROM sender.message_wamid")
    await erase(stage, privacy)
    before = await stage.rows("erased_at")

    fates = await stage.apply(
        room, status(wamid), status("wamid.later", callback=messages[ANA]), status("wamid.unknown"),
        status("wamid.neighbours", to=BIA),
    )  # fmt: skip

    assert fates == [ERASED, ERASED, ERASED, OK]
    assert await stage.rows("erased_at") == before
    assert await stage.sql("SELECT wamid FROM sender.parked_status") == [("wamid.neighbours",)]
    assert await stage.sql("SELECT wamid FROM sender.message_wamid") == [("wamid.neighbours",)]


async def test_a_status_that_waited_for_its_message_is_found_by_the_number_in_metas_id(
    stage: Stage, privacy: PostgresPrivacy
) -> None:
    room = await stage.sender()
    part = base64.b64encode(wa_id_of(ANA)[:12].encode()).decode()
    await stage.apply(room, status(f"wamid.HB{part}FQIA"), status("wamid.other", to=BIA))

    cleared = await erase(stage, privacy, ANA, part)

    assert cleared.counts == {"sender.message_wamid": 1, "sender.parked_status": 1}
    assert await stage.sql("SELECT wamid FROM sender.parked_status") == [("wamid.other",)]


async def test_whoever_writes_again_is_answered_and_the_statuses_count(stage: Stage, privacy: PostgresPrivacy) -> None:
    room = await stage.sender()
    await stage.put_token(room)
    await send(stage, room, ANA)
    await erase(stage, privacy)
    again = stage.message(uuid.UUID(int=ANA.int + 10**9), "dear again", recipient_wa_id=wa_id_of(ANA))
    await stage.enqueue(room, again)
    await settled(stage, 2)
    ((wamid,),) = await stage.sql("SELECT wamid FROM sender.message_wamid")

    assert await stage.apply(room, status(wamid, callback=again.message_id)) == [OK]
    states = {str(row["message_id"]): row["status"] for row in await stage.rows()}
    assert states[again.message_id] == "read"


async def test_an_export_tells_messages_with_their_texts(stage: Stage, privacy: PostgresPrivacy) -> None:
    room = await stage.sender()
    await stage.put_token(room)
    messages = await send(stage, room, ANA, BIA)

    page = await privacy.page(
        organization_id=uuid.UUID(stage.organization_id), conversation_ids=[ANA], names=[], cursor=""
    )

    assert [row.kind for row in page.rows] == ["message", "pair_limit", "message_content"]
    assert page.rows[0].data["message_id"] == messages[ANA]
    assert page.rows[0].data["recipient_phone_number"] == wa_id_of(ANA)
    assert b"dear 1" in page.rows[2].payload
    assert page.cursor == ""


async def test_old_messages_are_emptied_and_what_is_on_its_way_stays(stage: Stage, privacy: PostgresPrivacy) -> None:
    room = await stage.sender()
    await stage.put_token(room)
    await send(stage, room, ANA)
    await stage.apply(room, status("wamid.unknown", to=BIA))
    waiting = stage.message(BIA, "dear 2", phone_number_id="5511990002")
    await stage.enqueue(room, waiting)
    tomorrow = datetime.now(UTC) + timedelta(days=1)

    assert (await expire(stage, privacy, tomorrow - timedelta(days=2))).counts == {}
    await expire(stage, privacy, tomorrow)
    cleared = await expire(stage, privacy, tomorrow)

    assert cleared.counts["sender.message"] == 1
    assert cleared.counts["sender.parked_status"] == 1
    assert cleared.cursor == ""
    assert await holding(stage, ANA) <= {"inbox_lane"}
    assert {"message", "inbox_item", "inbox_lane"} <= await holding(stage, BIA)


async def test_lists_leave_erased_messages_out(stage: Stage, privacy: PostgresPrivacy) -> None:
    room = await stage.sender()
    await stage.put_token(room)
    await send(stage, room, ANA, BIA)
    await erase(stage, privacy)

    book = PostgresMessages(stage.pool)
    listed = await book.page(organization_id=uuid.UUID(stage.organization_id), chosen=MessageFilter(), limit=10)

    assert [message.lane_id for message in listed] == [BIA]
