"""ports.Store.enqueue_and_depart, held to the same suite in memory and in Postgres."""

import time
import uuid
from uuid import UUID

import pytest

from services.sender.domain.answers import Accepted
from services.sender.domain.settling import Granted, Hold, InDoubt, Outcome, Released, Skipped, Turn, Wish
from services.sender.ports import Departure, NewMessage
from tests.conformance.sender.case import OPEN, Case


async def depart(
    case: Case, *messages: NewMessage, hold: Hold | None = None, closes: float = OPEN
) -> tuple[list[bool], list[Departure]]:
    wishes = {m.key: Wish(m.message_id, 0, closes, hold=hold) for m in messages}
    return await case.store.enqueue_and_depart(messages, wishes)


async def test_the_first_message_of_an_idle_lane_is_granted_as_it_is_stored(case: Case) -> None:
    lane = uuid.uuid4()
    first, second = case.message(lane), case.message(lane)
    is_new, (departure,) = await depart(case, first, second, first)
    assert is_new == [True, True, False]
    assert departure.settlement is not None
    assert departure.settlement.verdict == Granted(1)
    claim = departure.claim
    assert [item.event_id for item in claim.items] == [str(first.message_id), str(second.message_id)]
    assert await case.store.claim(limit=10) == []
    one, two = await case.listed(first.message_id), await case.listed(second.message_id)
    assert (one.state, one.attempts, two.state, two.attempts) == ("attempting", 1, "queued", 0)
    outcome = Outcome(first.message_id, 1, Accepted("w1"), claim.place_of(0), OPEN)
    wish = Wish(second.message_id, claim.place_of(1), OPEN)
    assert await case.turn(claim, Turn(claim.head, outcome, wish)) == Granted(1)
    outcome = Outcome(second.message_id, 1, Accepted("w2"), claim.place_of(1), OPEN)
    assert await case.turn(claim, Turn(claim.place_of(0), outcome)) == Released(None)
    assert await case.store.claim(limit=10) == []


async def test_a_repeat_changes_nothing_and_lets_its_lane_go(case: Case) -> None:
    lane = uuid.uuid4()
    message = case.message(lane)
    _, (departure,) = await depart(case, message)
    outcome = Outcome(message.message_id, 1, Accepted("w"), departure.claim.place_of(0), OPEN)
    await case.turn(departure.claim, Turn(departure.claim.head, outcome))
    before = await case.listed(message.message_id)
    assert await depart(case, message) == ([False], [])
    assert await case.listed(message.message_id) == before
    # Let go: what comes next departs.
    _, (departure,) = await depart(case, case.message(lane))
    assert departure.settlement is not None
    assert departure.settlement.verdict == Granted(1)


async def test_a_repeat_in_a_held_lane_leaves_the_lane_to_its_holder(case: Case) -> None:
    message = case.message(uuid.uuid4())
    _, (departure,) = await depart(case, message)
    assert await depart(case, message) == ([False], [])
    assert await case.store.renew([departure.claim]) == {(departure.claim.group_id, departure.claim.lane_id)}
    assert (await case.listed(message.message_id)).attempts == 1


async def test_behind_a_busy_lane_messages_queue(case: Case) -> None:
    lane = uuid.uuid4()
    first, second = case.message(lane), case.message(lane)
    _, (departure,) = await depart(case, first)
    assert await depart(case, second) == ([True], [])
    assert (await case.listed(second.message_id)).state == "queued"
    outcome = Outcome(first.message_id, 1, Accepted("w"), departure.claim.place_of(0), OPEN)
    ((settlement),) = await case.store.settle([(departure.claim, Turn(departure.claim.head, outcome))])
    assert (settlement.verdict, settlement.has_more) == (Released(None), True)
    assert [item.event_id for item in (await case.claim()).items] == [str(second.message_id)]


async def test_what_departs_and_is_never_heard_of_is_in_doubt(case: Case) -> None:
    message = case.message(uuid.uuid4())
    _, (departure,) = await depart(case, message)
    assert isinstance(await case.grant(departure.claim, message.message_id), InDoubt)


async def test_a_hold_lets_the_lane_rest(case: Case) -> None:
    message = case.message(uuid.uuid4())
    _, (departure,) = await depart(case, message, hold=Hold(40.0, "no token", 190))
    assert departure.settlement is not None
    assert departure.settlement.verdict == Released(40.0)
    assert not departure.settlement.has_more
    assert await case.store.claim(limit=10) == []
    listed = await case.listed(message.message_id)
    assert (listed.state, listed.error_code, listed.attempts) == ("queued", 190, 0)


async def test_after_the_window_it_fails_without_a_call(case: Case) -> None:
    lane = uuid.uuid4()
    late, next_one = case.message(lane), case.message(lane)
    _, (departure,) = await depart(case, late, next_one, closes=time.time() - 10)
    assert departure.settlement is not None
    assert departure.settlement.verdict == Skipped()
    listed = await case.listed(late.message_id)
    assert (listed.state, listed.attempts) == ("failed", 0)
    claim = departure.claim
    assert await case.turn(claim, Turn(claim.place_of(0), wish=Wish(next_one.message_id, 2, OPEN))) == Granted(1)


async def test_a_pair_waits_after_its_burst_as_it_departs_too(case: Case) -> None:
    lane = uuid.uuid4()
    for n in range(2):
        message = case.message(lane)
        _, (departure,) = await depart(case, message)
        outcome = Outcome(message.message_id, 1, Accepted(f"w{n}"), departure.claim.place_of(0), OPEN)
        await case.turn(departure.claim, Turn(departure.claim.head, outcome))
    message = case.message(lane)
    _, (departure,) = await depart(case, message)
    assert departure.settlement is not None
    verdict = departure.settlement.verdict
    assert isinstance(verdict, Released)
    assert verdict.wait == pytest.approx(600.0, abs=5.0)
    assert (await case.listed(message.message_id)).state == "queued"


async def test_without_a_wish_a_lane_is_only_held(case: Case) -> None:
    message = case.message(uuid.uuid4())
    is_new, (departure,) = await case.store.enqueue_and_depart([message], {})
    assert (is_new, departure.settlement) == ([True], None)
    assert await case.store.claim(limit=10) == []
    assert await case.grant(departure.claim, message.message_id) == Granted(1)


async def test_lanes_of_several_organizations_depart_together(case: Case) -> None:
    other = Case(case.store, case.book, uuid.uuid4())
    lanes: list[UUID] = [uuid.uuid4() for _ in range(4)]
    messages = [(case if n % 2 else other).message(lane) for n, lane in enumerate(lanes)]
    is_new, departures = await depart(case, *messages)
    assert is_new == [True] * 4
    assert {d.claim.lane_id for d in departures} == set(lanes)
    assert all(d.settlement is not None and d.settlement.verdict == Granted(1) for d in departures)
    assert {(await other.listed(m.message_id)).state for m in messages[::2]} == {"attempting"}
