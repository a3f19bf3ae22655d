"""Many small payloads of one transaction as one item: what nobody asks for singly need not be a row of its own.

For boxes whose payloads are idempotent at the callee and in no order across items (records for the log). The item's
event id says that it is a bundle, so a box may hold single payloads beside bundles (they were there first).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Sequence
from uuid import UUID, uuid4

from services.chassis.queue.box import Item, StoredItem
from services.pb.common.v1 import results_pb2

# A bundle that is refused becomes one dead letter: small enough to be looked at, large enough to cost nothing each.
LARGEST_BUNDLE = 256
MOST_BUNDLE_BYTES = 512 * 1024
_PREFIX = "bundle:"
_LENGTH_BYTES = 4
_WORST_FIRST = (
    results_pb2.ITEM_OUTCOME_RETRY,
    results_pb2.ITEM_OUTCOME_INVALID,
    results_pb2.ITEM_OUTCOME_UNROUTABLE,
)

DeliverPayloads = Callable[[Sequence[bytes]], Awaitable[Sequence[results_pb2.ItemResult]]]


def bundles_of(group_id: UUID, lane_id: UUID, payloads: Sequence[bytes]) -> Iterator[Item]:
    """The payloads as items of at most LARGEST_BUNDLE and MOST_BUNDLE_BYTES each, in order; a large one is alone."""
    for start in range(0, len(payloads), LARGEST_BUNDLE):
        for chosen in _within_bytes(payloads[start : start + LARGEST_BUNDLE]):
            yield Item(group_id, lane_id, f"{_PREFIX}{uuid4()}", _joined(chosen))


def _joined(payloads: Sequence[bytes]) -> bytes:
    return b"".join([len(payload).to_bytes(_LENGTH_BYTES, "big") + payload for payload in payloads])


def _within_bytes(payloads: Sequence[bytes]) -> Iterator[Sequence[bytes]]:
    if sum(map(len, payloads)) <= MOST_BUNDLE_BYTES:
        yield payloads
        return
    chosen: list[bytes] = []
    size = 0
    for payload in payloads:
        if chosen and size + len(payload) > MOST_BUNDLE_BYTES:
            yield chosen
            chosen, size = [], 0
        chosen.append(payload)
        size += len(payload)
    yield chosen


def payloads_of(item: StoredItem) -> list[bytes]:
    """What an item holds; one that is no bundle holds its payload."""
    return _parts(item.event_id, item.payload)


def bundle_without(event_id: str, content: bytes, is_unwanted: Callable[[bytes], bool]) -> bytes:
    """What an item holds without the payloads that are not wanted; empty when none is left."""
    if not event_id.startswith(_PREFIX):
        return b"" if is_unwanted(content) else content
    return _joined([payload for payload in _parts(event_id, content) if not is_unwanted(payload)])


def _parts(event_id: str, content: bytes) -> list[bytes]:
    # A replayed dead letter keeps the prefix and gets a suffix.
    if not event_id.startswith(_PREFIX):
        return [content]
    start, payloads = 0, []
    while start < len(content):
        end = start + _LENGTH_BYTES + int.from_bytes(content[start : start + _LENGTH_BYTES], "big")
        payloads.append(content[start + _LENGTH_BYTES : end])
        start = end
    return payloads


async def deliver_bundles(items: Sequence[StoredItem], deliver: DeliverPayloads) -> Sequence[results_pb2.ItemResult]:
    """Hand over what the items hold; an item comes to the worst of its payloads': repeating others is harmless."""
    held = [payloads_of(item) for item in items]
    results = iter(await deliver([payload for payloads in held for payload in payloads]))
    return [_worst([next(results) for _ in payloads]) for payloads in held]


def _worst(results: Sequence[results_pb2.ItemResult]) -> results_pb2.ItemResult:
    for outcome in _WORST_FIRST:
        for result in results:
            if result.outcome == outcome:
                return result
    return results[0] if results else results_pb2.ItemResult(outcome=results_pb2.ITEM_OUTCOME_OK)
