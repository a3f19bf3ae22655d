"""New messages at the gates: asked once for each idle lane, before anything is stored."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from uuid import UUID, uuid4

import pytest

from services.pb.common.v1.content_pb2 import Content, TextContent
from services.pb.sender.v1.sender_pb2 import OutboundMessage
from services.sender.cache import Pauses, StatusAges
from services.sender.domain.answers import Accepted, Answer, NotSent
from services.sender.domain.message import Key, key_of
from services.sender.domain.settling import PairLimit, Released, Wish
from services.sender.ports import Departure, Freshness, NewMessage, NumberFacts, Paced, Place, Settlement
from services.sender.worker import Departing, Settler, Surroundings, Walk
from tests.fakes.sender_files import no_files
from tests.fakes.sender_pauses import BoundlessReach, FakePauseStore, UnknownTemplates
from tests.fakes.sender_store import Clock, FakeStore

ORGANIZATION = uuid4()
LATER = 1e9


class SlowStore(FakeStore):
    """A store whose commits take their time."""

    commit_seconds = 0.0

    async def enqueue_and_depart(
        self, messages: Sequence[NewMessage], wishes: Mapping[Key, Wish]
    ) -> tuple[list[bool], list[Departure]]:
        answer = await super().enqueue_and_depart(messages, wishes)
        self.clock.seconds += self.commit_seconds
        return answer


@dataclass
class Harbour:
    """Everything around a departure; `waits` is what the number's limit says, `room` how many walks fit."""

    waits: float = 0.0
    is_refused: bool = False
    token: str | None = "token"
    room: int = 99
    commit_seconds: float = 0.0
    clock: Clock = field(default_factory=Clock)
    reserved: list[str] = field(default_factory=list)
    posted: list[float] = field(default_factory=list)
    walks: list[Walk] = field(default_factory=list)
    walked: set[Key] = field(default_factory=set)
    is_left: bool = False

    def __post_init__(self) -> None:
        self.store = SlowStore(self.clock, limit=PairLimit(45, 6.0))
        self.store.commit_seconds = self.commit_seconds
        around = Surroundings(
            files=no_files,
            settle=Settler(self.store), graph=self, gate=self,
            pauses=Pauses(FakePauseStore(self.clock), self.clock.now),
            numbers=self, reach=BoundlessReach(), templates=UnknownTemplates(), messages_per_second=80.0,
            watermark=self, ages=StatusAges(self.clock.now, quiet_seconds=0.0),
            monotonic=self.clock.now, reconcile_seconds=20.0, fresh_seconds=3.0, calls_per_number=2,
            unix_seconds=self.clock.now, pause=self.clock.pause, dice=lambda: 0.0,
        )  # fmt: skip
        self.take = Departing(self.store, around, self)

    async def post(self, *, phone_number_id: str, token: str, body: bytes, is_fresh: Freshness) -> Answer:
        assert is_fresh()
        assert token == "token"
        self.posted.append(self.clock.seconds)
        return Accepted(f"wamid.{len(self.posted)}")

    async def check(self, *, phone_number_id: str, token: str) -> str:
        return ""

    async def is_clear(self) -> bool:
        return True

    async def reserve(self, asked: Sequence[Paced], *, within: float) -> list[tuple[bool, float]]:
        self.reserved += [each.phone_number_id for each in asked]
        return [(not self.is_refused, self.waits)] * len(asked)

    async def penalize(self, phone_number_id: str, *, seconds: float) -> None:
        """Nobody is too fast here."""

    async def get(self, keys: Sequence[object]) -> list[NumberFacts]:
        return [NumberFacts(token=self.token)] * len(keys)

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

    @contextmanager
    def room_for(self, lanes: int) -> Iterator[bool]:
        yield lanes <= self.room

    def is_under_way(self, lane: Key) -> bool:
        return lane in self.walked

    def set_out(self, walk: Walk) -> None:
        self.walks.append(walk)

    def was_left(self) -> None:
        self.is_left = True

    def run(self, *messages: NewMessage) -> list[Settlement]:
        """Store messages, walk what departs."""

        async def run() -> list[Settlement]:
            assert list(await self.take(messages)) == [True] * len(messages)
            return [await walk.run() for walk in self.walks]

        return asyncio.run(run())

    def states(self) -> list[tuple[str, int]]:
        return [(message.state, message.attempts) for message in self.store.messages.values()]


