"""How messages are spread over time, and what becomes of who is too slow."""

import asyncio
from collections import deque

import pytest

from tests.benchmarks.errors import Void
from tests.benchmarks.load import Rate, Saturation
from tests.benchmarks.meta.graph import Reply
from tests.benchmarks.meta.people import Person, make_people, phone_number_ids
from tests.benchmarks.meta.world import Exchange, Hearing, World


class Timed(World):
    """A world where every exchange takes as long as it is told."""

    def __init__(self, seconds: float) -> None:
        super().__init__(run="r", app_secret="s")
        self.seconds = seconds

    async def exchange(self, person: Person) -> Exchange:
        await asyncio.sleep(self.seconds)
        return Exchange(0.0, self.seconds)


async def test_a_load_with_everybody_waiting_is_void() -> None:
    with pytest.RaisesGroup(pytest.RaisesExc(Void, match="more --people")):
        await Saturation(in_flight=1, seconds=1.0).run(World(run="r", app_secret="s"), deque())


def test_a_rate_spreads_its_messages_evenly() -> None:
    assert list(Rate(per_second=4, seconds=1).due_times(10.0)) == [10.0, 10.25, 10.5, 10.75]


async def test_a_variant_that_answers_at_once_keeps_up_with_a_rate() -> None:
    people = deque(make_people(5, phone_number_ids(1)))
    outcome = await Rate(per_second=100, seconds=0.1).run(Timed(0.0), people)
    assert (len(outcome.exchanges), outcome.is_kept_up) == (10, True)


async def test_a_variant_that_is_too_slow_is_told_with_what_it_reached() -> None:
    people = deque(make_people(1, phone_number_ids(1)))
    outcome = await Rate(per_second=1000, seconds=0.1).run(Timed(0.2), people)
    assert not outcome.is_kept_up
    assert 1 <= len(outcome.exchanges) <= 7


def reply(text: str, arrived_at: float) -> Reply:
    return Reply("5511", "108", text, "wamid.1", arrived_at)


async def test_replies_are_heard_in_order_and_the_gap_is_between_them() -> None:
    hearing = Hearing(("a", "b", "c"), asyncio.get_running_loop().create_future())
    for place, text in enumerate("abc"):
        hearing.hear(reply(text, arrived_at=float(place**2)))
    await hearing.done
    assert hearing.gaps == (1.0, 3.0)


async def test_replies_in_the_wrong_order_are_void() -> None:
    hearing = Hearing(("a", "b"), asyncio.get_running_loop().create_future())
    hearing.hear(reply("b", arrived_at=0.0))
    with pytest.raises(Void, match="'b', not 'a'"):
        await hearing.done


async def test_a_reply_too_many_is_void() -> None:
    world = World(run="r", app_secret="s")
    (person,) = make_people(1, phone_number_ids(1))
    world.expect(person, ("a",))
    body = b'{"type":"text","to":"%s","text":{"body":"a"}}' % person.wa_id.encode()
    for _ in range(2):
        world.graph.take(f"/v26.0/{person.phone_number_id}/messages", body)
    with pytest.raises(Void, match="1 replies more"):
        await world.settle()
