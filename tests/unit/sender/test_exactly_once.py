"""Invariants I3, I4 and liveness under any mixture of lost answers, crashes, zombies and odd statuses.

A model: the real walk and the real rules on a store in memory, a Graph API that accepts, refuses to say, or takes the
process down before or after it accepted, and statuses that come early, late, twice, in any order, or never.
"""

import asyncio
import itertools
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from uuid import UUID, uuid4

from hypothesis import given, settings
from hypothesis import strategies as st

from services.chassis.queue import Claim
from services.pb.common.v1.content_pb2 import Content, TextContent
from services.pb.sender.v1.sender_pb2 import OutboundMessage
from services.sender.cache import Pauses, StatusAges
from services.sender.domain.answers import Accepted, Ambiguous, Answer, NotSent, Paused, Throttled
from services.sender.domain.codes import Scope
from services.sender.domain.message import Key, key_of
from services.sender.domain.settling import PairLimit, Turn
from services.sender.ports import Freshness, NewMessage, NumberFacts, Paced, Place, Settlement, StatusEvent
from services.sender.worker import Departing, Surroundings, Walk
from tests.fakes.sender_files import no_files
from tests.fakes.sender_pauses import BoundlessReach, FakePauseStore, UnknownTemplates
from tests.fakes.sender_store import Clock, FakeStore

ORGANIZATION = uuid4()
LANES = (UUID(int=1), UUID(int=2))
RECONCILE = 20.0
LONG_AGO = 1e9

FATES = (
    "accept", "accept", "accept_then_crash", "crash", "accept_silently", "silence", "not_sent", "throttle", "pair",
    "pause", "freeze",
)  # fmt: skip
TRAVELS = ("at once", "before the answer", "later", "slow", "twice", "never")
# Meta tells a slow status this long after it accepted; ingress cannot know of it before.
SLOW = RECONCILE / 2


class CrashError(Exception):
    """The process is gone."""


