"""What becomes of conversations among people when contacts merge, go or grow old, and what the set-up needs."""

from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from services.chassis.audit import AuditLog
from services.chassis.errors import FailedPrecondition, NotFound
from services.router.domain.contacts import ContactChanges, Merge
from services.router.domain.identity import contact_id_of
from services.router.domain.order import HandBack
from services.router.store import PostgresPrivacy, PostgresRouting
from tests.fixtures import servers
from tests.integration.router.queue_room import NAMES, QueueRoom, open_room


@pytest.fixture
async def room(module_database: servers.Database) -> AsyncIterator[QueueRoom]:
    async with open_room(module_database.url_of("router")) as room:
        await room.write(1, 2, 3)
        yield room


async def merge(room: QueueRoom, *losers: int) -> None:
    """It turns out that these contacts are the first one."""
    first = contact_id_of(room.identity(1))
    merged = [Merge(room.organization_id, contact_id_of(room.identity(loser)), first) for loser in losers]
    async with PostgresRouting(room.database, NAMES).routing([room.organization_id]) as work:
        await work.save_contacts(ContactChanges(merged=merged))


async def heard(room: QueueRoom) -> list[tuple[str, int]]:
    """What the flows of the room's contacts heard by now."""
    await room.here.telling.turn()
    numbers = {room.conversation(number): number for number in (1, 2, 3)}
    told = [(what, conversation_id) for what, conversation_id, _ in room.hands.told.values()]
    return sorted((what, numbers[conversation_id]) for what, conversation_id in told if conversation_id in numbers)


async def test_who_waits_goes_on_waiting_as_the_contact_it_turns_out_to_be(room: QueueRoom) -> None:
    await room.queue()
    await room.hand_over(2, context="two children")
    await merge(room, 2)

    entry = await room.entry(1)
    assert (entry.state, entry.context, entry.wa_id) == ("waiting", "two children", room.identity(1).value)
    assert await room.owner(1) == "person"
    assert await room.release(1)
    assert await room.entries() == []


async def test_of_two_who_turn_out_to_be_one_only_one_goes_on_waiting(room: QueueRoom) -> None:
    await room.queue()
    for number in (1, 2, 3):
        room.clock.pass_by(minutes=1)
        await room.hand_over(number)
    await merge(room, 2)
    await merge(room, 3)

    assert [each.conversation_id for each in await room.entries()] == [room.conversation(1)]
    ended = await room.entries("ended")
    assert [(each.end_reason, each.changes[-1].kind) for each in ended] == [("merged", "merged")] * 2


async def test_of_several_who_turn_out_to_be_one_at_once_who_has_waited_longest_goes_on(room: QueueRoom) -> None:
    await room.queue()
    for number in (3, 2, 1):
        room.clock.pass_by(minutes=1)
        await room.hand_over(number, context=f"of {number}")
    await merge(room, 2, 3)

    (going_on,) = await room.entries()
    assert (going_on.context, going_on.conversation_id) == ("of 3", room.conversation(1))
    assert [each.end_reason for each in await room.entries("ended")] == ["merged"] * 2


async def test_who_is_with_an_agent_stays_there_though_another_of_their_names_waits_longer(room: QueueRoom) -> None:
    await room.queue()
    me = await room.agent(1)
    await room.hand_over(2)
    assert await room.pull(me) is not None
    await room.hand_over(1)
    await merge(room, 2)

    entry = await room.entry(1)
    assert (entry.state, entry.agent_id) == ("assigned", me)


async def test_the_flows_of_all_who_turn_out_to_be_one_hear_when_people_give_the_contact_back(room: QueueRoom) -> None:
    await room.queue()
    for number in (1, 2, 3):
        await room.hand_over(number)
    await merge(room, 2, 3)
    assert await heard(room) == []

    assert await room.release(1)
    for _ in range(2):
        assert await heard(room) == [("release", number) for number in (1, 2, 3)]


