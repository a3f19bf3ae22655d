"""ports.Store, held to the same suite in memory and in Postgres."""

import asyncio
import time
import uuid
from uuid import UUID

import pytest

from services.chassis.queue import Claim
from services.sender.domain.answers import Accepted, Ambiguous, NotSent, Refused, Scope, Throttled
from services.sender.domain.settling import (
    Granted,
    Hold,
    InDoubt,
    Lost,
    Outcome,
    Ready,
    Released,
    Skipped,
    Turn,
    Wish,
)
from tests.conformance.sender.case import OPEN, Case


async def test_a_message_counts_once(case: Case) -> None:
    message = case.message(uuid.uuid4())
    assert await case.store.enqueue([message, message]) == [True, False]
    assert await case.store.enqueue([message]) == [False]
    assert [item.event_id for item in (await case.claim()).items] == [str(message.message_id)]


async def test_a_walk_through_a_lane_ends_idle(case: Case) -> None:
    first, second = await case.add(uuid.uuid4(), 2)
    claim = await case.claim()
    assert await case.grant(claim, first) == Granted(1)
    outcome = Outcome(first, 1, Accepted("wamid.1"), 1, OPEN)
    assert await case.turn(claim, Turn(0, outcome, Wish(second, 2, OPEN))) == Granted(1)
    last = Outcome(second, 1, Refused(131026, "no"), 2, OPEN)
    assert await case.turn(claim, Turn(1, last)) == Released(None)
    assert await case.store.claim(limit=10) == []
    one, two = await case.listed(first), await case.listed(second)
    assert (one.state, one.wamids, one.resolved_by, one.attempts) == ("accepted", ("wamid.1",), "response", 1)
    assert (two.state, two.error_code) == ("failed", 131026)


async def test_what_an_earlier_holder_tried_is_in_doubt_until_it_is_named(case: Case) -> None:
    (message,) = await case.add(uuid.uuid4())
    claim = await case.claim()
    assert await case.grant(claim, message) == Granted(1)
    verdict = await case.grant(claim, message)
    assert isinstance(verdict, InDoubt)
    assert verdict.number == 1
    again = Turn(0, wish=Wish(message, 1, OPEN, doubted=1))
    assert await case.turn(claim, again) == Granted(2)
    assert (await case.listed(message)).is_maybe_duplicate


async def test_a_renewed_permission_is_no_new_call(case: Case) -> None:
    (message,) = await case.add(uuid.uuid4())
    claim = await case.claim()
    await case.grant(claim, message)
    assert await case.turn(claim, Turn(0, wish=Wish(message, 1, OPEN, renewed=1))) == Granted(1)
    listed = await case.listed(message)
    assert (listed.attempts, listed.is_maybe_duplicate) == (1, False)


async def test_a_look_changes_nothing(case: Case) -> None:
    (message,) = await case.add(uuid.uuid4())
    claim = await case.claim()
    assert await case.turn(claim, Turn(0, wish=Wish(message, 1, OPEN, is_look=True))) == Ready()
    assert (await case.listed(message)).state == "queued"


async def test_a_stale_lease_gets_nothing_but_its_acceptance_is_kept(case: Case) -> None:
    (message,) = await case.add(uuid.uuid4())
    claim = await case.claim()
    await case.grant(claim, message)
    stale = Claim(
        claim.group_id, claim.lane_id, uuid.uuid4(), claim.head, claim.tail, 1, 0, None, claim.items, claim.until
    )
    assert await case.turn(stale, Turn(0, Outcome(message, 1, Accepted("w"), 1, OPEN))) == Lost()
    assert (await case.listed(message)).wamids == ("w",)
    assert await case.store.renew([claim, stale]) == {(claim.group_id, claim.lane_id)}
    assert await case.grant(claim, message) == Skipped()


async def test_an_old_calls_failure_does_not_touch_a_newer_call(case: Case) -> None:
    (message,) = await case.add(uuid.uuid4())
    claim = await case.claim()
    await case.grant(claim, message)
    await case.turn(claim, Turn(0, wish=Wish(message, 1, OPEN, doubted=1)))
    late = Outcome(message, 1, Refused(100, "old"), 1, OPEN, wait=30.0)
    assert await case.turn(claim, Turn(0, late)) == Released(30.0)
    assert (await case.listed(message)).state == "attempting"


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        (NotSent("down"), "queued"),
        (Ambiguous(2, "trouble"), "attempting"),
        (Throttled(Scope.PAIR, 131056, "slow"), "queued"),
    ],
)
async def test_what_settles_nothing_lets_the_lane_rest(case: Case, answer: NotSent | Ambiguous, state: str) -> None:
    (message,) = await case.add(uuid.uuid4())
    claim = await case.claim()
    await case.grant(claim, message)
    assert await case.turn(claim, Turn(0, Outcome(message, 1, answer, 1, OPEN, wait=50.0))) == Released(50.0)
    assert (await case.listed(message)).state == state
    assert await case.store.claim(limit=10) == []


async def test_a_wait_beyond_the_window_is_a_failure(case: Case) -> None:
    (message,) = await case.add(uuid.uuid4())
    claim = await case.claim()
    await case.grant(claim, message)
    outcome = Outcome(message, 1, Throttled(Scope.MESSAGE, 131049, "no", 86_400.0), 1, OPEN, wait=90_000.0)
    assert await case.turn(claim, Turn(0, outcome)) == Released(None)
    listed = await case.listed(message)
    assert (listed.state, listed.error_code) == ("failed", 131049)


