"""Timers by the thousand, due in the same second, on real Postgres with two replicas: each once, in order, soon."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

from services.chassis.audit import AuditLog
from services.chassis.db import Database
from services.chassis.queue import Lanes
from services.executor.store import EFFECTS, INBOX, NOTICES, OUTBOX, RECORDS, PostgresStates
from services.executor.worker import TimerClock, encode_closed
from services.pb.executor.v1 import executor_pb2
from tests.fixtures import servers
from tests.integration.executor.conftest import Room

LANES, OF_EACH = 2000, 5


@asynccontextmanager
async def replica(url: str) -> AsyncIterator[TimerClock]:
    """A process' clock on connections of its own."""
    database = await Database.open(url, size=3, name="replica")
    lanes = [Lanes(box, database) for box in (INBOX, OUTBOX, RECORDS, EFFECTS, NOTICES)]
    states = PostgresStates(
        database, *lanes, audit=AuditLog("executor", database), on_queued=lambda: None, encode_closed=encode_closed
    )
    clock = TimerClock(states)
    await clock.start()
    try:
        yield clock
    finally:
        await clock.stop()
        await database.close()


def set_timers(room: Room) -> None:
    """Five timers for each of 2,000 conversations, all due within the last second."""
    room.as_superuser(
        """INSERT INTO executor.timer (organization_id, lane_id, kind, scope, fire_at)
           SELECT %s, md5('lane ' || lane)::uuid, 'kind ' || number, md5('state ' || lane)::uuid,
                  date_trunc('second', now()) - interval '1 s' + (random() * 0.9 + 0.01) * interval '1 s'
           FROM generate_series(1, %s) lane, generate_series(1, %s) number""",
        room.organization_id, LANES, OF_EACH,
    )  # fmt: skip


def fired(room: Room) -> dict[UUID, list[executor_pb2.ConversationEvent]]:
    """The events of timers by conversation, in the order of their lanes."""
    rows = room.as_superuser(
        "SELECT lane_id, payload FROM executor.inbox_item WHERE organization_id = %s ORDER BY lane_id, pos",
        room.organization_id,
    )
    found: dict[UUID, list[executor_pb2.ConversationEvent]] = {}
    for lane_id, payload in rows:
        assert isinstance(lane_id, UUID)
        assert isinstance(payload, bytes)
        found.setdefault(lane_id, []).append(executor_pb2.ConversationEvent.FromString(payload))
    return found


def are_left(room: Room) -> bool:
    ((count,),) = room.as_superuser(
        "SELECT count(*) FROM executor.timer WHERE organization_id = %s", room.organization_id
    )
    return bool(count)


async def test_ten_thousand_timers_of_one_second_fire_once_each_in_the_order_of_their_conversations(
    room: Room, module_database: servers.Database
) -> None:
    set_timers(room)
    url = module_database.url_of("executor")
    async with replica(url) as one, replica(url) as other, asyncio.timeout(60):
        while are_left(room):
            one.ring()
            other.ring()
            await asyncio.sleep(0.05)

    by_lane = fired(room)
    assert len(by_lane) == LANES
    for events in by_lane.values():
        assert sorted(event.timer for event in events) == [f"kind {number}" for number in range(1, OF_EACH + 1)]
        moments = [event.timer_due_us for event in events]
        assert moments == sorted(moments)


async def test_a_later_timer_waits_while_another_process_fires_an_earlier_one(room: Room) -> None:
    room.as_superuser(
        """INSERT INTO executor.timer (organization_id, lane_id, kind, scope, fire_at)
           SELECT %s, %s, 'kind ' || n, md5('scope')::uuid, now() - (10 - n) * interval '1 s'
           FROM generate_series(1, 2) n""",
        room.organization_id, room.conversation_id,
    )  # fmt: skip
    async with room.database.transaction([room.organization_id]) as connection:
        await connection.execute(
            "SELECT 1 FROM executor.timer WHERE organization_id = %s AND kind = 'kind 1' FOR UPDATE",
            (room.organization_id,),
        )
        assert await room.fire_timers() == 0
    assert await room.fire_timers() == 2
    assert [event.timer for event in fired(room)[room.conversation_id]] == ["kind 1", "kind 2"]
