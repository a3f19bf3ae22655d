"""What a callee's results mean for the lanes they came from."""

from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.chassis.queue import Claim, Finish, StoredItem
from services.chassis.queue.relay import plan_of, within_bytes
from services.pb.common.v1.results_pb2 import (
    ITEM_OUTCOME_DUPLICATE,
    ITEM_OUTCOME_INVALID,
    ITEM_OUTCOME_OK,
    ITEM_OUTCOME_RETRY,
    ITEM_OUTCOME_UNROUTABLE,
    ItemOutcome,
    ItemResult,
)

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)


def claim_of(*positions: int, head: int = 0, until: int | None = None) -> Claim:
    items = tuple(StoredItem(position, f"event {position}", b"", NOON) for position in positions)
    last = until if until is not None else positions[-1]
    return Claim(UUID(int=1), uuid4(), uuid4(), head, last, 1, 0, None, items, last)


def result(outcome: ItemOutcome.ValueType, *, after_ms: int = 0, reason: str = "") -> ItemResult:
    return ItemResult(outcome=outcome, retry_after_ms=after_ms, reason=reason)


def test_taken_items_finish_their_lane_up_to_where_the_claim_reached() -> None:
    claim = claim_of(1, 2, until=5)
    plan = plan_of([claim], [result(ITEM_OUTCOME_OK), result(ITEM_OUTCOME_DUPLICATE)])

    assert plan.finishes == [Finish(claim, 5)]
    assert (plan.buried, plan.unroutable) == ([], [])


def test_a_retry_stops_its_lane_there_and_leaves_other_lanes_alone() -> None:
    stopped, other = claim_of(4, 5, 6, head=3), claim_of(1)
    results = [result(ITEM_OUTCOME_OK), result(ITEM_OUTCOME_RETRY, after_ms=700, reason="busy")]
    plan = plan_of([stopped, other], [*results, result(ITEM_OUTCOME_OK), result(ITEM_OUTCOME_OK)])

    assert plan.finishes == [Finish(stopped, 4, delay=0.7, error="busy"), Finish(other, 1)]


def test_what_follows_a_retry_is_neither_buried_nor_kept() -> None:
    claim = claim_of(1, 2, 3)
    results = [result(ITEM_OUTCOME_RETRY), result(ITEM_OUTCOME_INVALID), result(ITEM_OUTCOME_UNROUTABLE)]
    plan = plan_of([claim], results)

    assert (plan.buried, plan.unroutable) == ([], [])
    assert plan.finishes[0].head == 0


@pytest.mark.parametrize("after_ms", [0, 1, 49])
def test_a_lane_waits_at_least_fifty_milliseconds(after_ms: int) -> None:
    plan = plan_of([claim_of(1)], [result(ITEM_OUTCOME_RETRY, after_ms=after_ms)])
    assert plan.finishes[0].delay == 0.05


def test_a_callee_that_is_busy_blames_nobody() -> None:
    plan = plan_of([claim_of(1)], [result(ITEM_OUTCOME_RETRY)])
    assert not plan.finishes[0].is_blamed


def test_an_invalid_item_is_buried_and_the_lane_goes_on() -> None:
    claim = claim_of(1, 2)
    plan = plan_of([claim], [result(ITEM_OUTCOME_INVALID, reason="no kind"), result(ITEM_OUTCOME_OK)])

    assert plan.buried == [(claim, claim.items[0], "no kind")]
    assert plan.finishes == [Finish(claim, 2)]


def test_an_unroutable_item_is_kept_and_the_lane_goes_on() -> None:
    claim = claim_of(1, 2)
    plan = plan_of([claim], [result(ITEM_OUTCOME_UNROUTABLE, reason="whose number?"), result(ITEM_OUTCOME_OK)])

    assert plan.unroutable == [(claim.items[0], "whose number?")]
    assert plan.finishes == [Finish(claim, 2)]


def test_a_lane_whose_items_are_gaps_is_finished() -> None:
    claim = Claim(UUID(int=1), uuid4(), uuid4(), 2, 4, 1, 0, None, (), 4)
    assert plan_of([claim], []).finishes == [Finish(claim, 4)]


def laden(*sizes: int) -> Claim:
    """A lane whose items have these sizes."""
    items = tuple(StoredItem(place, str(place), b"x" * size, NOON) for place, size in enumerate(sizes, start=1))
    return Claim(UUID(int=1), uuid4(), uuid4(), 0, len(sizes), 1, 0, None, items, len(sizes))


def sizes_of(parts: list[list[Claim]]) -> list[list[list[int]]]:
    return [[[len(item.payload) for item in claim.items] for claim in part] for part in parts]


def test_a_batch_that_is_small_enough_goes_in_one_call() -> None:
    claims = [laden(10, 20), laden(), laden(30)]

    assert list(within_bytes(claims, 60)) == [claims]
    assert list(within_bytes([], 60)) == []


def test_a_large_batch_goes_in_parts_of_whole_lanes_in_order() -> None:
    parts = list(within_bytes([laden(40), laden(40), laden(10, 10), laden(90)], 90))

    assert sizes_of(parts) == [[[40], [40]], [[10, 10]], [[90]]]


def test_a_lane_that_is_too_large_alone_gives_its_first_items_and_goes_on_later() -> None:
    claim = laden(50, 40, 30, 20)
    ((part,),) = within_bytes([claim], 100)

    assert [item.position for item in part.items] == [1, 2]
    assert plan_of([part], [result(ITEM_OUTCOME_OK)] * 2).finishes == [Finish(part, 2)]


def test_an_item_too_large_for_any_call_is_tried_alone() -> None:
    assert sizes_of(list(within_bytes([laden(10), laden(500, 10), laden(10)], 100))) == [[[10]], [[500]], [[10]]]


@given(st.lists(st.lists(st.integers(0, 60), max_size=6), max_size=12), st.integers(1, 100))
def test_parts_are_within_the_limit_and_leave_out_only_ends_of_lanes(lanes: list[list[int]], most: int) -> None:
    claims = [laden(*sizes) for sizes in lanes]
    parts = list(within_bytes(claims, most))

    assert [claim.lane_id for part in parts for claim in part] == [claim.lane_id for claim in claims]
    for part in parts:
        items = [item for claim in part for item in claim.items]
        assert sum(len(item.payload) for item in items) <= most or len(items) == 1
    for claim, given_claim in zip([claim for part in parts for claim in part], claims, strict=True):
        assert claim.items == given_claim.items[: len(claim.items)]
        assert bool(claim.items) == bool(given_claim.items)
