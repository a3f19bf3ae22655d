"""Single parts: what is measured does what it says, and figures become verdicts."""

import itertools

import orjson
import pytest

from tests.benchmarks.errors import Void
from tests.benchmarks.meta.people import make_people, phone_number_ids
from tests.benchmarks.parts import turn
from tests.benchmarks.parts.contest import Contestant, Sample, contest, together
from tests.benchmarks.parts.doors import body_of
from tests.benchmarks.parts.report import markdown
from tests.benchmarks.parts.targets import Target, verdicts


def sample(contestant: str, number: int, **cpu_us: float) -> Sample:
    return Sample(part="doors", contestant=contestant, round=number, items=10, seconds=0.5, cpu_us=cpu_us)


async def do_nothing(items: int) -> None:
    """An item that costs nothing."""


async def test_cpu_is_told_per_item_and_the_warm_up_is_not() -> None:
    readings = itertools.count()
    contestant = Contestant(name="a", items=10, run=do_nothing, meter=lambda: {"server": 0.001 * next(readings)})

    samples = await contest("doors", [contestant], 2, lambda text: None)

    assert [taken.round for taken in samples] == [1, 2]
    assert [taken.cpu_us for taken in samples] == [{"server": pytest.approx(100.0)}] * 2


async def test_a_process_that_goes_while_it_is_measured_is_void() -> None:
    readings = iter([{"server": 1.0}, {}])
    contestant = Contestant(name="a", items=10, run=do_nothing, meter=lambda: next(readings))

    with pytest.raises(Void, match="came or went"):
        await contest("doors", [contestant], 1, lambda text: None)


def test_meters_together_read_every_process() -> None:
    assert together(lambda: {"a": 1.0}, lambda: {"b": 2.0})() == {"a": 1.0, "b": 2.0}


def test_a_target_with_a_baseline_is_judged_by_the_ratio_of_each_round() -> None:
    samples = [sample("ours", 1, server=10, Postgres=20), sample("ours", 2, server=40, Postgres=20)]
    samples += [sample("floor", 1, server=10), sample("floor", 2, server=20)]

    whole, alone, missing = (
        Target("ours", 2.0, "floor"),
        Target("ours", 2.0, "floor", "server"),
        Target("ours", 2.0, "nobody"),
    )
    judged = verdicts(samples, [whole, alone, missing])

    assert [verdict.target for verdict in judged] == [whole, alone]
    assert [verdict.measured.median for verdict in judged] == [3.0, 1.5]
    assert [verdict.is_met for verdict in judged] == [False, True]


def test_the_table_puts_the_least_cpu_first_and_names_processes() -> None:
    samples = [sample("dear", 1, server=30.0, Postgres=10.0), sample("cheap", 1, server=10.0)]

    lines = markdown(samples).splitlines()

    assert lines[0] == "## Doors"
    assert lines[4].startswith("| cheap | 10.0 (10.0–10.0) | server 10.0 | 20 | 1.00")
    assert lines[5].startswith("| dear | 40.0 (40.0–40.0) | server 30.0, Postgres 10.0 | 20 | 4.00")


def test_the_turn_measured_asks_the_third_question_in_the_contacts_words() -> None:
    flow, state = turn.compiled_flow(), turn.waiting_state()

    after = orjson.loads(turn.engine_turn(flow, state)())

    assert after["current_node_id"] == "ask_day"
    assert after["variables"] == {"nome": "Ana", "bicicletas": "2"}
    assert turn.EXPECTED.encode() in turn.whole_turn(flow, state)()


def test_every_contestant_of_a_turn_can_be_run() -> None:
    assert [contestant.name for contestant in turn.contestants(1)] == [
        turn.TURN,
        turn.WHOLE_TURN,
        turn.TEMPLATE,
        turn.LOADS,
    ]


def test_bodies_posted_name_the_user_id_that_meta_sends() -> None:
    (person,) = make_people(1, phone_number_ids(1))

    value = orjson.loads(body_of(person, "wamid.1"))["entry"][0]["changes"][0]["value"]

    assert value["contacts"][0]["user_id"] == value["messages"][0]["from_user_id"]
