"""random: weights are met, a contact stays with a way, and nothing else decides."""

from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.executor.domain.compile import CompiledFlow, compile_flow
from services.executor.domain.document import parse_document
from services.executor.domain.events import InboundMessage
from services.executor.domain.nodes.random_way import drawn
from services.executor.domain.turn import Moment
from tests.unit.executor.dialogues import NOW, take

VARIANTS = [
    {"handle": "a", "weight": 1},
    {"handle": "b", "weight": 3, "label": "Three times"},
    {"handle": "c", "weight": 0},
]


def lottery(flow_id: str = "f", **data: Any) -> CompiledFlow:
    document = {
        "schema": "pytake.flow/1", "name": "t",
        "nodes": [
            {"id": "s", "type": "start"},
            {"id": "r", "type": "random", "data": {"variants": VARIANTS, "variableName": "way", **data}},
            *({"id": way, "type": "end"} for way in "abc"),
        ],
        "edges": [
            {"source": "s", "target": "r"},
            {"source": "r", "target": "a", "sourceHandle": "a"},
            {"source": "r", "target": "b", "label": "Three times"},
            {"source": "r", "target": "c", "sourceHandle": "c"},
        ],
    }  # fmt: skip
    return compile_flow(parse_document(document), flow_id=flow_id)


def way(flow: CompiledFlow, person: str, seed: str = "") -> str:
    outcome = take(flow, None, InboundMessage("hi"), moment=Moment(NOW, person=person, seed=seed))
    assert outcome.trace.visited[-1] == outcome.session.variables["way"]
    return outcome.trace.visited[-1]


def test_people_are_shared_out_by_weight_and_a_weight_of_nothing_is_never_drawn() -> None:
    flow = lottery()
    counts = Counter(way(flow, f"person {number}") for number in range(4000))
    assert set(counts) == {"a", "b"}
    assert 900 < counts["a"] < 1100


def test_a_person_takes_the_same_way_each_time_whatever_the_event() -> None:
    flow = lottery()
    for number in range(50):
        assert len({way(flow, f"person {number}", seed) for seed in ("1", "2", "3")}) == 1


def test_another_flow_draws_again() -> None:
    people = [f"person {number}" for number in range(100)]
    assert [way(lottery("f"), one) for one in people] != [way(lottery("g"), one) for one in people]


def test_without_stickiness_each_event_draws_and_repeats_exactly() -> None:
    flow = lottery(sticky=False)
    ways = [way(flow, "Ana", f"event {number}") for number in range(200)]
    assert ways == [way(flow, "Bia", f"event {number}") for number in range(200)]
    assert set(ways) == {"a", "b"}


def test_a_weight_may_have_a_fraction() -> None:
    flow = lottery(
        variants=[{"handle": "a", "weight": 0.1}, {**VARIANTS[1], "weight": "0,3"}, {"handle": "c", "weight": 0}]
    )
    counts = Counter(way(flow, f"person {number}") for number in range(2000))
    assert 400 < counts["a"] < 600


@given(key=st.text(max_size=20), weights=st.lists(st.integers(0, 10**9), min_size=1, max_size=9).filter(any))
def test_a_draw_is_always_a_variant_that_has_a_weight(key: str, weights: list[int]) -> None:
    assert weights[drawn(key, tuple(weights))] > 0


@pytest.mark.parametrize("weights", [(1, 0), (0, 1), (0, 1, 0)])
def test_the_only_weight_always_wins(weights: tuple[int, ...]) -> None:
    assert {drawn(str(number), weights) for number in range(50)} == {weights.index(1)}
