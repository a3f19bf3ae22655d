"""Conversations among people on real Postgres: placed with their owner, given, moved, released, and what is kept."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from services.chassis.audit import AuditLog
from services.chassis.errors import FailedPrecondition, InvalidArgument, NotFound, Unavailable
from services.pb.common.v1 import errors_pb2
from services.router.domain.order import HandBack, HandOver
from services.router.domain.queues import hours_of
from services.router.ports.queues import EntryFilter
from services.router.store import PostgresConversations
from tests.fixtures import servers
from tests.integration.router.queue_room import NOON, QueueRoom, open_room

CLOSED = hours_of("UTC", {"thursday": ("13:00", "18:00")})


@pytest.fixture
async def room(module_database: servers.Database) -> AsyncIterator[QueueRoom]:
    async with open_room(module_database.url_of("router")) as room:
        await room.write(1, 2, 3)
        yield room


async def assign(room: QueueRoom, number: int, agent_id: UUID, reason: str = "") -> None:
    await room.here.handling.assign(
        organization_id=room.organization_id, name=room.name(number), agent_id=agent_id, reason=reason
    )


async def transfer(
    room: QueueRoom, number: int, *, queue_id: UUID | None = None, department_id: UUID | None = None
) -> None:
    await room.here.handling.transfer(
        organization_id=room.organization_id,
        name=room.name(number),
        queue_id=queue_id,
        department_id=department_id,
        reason="a matter of taxes",
    )


async def test_what_a_flow_hands_over_waits_in_its_queue_and_is_a_persons_in_one_transaction(room: QueueRoom) -> None:
    line = await room.queue("Billing", sla_minutes=10)
    assert await room.hand_over(1, queue_id="billing", priority=80, context="late invoice") == "applied"

    entry = await room.entry(1)
    assert (entry.queue_id, entry.state, entry.priority, entry.context) == (line, "waiting", 80, "late invoice")
    assert (entry.sla_alert_at, entry.sla_due_at) == (NOON + timedelta(minutes=8), NOON + timedelta(minutes=10))
    assert await room.owner(1) == "person"


async def test_an_order_that_comes_again_brings_nothing_twice(room: QueueRoom) -> None:
    await room.queue()
    order = room.order(1, HandOver("", "", "", 50, ""))
    assert [await room.here.orders.apply([order]) for _ in range(2)] == [["applied"], ["repeated"]]

    assert len((await room.entry(1)).changes) == 1


async def test_without_queues_a_conversation_is_a_persons_all_the_same(room: QueueRoom) -> None:
    assert await room.hand_over(1) == "applied"

    assert await room.entries() == []
    assert await room.owner(1) == "person"


async def test_what_is_handed_back_is_the_bots_and_waits_no_longer(room: QueueRoom) -> None:
    await room.queue()
    await room.hand_over(1)
    await room.here.orders.apply([room.order(1, HandBack())])

    assert await room.entries() == []
    ended = await room.entry(1, "ended")
    assert (ended.end_reason, ended.changes[-1].kind) == ("released", "ended")
    assert await room.hand_over(1) == "applied"
    assert (await room.entry(1)).state == "waiting"


async def test_a_batch_hands_over_and_back_in_its_order(room: QueueRoom) -> None:
    await room.queue()
    give, back = HandOver("", "", "", 50, ""), HandBack()
    await room.here.orders.apply([room.order(1, give), room.order(1, back), room.order(2, give)])

    assert [each.conversation_id for each in await room.entries()] == [room.conversation(2)]


async def test_a_full_queue_overflows_by_one_hop_and_the_history_tells(room: QueueRoom) -> None:
    second = await room.queue("second", priority=10)
    first = await room.queue("first", max_queue_size=1, overflow_queue_id=second)
    for number in (1, 2):
        await room.hand_over(number, queue_id="first")

    stayed, moved = await room.entry(1), await room.entry(2)
    assert (stayed.queue_id, moved.queue_id) == (first, second)
    assert [(each.kind, each.from_queue_id, each.reason) for each in moved.changes] == [
        ("queued", None, ""), ("overflowed", first, "full"),
    ]  # fmt: skip


async def test_hand_overs_that_come_at_once_do_not_overfill_a_queue(room: QueueRoom) -> None:
    second = await room.queue("second", priority=10)
    first = await room.queue("first", max_queue_size=1, overflow_queue_id=second)

    await asyncio.gather(*(room.hand_over(number, queue_id="first") for number in (1, 2, 3)))

    assert sorted(each.queue_id == first for each in await room.entries()) == [False, False, True]


async def test_an_agent_who_is_named_and_there_has_it_at_once(room: QueueRoom) -> None:
    line, me = await room.queue(), await room.agent(1)
    await room.hand_over(1, agent="agent 1")

    entry = await room.entry(1)
    assert (entry.state, entry.agent_id, entry.queue_id) == ("assigned", me, line)


async def test_who_takes_a_conversation_that_waits_has_it(room: QueueRoom) -> None:
    await room.queue()
    me = await room.agent(1)
    await room.hand_over(1)
    for number in (1, 2):
        taken = HandOver("", "", str(me), 0, "", is_taken=True)
        await room.here.orders.apply([room.order(number, taken)])

    assert [(each.state, each.agent_id) for each in await room.entries()] == [("assigned", me)] * 2
    assert await room.pull(await room.agent(2)) is None


async def test_a_person_who_is_no_agent_takes_a_conversation_and_it_waits_on(room: QueueRoom) -> None:
    await room.queue()
    await room.hand_over(1)
    await room.here.orders.apply([room.order(1, HandOver("", "", str(uuid4()), 0, "", is_taken=True))])
    await room.here.orders.apply([room.order(2, HandOver("", "", "", 0, "", is_taken=True))])

    assert [each.state for each in await room.entries()] == ["waiting"]


async def test_a_conversation_is_given_to_an_agent_and_to_another(room: QueueRoom) -> None:
    await room.queue()
    first, second = await room.agent(1), await room.agent(2)
    await room.hand_over(1)
    await assign(room, 1, first)
    await assign(room, 1, second, "knows the contact")

    entry = await room.entry(1)
    assert entry.agent_id == second
    assert [(each.kind, each.agent_id, each.reason) for each in entry.changes[1:]] == [
        ("assigned", first, ""), ("assigned", second, "knows the contact"),
    ]  # fmt: skip
    assert room.hands.told == {}


async def test_a_conversation_of_the_bot_is_taken_from_it_once(room: QueueRoom) -> None:
    me = await room.agent(1)
    room.hands.is_away = True
    with pytest.raises(Unavailable):
        await assign(room, 1, me)
    room.hands.is_away = False
    for _ in range(2):
        await assign(room, 1, me)

    assert await room.owner(1) == "person"
    assert [told[:2] for told in room.hands.told.values()] == [("take", room.conversation(1))]
    assert (await room.entry(1)).agent_id == me


async def test_an_agent_who_cannot_have_it_is_refused_with_the_reason(room: QueueRoom) -> None:
    support = await room.department(agent_ids=(room.agent_id(1), room.agent_id(4)))
    await room.queue(department_id=support)
    await room.hand_over(1)
    away = await room.agent(1, presence="away")
    other = await room.agent(2)
    full = await room.agent(4, capacity=0)
    for agent_id, why in ((away, "not available"), (other, "another department"), (full, "as many conversations")):
        with pytest.raises(FailedPrecondition, match=why) as refused:
            await assign(room, 1, agent_id)
        assert refused.value.reason == errors_pb2.ERROR_REASON_AGENT_UNAVAILABLE
    with pytest.raises(NotFound):
        await assign(room, 1, uuid4())
    assert (await room.entry(1)).state == "waiting"


async def test_assignments_at_once_never_give_an_agent_too_much(room: QueueRoom) -> None:
    await room.queue()
    me = await room.agent(1, capacity=1)
    for number in (1, 2, 3):
        await room.hand_over(number)

    results = await asyncio.gather(*(assign(room, number, me) for number in (1, 2, 3)), return_exceptions=True)

    assert sum(isinstance(each, FailedPrecondition) for each in results) == 2
    assert len(await room.entries("assigned")) == 1


async def test_a_transfer_keeps_what_the_flow_told_and_begins_a_new_promise(room: QueueRoom) -> None:
    await room.queue("first", sla_minutes=5)
    taxes = await room.queue("taxes", sla_minutes=60)
    me = await room.agent(1)
    await room.hand_over(1, queue_id="first", context="two children", priority=80)
    await room.pull(me)
    room.clock.pass_by(minutes=30)
    await transfer(room, 1, queue_id=taxes)

    entry = await room.entry(1)
    assert (entry.state, entry.queue_id, entry.agent_id) == ("waiting", taxes, None)
    assert (entry.context, entry.priority) == ("two children", 80)
    assert entry.sla_due_at == NOON + timedelta(minutes=90)
    assert (entry.changes[-1].kind, entry.changes[-1].reason) == ("transferred", "a matter of taxes")
    assert await room.owner(1) == "person"


async def test_a_transfer_to_a_department_goes_to_its_first_queue_and_overflows_from_there(room: QueueRoom) -> None:
    sales = await room.department("Sales")
    spare = await room.queue("spare", department_id=sales, priority=1)
    first = await room.queue("first", department_id=sales, priority=90, max_queue_size=1, overflow_queue_id=spare)
    for number in (1, 2):
        room.clock.pass_by(seconds=1)
        await transfer(room, number, department_id=sales)

    assert [each.queue_id for each in await room.entries()] == [first, spare]
    assert {told[:2] for told in room.hands.told.values()} == {("take", room.conversation(n)) for n in (1, 2)}
    # Moved within its own full queue it does not leave it.
    await transfer(room, 1, queue_id=first)
    assert (await room.entry(1)).queue_id == first


async def test_a_released_conversation_is_the_bots_after_its_flow_was_told(room: QueueRoom) -> None:
    await room.queue()
    me = await room.agent(1, capacity=1)
    await room.hand_over(1)
    await room.pull(me)
    room.hands.is_away = True
    with pytest.raises(Unavailable):
        await room.release(1)
    assert await room.owner(1) == "person"
    room.hands.is_away = False

    assert await room.release(1, is_unattended=True)
    assert not await room.release(1)

    assert list(room.hands.told.values()) == [("release", room.conversation(1), True)]
    assert await room.owner(1) == "bot"
    assert (await room.entry(1, "ended")).changes[-1].reason == "done"
    await room.hand_over(2)
    assert await room.pull(me) is not None


async def test_who_gives_a_conversation_to_the_bot_ends_its_wait(room: QueueRoom) -> None:
    await room.queue()
    await room.hand_over(1)
    conversations = PostgresConversations(room.database, AuditLog("router", room.database), room.clock)
    await conversations.set_owner(identity=room.identity(1), phone_number_id="", owner="bot")

    assert await room.entries() == []


async def test_a_conversation_has_to_be_named_and_known(room: QueueRoom) -> None:
    line = await room.queue()
    with pytest.raises(NotFound):
        await transfer(room, 9, queue_id=line)
    with pytest.raises(NotFound):
        await transfer(room, 1, queue_id=uuid4())
    with pytest.raises(InvalidArgument, match="set one of queue_id and department_id"):
        await transfer(room, 1)


async def test_entries_are_told_by_page(room: QueueRoom) -> None:
    await room.queue()
    for number in (1, 2, 3):
        room.clock.pass_by(minutes=1)
        await room.hand_over(number)
    seen, cursor = [], ""
    while True:
        page, cursor = await room.here.handling.page(
            organization_id=room.organization_id, chosen=EntryFilter(), limit=2, cursor=cursor
        )
        seen += [each.conversation_id for each in page]
        if not cursor:
            break

    assert seen == [room.conversation(number) for number in (3, 2, 1)]
    for bad in ("x", "2026-11-26T12:00:00/1", f"2026-11-26T12:00:00/{uuid4()}"):
        with pytest.raises(InvalidArgument):
            await room.here.handling.page(
                organization_id=room.organization_id, chosen=EntryFilter(), limit=2, cursor=bad
            )


async def test_changes_of_who_has_what_and_of_the_set_up_are_noted(room: QueueRoom) -> None:
    line = await room.queue()
    me = await room.agent(1)
    await room.hand_over(1)
    await assign(room, 1, me)
    await transfer(room, 1, queue_id=line)
    await room.release(1)
    await room.here.setup.delete_queue(organization_id=room.organization_id, queue_id=line)
    audit = AuditLog("router", room.database)
    noted = [each.action for each in await audit.read(organization_id=room.organization_id, limit=100)]

    assert noted[::-1][-7:] == [
        "department.put", "queue.put", "agent.put", "conversation.assign", "conversation.transfer",
        "conversation.release", "queue.delete",
    ]  # fmt: skip
