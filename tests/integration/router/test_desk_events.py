"""What happens at the desk is told at least once, in order for each conversation, whatever process dies; and noted."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from itertools import pairwise

import pytest

from services.chassis.audit import AuditLog
from services.chassis.db import Database
from services.chassis.errors import FailedPrecondition
from services.router.domain.queues import DeskEvent
from tests.fixtures import servers
from tests.fixtures.noted import noted
from tests.integration.router.queue_room import QueueRoom, Replica, open_room


@pytest.fixture
async def room(module_database: servers.Database) -> AsyncIterator[QueueRoom]:
    async with open_room(module_database.url_of("router")) as room:
        await room.write(*range(1, 9))
        yield room


@pytest.fixture
async def replicas(room: QueueRoom, module_database: servers.Database) -> AsyncIterator[list[Replica]]:
    """Three processes."""
    async with AsyncExitStack() as stack:
        made = []
        for _ in range(3):
            database = await Database.open(module_database.url_of("router"), size=4, name="router")
            stack.push_async_callback(database.close)
            made.append(room.replica(database))
        yield made


def words(events: list[DeskEvent]) -> list[tuple[str, str]]:
    return [(each.event.removeprefix("conversation."), each.how) for each in events]


async def test_the_way_of_a_conversation_among_people_is_told_by_ids(room: QueueRoom) -> None:
    department_id = await room.department()
    spare = await room.queue("spare", department_id=department_id, priority=10)
    line = await room.queue("line", department_id=department_id, sla_minutes=10, max_queue_size=1,
                            overflow_queue_id=spare)  # fmt: skip
    me = await room.agent(1)
    await room.hand_over(1, queue_id="line", context="never told")
    await room.pull(me)
    await room.hand_over(2, queue_id="line")
    await room.hand_over(3, queue_id="line")
    await room.release(1)
    told = await room.told()

    by_conversation = {n: [each for each in told if each.conversation_id == room.conversation(n)] for n in (1, 2, 3)}
    assert words(by_conversation[1]) == [("queued", "handoff"), ("assigned", "pull"), ("released", "released")]
    assert words(by_conversation[2]) == [("queued", "handoff")]
    assert words(by_conversation[3]) == [("queued", "handoff"), ("overflowed", "full")]
    pulled, overflowed = by_conversation[1][1], by_conversation[3][1]
    entry = await room.entry(1, "ended")
    assert (pulled.entry_id, pulled.queue_id, pulled.department_id, pulled.agent_id) == (
        entry.entry_id, line, department_id, me,
    )  # fmt: skip
    assert (pulled.phone_number_id, pulled.sla_due_at) == (room.number, entry.sla_due_at)
    assert (overflowed.from_queue_id, overflowed.queue_id) == (line, spare)
    assert all(each.sequence < after.sequence for each, after in pairwise(told))
    assert "never told" not in str(told)


async def test_transfers_and_assignments_are_told_and_what_was_told_is_not_told_again(room: QueueRoom) -> None:
    await room.queue("line")
    other = await room.queue("other")
    me = await room.agent(1)
    handling, organization_id = room.here.handling, room.organization_id
    await handling.transfer(
        organization_id=organization_id, name=room.name(1), queue_id=other, department_id=None, reason="my own words"
    )
    await handling.assign(organization_id=organization_id, name=room.name(1), agent_id=me, reason="")
    await room.hand_over(2, agent=str(me))
    told = await room.told()
    assert words(told) == [("queued", "transfer"), ("assigned", "assign"), ("assigned", "handoff")]
    assert "my own words" not in str(told)

    calls = room.listener.calls
    assert await room.told() == told
    assert room.listener.calls == calls


async def test_what_runs_out_is_told_once_the_alert_before_the_breach(room: QueueRoom, replicas: list[Replica]) -> None:
    await room.queue(sla_minutes=10)
    await room.hand_over(1)
    room.clock.pass_by(minutes=7)
    await asyncio.gather(*(each.work.turn() for each in replicas))
    assert words(await room.told())[1:] == []
    room.clock.pass_by(minutes=1)
    await asyncio.gather(*(each.work.turn() for each in replicas))
    assert words(await room.told())[1:] == [("sla_at_risk", "")]
    # Nobody looked for a while: both have come for the second one.
    await room.hand_over(2)
    room.clock.pass_by(hours=1)
    await asyncio.gather(*(each.work.turn() for each in replicas))
    told = await room.told()

    for number in (1, 2):
        assert words([each for each in told if each.conversation_id == room.conversation(number)]) == [
            ("queued", "handoff"), ("sla_at_risk", ""), ("sla_breached", ""),
        ]  # fmt: skip
    assert [each.kind for each in (await room.entry(2)).changes] == ["queued", "sla_alert", "sla_broken"]
    # A transfer begins a new promise.
    await room.here.handling.transfer(
        organization_id=room.organization_id, name=room.name(2), queue_id=(await room.entry(2)).queue_id,
        department_id=None, reason="",
    )  # fmt: skip
    room.clock.pass_by(hours=1)
    await room.here.work.turn()
    assert words([each for each in await room.told() if each.conversation_id == room.conversation(2)])[3:] == [
        ("queued", "transfer"), ("sla_at_risk", ""), ("sla_breached", ""),
    ]  # fmt: skip


async def test_who_dies_before_noting_that_it_told_tells_again_under_the_same_id(
    room: QueueRoom, replicas: list[Replica]
) -> None:
    await room.queue()
    await room.hand_over(1)
    room.listener.losses = 1
    # The answer is lost, and with it the process: nothing of what it told is noted.
    (first,) = await room.told(replicas[0])
    await room.hand_over(2)

    again = await room.told(replicas[1])
    assert again[0] == first
    assert [each.conversation_id for each in again] == [room.conversation(1), room.conversation(2)]
    assert room.listener.told.count(first.event_id) == 2


async def test_what_happens_while_sender_is_away_is_told_when_it_is_back(room: QueueRoom) -> None:
    await room.queue()
    await room.hand_over(1)
    room.listener.absences = 1
    assert await room.told() == []
    await room.release(1)
    assert words(await room.told()) == [("queued", "handoff"), ("released", "released")]


async def test_what_did_not_come_about_is_not_told(room: QueueRoom) -> None:
    await room.queue()
    away = await room.agent(1, presence="away")
    await room.hand_over(1)
    with pytest.raises(FailedPrecondition):
        await room.here.handling.assign(
            organization_id=room.organization_id, name=room.name(1), agent_id=away, reason=""
        )
    assert words(await room.told()) == [("queued", "handoff")]


async def test_processes_that_tell_while_much_happens_keep_each_conversations_order_and_lose_nothing(
    room: QueueRoom, replicas: list[Replica]
) -> None:
    await room.queue()
    agents = [await room.agent(number, capacity=50) for number in (1, 2)]

    async def come_and_go(number: int) -> None:
        for _ in range(4):
            await room.hand_over(number)
            await room.here.handling.assign(
                organization_id=room.organization_id, name=room.name(number), agent_id=agents[number % 2], reason=""
            )
            await room.release(number)

    room.listener.losses, room.listener.absences = 3, 3
    goings = asyncio.gather(*(come_and_go(number) for number in range(1, 7)))
    while not goings.done():
        await asyncio.gather(*(each.telling.turn() for each in replicas))
    await goings
    told = await room.told()

    assert len(told) == 6 * 4 * 3
    for number in range(1, 7):
        theirs = [each for each in told if each.conversation_id == room.conversation(number)]
        assert [each.sequence for each in theirs] == sorted(each.sequence for each in theirs)
        assert Counter(each.event for each in theirs) == {
            "conversation.queued": 4, "conversation.assigned": 4, "conversation.released": 4,
        }  # fmt: skip


async def test_who_pulled_and_who_was_routed_to_stand_in_the_audit_log_once(
    room: QueueRoom, replicas: list[Replica]
) -> None:
    await room.queue("line")
    fast = await room.queue("fast", routing="round_robin", priority=10)
    me = await room.agent(1)
    await room.hand_over(1, queue_id="line")
    await room.hand_over(2, queue_id="fast")
    await room.here.work.turn()
    assert await room.pull(me) is not None
    await asyncio.gather(*(each.telling.turn() for each in replicas))

    records = await noted(AuditLog("router", room.database), room.organization_id)
    moves = [each for each in records if each.action in ("conversation.pull", "conversation.route")]
    assert sorted((each.action, each.object) for each in moves) == [
        ("conversation.pull", f"conversation:{room.conversation(1)}"),
        ("conversation.route", f"conversation:{room.conversation(2)}"),
    ]
    assert all(each.before != each.after for each in moves)
    assert {each.actor for each in moves} == {"service:router"}
    assert str(me) not in str(moves)
    assert (await room.entry(2)).queue_id == fast


async def test_an_organization_with_agents_and_no_queue_is_told_too(room: QueueRoom) -> None:
    me = await room.agent(1)
    await room.here.handling.assign(organization_id=room.organization_id, name=room.name(1), agent_id=me, reason="")
    await room.release(1)
    assert words(await room.told()) == [("assigned", "assign"), ("released", "released")]