@dataclass
class World:
    """Meta, the wires, and one clock."""

    fates: list[str]
    travels: list[str]
    clock: Clock = field(default_factory=Clock)
    accepted: list[str] = field(default_factory=list)
    under_way: list[tuple[float, StatusEvent]] = field(default_factory=list)
    untold: set[str] = field(default_factory=set)
    lanes: dict[str, UUID] = field(default_factory=dict)
    departed: list[Walk] = field(default_factory=list)
    is_quiet: bool = False

    def __post_init__(self) -> None:
        self.store = FakeStore(self.clock, limit=PairLimit(45, 6.0))
        self.ages = StatusAges(self.clock.now, quiet_seconds=RECONCILE / 4)

    async def post(self, *, phone_number_id: str, token: str, body: bytes, is_fresh: Freshness) -> Answer:
        fate = self.fates.pop() if self.fates and not self.is_quiet else "accept"
        if fate == "freeze":
            self.clock.seconds += 100
        if not is_fresh():
            return NotSent("too old")
        if fate == "crash":
            raise CrashError
        if fate in ("accept", "accept_then_crash", "accept_silently", "freeze"):
            wamid = await self._accept(body)
            if fate == "accept_then_crash":
                raise CrashError
            return Ambiguous(0, "no answer") if fate == "accept_silently" else Accepted(wamid)
        answers: dict[str, Answer] = {
            "silence": Ambiguous(2, "trouble"), "not_sent": NotSent("refused"),
            "throttle": Throttled(Scope.APP, 4, "slow"), "pair": Throttled(Scope.PAIR, 131056, "slow"),
            "pause": Paused(Scope.CREDENTIALS, 190, "expired"),
        }  # fmt: skip
        return answers[fate]

    async def _accept(self, body: bytes) -> str:
        message = body.decode().partition('"biz_opaque_callback_data":"')[2][:36]
        self.accepted.append(message)
        wamid = f"wamid.{len(self.accepted)}"
        travel = self.travels.pop() if self.travels else "at once"
        if travel == "never":
            self.untold.add(message)
            return wamid
        told_at = self.clock.seconds + (SLOW if travel == "slow" else 0.0)
        for status in ("delivered", "sent"):
            event = StatusEvent(
                organization_id=ORGANIZATION, event_id=f"{wamid}:{status}", wamid=wamid, status=status,
                callback=UUID(message), error_code=0, occurred_at=int(self.clock.seconds), phone_number_id="1",
            )  # fmt: skip
            if travel == "before the answer":
                await self.store.apply_statuses([event])
            else:
                self.under_way += [(told_at, event)] * (2 if travel == "twice" else 1)
        if travel == "at once":
            await self.deliver_statuses()
        return wamid

    async def check(self, *, phone_number_id: str, token: str) -> str:
        return ""

    async def deliver_statuses(self) -> None:
        now = self.clock.seconds
        events = [event for told_at, event in self.under_way if told_at <= now]
        self.under_way = [(told_at, event) for told_at, event in self.under_way if told_at > now]
        await self.store.apply_statuses(events)
        self.ages.note(events)

    async def is_clear(self) -> bool:
        return not any(told_at <= self.clock.seconds for told_at, _ in self.under_way)

    async def reserve(self, asked: Sequence[Paced], *, within: float) -> list[tuple[bool, float]]:
        return [(True, 0.0)] * len(asked)

    async def penalize(self, phone_number_id: str, *, seconds: float) -> None:
        """Nobody else is there."""

    async def get(self, keys: Sequence[object]) -> list[NumberFacts]:
        return [NumberFacts(token="token")] * len(keys)

    def alike(self, key: tuple[UUID, str], facts: NumberFacts, *, is_same_app: bool) -> list[str]:
        return [key[1]]

    async def slow_down(self, phone_number_id: str) -> None:
        """Nobody is too fast here."""

    async def enter(self, asked: Paced) -> Place:
        return Place(asked.phone_number_id, "", 0.0)

    def leave(self, place: Place) -> None:
        """Others may follow."""

    def forget(self, key: object) -> None:
        """It stays the same."""

    async def settle(self, claim: Claim, turn: Turn) -> Settlement:
        (settlement,) = await self.store.settle([(claim, turn)])
        return settlement

    def around(self) -> Surroundings:
        return Surroundings(
            files=no_files,
            settle=self.settle, graph=self, gate=self, pauses=Pauses(FakePauseStore(self.clock), self.clock.now),
            numbers=self, reach=BoundlessReach(), templates=UnknownTemplates(), messages_per_second=80.0,
            watermark=self, ages=self.ages, monotonic=self.clock.now, reconcile_seconds=RECONCILE, fresh_seconds=3.0,
            calls_per_number=99, unix_seconds=self.clock.now, pause=self.clock.pause, dice=lambda: 0.0,
        )  # fmt: skip

    @contextmanager
    def room_for(self, lanes: int) -> Iterator[bool]:
        yield True

    def is_under_way(self, lane: Key) -> bool:
        return False

    def set_out(self, walk: Walk) -> None:
        self.departed.append(walk)

    def was_left(self) -> None:
        """It is found when it is time to work."""

    async def depart(self, lane: UUID, *, crashes: bool) -> None:
        """Messages that leave as they are stored, or would have if the process had not died in between."""
        messages = [self.new(lane), self.new(lane)]
        is_new = await Departing(self.store, self.around(), self)([*messages, messages[0]])
        assert list(is_new) == [True, True, False]
        departed, self.departed = self.departed, []
        for walk in departed:
            await self.walk(walk) if not crashes else None

    async def enqueue(self, lane: UUID) -> None:
        new = self.new(lane)
        assert await self.store.enqueue([new, new]) == [True, False]

    def new(self, lane: UUID) -> NewMessage:
        message_id = uuid4()
        self.lanes[str(message_id)] = lane
        payload = OutboundMessage(
            organization_id=str(ORGANIZATION), message_id=str(message_id), phone_number_id="1",
            recipient_wa_id="5511999", content=Content(text=TextContent(body="x")), window_expires_at=int(LONG_AGO),
        ).SerializeToString()  # fmt: skip
        return NewMessage(
            organization_id=ORGANIZATION, message_id=message_id, lane_id=lane, phone_number_id="1",
            recipient_wa_id="5511999", recipient_user_id="", flow_id="", node_id="", payload=payload,
        )  # fmt: skip

    async def work(self) -> None:
        for claim in await self.store.claim(limit=9):
            await self.walk(Walk(claim, self.around(), claim.head))

    async def walk(self, walk: Walk) -> None:
        with suppress(CrashError):
            await walk.run()

    def is_at_rest(self) -> bool:
        return all(lane.wake_at is None for lane in self.store.lanes.values())


