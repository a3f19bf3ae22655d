"""Lanes on real Postgres: what comes in once goes out once, in order, to one holder."""

import asyncio
from uuid import uuid4

import pytest
from psycopg.errors import CheckViolation

from services.chassis.db import run
from services.chassis.queue import Finish, LeaseLost
from tests.fixtures.mailbox import Mailbox, events_of, item_of, lane_of_items


async def test_items_come_out_in_the_order_they_were_put_in(mailbox: Mailbox) -> None:
    one, two, three = lane_of_items("one", "two", "three")
    await mailbox.put(one, two)
    await mailbox.put(three)

    (claim,) = await mailbox.lanes.claim()

    assert events_of(claim) == ["one", "two", "three"]
    assert [item.payload for item in claim.items] == [b"one", b"two", b"three"]
    assert (claim.head, claim.tail, claim.until, claim.attempts) == (0, 3, 3, 1)


async def test_a_repeat_in_the_lane_changes_nothing(mailbox: Mailbox) -> None:
    one, two = lane_of_items("one", "two")

    assert await mailbox.put(one, two, one) == [True, True, False]
    assert await mailbox.put(two, one) == [False, False]

    (claim,) = await mailbox.lanes.claim()
    assert events_of(claim) == ["one", "two"]


async def test_a_repeat_in_another_lane_of_the_group_changes_nothing(mailbox: Mailbox) -> None:
    group_id = uuid4()
    first, elsewhere = item_of(group_id, uuid4(), "same"), item_of(group_id, uuid4(), "same")

    assert await mailbox.put(first, elsewhere) == [True, False]
    assert await mailbox.put(elsewhere) == [False]

    claims = await mailbox.lanes.claim()
    assert [events_of(claim) for claim in claims if claim.items] == [["same"]]


async def test_one_event_id_in_two_groups_is_two_events(mailbox: Mailbox) -> None:
    assert await mailbox.put(*lane_of_items("same"), *lane_of_items("same")) == [True, True]


async def test_a_repeat_after_the_lane_was_finished_is_still_known(mailbox: Mailbox) -> None:
    (one,) = lane_of_items("one")
    await mailbox.put(one)
    (claim,) = await mailbox.lanes.claim()
    await mailbox.finish(Finish(claim, claim.until))

    assert await mailbox.put(one) == [False]

    for empty in await mailbox.lanes.claim():
        assert empty.items == ()
        await mailbox.finish(Finish(empty, empty.until))
    assert await mailbox.lanes.claim() == []


async def test_gaps_that_repeats_leave_do_no_harm(mailbox: Mailbox) -> None:
    one, two = lane_of_items("one", "two")
    await mailbox.put(one, one, one)
    await mailbox.put(one, two)

    (claim,) = await mailbox.lanes.claim()
    assert events_of(claim) == ["one", "two"]
    await mailbox.finish(Finish(claim, claim.until))

    assert (await mailbox.lane(one.group_id, one.lane_id))[:3] == (5, 5, False)


async def test_two_writers_of_one_event_at_once_put_it_in_once(mailbox: Mailbox) -> None:
    items = lane_of_items(*(f"event {number}" for number in range(20)))

    answers = await asyncio.gather(*(mailbox.put(*items) for _ in range(4)))

    assert sorted(sum(column) for column in zip(*answers, strict=True)) == [1] * 20
    (claim,) = await mailbox.lanes.claim()
    assert sorted(events_of(claim)) == sorted(item.event_id for item in items)


async def test_writers_of_the_same_lanes_in_opposite_order_do_not_deadlock(mailbox: Mailbox) -> None:
    lanes = [lane_of_items("x")[0] for _ in range(30)]
    batches = [[item_of(lane.group_id, lane.lane_id) for lane in lanes] for _ in range(8)]

    await asyncio.gather(*(mailbox.put(*batch[:: 1 if n % 2 else -1]) for n, batch in enumerate(batches)))

    assert sum(len(claim.items) for claim in await mailbox.lanes.claim()) == 30 * 8