async def test_a_flow_that_goes_on_by_itself_ends_the_wait_of_who_its_contact_turned_out_to_be(
    room: QueueRoom,
) -> None:
    await room.queue()
    await room.hand_over(2)
    await merge(room, 2)
    assert (await room.entry(1)).state == "waiting"
    await room.here.orders.apply([room.order(2, HandBack())])

    assert await room.entries() == []
    assert await room.owner(1) == "bot"
    assert await heard(room) == []
    # What a flow gives back that waits for nobody ends nobody else's wait.
    await room.hand_over(1)
    await room.here.orders.apply([room.order(2, HandBack())])
    assert (await room.entry(1)).state == "waiting"


async def test_what_a_flow_of_a_contact_merged_away_hands_over_waits_as_who_it_turned_out_to_be(
    room: QueueRoom,
) -> None:
    await room.queue()
    await merge(room, 2)
    assert await room.hand_over(2, context="two children") == "applied"

    entry = await room.entry(1)
    assert (entry.context, entry.wa_id) == ("two children", room.identity(1).value)
    assert await room.owner(1) == "person"
    await room.release(1)
    assert await heard(room) == [("release", 1), ("release", 2)]


async def test_what_is_needed_is_not_removed(room: QueueRoom) -> None:
    second = await room.queue("second")
    first = await room.queue("first", overflow_queue_id=second)
    await room.hand_over(1, queue_id="first")
    setup, organization_id = room.here.setup, room.organization_id
    for queue_id in (first, second):
        with pytest.raises(FailedPrecondition):
            await setup.delete_queue(organization_id=organization_id, queue_id=queue_id)
    support = await room.department()
    with pytest.raises(FailedPrecondition):
        await setup.delete_department(organization_id=organization_id, department_id=support)

    await room.release(1)
    for queue_id in (first, second):
        await setup.delete_queue(organization_id=organization_id, queue_id=queue_id)
    await setup.delete_department(organization_id=organization_id, department_id=support)

    assert (await room.entry(1, "ended")).queue_id is None
    with pytest.raises(NotFound):
        await setup.delete_queue(organization_id=organization_id, queue_id=first)


async def test_presence_ends_by_itself(room: QueueRoom) -> None:
    me = await room.agent(1)
    floor = await room.here.setup.floor(organization_id=room.organization_id)
    assert floor.agents[me].presence_at(room.clock()) == "available"

    room.clock.pass_by(hours=1)
    assert floor.agents[me].presence_at(room.clock()) == "offline"


async def test_what_people_were_told_goes_with_the_contact(room: QueueRoom) -> None:
    await room.queue()
    await room.hand_over(1, context="lives in Olinda")
    await room.hand_over(2, context="stays")
    privacy = PostgresPrivacy(room.database, NAMES, AuditLog("router", room.database))
    person = await privacy.find(identity=room.identity(1))
    assert person is not None
    rows = await privacy.rows(organization_id=room.organization_id, contact_ids=person.contact_ids)
    assert {row.kind for row in rows} >= {"queue_entry", "queue_change"}
    assert "lives in Olinda" in str(rows)

    erased = await privacy.erase(organization_id=room.organization_id, job_id=uuid4(), person=person)

    assert erased is not None
    assert (erased.counts["router.queue_entry"], erased.counts["router.queue_change"]) == (1, 1)
    assert [each.context for each in await room.entries()] == ["stays"]


async def test_what_has_long_ended_is_let_go_though_the_contact_still_writes(room: QueueRoom) -> None:
    await room.queue()
    for number in (1, 2):
        await room.hand_over(number)
    await room.release(1)
    room.clock.pass_by(days=40)
    await room.write(1, 2, 3)
    privacy = PostgresPrivacy(room.database, NAMES, AuditLog("router", room.database))

    expired = await privacy.expire(
        organization_id=room.organization_id,
        job_id=uuid4(),
        before=room.clock() - timedelta(days=30),
        after=UUID(int=0),
        limit=100,
    )

    assert expired.counts["router.queue_entry"] == 1
    assert [each.conversation_id for each in await room.entries()] == [room.conversation(2)]
    assert await room.entries("ended") == []
