"""Calls outside on real Postgres: ordered with the turn, made by whoever is free, told exactly once."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest

from services.chassis.audit import AuditLog
from services.chassis.clock import monotonic
from services.chassis.egress import Egress, networks_of
from services.chassis.queue import Bell, Finish, Lanes
from services.chassis.sealing import Sealer
from services.executor.domain.commands import StartEffect
from services.executor.domain.effects import Ordered
from services.executor.domain.json_value import Json
from services.executor.domain.replies import failed
from services.executor.ports import EffectDue, EffectSettled, Passage, Save
from services.executor.store import EFFECTS, PostgresEffects, PostgresPrivacy, PostgresSecrets
from services.executor.usecases import CallOutside
from services.executor.worker import EffectWorker, encode_effect, read_effect, submission_of
from services.executor.worker.effects import MOST_ATTEMPTS
from services.executor.worker.orders import result_item
from services.pb.executor.v1 import executor_pb2
from tests.fixtures.spies import HANGS, SpyNetwork, SpyResolver, answer
from tests.integration.executor.conftest import Room

PUBLIC, PRIVATE = "93.184.216.34", "10.1.2.3"
NAMES = {"shop.example": [PUBLIC], "inside.example": [PRIVATE], "allowed.example": ["10.9.0.1"]}
ALLOWED = "10.9.0.0/24"


@dataclass
class Outside:
    """Executor's way out on spies, and its worker; `stops` are the parts to be stopped."""

    room: Room
    lanes: Lanes
    box: PostgresEffects
    secrets: PostgresSecrets
    network: SpyNetwork
    bell: Bell = field(default_factory=Bell)

    async def order(
        self, effect_id: str = "", *, seconds: float = 60.0, conversation_id: UUID | None = None, **request: Json
    ) -> str:
        """Order a call as a turn does: in the transaction that takes a message in."""
        effect_id = effect_id or uuid4().hex
        conversation = str(conversation_id or self.room.conversation_id)
        submission = submission_of(self.room.event("hi", conversation_id=conversation, contact_id=conversation))
        assert not isinstance(submission.arrival, str)
        asked: dict[str, Json] = {"url": "http://shop.example/stock", "max_retries": 0, **request}
        command = StartEffect("call", effect_id, "http", asked, seconds)
        item = encode_effect(Ordered(uuid4(), submission.arrival, self.room.flow_id, command), command)

        async def save(passage: Passage) -> Save:
            return Save(frozenset({self.room.organization_id}), (), (), (), (), (), (), effects=[item])

        await self.room.states.pass_on([submission.item], [], save)
        self.bell.ring()
        return effect_id

    @asynccontextmanager
    async def worker(self, *, limit: int = 8, share: int = 8, lease_seconds: float = 6.0) -> AsyncIterator[None]:
        egress = Egress(allowed=networks_of(ALLOWED), resolve=SpyResolver(NAMES), network=self.network)
        call = CallOutside(
            egress,
            self.secrets,
            now=lambda: datetime.now(UTC),
            monotonic=monotonic,
            pause=lambda seconds: asyncio.sleep(0),
            dice=lambda: 0.5,
            on_try=lambda kind: None,
        )
        worker = EffectWorker(
            self.box,
            call,
            self.bell,
            limit=limit,
            share=share,
            lease_seconds=lease_seconds,
            drain_seconds=0.0,
            monotonic=monotonic,
        )
        await worker.start()
        self.bell.ring()
        try:
            yield
        finally:
            await worker.stop()

    def told(self) -> list[executor_pb2.ConversationEvent]:
        """What conversations of this organization were told of their calls."""
        rows = self.room.as_superuser(
            """SELECT event_id, payload FROM executor.inbox_item
               WHERE organization_id = %s AND event_id LIKE 'effect:%%' ORDER BY received_at, pos""",
            self.room.organization_id,
        )
        return [executor_pb2.ConversationEvent.FromString(bytes(row[1])) for row in rows]

    async def until_told(self, count: int) -> list[executor_pb2.ConversationEvent]:
        await self.until(lambda: len(self.told()) >= count)
        return self.told()

    def is_empty(self) -> bool:
        rows = self.room.as_superuser(
            "SELECT 1 FROM executor.effects_lane WHERE organization_id = %s AND head < tail", self.room.organization_id
        )
        return not rows

    async def until(self, is_so: Callable[[], bool]) -> None:
        async with asyncio.timeout(20):
            while not is_so():  # noqa: ASYNC110  # rows in Postgres ring no bell here
                await asyncio.sleep(0.02)

    def end_leases(self) -> None:
        self.room.as_superuser(
            "UPDATE executor.effects_lane SET wake_at = now() WHERE organization_id = %s AND wake_at IS NOT NULL",
            self.room.organization_id,
        )

    def dead(self) -> list[tuple[object, ...]]:
        return self.room.as_superuser(
            "SELECT event_id, error FROM executor.effects_dead WHERE organization_id = %s", self.room.organization_id
        )