def message(lane: UUID, text: str = "x", *, window_expires_at: int = int(LATER)) -> NewMessage:
    message_id = uuid4()
    payload = OutboundMessage(
        organization_id=str(ORGANIZATION), message_id=str(message_id), phone_number_id="1", recipient_wa_id="5511999",
        content=Content(text=TextContent(body=text)), window_expires_at=window_expires_at,
    ).SerializeToString()  # fmt: skip
    return NewMessage(
        organization_id=ORGANIZATION, message_id=message_id, lane_id=lane, phone_number_id="1",
        recipient_wa_id="5511999", recipient_user_id="", flow_id="", node_id="", payload=payload,
    )  # fmt: skip


def test_a_message_leaves_without_being_claimed_or_asked_for_twice() -> None:
    harbour = Harbour()
    assert [settlement.verdict for settlement in harbour.run(message(uuid4()))] == [Released(None)]
    assert harbour.states() == [("accepted", 1)]
    assert harbour.reserved == ["1"]
    assert not harbour.is_left


def test_a_near_moment_is_waited_for_and_reserved_once() -> None:
    harbour = Harbour(waits=0.2)
    harbour.run(message(uuid4()))
    assert harbour.states() == [("accepted", 1)]
    assert harbour.posted == [0.2]
    assert harbour.reserved == ["1"]


def test_a_far_moment_sends_the_lane_to_rest() -> None:
    harbour = Harbour(waits=5.0, is_refused=True)
    assert [settlement.verdict for settlement in harbour.run(message(uuid4()))] == [Released(5.0)]
    assert harbour.states() == [("queued", 0)]


def test_without_a_token_nothing_is_reserved() -> None:
    harbour = Harbour(token=None)
    assert [settlement.verdict for settlement in harbour.run(message(uuid4()))] == [Released(60.0)]
    assert harbour.reserved == []


def test_calls_that_depart_together_share_their_numbers_limit() -> None:
    harbour = Harbour()
    verdicts = [settlement.verdict for settlement in harbour.run(*(message(uuid4()) for _ in range(3)))]
    assert verdicts == [Released(None), Released(None), Released(0.2)]
    assert len(harbour.posted) == 2


def test_what_meta_would_refuse_fails_without_a_gate() -> None:
    harbour = Harbour()
    harbour.run(message(uuid4(), "x" * 5000))
    assert harbour.states() == [("failed", 0)]
    assert (harbour.reserved, harbour.posted) == ([], [])


def test_bubbles_of_one_lane_depart_together_and_ask_one_by_one() -> None:
    harbour = Harbour()
    lane = uuid4()
    harbour.run(*(message(lane) for _ in range(3)))
    assert harbour.states() == [("accepted", 1)] * 3
    assert harbour.reserved == ["1"] * 3
    assert len(harbour.walks) == 1


def test_a_lane_that_is_walked_already_is_not_asked_for() -> None:
    harbour = Harbour()
    lane = uuid4()
    asyncio.run(harbour.store.enqueue([message(lane)]))
    asyncio.run(harbour.store.claim(limit=1))
    harbour.walked.add(key_of(ORGANIZATION, lane))
    assert harbour.run(message(lane)) == []
    assert harbour.reserved == []


def test_without_room_messages_are_left_to_be_claimed() -> None:
    harbour = Harbour(room=1)
    assert harbour.run(message(uuid4()), message(uuid4())) == []
    assert harbour.is_left
    assert len(asyncio.run(harbour.store.claim(limit=9))) == 2


def test_a_permission_is_as_old_as_the_question_before_it_was_stored() -> None:
    harbour = Harbour(commit_seconds=2.0)
    asyncio.run(harbour.take([message(uuid4())]))
    assert harbour.clock.seconds == 2.0
    assert [walk.granted_at for walk in harbour.walks] == [0.0]


class Jam(Harbour):
    """The number's pace lets the call through only two seconds later: soon enough for the permission to be fresh."""

    async def enter(self, asked: Paced) -> Place:
        self.clock.seconds += 2.0
        return await super().enter(asked)

    async def post(self, *, phone_number_id: str, token: str, body: bytes, is_fresh: Freshness) -> Answer:
        return NotSent("the permission is too old") if not is_fresh() else Accepted("wamid.1")


@pytest.mark.parametrize(("seconds", "state"), [(1, "queued"), (3600, "accepted")])
def test_a_window_that_closes_before_the_request_is_written_keeps_it_from_leaving(seconds: int, state: str) -> None:
    jam = Jam()
    jam.run(message(uuid4(), window_expires_at=int(jam.clock.seconds) + seconds))
    assert [row.state for row in jam.store.messages.values()] == [state]
