"""No later item of a lane overtakes an earlier one, chunk by chunk."""

import pytest

from services.chassis.errors import InvalidArgument, Unavailable
from services.pb.common.v1 import errors_pb2
from services.router.domain.outcome import RETRY, Outcome
from services.router.usecases.handover import MOST_IN_CHUNK, hand_over

OK = Outcome("ok")


async def test_a_batch_goes_in_chunks_and_every_item_gets_its_own_outcome():
    sizes = []

    async def tell(items):
        sizes.append(len(items))
        return [Outcome("invalid", reason=str(item)) for item in items]

    items = list(range(2 * MOST_IN_CHUNK + 3))
    outcomes = await hand_over(items, tell, lane_of=lambda item: item)
    assert sizes == [MOST_IN_CHUNK, MOST_IN_CHUNK, 3]
    assert [outcome.reason for outcome in outcomes] == [str(item) for item in items]


async def test_an_item_of_a_lane_that_waits_is_not_sent_in_a_later_chunk():
    told = []

    async def tell(items):
        told.append(items)
        return [RETRY if item == ("slow", 0) else OK for item in items]

    items = [("slow", 0)] + [("fast", n) for n in range(MOST_IN_CHUNK - 1)] + [("slow", 1), ("fast", -1)]
    outcomes = await hand_over(items, tell, lane_of=lambda item: item[0])
    assert told[1] == [("fast", -1)]
    assert outcomes[-2:] == [RETRY, OK]


async def test_a_peer_out_of_reach_means_retry_for_the_rest():
    calls = []

    async def tell(items):
        calls.append(len(items))
        if len(calls) == 2:
            raise Unavailable("away", reason=errors_pb2.ERROR_REASON_PEER_UNAVAILABLE)
        return [OK for _ in items]

    outcomes = await hand_over(list(range(3 * MOST_IN_CHUNK)), tell, lane_of=lambda item: item)
    assert len(calls) == 2
    assert outcomes == [OK] * MOST_IN_CHUNK + [RETRY] * 2 * MOST_IN_CHUNK


async def test_a_chunk_a_peer_can_never_take_is_the_callers_to_make_smaller():
    async def tell(items):
        raise InvalidArgument("a call to executor is too large")

    with pytest.raises(InvalidArgument):
        await hand_over([1, 2], tell, lane_of=lambda item: item)


async def test_a_peer_that_answers_too_little_answered_nothing():
    async def tell(items):
        return [OK]

    assert await hand_over([1, 2], tell, lane_of=lambda item: item) == [RETRY, RETRY]
