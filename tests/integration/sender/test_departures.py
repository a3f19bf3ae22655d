"""Messages that leave as they are stored: what a whole sender does with idle, busy and too many lanes."""

import asyncio
import uuid

from services.embedded.meta.plans import Faults
from services.pb.common.v1 import results_pb2

from .conftest import Stage, eventually, settled

OK, DUPLICATE = results_pb2.ITEM_OUTCOME_OK, results_pb2.ITEM_OUTCOME_DUPLICATE


async def test_bubbles_of_several_calls_leave_in_order(stage: Stage) -> None:
    stage.meta.faults.set_plan(Faults(latency_ms=30, delay_ms=1))
    room = await stage.sender()
    await stage.put_token(room)
    conversations = [uuid.uuid4() for _ in range(4)]
    for part in range(3):
        bubbles = [stage.message(c, f"{n}/{part}{i}") for n, c in enumerate(conversations) for i in range(3)]
        assert await stage.enqueue(room, *bubbles) == [OK] * 12
    await settled(stage, 36)
    for n in range(4):
        mine = [text for text in stage.texts() if text.startswith(f"{n}/")]
        assert mine == [f"{n}/{part}{i}" for part in range(3) for i in range(3)]
    assert stage.meta.ledger.duplicates.total() == 0


async def test_repeats_of_a_call_under_way_send_nothing_twice(stage: Stage) -> None:
    stage.meta.faults.set_plan(Faults(latency_ms=100, delay_ms=1))
    room = await stage.sender()
    await stage.put_token(room)
    messages = [stage.message(uuid.uuid4(), str(n)) for n in range(5)]
    answers = await asyncio.gather(*(stage.enqueue(room, *messages) for _ in range(4)))
    assert sorted(answers) == sorted([[OK] * 5, *[[DUPLICATE] * 5] * 3])
    await settled(stage, 5)
    assert await stage.enqueue(room, *messages) == [DUPLICATE] * 5
    assert sorted(stage.texts()) == [str(n) for n in range(5)]

    async def is_idle() -> bool:
        return await stage.sql("SELECT count(*) FROM sender.inbox_lane WHERE wake_at IS NOT NULL") == [(0,)]

    await eventually(is_idle)


async def test_two_senders_that_get_the_same_messages_send_them_once(stage: Stage) -> None:
    first, second = await stage.sender(), await stage.sender()
    await stage.put_token(first)
    messages = [stage.message(uuid.uuid4(), str(n)) for n in range(20)]
    await asyncio.gather(stage.enqueue(first, *messages), stage.enqueue(second, *messages))
    await settled(stage, 20)
    assert sorted(stage.texts(), key=int) == [str(n) for n in range(20)]


async def test_more_conversations_than_walks_all_get_their_turn(stage: Stage) -> None:
    room = await stage.sender(lanes_in_flight=3)
    await stage.put_token(room)
    for start in range(0, 20, 2):
        await stage.enqueue(room, *(stage.message(uuid.uuid4(), str(n)) for n in (start, start + 1)))
    await settled(stage, 20)
    assert sorted(stage.texts(), key=int) == [str(n) for n in range(20)]


async def test_what_a_stopped_worker_is_given_is_left_to_others(stage: Stage) -> None:
    first = await stage.sender()
    await stage.put_token(first)
    await first.worker.stop()
    await stage.enqueue(first, stage.message(uuid.uuid4(), "later"))
    assert await stage.sql("SELECT lease FROM sender.inbox_lane") == [(None,)]
    await stage.sender()
    await settled(stage, 1)
    assert stage.texts() == ["later"]