async def test_the_longest_waiting_lanes_are_claimed_first(mailbox: Mailbox) -> None:
    items = [lane_of_items(name)[0] for name in ("first", "second", "third")]
    for item in items:
        await mailbox.put(item)

    order = [events_of(claim) for _ in items for claim in await mailbox.lanes.claim(limit=1)]

    assert order == [["first"], ["second"], ["third"]]


async def test_a_held_lane_is_nobody_elses(mailbox: Mailbox) -> None:
    (one,) = lane_of_items("one")
    await mailbox.put(one)
    await mailbox.lanes.claim()

    await mailbox.put(item_of(one.group_id, one.lane_id))

    assert await mailbox.lanes.claim() == []


async def test_workers_that_claim_at_once_share_no_lane(mailbox: Mailbox) -> None:
    await mailbox.put(*(lane_of_items("x")[0] for _ in range(60)))

    shares = await asyncio.gather(*(mailbox.lanes.claim(limit=30) for _ in range(4)))

    held = [claim.lane_id for share in shares for claim in share]
    assert len(held) == len(set(held)) == 60


async def test_a_claim_takes_no_more_items_of_a_lane_than_asked_and_says_how_far_they_reach(mailbox: Mailbox) -> None:
    items = lane_of_items("one", "two", "three")
    await mailbox.put(*items)

    (claim,) = await mailbox.lanes.claim(per_lane=2)
    assert (events_of(claim), claim.until, claim.tail) == (["one", "two"], 2, 3)
    await mailbox.finish(Finish(claim, claim.until))

    (rest,) = await mailbox.lanes.claim()
    assert events_of(rest) == ["three"]


async def test_what_came_while_the_lane_was_held_is_found_after_the_finish(mailbox: Mailbox) -> None:
    (one,) = lane_of_items("one")
    await mailbox.put(one)
    (claim,) = await mailbox.lanes.claim()
    await mailbox.put(item_of(one.group_id, one.lane_id, "two"))

    await mailbox.finish(Finish(claim, claim.until))

    (next_claim,) = await mailbox.lanes.claim()
    assert events_of(next_claim) == ["two"]


async def test_a_holder_whose_lease_went_to_another_cannot_finish(mailbox: Mailbox) -> None:
    (one,) = lane_of_items("one")
    await mailbox.put(one)
    (stale,) = await mailbox.lanes.claim()
    mailbox.let_time_pass([one.lane_id])
    (fresh,) = await mailbox.lanes.claim()

    with pytest.raises(LeaseLost):
        await mailbox.finish(Finish(stale, stale.until))

    await mailbox.finish(Finish(fresh, fresh.until))
    assert (await mailbox.lane(one.group_id, one.lane_id))[:2] == (1, 1)


async def test_a_lost_lease_takes_back_the_effects_of_its_transaction(mailbox: Mailbox) -> None:
    (one,), (effect,) = lane_of_items("one"), lane_of_items("effect")
    await mailbox.put(one)
    (stale,) = await mailbox.lanes.claim()
    mailbox.let_time_pass([one.lane_id])
    await mailbox.lanes.claim()

    async def finish_with_effect() -> None:
        async with mailbox.database.transaction(()) as connection:
            await mailbox.lanes.enqueue(connection, [effect])
            await mailbox.lanes.finish(connection, [Finish(stale, stale.until)])

    with pytest.raises(LeaseLost):
        await finish_with_effect()

    assert await mailbox.lanes.claim() == []


async def test_a_lane_cannot_be_finished_twice(mailbox: Mailbox) -> None:
    await mailbox.put(*lane_of_items("one"))
    (claim,) = await mailbox.lanes.claim()
    await mailbox.finish(Finish(claim, claim.until))

    with pytest.raises(LeaseLost):
        await mailbox.finish(Finish(claim, claim.until))