@pytest.fixture
async def outside(room: Room) -> AsyncIterator[Outside]:
    lanes = Lanes(EFFECTS, room.database)
    box = PostgresEffects(room.database, lanes, room.inbox, read=read_effect, on_told=lambda: None)
    secrets = PostgresSecrets(room.database, Sealer((os.urandom(32),)), AuditLog("executor", room.database))
    network = SpyNetwork()
    yield Outside(room, lanes, box, secrets, network)
    # Whatever a test did, only what the policy allows was dialled.
    assert {host for host, _ in network.dialled} <= {PUBLIC, "10.9.0.1"}
    assert {port for _, port in network.dialled} <= {80, 443}
    # Other tests' workers must not find what was left.
    room.as_superuser("DELETE FROM executor.effects_lane WHERE organization_id = %s", room.organization_id)


async def test_a_call_is_made_and_its_conversation_is_told_once(outside: Outside) -> None:
    outside.network.answers.append(answer(body=b'{"pots": 4}', Content_Type="application/json"))
    effect_id = await outside.order(headers={"X-Shop": "tea"})
    async with outside.worker():
        (event,) = await outside.until_told(1)

    assert event.event_id == f"effect:{effect_id}"
    assert event.conversation_id == str(outside.room.conversation_id)
    result = event.effect
    assert (result.effect_id, result.outcome, result.status, result.body) == (
        effect_id,
        executor_pb2.EFFECT_OUTCOME_OK,
        200,
        b'{"pots":4}',
    )
    assert f"Idempotency-Key: {effect_id}" in outside.network.sent
    assert "X-Shop: tea" in outside.network.sent
    assert await outside.lanes.claim() == []


async def test_a_call_that_is_ordered_again_counts_once(outside: Outside) -> None:
    outside.network.answers += [answer(), answer()]
    effect_id = await outside.order()
    await outside.order(effect_id)
    async with outside.worker():
        await outside.until_told(1)
        await outside.until(outside.is_empty)

    assert len(outside.told()) == 1
    assert outside.network.sent.count("GET /stock") == 1


async def test_a_process_that_dies_in_the_middle_leaves_a_call_that_is_made_again_under_its_key_and_told_once(
    outside: Outside,
) -> None:
    outside.network.answers += [HANGS, answer()]
    effect_id = await outside.order()
    (lost,) = await outside.box.claim(limit=8, without=())
    outside.end_leases()
    async with outside.worker():
        await outside.until(lambda: bool(outside.network.dialled))
        outside.end_leases()
        # Another process: the first one's call hangs, its lease has ended.
        async with outside.worker():
            (event,) = await outside.until_told(1)

    assert event.effect.effect_id == effect_id
    assert outside.network.sent.count(f"Idempotency-Key: {effect_id}") == 2
    assert list(await outside.box.settle([_finished(lost)])) == [False]


async def test_a_holder_that_lost_its_lease_tells_nothing(outside: Outside) -> None:
    await outside.order()
    (zombie,) = await outside.box.claim(limit=1, without=())
    outside.end_leases()
    (rival,) = await outside.box.claim(limit=1, without=())
    other = await outside.order(conversation_id=uuid4())
    (neighbour,) = await outside.box.claim(limit=1, without=())

    # Settled together, the lost one costs its neighbour nothing.
    settled = [_finished(zombie, "one"), _finished(neighbour, "two")]
    assert list(await outside.box.settle(settled)) == [False, True]
    assert list(await outside.box.settle([_finished(rival, "three")])) == [True]
    assert [event.effect.error for event in outside.told()] == ["two", "three"]
    assert neighbour.item.event_id == other


async def test_a_long_call_keeps_its_lease(outside: Outside) -> None:
    outside.network.answers.append(HANGS)
    await outside.order()
    async with outside.worker(lease_seconds=0.3):
        await outside.until(lambda: bool(outside.network.dialled))
        ((first,),) = outside.room.as_superuser(
            "SELECT wake_at FROM executor.effects_lane WHERE organization_id = %s", outside.room.organization_id
        )

        def is_renewed() -> bool:
            ((now,),) = outside.room.as_superuser(
                "SELECT wake_at FROM executor.effects_lane WHERE organization_id = %s", outside.room.organization_id
            )
            return now != first

        await outside.until(is_renewed)
        assert outside.network.sent.count("GET /stock") == 1


async def test_one_organizations_slow_api_stops_nobody_else(outside: Outside, room: Room) -> None:
    outside.network.answers += [HANGS, HANGS, answer(body=b"1")]
    for _ in range(6):
        await outside.order(conversation_id=uuid4())
    async with outside.worker(limit=3, share=2):
        await outside.until(lambda: len(outside.network.dialled) == 2)
        slow, room.organization_id = room.organization_id, uuid4()
        room.flow_id = await room.publish("tea_house.json")
        await outside.order(conversation_id=uuid4())
        (event,) = await outside.until_told(1)
        assert event.effect.outcome == executor_pb2.EFFECT_OUTCOME_OK
        assert len(outside.network.dialled) == 3
    room.as_superuser("DELETE FROM executor.effects_lane WHERE organization_id = %s", slow)