async def live(world: World, steps: list[tuple[str, int]]) -> None:
    for step, amount in steps:
        match step:
            case "enqueue":
                await world.enqueue(LANES[amount % len(LANES)])
            case "depart":
                await world.depart(LANES[amount % len(LANES)], crashes=amount > 25)
            case "work":
                await world.work()
            case "statuses":
                await world.deliver_statuses()
            case "time":
                world.clock.seconds += amount
    world.is_quiet = True
    for _ in range(200):
        await world.deliver_statuses()
        await world.work()
        world.clock.seconds += 30
        if world.is_at_rest():
            return


STEPS = st.lists(
    st.tuples(st.sampled_from(["enqueue", "depart", "depart", "work", "work", "statuses", "time"]), st.integers(0, 30)),
    max_size=25,
)


@settings(max_examples=300, deadline=None)
@given(steps=STEPS, fates=st.lists(st.sampled_from(FATES), max_size=20), travels=st.lists(st.sampled_from(TRAVELS)))
def test_nothing_is_lost_doubled_in_silence_or_out_of_order(
    steps: list[tuple[str, int]], fates: list[str], travels: list[str]
) -> None:
    world = World(fates, travels)
    asyncio.run(live(world, steps))
    assert world.is_at_rest()
    messages = {str(message.message_id): message for message in world.store.messages.values()}
    assert {message.state for message in messages.values()} <= {"accepted"}
    assert set(world.accepted) == set(messages)
    for name, message in messages.items():
        is_doubled = world.accepted.count(name) > 1
        assert not is_doubled or message.is_maybe_duplicate
        # Only a status that never comes may make a duplicate: all others settle their doubt in time.
        assert not is_doubled or name in world.untold
    firsts = list(dict.fromkeys(world.accepted))
    for lane in LANES:
        assert [name for name in firsts if world.lanes[name] == lane] == [
            name for name, of in world.lanes.items() if of == lane
        ]


def test_with_every_status_told_nothing_is_ever_doubled() -> None:
    for fate, travel in itertools.product(("accept_then_crash", "accept_silently", "freeze"), ("later", "slow")):
        world = World([fate] * 5, [travel] * 5)
        asyncio.run(live(world, [("enqueue", 0)] * 4 + [("work", 0), ("time", 7)] * 6))
        assert len(world.accepted) == 4, fate
        assert len(set(world.accepted)) == 4, fate


def test_a_crash_between_permission_and_call_is_a_doubt_that_time_ends() -> None:
    world = World([], [])
    asyncio.run(live(world, [("depart", 26)]))
    first, second = (world.store.messages[key_of(ORGANIZATION, UUID(name))] for name in world.lanes)
    assert (first.state, first.attempts, first.is_maybe_duplicate) == ("accepted", 2, True)
    assert (second.state, second.attempts, second.is_maybe_duplicate) == ("accepted", 1, False)
    assert world.accepted == list(world.lanes)
    assert world.clock.seconds >= RECONCILE