async def test_giving_back_a_lost_lane_leaves_its_new_holder_alone(mailbox: Mailbox) -> None:
    (one,) = lane_of_items("one")
    await mailbox.put(one)
    (stale,) = await mailbox.lanes.claim()
    mailbox.let_time_pass([one.lane_id])
    (fresh,) = await mailbox.lanes.claim()

    await mailbox.lanes.give_back([Finish(stale, stale.head, delay=0.0)])

    assert await mailbox.lanes.claim() == []
    await mailbox.finish(Finish(fresh, fresh.until))


async def test_renewing_tells_which_lanes_are_still_held(mailbox: Mailbox) -> None:
    (kept,), (lost,) = lane_of_items("kept"), lane_of_items("lost")
    await mailbox.put(kept, lost)
    claims = await mailbox.lanes.claim()
    mailbox.let_time_pass([lost.lane_id])
    await mailbox.lanes.claim()

    assert await mailbox.renew(*claims) == {(kept.group_id, kept.lane_id)}


async def test_a_renewed_lane_is_not_claimed_by_others(mailbox: Mailbox) -> None:
    (one,) = lane_of_items("one")
    await mailbox.put(one)
    (claim,) = await mailbox.lanes.claim()
    mailbox.let_time_pass([one.lane_id])

    await mailbox.renew(claim)

    assert await mailbox.lanes.claim() == []


async def test_fresh_and_suspect_lanes_are_claimed_apart(mailbox: Mailbox) -> None:
    (new,), (tried,) = lane_of_items("new"), lane_of_items("tried")
    await mailbox.put(tried)
    await mailbox.lanes.claim()
    mailbox.let_time_pass([tried.lane_id])
    await mailbox.put(new)

    (fresh,) = await mailbox.lanes.claim(which="fresh")
    (suspect,) = await mailbox.lanes.claim(which="suspect", limit=1)

    assert (events_of(fresh), fresh.attempts, fresh.solo) == (["new"], 1, 0)
    assert (events_of(suspect), suspect.attempts, suspect.solo) == (["tried"], 2, 1)


async def test_a_lane_that_waits_without_blame_is_fresh_again(mailbox: Mailbox) -> None:
    (one,) = lane_of_items("one")
    await mailbox.put(one)
    (claim,) = await mailbox.lanes.claim()

    await mailbox.finish(Finish(claim, claim.head, delay=60.0, error="executor is away"))

    assert await mailbox.lanes.claim() == []
    mailbox.let_time_pass([one.lane_id])
    (again,) = await mailbox.lanes.claim(which="fresh")
    assert (again.attempts, again.last_error, events_of(again)) == (1, "executor is away", ["one"])


async def test_a_blamed_lane_keeps_its_count_of_attempts(mailbox: Mailbox) -> None:
    (one,) = lane_of_items("one")
    await mailbox.put(one)
    (claim,) = await mailbox.lanes.claim()

    await mailbox.finish(Finish(claim, claim.head, delay=60.0, is_blamed=True, error="broke"))

    mailbox.let_time_pass([one.lane_id])
    assert await mailbox.lanes.claim(which="fresh") == []
    (again,) = await mailbox.lanes.claim(which="suspect")
    assert (again.attempts, again.last_error) == (2, "broke")


async def test_a_finished_lane_starts_its_count_anew(mailbox: Mailbox) -> None:
    (one,) = lane_of_items("one")
    await mailbox.put(one)
    (claim,) = await mailbox.lanes.claim()
    await mailbox.finish(Finish(claim, claim.head, delay=0.0, is_blamed=True, error="broke"))
    (again,) = await mailbox.lanes.claim()
    await mailbox.finish(Finish(again, again.until))

    await mailbox.put(item_of(one.group_id, one.lane_id))

    (later,) = await mailbox.lanes.claim()
    assert (later.attempts, later.solo, later.last_error) == (1, 0, None)


