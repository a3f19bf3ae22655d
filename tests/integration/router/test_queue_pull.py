"""Agents pull on real Postgres, many at once and over several processes: nothing is given twice, and in its order."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import timedelta
from uuid import UUID

import pytest

from services.chassis.db import Database, fetch_all
from services.chassis.errors import NotFound
from services.router.domain.order import ContactChange
from services.router.domain.queues import Entry, hours_of
from services.router.ports.queues import EntryFilter
from tests.fixtures import servers
from tests.integration.router.queue_room import NOON, QueueRoom, Replica, open_room

AGENTS, CONVERSATIONS, PROCESSES = 50, 300, 3


@pytest.fixture
async def room(module_database: servers.Database) -> AsyncIterator[QueueRoom]:
    async with open_room(module_database.url_of("router")) as room:
        yield room


async def crowd(room: QueueRoom, count: int, *, chance: random.Random) -> None:
    """So many conversations, handed over a minute apart with priorities by chance."""
    await room.write(*range(count))
    for number in range(count):
        room.clock.pass_by(minutes=1)
        await room.hand_over(number, priority=chance.choice([20, 50, 50, 80]))


async def everything(room: QueueRoom) -> list[Entry]:
    """All that has not ended, page by page."""
    found: list[Entry] = []
    cursor = ""
    while True:
        page, cursor = await room.here.handling.page(
            organization_id=room.organization_id, chosen=EntryFilter(), limit=200, cursor=cursor
        )
        found += page
        if not cursor:
            return found


def turn(entry: Entry) -> tuple[int, bool, object, UUID]:
    return -entry.priority, not entry.is_vip, entry.queued_at, entry.entry_id


async def test_fifty_agents_who_pull_at_once_get_no_conversation_twice_and_keep_the_order(
    room: QueueRoom, module_database: servers.Database
) -> None:
    await room.queue(sla_minutes=600)
    agents = [await room.agent(number, capacity=CONVERSATIONS) for number in range(AGENTS)]
    await crowd(room, CONVERSATIONS, chance=random.Random(7))
    in_turn = [each.entry_id for each in sorted(await everything(room), key=turn)]
    got: list[tuple[UUID, UUID]] = []

    async def work(agent_id: UUID, replica: Replica) -> None:
        while (entry := await room.pull(agent_id, replica)) is not None:
            got.append((entry.entry_id, agent_id))

    async with AsyncExitStack() as stack:
        replicas = []
        for _ in range(PROCESSES):
            database = await Database.open(module_database.url_of("router"), size=6, name="router")
            stack.push_async_callback(database.close)
            replicas.append(room.replica(database))
        await asyncio.gather(*(work(agent_id, replicas[number % PROCESSES]) for number, agent_id in enumerate(agents)))

    assert Counter(entry_id for entry_id, _ in got) == Counter(in_turn)
    # Who pulls while others hold what comes before gets what comes next: never further on than there are others.
    places = {entry_id: place for place, entry_id in enumerate(in_turn)}
    assert all(places[entry_id] <= moment + AGENTS - 1 for moment, (entry_id, _) in enumerate(got))
    stored = {each.entry_id: each.agent_id for each in await everything(room)}
    assert stored == dict(got)


async def test_alone_an_agent_gets_priority_then_vip_then_who_has_waited_longest(room: QueueRoom) -> None:
    await room.queue()
    me = await room.agent(1, capacity=9)
    await room.write(1, 2, 3, 4)
    await room.here.orders.apply([room.order(3, ContactChange("", ("VIP",), (), "", None))])
    for number, priority in ((1, 50), (2, 50), (3, 50), (4, 80)):
        room.clock.pass_by(minutes=1)
        await room.hand_over(number, priority=priority)

    pulled = [await room.pull(me) for _ in range(5)]

    assert [each and each.conversation_id for each in pulled] == [
        *(room.conversation(number) for number in (4, 3, 1, 2)), None,
    ]  # fmt: skip


async def test_an_agent_who_pulls_many_times_at_once_gets_no_more_than_there_is_room_for(room: QueueRoom) -> None:
    await room.queue()
    me = await room.agent(1, capacity=3)
    await crowd(room, 8, chance=random.Random(1))

    pulled = await asyncio.gather(*(room.pull(me) for _ in range(8)))

    assert sum(entry is not None for entry in pulled) == 3


async def test_a_departments_limit_holds_for_pulls_as_well(room: QueueRoom) -> None:
    await room.queue(department_id=await room.department(max_conversations_per_agent=2))
    me = await room.agent(1, capacity=9)
    await crowd(room, 4, chance=random.Random(1))

    pulled = await asyncio.gather(*(room.pull(me) for _ in range(4)))

    assert sum(entry is not None for entry in pulled) == 2


async def test_the_queue_of_the_highest_priority_comes_first_and_only_what_is_open_and_theirs(room: QueueRoom) -> None:
    closed = hours_of("UTC", {"thursday": ("13:00", "18:00")})
    lines = {
        "low": await room.queue("low", priority=10),
        "high": await room.queue("high", priority=90, skills=("tax",)),
        "closed": await room.queue("closed", priority=99, hours=closed),
        "others": await room.queue("others", priority=99, allowed_agent_ids=(room.agent_id(2),)),
    }
    me, plain = await room.agent(1, skills=("tax",)), await room.agent(3)
    await room.write(*range(4))
    for number, line in enumerate(lines):
        await room.hand_over(number, queue_id=line)

    assert [each and each.queue_id for each in [await room.pull(me) for _ in range(3)]] == [
        lines["high"], lines["low"], None,
    ]  # fmt: skip
    assert await room.pull(plain) is None
    room.clock.pass_by(hours=1)
    opened = await room.pull(plain)
    assert opened is not None
    assert opened.queue_id == lines["closed"]


async def test_an_agent_may_ask_for_certain_queues_only(room: QueueRoom) -> None:
    first, second = await room.queue("first", priority=90), await room.queue("second", priority=10)
    me = await room.agent(1)
    await room.write(1, 2)
    await room.hand_over(1, queue_id="first")
    await room.hand_over(2, queue_id="second")

    pulled = await room.pull(me, None, second)

    assert pulled is not None
    assert pulled.queue_id == second
    assert (await room.entry(1)).queue_id == first


async def test_what_was_pulled_says_whose_it_is_since_when_and_what_the_flow_said(room: QueueRoom) -> None:
    line = await room.queue(sla_minutes=10)
    me = await room.agent(1)
    await room.write(1)
    await room.hand_over(1, context="wants to pay by instalments")
    room.clock.pass_by(minutes=5)

    pulled = await room.pull(me)

    assert pulled is not None
    assert (pulled.state, pulled.agent_id, pulled.assigned_at) == ("assigned", me, NOON + timedelta(minutes=5))
    assert (pulled.context, pulled.wa_id) == ("wants to pay by instalments", room.identity(1).value)
    assert [(each.kind, each.queue_id, each.agent_id) for each in pulled.changes] == [
        ("queued", line, None), ("pulled", line, me),
    ]  # fmt: skip


async def test_who_is_no_agent_of_the_organization_pulls_nothing(
    room: QueueRoom, module_database: servers.Database
) -> None:
    await room.queue()
    await room.write(1)
    await room.hand_over(1)
    async with open_room(module_database.url_of("router")) as other:
        stranger = await other.agent(1)
        with pytest.raises(NotFound):
            await room.pull(stranger)
        assert await other.pull(stranger) is None


async def test_who_pulls_while_others_hold_all_that_is_looked_at_first_gets_what_comes_after(room: QueueRoom) -> None:
    await room.queue()
    me = await room.agent(1)
    await crowd(room, 102, chance=random.Random(3))
    in_turn = [each.entry_id for each in sorted(await everything(room), key=turn)]
    hold = "SELECT 1 FROM router.queue_entry WHERE entry_id = ANY (%s) FOR NO KEY UPDATE"
    async with room.database.transaction([room.organization_id]) as connection:
        await fetch_all(connection, hold, (in_turn[:101],))
        pulled = await room.pull(me)

    assert pulled is not None
    assert pulled.entry_id == in_turn[101]
