"""Misbehaviour on purpose: what the sender meets, and what Meta did all the same."""

import asyncio

import aiohttp
import pytest

from services.embedded.meta.faults import FaultDice
from services.embedded.meta.plans import Faults, InputError, read_plan
from tests.unit.simulated_meta.world import AUTHORIZED, MESSAGES, World, text


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [
        ("rate_limited", 400, 130429),
        ("pair_limited", 400, 131056),
        ("refuse_transient", 503, 2),
        ("refuse_for_good", 400, 131026),
    ],
)
async def test_a_refusal_on_purpose_accepts_nothing(world: World, kind: str, status: int, code: int) -> None:
    world.misbehave(**{kind: 1.0})
    seen, answer = await world.send(text())
    assert (seen, answer["error"]["code"]) == (status, code)
    assert world.meta.ledger.accepted == 0


async def test_a_transient_refusal_says_so(world: World) -> None:
    world.misbehave(refuse_transient=1.0)
    _, answer = await world.send(text())
    assert answer["error"]["is_transient"] is True


@pytest.mark.parametrize(("kind", "accepted"), [("reset_before_accept", 0), ("accept_reset", 1)])
async def test_a_cut_connection_leaves_the_caller_in_doubt(world: World, kind: str, accepted: int) -> None:
    world.misbehave(**{kind: 1.0})
    with pytest.raises(aiohttp.ClientError):
        await world.send(text())
    assert world.meta.ledger.accepted == accepted


@pytest.mark.parametrize(("kind", "status"), [("accept_502", 502), ("accept_garbage", 200)])
async def test_an_answer_that_is_no_json_hides_an_acceptance(world: World, kind: str, status: int) -> None:
    world.misbehave(**{kind: 1.0})
    answer = await world.client.post(MESSAGES, json=text(), headers=AUTHORIZED)
    assert (answer.status, answer.content_type) == (status, "text/html")
    assert world.meta.ledger.accepted == 1


async def test_a_hanging_answer_ends_in_a_cut_while_statuses_come(world: World) -> None:
    world.misbehave(accept_hang=1.0, hang_seconds=30)
    hanging = asyncio.create_task(world.send(text(biz_opaque_callback_data="ours")))
    await world.clock.was_asked.wait()
    assert world.meta.ledger.accepted == 1
    await world.pass_time(29)
    assert not hanging.done()
    assert [status["biz_opaque_callback_data"] for status in world.receiver.statuses()] == ["ours", "ours"]
    await world.pass_time(2)
    with pytest.raises(aiohttp.ClientError):
        await hanging


async def test_latency_delays_the_answer_but_not_the_acceptance(world: World) -> None:
    world.misbehave(latency_ms=4000)
    sending = asyncio.create_task(world.send(text()))
    await world.clock.was_asked.wait()
    assert world.meta.ledger.accepted == 1
    await world.pass_time(3.9)
    assert not sending.done()
    await world.pass_time(0.2)
    status, _ = await sending
    assert status == 200


def test_faults_come_as_often_as_planned_and_are_counted() -> None:
    dice = FaultDice()
    dice.set_plan(Faults(seed=3, rate_limited=0.05, accept_502=0.1))
    rolled = [dice.fault() for _ in range(10_000)]
    assert 400 < rolled.count("rate_limited") < 600
    assert 850 < rolled.count("accept_502") < 1150
    assert rolled.count("") == 10_000 - rolled.count("rate_limited") - rolled.count("accept_502")
    assert dice.rolled["accept_502"] == rolled.count("accept_502")


def test_the_same_seed_gives_the_same_faults() -> None:
    plan = Faults(seed=5, rate_limited=0.3, accept_hang=0.3)
    first, second = FaultDice(), FaultDice()
    first.set_plan(plan)
    second.set_plan(plan)
    assert [first.fault() for _ in range(100)] == [second.fault() for _ in range(100)]


@pytest.mark.parametrize(
    "values",
    [
        {"rate_limited": 0.6, "accept_hang": 0.6},
        {"rate_limited": -0.1},
        {"drop": 1.5},
        {"statuses": ["sent", "seen"]},
        {"statuses": "sent"},
        {"shuffle": 1},
        {"latency_ms": True},
        {"explode": 0.5},
        [],
    ],
)
def test_a_plan_that_makes_no_sense_is_refused(values: object) -> None:
    with pytest.raises(InputError):
        read_plan(Faults, values)
