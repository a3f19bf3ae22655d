"""Bundles: many payloads as one item, and one result for what many payloads came to."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import uuid4

from hypothesis import given
from hypothesis import strategies as st

from services.chassis.queue import Item, StoredItem, bundles_of, deliver_bundles, payloads_of
from services.chassis.queue.bundles import LARGEST_BUNDLE, MOST_BUNDLE_BYTES
from services.pb.common.v1 import results_pb2

OK = results_pb2.ItemResult(outcome=results_pb2.ITEM_OUTCOME_OK)
RETRY = results_pb2.ItemResult(outcome=results_pb2.ITEM_OUTCOME_RETRY, retry_after_ms=70)
INVALID = results_pb2.ItemResult(outcome=results_pb2.ITEM_OUTCOME_INVALID, reason="no such kind")


def stored(item: Item) -> StoredItem:
    return StoredItem(1, item.event_id, item.payload, datetime(2026, 1, 1, tzinfo=UTC))


@given(st.lists(st.binary(max_size=300), max_size=600))
def test_what_goes_into_bundles_comes_out_whole_and_in_order(payloads: list[bytes]) -> None:
    items = list(bundles_of(uuid4(), uuid4(), payloads))

    assert [payload for item in items for payload in payloads_of(stored(item))] == payloads
    assert len(items) == -(-len(payloads) // LARGEST_BUNDLE)


def test_a_bundle_is_small_enough_to_travel_and_a_large_payload_travels_alone() -> None:
    payloads = [b"x" * 100_000] * 12 + [b"y" * (2 * MOST_BUNDLE_BYTES)] + [b"z"]
    items = list(bundles_of(uuid4(), uuid4(), payloads))

    assert [len(payloads_of(stored(item))) for item in items] == [5, 5, 2, 1, 1]
    assert [payload for item in items for payload in payloads_of(stored(item))] == payloads


def test_an_item_that_was_there_before_bundles_holds_its_payload() -> None:
    assert payloads_of(StoredItem(1, "wamid.1#0", b"\x00\x01", datetime(2026, 1, 1, tzinfo=UTC))) == [b"\x00\x01"]


def test_a_replayed_bundle_is_still_a_bundle() -> None:
    (item,) = bundles_of(uuid4(), uuid4(), [b"a", b"b"])
    replayed = StoredItem(9, f"{item.event_id}:replay:1", item.payload, datetime(2026, 1, 1, tzinfo=UTC))

    assert payloads_of(replayed) == [b"a", b"b"]


async def test_an_item_comes_to_the_worst_of_what_its_payloads_came_to() -> None:
    answers = {b"fine": OK, b"later": RETRY, b"never": INVALID}

    async def deliver(payloads: Sequence[bytes]) -> Sequence[results_pb2.ItemResult]:
        return [answers[payload] for payload in payloads]

    bundles = ([b"fine", b"fine"], [b"fine", b"never"], [b"never", b"later"])
    items = [stored(item) for payloads in bundles for item in bundles_of(uuid4(), uuid4(), payloads)]

    assert list(await deliver_bundles(items, deliver)) == [OK, INVALID, RETRY]