async def test_waking_makes_a_waiting_lane_ready_and_no_other(mailbox: Mailbox) -> None:
    (waiting,), (held,), (idle,) = lane_of_items("waiting"), lane_of_items("held"), lane_of_items("idle")
    await mailbox.put(waiting)
    (claim,) = await mailbox.lanes.claim()
    await mailbox.finish(Finish(claim, claim.head, delay=60.0))
    await mailbox.put(idle)
    (claim,) = await mailbox.lanes.claim()
    await mailbox.finish(Finish(claim, claim.until))
    await mailbox.put(held)
    await mailbox.lanes.claim()

    woken = await mailbox.wake(*((item.group_id, item.lane_id) for item in (waiting, held, idle)))

    assert woken == 1
    assert [events_of(claim) for claim in await mailbox.lanes.claim()] == [["waiting"]]


async def test_a_buried_item_is_a_dead_letter_and_its_lane_goes_on(mailbox: Mailbox) -> None:
    one, two = lane_of_items("one", "two")
    await mailbox.put(one, two)
    (claim,) = await mailbox.lanes.claim()

    await mailbox.bury(claim, claim.items[0], "no kind " + "x" * 5000)

    (letter,) = await mailbox.letters()
    assert (letter.event_id, letter.payload, letter.attempts, letter.replays) == ("one", b"one", 1, 0)
    assert (letter.group_id, letter.lane_id) == (one.group_id, one.lane_id)
    assert letter.error.startswith("no kind")
    assert len(letter.error) == 2000
    (rest,) = await mailbox.lanes.claim()
    assert events_of(rest) == ["two"]


async def test_a_replayed_letter_goes_to_the_end_of_its_lane_each_time_under_a_new_name(mailbox: Mailbox) -> None:
    one, two = lane_of_items("one", "two")
    await mailbox.put(one)
    (claim,) = await mailbox.lanes.claim()
    await mailbox.bury(claim, claim.items[0], "broke")
    await mailbox.put(two)
    (letter,) = await mailbox.letters()

    assert await mailbox.replay(letter.dead_id, letter.dead_id + 1000) == 1
    assert await mailbox.replay(letter.dead_id) == 1

    (claim,) = await mailbox.lanes.claim()
    assert events_of(claim) == ["two", "one:replay:1", "one:replay:2"]
    assert claim.items[1].payload == b"one"
    assert [found.replays for found in await mailbox.letters()] == [2]


async def test_one_busy_group_does_not_keep_the_others_waiting(mailbox: Mailbox) -> None:
    busy = uuid4()
    await mailbox.put(*(item_of(busy, uuid4()) for _ in range(2000)))
    quiet = [lane_of_items("hello")[0] for _ in range(20)]
    await mailbox.put(*quiet)

    served: set[object] = set()
    for _ in range(3):
        served |= {claim.group_id for claim in await mailbox.lanes.claim(limit=128)}

    assert {item.group_id for item in quiet} <= served


async def test_a_backlog_of_one_group_is_claimed_whole_all_the_same(mailbox: Mailbox) -> None:
    group_id = uuid4()
    await mailbox.put(*(item_of(group_id, uuid4()) for _ in range(500)))

    sizes = [len(await mailbox.lanes.claim(limit=128)) for _ in range(5)]

    assert sizes == [128, 128, 128, 116, 0]


async def test_a_transaction_that_fails_leaves_nothing_in_its_lane(mailbox: Mailbox) -> None:
    (one,) = lane_of_items("one")

    async def put_and_fail() -> None:
        async with mailbox.database.transaction(()) as connection:
            await mailbox.lanes.enqueue(connection, [one])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await put_and_fail()

    assert await mailbox.lanes.claim() == []
    assert await mailbox.put(one) == [True]


async def test_a_lane_with_something_to_do_can_never_be_asleep(mailbox: Mailbox) -> None:
    (one,) = lane_of_items("one")
    await mailbox.put(one)

    async def put_to_sleep() -> None:
        async with mailbox.database.transaction(()) as connection:
            await run(connection, "UPDATE ingress.out_lane SET wake_at = NULL WHERE lane_id = %s", (one.lane_id,))

    with pytest.raises(CheckViolation):
        await put_to_sleep()