async def test_a_closed_window_and_a_refusal_need_no_call(case: Case) -> None:
    late, wrong = await case.add(uuid.uuid4(), 2)
    claim = await case.claim()
    assert await case.turn(claim, Turn(0, wish=Wish(late, 1, time.time() - 10))) == Skipped()
    assert await case.turn(claim, Turn(1, wish=Wish(wrong, 2, OPEN, refusal="too long"))) == Skipped()
    assert {(await case.listed(m)).state for m in (late, wrong)} == {"failed"}


async def test_a_hold_is_shown_and_waited_out(case: Case) -> None:
    (message,) = await case.add(uuid.uuid4())
    claim = await case.claim()
    wish = Wish(message, 1, OPEN, hold=Hold(40.0, "no token", 190))
    assert await case.turn(claim, Turn(0, wish=wish)) == Released(40.0)
    listed = await case.listed(message)
    assert (listed.state, listed.error_code, listed.attempts) == ("queued", 190, 0)


async def test_a_pair_waits_after_its_burst(case: Case) -> None:
    ids = await case.add(uuid.uuid4(), 3)
    claim = await case.claim()
    assert await case.grant(claim, ids[0]) == Granted(1)
    for n in (1, 2):
        outcome = Outcome(ids[n - 1], 1, Accepted(f"w{n}"), n, OPEN)
        verdict = await case.turn(claim, Turn(n - 1, outcome, Wish(ids[n], n + 1, OPEN)))
    assert isinstance(verdict, Released)
    assert verdict.wait == pytest.approx(600.0, abs=5.0)


async def test_a_status_settles_a_doubt_and_wakes_its_lane(case: Case) -> None:
    first, second = await case.add(uuid.uuid4(), 2)
    claim = await case.claim()
    await case.grant(claim, first)
    await case.turn(claim, Turn(0, Outcome(first, 1, Ambiguous(0, "?"), 1, OPEN, wait=500.0)))
    assert await case.store.claim(limit=10) == []
    assert await case.status("w", "delivered", first)
    assert not await case.status("w", "sent", first)
    claim = await case.claim()
    assert await case.turn(claim, Turn(0, wish=Wish(first, 1, OPEN, is_look=True))) == Skipped()
    assert await case.grant(claim, second, 2) == Granted(1)
    listed = await case.listed(first)
    assert (listed.state, listed.status, listed.resolved_by) == ("accepted", "delivered", "status")


async def test_an_answer_after_its_status_moves_the_lane_on(case: Case) -> None:
    (message,) = await case.add(uuid.uuid4())
    claim = await case.claim()
    await case.grant(claim, message)
    assert await case.status("w", "read", message)
    assert await case.turn(claim, Turn(0, Outcome(message, 1, Ambiguous(0, "?"), 1, OPEN, wait=500.0))) == Released(
        None
    )
    assert await case.store.claim(limit=10) == []


async def test_a_status_that_knows_only_metas_id_waits_for_it(case: Case) -> None:
    (message,) = await case.add(uuid.uuid4())
    claim = await case.claim()
    assert not await case.status("w", "read", None)
    assert not await case.status("w", "read", uuid.uuid4())
    await case.grant(claim, message)
    await case.turn(claim, Turn(0, Outcome(message, 1, Accepted("w"), 1, OPEN)))
    assert (await case.listed(message)).status == "read"
    assert await case.status("w", "played", None)


async def test_a_status_finds_its_message_among_others_by_metas_id(case: Case) -> None:
    ids = [(await case.add(uuid.uuid4()))[0] for _ in range(3)]
    for number, claim in enumerate(await case.store.claim(limit=10)):
        message = UUID(claim.items[0].event_id)
        await case.grant(claim, message)
        await case.turn(claim, Turn(0, Outcome(message, 1, Accepted(f"w{number}"), 1, OPEN)))
    assert await case.status("w1", "read", None)
    listed = [await case.listed(message) for message in ids]
    assert {row.wamids: row.status for row in listed} == {("w0",): "none", ("w1",): "read", ("w2",): "none"}


async def test_another_organizations_status_changes_nothing(case: Case) -> None:
    (message,) = await case.add(uuid.uuid4())
    claim = await case.claim()
    await case.grant(claim, message)
    assert not await Case(case.store, case.book, uuid.uuid4()).status("w", "read", message)
    assert (await case.listed(message)).state == "attempting"


async def test_statuses_and_answers_that_meet_do_not_lose_each_other(case: Case) -> None:
    ids = [(await case.add(uuid.uuid4()))[0] for _ in range(20)]
    claims = await case.store.claim(limit=30)
    by_message = {UUID(claim.items[0].event_id): claim for claim in claims}
    await case.store.settle([(by_message[m], Turn(0, wish=Wish(m, 1, OPEN))) for m in ids])
    turns = [(by_message[m], Turn(0, Outcome(m, 1, Accepted(f"w{n}"), 1, OPEN))) for n, m in enumerate(ids)]
    statuses = [case.status(f"w{n}", "read", None) for n in range(20)]
    await asyncio.gather(*(case.store.settle([turn]) for turn in turns), *statuses)
    assert {(await case.listed(message)).status for message in ids} == {"read"}
