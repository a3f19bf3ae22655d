"""Insert and hold: what a process puts in goes on from its memory; what it leaves behind is claimed."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from uuid import uuid4

from services.chassis.errors import InvalidArgument, Unavailable
from services.chassis.queue import Bell, Item, Relay, StoredItem
from services.chassis.queue.relay import MOST_BATCH_BYTES
from services.chassis.rpc.sizes import MOST_LISTED_BYTES
from services.pb.common.v1 import errors_pb2, results_pb2
from tests.fixtures.mailbox import Mailbox, events_of, item_of, lane_of_items

OK = results_pb2.ItemResult(outcome=results_pb2.ITEM_OUTCOME_OK)
AWAY = Unavailable("router is away", reason=errors_pb2.ERROR_REASON_PEER_UNAVAILABLE)


@dataclass
class Callee:
    """Takes what it is handed; may be away, or hold its answer back."""

    heard: list[str] = field(default_factory=list)
    again: list[str] = field(default_factory=list)
    is_away: bool = False
    most_bytes: int = 10**9
    calls: list[int] = field(default_factory=list)
    may_answer: asyncio.Event = field(default_factory=asyncio.Event)
    something: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.may_answer.set()

    async def deliver(self, items: Sequence[StoredItem]) -> Sequence[results_pb2.ItemResult]:
        self.something.set()
        await self.may_answer.wait()
        if self.is_away:
            raise AWAY
        self.calls.append(sum(len(item.payload) for item in items))
        if self.calls[-1] > self.most_bytes:
            raise InvalidArgument("a call to router is too large; send less")
        self.heard += [item.event_id for item in items]
        self.something.set()
        return [OK] * len(items)

    async def deliver_again(self, items: Sequence[StoredItem]) -> Sequence[results_pb2.ItemResult]:
        results = await self.deliver(items)
        self.again += [item.event_id for item in items]
        return results


def relay_of(mailbox: Mailbox, callee: Callee, *, limit: int = 128) -> Relay:
    return Relay(
        mailbox.lanes, mailbox.database, Bell(), callee.deliver, deliver_again=callee.deliver_again, limit=limit
    )


async def enter(mailbox: Mailbox, *items: Item) -> None:
    """Put items in as a store does: the steps in one journey, and what came of them to the relay."""
    entering = mailbox.lanes.entering(items)
    mailbox.lanes.entered(entering, await mailbox.database.batch((), entering.steps))


async def until_heard(callee: Callee, *events: str) -> None:
    async with asyncio.timeout(10):
        while not set(events) <= set(callee.heard):
            callee.something.clear()
            await callee.something.wait()


async def until_idle(mailbox: Mailbox, item: Item) -> None:
    async with asyncio.timeout(10):
        while (await mailbox.lane(item.group_id, item.lane_id))[2]:  # noqa: ASYNC110  # Postgres does not tell
            await asyncio.sleep(0.005)


async def test_what_is_put_into_an_idle_lane_is_held_by_who_put_it_in(mailbox: Mailbox) -> None:
    one, two = lane_of_items("one", "two")
    holding = mailbox.lanes.holding([one, two])
    (claim,) = holding.claims(await mailbox.database.batch((), holding.steps))

    assert events_of(claim) == ["one", "two"]
    assert (claim.head, claim.tail, claim.until, claim.attempts) == (0, 2, 2, 1)
    assert await mailbox.lanes.claim() == []


async def test_a_lane_with_something_in_it_is_not_held(mailbox: Mailbox) -> None:
    one, two = lane_of_items("one", "two")
    await mailbox.put(one)
    holding = mailbox.lanes.holding([two])

    assert holding.claims(await mailbox.database.batch((), holding.steps)) == []

    (claim,) = await mailbox.lanes.claim()
    assert events_of(claim) == ["one", "two"]


async def test_repeats_in_a_held_lane_leave_nothing_to_do_but_to_give_it_back(mailbox: Mailbox) -> None:
    (one,) = lane_of_items("one")
    callee = Callee()
    relay = relay_of(mailbox, callee)
    await relay.start()
    await enter(mailbox, one)
    await until_heard(callee, "one")
    await until_idle(mailbox, one)

    await enter(mailbox, one, one)
    await until_idle(mailbox, one)

    assert callee.heard == ["one"]
    await relay.stop()


async def test_a_held_lane_goes_on_from_memory_and_is_finished(mailbox: Mailbox) -> None:
    one, two = lane_of_items("one", "two")
    callee = Callee()
    relay = relay_of(mailbox, callee)
    await relay.start()

    await enter(mailbox, one, two)
    await until_heard(callee, "one", "two")
    await until_idle(mailbox, one)

    assert (callee.heard, callee.again) == (["one", "two"], [])
    assert (await mailbox.lane(one.group_id, one.lane_id))[:4] == (2, 2, False, False)
    await relay.stop()


async def test_what_comes_while_its_lane_is_on_the_way_follows_in_order(mailbox: Mailbox) -> None:
    first, second, third = lane_of_items("first", "second", "third")
    callee = Callee()
    callee.may_answer.clear()
    relay = relay_of(mailbox, callee)
    await relay.start()
    await enter(mailbox, first)
    await callee.something.wait()
    await enter(mailbox, second)
    await enter(mailbox, third)

    callee.may_answer.set()
    await until_heard(callee, "first", "second", "third")

    assert callee.heard == ["first", "second", "third"]
    await relay.stop()


async def test_while_the_callee_is_away_lanes_wait_and_are_then_handed_over_as_repeats(mailbox: Mailbox) -> None:
    (one,) = lane_of_items("one")
    callee = Callee(is_away=True)
    relay = relay_of(mailbox, callee)
    await relay.start()
    await enter(mailbox, one)
    await callee.something.wait()

    callee.is_away = False
    async with asyncio.timeout(10):
        while not callee.heard:
            relay._bell.ring()
            await asyncio.sleep(0.02)

    assert callee.again == ["one"]
    await relay.stop()


async def test_who_stops_gives_back_what_it_holds(mailbox: Mailbox) -> None:
    first, *others = (item_of(uuid4(), uuid4(), name) for name in ("first", "second", "third"))
    callee = Callee()
    callee.may_answer.clear()
    relay = relay_of(mailbox, callee, limit=1)
    await relay.start()
    await enter(mailbox, first)
    await callee.something.wait()
    await enter(mailbox, others[0])
    await enter(mailbox, others[1])
    stopping = asyncio.create_task(relay.stop())
    await asyncio.sleep(0)

    callee.may_answer.set()
    await stopping

    assert callee.heard == ["first"]
    assert sorted(event for claim in await mailbox.lanes.claim() for event in events_of(claim)) == ["second", "third"]


async def test_with_enough_in_memory_the_rest_is_left_to_fair_claims(mailbox: Mailbox) -> None:
    callee = Callee()
    callee.may_answer.clear()
    relay = relay_of(mailbox, callee, limit=1)
    await relay.start()
    await enter(mailbox, item_of(uuid4(), uuid4(), "on the way"))
    await callee.something.wait()
    assert relay.may_hold
    for name in ("held", "held too"):
        await enter(mailbox, item_of(uuid4(), uuid4(), name))

    assert not relay.may_hold
    await enter(mailbox, item_of(uuid4(), uuid4(), "left"))
    (claim,) = await mailbox.lanes.claim()
    assert events_of(claim) == ["left"]
    callee.may_answer.set()
    with suppress(TimeoutError):
        await until_heard(callee, "held", "held too")
    await relay.stop()
    assert {"held", "held too"} <= set(callee.heard)


def large_lane(*sizes: int) -> list[Item]:
    """Items of one lane with payloads of these sizes."""
    group, lane = uuid4(), uuid4()
    return [Item(group, lane, f"{lane} {place}", b"x" * size) for place, size in enumerate(sizes)]


async def test_large_batches_travel_in_several_calls_and_no_lane_is_stuck(mailbox: Mailbox) -> None:
    lanes = [large_lane(MOST_BATCH_BYTES // 2, MOST_BATCH_BYTES // 2, MOST_BATCH_BYTES // 2, 10) for _ in range(3)]
    callee = Callee(most_bytes=MOST_BATCH_BYTES)
    relay = relay_of(mailbox, callee)
    await enter(mailbox, *(item for lane in lanes for item in lane))
    await relay.start()
    await until_heard(callee, *(item.event_id for lane in lanes for item in lane))

    for lane in lanes:
        await until_idle(mailbox, lane[0])
        events = [item.event_id for item in lane]
        assert [event for event in callee.heard if event in events] == events
    assert max(callee.calls) <= MOST_BATCH_BYTES
    await relay.stop()
    assert await mailbox.letters() == []


async def test_an_item_no_callee_can_take_becomes_a_dead_letter_and_its_neighbours_go_on(mailbox: Mailbox) -> None:
    before, lane, after = large_lane(10), large_lane(MOST_BATCH_BYTES + 1, 20), large_lane(30)
    callee = Callee(most_bytes=MOST_BATCH_BYTES)
    relay = relay_of(mailbox, callee)
    await enter(mailbox, *before, *lane, *after)
    await relay.start()
    await until_heard(callee, before[0].event_id, lane[1].event_id, after[0].event_id)
    await until_idle(mailbox, lane[0])
    await relay.stop()

    assert [letter.event_id for letter in await mailbox.letters()] == [lane[0].event_id]
    mailbox.empty()


async def test_a_list_of_dead_letters_is_cut_where_they_would_not_fit_into_an_answer(mailbox: Mailbox) -> None:
    mailbox.empty()
    lanes = [large_lane(MOST_LISTED_BYTES // 2 - 100) for _ in range(4)]
    await mailbox.put(*(item for lane in lanes for item in lane))
    for claim in await mailbox.lanes.claim():
        await mailbox.bury(claim, claim.items[0], "no good")

    letters = await mailbox.letters()
    assert len(letters) == 2
    assert [letter.dead_id for letter in letters] == sorted((letter.dead_id for letter in letters), reverse=True)
    (oldest,) = await mailbox.lanes.dead_letters(dead_id=min(letter.dead_id for letter in letters) - 2)
    assert len(oldest.payload) == MOST_LISTED_BYTES // 2 - 100
    mailbox.empty()