async def test_many_calls_are_under_way_at_once(outside: Outside) -> None:
    outside.network.answers += [HANGS] * 5
    for _ in range(5):
        await outside.order(conversation_id=uuid4())
    async with outside.worker():
        await outside.until(lambda: len(outside.network.dialled) == 5)
    # Stopped in the middle, they are there for whoever is free.
    assert len(await outside.box.claim(limit=9, without=())) == 5


async def test_a_call_that_cannot_be_read_is_buried_and_its_flow_is_told(outside: Outside) -> None:
    effect_id = await outside.order()
    outside.room.as_superuser(
        "UPDATE executor.effects_item SET payload = %s WHERE organization_id = %s",
        executor_pb2.EffectOrder(effect_id=effect_id, kind="odd", request=b"[]").SerializeToString(),
        outside.room.organization_id,
    )
    async with outside.worker():
        (event,) = await outside.until_told(1)

    assert event.effect.effect_id == effect_id
    assert event.effect.outcome == executor_pb2.EFFECT_OUTCOME_FAILED
    ((dead_id, error),) = outside.dead()
    assert dead_id == effect_id
    assert "cannot be read" in str(error)


async def test_a_call_that_kills_every_process_is_buried_and_its_flow_is_told(outside: Outside) -> None:
    effect_id = await outside.order()
    for _ in range(MOST_ATTEMPTS):
        await outside.box.claim(limit=1, without=())
        outside.end_leases()
    async with outside.worker():
        (event,) = await outside.until_told(1)

    assert (event.effect.effect_id, event.effect.outcome) == (effect_id, executor_pb2.EFFECT_OUTCOME_FAILED)
    assert "died" in str(outside.dead()[0][1])
    assert outside.network.dialled == []


async def test_a_buried_call_that_is_replayed_is_made_and_told_anew(outside: Outside) -> None:
    effect_id = await outside.order()
    (due,) = await outside.box.claim(limit=1, without=())
    settled = _finished(due)
    await outside.box.settle([EffectSettled(settled.finish, settled.event, buried="for a test")])
    (letter,) = [each for each in await outside.lanes.dead_letters() if each.group_id == outside.room.organization_id]
    await outside.lanes.replay([letter.dead_id], outside.room.audit)
    outside.network.answers.append(answer())
    async with outside.worker():
        events = await outside.until_told(2)

    assert [event.effect.effect_id for event in events] == [effect_id] * 2
    assert events[1].event_id == f"effect:{effect_id}:replay:1"


@pytest.mark.parametrize(
    "url",
    [
        "http://inside.example/", "http://127.0.0.1/", "http://169.254.169.254/latest/meta-data", "http://[::1]/",
        "http://shop.example:5432/", "ftp://shop.example/", "http://nobody.example/", "file:///etc/passwd",
    ],
)  # fmt: skip
async def test_what_the_policy_forbids_is_never_dialled_and_the_flow_is_told_why(outside: Outside, url: str) -> None:
    await outside.order(url=url)
    async with outside.worker():
        (event,) = await outside.until_told(1)

    assert event.effect.outcome == executor_pb2.EFFECT_OUTCOME_FAILED
    assert event.effect.error
    assert outside.network.dialled == []


async def test_an_operators_own_network_is_called_when_the_policy_says_so(outside: Outside) -> None:
    outside.network.answers.append(answer())
    await outside.order(url="http://allowed.example/")
    async with outside.worker():
        (event,) = await outside.until_told(1)

    assert event.effect.outcome == executor_pb2.EFFECT_OUTCOME_OK
    assert outside.network.dialled == [("10.9.0.1", 80)]


async def test_a_call_that_waited_longer_than_its_flow_is_not_made(outside: Outside) -> None:
    await outside.order(seconds=30)
    outside.room.as_superuser(
        "UPDATE executor.effects_item SET received_at = now() - interval '31 s' WHERE organization_id = %s",
        outside.room.organization_id,
    )
    async with outside.worker():
        (event,) = await outside.until_told(1)

    assert event.effect.outcome == executor_pb2.EFFECT_OUTCOME_TIMEOUT
    assert outside.network.dialled == []


async def test_an_erasure_waits_for_calls_and_removes_what_they_carried(outside: Outside) -> None:
    privacy, room = PostgresPrivacy(outside.room.database), outside.room
    person = {"organization_id": room.organization_id, "job_id": uuid4(), "conversation_ids": [room.conversation_id]}
    await outside.order(body={"name": "Marisol Prado"})
    exported = await privacy.page(
        organization_id=room.organization_id, conversation_ids=[room.conversation_id], cursor=""
    )
    assert (await privacy.erase(**person)).waiting_for
    outside.network.answers.append(answer())
    async with outside.worker():
        await outside.until_told(1)
    await room.work()
    await privacy.erase(**person)

    assert "call" in {row.kind for row in exported.rows}
    rows = room.as_superuser("SELECT 1 FROM executor.effects_item WHERE organization_id = %s", room.organization_id)
    assert rows == []


def _finished(due: EffectDue, words: str = "") -> EffectSettled:
    effect_id = due.item.event_id
    return EffectSettled(Finish(due.claim, due.claim.until), result_item(due, failed(effect_id, words)))
