"""What agents do is told to analytics: each thing once, by any replica, whatever fails in between."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from uuid import UUID

import pytest

from services.chassis.errors import Unavailable
from services.pb.common.v1 import errors_pb2
from services.router.domain.order import HandBack, HandOver
from services.router.domain.outcome import OK, RETRY, Outcome
from services.router.domain.queues import AgentRecord, EntryStory
from services.router.store import PostgresAgentsLog, PostgresQueueWork
from services.router.usecases import TellAgentsLog
from tests.fixtures import servers
from tests.integration.router.queue_room import QueueRoom, open_room

Told = tuple[EntryStory, AgentRecord]


@dataclass
class FakeAnalytics:
    """analytics: what it was told of an organization, in order."""

    organization_id: UUID
    told: list[Told] = field(default_factory=list)
    answer: Outcome = OK
    is_away: bool = False

    async def record(self, records: Sequence[Told]) -> Sequence[Outcome]:
        if self.is_away:
            raise Unavailable("analytics is out of reach", reason=errors_pb2.ERROR_REASON_PEER_UNAVAILABLE)
        self.told.extend(told for told in records if told[0].organization_id == self.organization_id)
        return [self.answer for _ in records]

    def lines(self) -> list[tuple[object, ...]]:
        return [(record.kind, record.agent_id, record.text, record.is_first) for _, record in self.told]


@pytest.fixture
async def room(module_database: servers.Database) -> AsyncIterator[QueueRoom]:
    async with open_room(module_database.url_of("router")) as room:
        await room.write(1, 2)
        yield room


def telling(room: QueueRoom, analytics: FakeAnalytics) -> TellAgentsLog:
    return TellAgentsLog(PostgresQueueWork(room.database), PostgresAgentsLog(room.database), analytics)


async def test_a_conversation_is_told_from_the_queue_to_its_release(room: QueueRoom) -> None:
    await room.queue()
    ana, analytics = await room.agent(1), FakeAnalytics(room.organization_id)
    await room.hand_over(1)
    room.clock.pass_by(seconds=40)
    await room.pull(ana)
    room.clock.pass_by(minutes=3)
    await room.release(1)

    await telling(room, analytics).turn()

    assert analytics.lines() == [("assigned", ana, "pulled", True), ("unassigned", ana, "released", False)]
    assert [record.after_us for _, record in analytics.told] == [40_000_000, 180_000_000]
    story = analytics.told[0][0]
    assert (story.conversation_id, story.wa_id, story.phone_number_id, story.time_zone) == (
        room.conversation(1), room.identity(1).value, room.number, "UTC",
    )  # fmt: skip


async def test_what_was_told_is_told_once(room: QueueRoom) -> None:
    await room.queue()
    ana, analytics = await room.agent(1), FakeAnalytics(room.organization_id)
    await room.hand_over(1)
    await room.pull(ana)
    await telling(room, analytics).turn()
    await telling(room, analytics).turn()
    await room.release(1)
    await telling(room, analytics).turn()

    assert analytics.lines() == [("assigned", ana, "pulled", True), ("unassigned", ana, "released", False)]


async def test_an_agent_without_any_queue_is_told_too_and_closing_is_no_release(room: QueueRoom) -> None:
    ana, analytics = await room.agent(1), FakeAnalytics(room.organization_id)
    taken = HandOver(queue_id="", department="", agent=str(ana), priority=50, context="", is_taken=True)
    await room.here.orders.apply([room.order(1, taken)])
    await room.here.orders.apply([room.order(1, HandBack(is_closed=True))])

    await telling(room, analytics).turn()

    assert analytics.lines() == [("assigned", ana, "taken", True), ("unassigned", ana, "closed", False)]


async def test_what_analytics_did_not_take_is_told_again(room: QueueRoom) -> None:
    await room.queue()
    ana, analytics = await room.agent(1), FakeAnalytics(room.organization_id, is_away=True)
    await room.hand_over(1)
    await room.pull(ana)
    with pytest.raises(Unavailable):
        await telling(room, analytics).turn()
    analytics.is_away, analytics.answer = False, RETRY
    await telling(room, analytics).turn()
    analytics.answer = Outcome("invalid", reason="broken")
    await telling(room, analytics).turn()
    # What can never be kept is not told for ever.
    await telling(room, analytics).turn()

    assert analytics.lines() == [("assigned", ana, "pulled", True)] * 2


async def test_replicas_that_tell_at_once_tell_under_the_same_keys(room: QueueRoom) -> None:
    await room.queue()
    ana, analytics = await room.agent(1), FakeAnalytics(room.organization_id)
    for number in (1, 2):
        await room.hand_over(number)
        await room.pull(ana)
    await asyncio.gather(*(telling(room, analytics).turn() for _ in range(3)))

    keys = {(story.entry_id, record.change.change_id, record.kind) for story, record in analytics.told}
    assert len(keys) == 2
