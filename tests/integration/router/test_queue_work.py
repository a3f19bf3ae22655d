"""What is done with queues by itself, by several processes at once: given away, warned of, announced."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import timedelta

import pytest
from prometheus_client import REGISTRY

from services.chassis.db import Database
from services.router.domain.outcome import RETRY
from services.router.domain.queues import hours_of
from tests.fixtures import servers
from tests.integration.router.queue_room import NOON, QueueRoom, open_room

CLOSED = hours_of("UTC", {"thursday": ("13:00", "18:00")})


@pytest.fixture
async def room(module_database: servers.Database) -> AsyncIterator[QueueRoom]:
    async with open_room(module_database.url_of("router")) as room:
        await room.write(*range(12))
        yield room


async def test_what_waits_is_given_to_agents_in_turn_and_goes_on_in_the_next_one(room: QueueRoom) -> None:
    await room.queue(routing="round_robin")
    agents = sorted([await room.agent(number) for number in (1, 2, 3)])
    for number in range(4):
        room.clock.pass_by(seconds=1)
        await room.hand_over(number)
    await room.here.work.turn()
    room.clock.pass_by(seconds=1)
    await room.hand_over(4)
    await room.here.work.turn()

    entries = await room.entries()
    assert [each.agent_id for each in entries] == [agents[place] for place in (0, 1, 2, 0, 1)]
    assert entries[0].changes[-1].kind == "routed"
    assert entries[0].changes[-1].actor == "service:router"


async def test_nothing_is_given_to_who_is_away_or_has_no_room(room: QueueRoom) -> None:
    await room.queue(routing="load_balance")
    await room.agent(1, presence="busy")
    me = await room.agent(2, capacity=2)
    for number in range(4):
        await room.hand_over(number)
    await room.here.work.turn()

    assert Counter(each.agent_id for each in await room.entries()) == {me: 2, None: 2}
    room.clock.pass_by(hours=2)
    await room.here.work.turn()
    assert len(await room.entries("waiting")) == 2


async def test_a_queue_that_is_pulled_from_gives_nothing_away(room: QueueRoom) -> None:
    await room.queue()
    await room.agent(1)
    await room.hand_over(1)
    await room.here.work.turn()

    assert (await room.entry(1)).state == "waiting"


async def test_processes_that_route_while_agents_pull_give_nothing_twice_and_nobody_too_much(
    room: QueueRoom, module_database: servers.Database
) -> None:
    await room.queue(routing="load_balance")
    agents = [await room.agent(number, capacity=2) for number in range(4)]
    for number in range(12):
        await room.hand_over(number)
    async with AsyncExitStack() as stack:
        replicas = []
        for _ in range(3):
            database = await Database.open(module_database.url_of("router"), size=4, name="router")
            stack.push_async_callback(database.close)
            replicas.append(room.replica(database))
        turns = [replica.work.turn() for replica in replicas for _ in range(4)]
        pulls = [room.pull(agent_id, replicas[number % 3]) for number, agent_id in enumerate(agents * 3)]
        await asyncio.gather(*turns, *pulls)
        # What was skipped because somebody held it is given in the next turn.
        await room.here.work.turn()

    entries = await room.entries("assigned")
    assert Counter(each.agent_id for each in entries) == dict.fromkeys(agents, 2)
    given = [change for each in entries for change in each.changes if change.kind in ("routed", "pulled")]
    assert len(given) == len(entries) == 8


async def test_an_alert_comes_once_at_four_fifths_of_the_promise(room: QueueRoom) -> None:
    await room.queue(sla_minutes=10)
    await room.hand_over(1)
    await room.hand_over(2)
    await room.pull(await room.agent(1))
    before = REGISTRY.get_sample_value("pytake_queue_sla_alerts_total") or 0.0

    room.clock.pass_by(minutes=7, seconds=59)
    await room.here.work.turn()
    (waiting,) = await room.entries("waiting")
    assert waiting.sla_alerted_at is None

    room.clock.pass_by(seconds=1)
    for _ in range(3):
        await room.here.work.turn()

    (waiting,) = await room.entries("waiting")
    assert waiting.sla_alerted_at == NOON + timedelta(minutes=8)
    assert [each.kind for each in waiting.changes] == ["queued", "sla_alert"]
    assert REGISTRY.get_sample_value("pytake_queue_sla_alerts_total") == before + 1


async def test_who_comes_while_it_is_closed_is_told_once_and_waits(room: QueueRoom) -> None:
    support = await room.department(hours=CLOSED, offline_message="We are back at one.")
    await room.queue(department_id=support, routing="round_robin")
    me = await room.agent(1)
    await room.hand_over(1)
    room.announcer.answer = RETRY
    await room.here.work.turn()
    room.announcer.answer = type(RETRY)("ok")
    for _ in range(2):
        await room.here.work.turn()

    assert [(each.text, each.wa_id) for each in room.announcer.said] == [
        ("We are back at one.", room.identity(1).value)
    ] * 2
    assert len({each.entry_id for each in room.announcer.said}) == 1
    assert (await room.entry(1)).state == "waiting"
    room.clock.pass_by(hours=1)
    await room.agent(1)
    await room.here.work.turn()
    assert (await room.entry(1)).agent_id == me


async def test_who_was_given_to_somebody_before_is_told_nothing(room: QueueRoom) -> None:
    support = await room.department(hours=CLOSED, offline_message="We are back at one.")
    await room.queue(department_id=support)
    me = await room.agent(1)
    await room.hand_over(1)
    await room.here.handling.assign(organization_id=room.organization_id, name=room.name(1), agent_id=me, reason="")
    await room.here.work.turn()

    assert room.announcer.said == []


async def test_when_it_opens_a_promise_begins_to_run(room: QueueRoom) -> None:
    await room.queue(hours=CLOSED, sla_minutes=10)
    await room.hand_over(1)
    room.clock.pass_by(minutes=67)
    await room.here.work.turn()
    assert (await room.entry(1)).sla_alerted_at is None

    room.clock.pass_by(minutes=1)
    await room.here.work.turn()
    assert (await room.entry(1)).sla_alerted_at == NOON + timedelta(minutes=68)
