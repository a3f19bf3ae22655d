"""Read receipts travel with the messages, and never hold them up: they are no messages, and may be repeated."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID, uuid4

import orjson
import pytest

from services.chassis.queue import Claim
from services.pb.common.v1.content_pb2 import Content, ReadReceiptContent, TextContent
from services.pb.sender.v1.sender_pb2 import OutboundMessage
from services.sender.cache import Pauses, StatusAges
from services.sender.domain.answers import (
    Accepted,
    Ambiguous,
    Answer,
    Done,
    NotSent,
    Paused,
    Refused,
    classify,
    of_message,
    of_read_receipt,
)
from services.sender.domain.codes import Scope
from services.sender.domain.delivery import deliveries
from services.sender.domain.message import Message, attempted, done, key_of
from services.sender.domain.settling import PairLimit, Turn, Wish
from services.sender.ports import Freshness, NewMessage, NumberFacts, Paced, Place, Settlement
from services.sender.worker import Surroundings, Walk
from tests.fakes.sender_files import no_files
from tests.fakes.sender_pauses import BoundlessReach, FakePauseStore, UnknownTemplates
from tests.fakes.sender_store import Clock, FakeStore

ORGANIZATION, LANE = uuid4(), uuid4()
RECONCILE = 60.0
PAIR_SECONDS = 6.0


@dataclass
class House:
    """One lane, a Graph API with answers written down beforehand for receipts, and one for messages."""

    for_receipts: list[Answer]
    clock: Clock = field(default_factory=Clock)
    posted: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.store = FakeStore(self.clock, limit=PairLimit(1, PAIR_SECONDS))

    async def post(self, *, phone_number_id: str, token: str, body: bytes, is_fresh: Freshness) -> Answer:
        is_read_receipt = "status" in orjson.loads(body)
        self.posted.append("receipt" if is_read_receipt else "text")
        return self.for_receipts.pop(0) if is_read_receipt else Accepted(f"wamid.{len(self.posted)}")

    async def check(self, *, phone_number_id: str, token: str) -> str:
        return ""

    async def is_clear(self) -> bool:
        raise AssertionError("no status will ever come for a receipt")

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

    async def enqueue(self, *contents: Content) -> list[Message]:
        """Put messages at the end of the lane; gives their rows as they are now."""
        ids = [uuid4() for _ in contents]
        await self.store.enqueue([self._new(*pair) for pair in zip(ids, contents, strict=True)])
        return [self.row(message_id) for message_id in ids]

    def _new(self, message_id: UUID, content: Content) -> NewMessage:
        payload = OutboundMessage(
            organization_id=str(ORGANIZATION), message_id=str(message_id), phone_number_id="1",
            recipient_wa_id="351215550100", content=content, window_expires_at=10**9,
        ).SerializeToString()  # fmt: skip
        return NewMessage(
            organization_id=ORGANIZATION, message_id=message_id, lane_id=LANE, phone_number_id="1",
            recipient_wa_id="351215550100", recipient_user_id="", flow_id="", node_id="", payload=payload,
        )  # fmt: skip

    def row(self, message_id: UUID) -> Message:
        return self.store.messages[key_of(ORGANIZATION, message_id)]

    async def work(self, times: int = 1) -> None:
        """Walk the lane as often as it is ready, waiting for its moments."""
        around = Surroundings(
            files=no_files,
            settle=self.settle, graph=self, gate=self, pauses=Pauses(FakePauseStore(self.clock), self.clock.now),
            numbers=self, reach=BoundlessReach(), templates=UnknownTemplates(), messages_per_second=80.0,
            watermark=self, ages=StatusAges(self.clock.now, quiet_seconds=0.0),
            monotonic=self.clock.now, reconcile_seconds=RECONCILE, fresh_seconds=3.0,
            calls_per_number=99, unix_seconds=self.clock.now, pause=self.clock.pause, dice=lambda: 0.0,
        )  # fmt: skip
        for _ in range(times):
            for claim in await self.store.claim(limit=1):
                await Walk(claim, around, claim.head).run()
            wake_at = self.store.lanes[ORGANIZATION, LANE].wake_at
            self.clock.seconds = max(self.clock.seconds, wake_at or 0.0)


RECEIPT = Content(read_receipt=ReadReceiptContent(message_id="wamid.THEIRS", is_typing=True))
TEXT = Content(text=TextContent(body="Ahoy"))


async def test_a_receipt_is_done_without_an_id_and_the_message_behind_it_leaves_at_once() -> None:
    house = House([Done()])
    receipt, text = await house.enqueue(RECEIPT, TEXT)
    await house.work()

    assert house.posted == ["receipt", "text"]
    assert (house.row(receipt.message_id).state, house.row(receipt.message_id).wamids) == ("accepted", ())
    assert house.row(text.message_id).wamids == ("wamid.2",)
    # With a burst of one, a receipt that counted as a message would have let the text wait.
    assert house.clock.seconds == 0.0


async def test_a_receipt_meta_does_not_take_is_over_and_says_why() -> None:
    house = House([Refused(131009, "too old")])
    receipt, _ = await house.enqueue(RECEIPT, TEXT)
    await house.work()

    row = house.row(receipt.message_id)
    assert house.posted == ["receipt", "text"]
    assert (row.state, row.error_code, row.error_text) == ("accepted", 131009, "too old")


async def test_a_doubt_about_a_receipt_is_ended_by_one_repeat_and_not_by_waiting() -> None:
    house = House([Ambiguous(0, "no answer"), Ambiguous(0, "no answer")])
    receipt, _ = await house.enqueue(RECEIPT, TEXT)
    await house.work(times=2)

    row = house.row(receipt.message_id)
    assert house.posted == ["receipt", "receipt", "text"]
    assert (row.state, row.error_text, row.is_maybe_duplicate) == ("accepted", "no answer", False)
    assert house.clock.seconds < RECONCILE


async def test_a_receipt_whose_sender_died_is_sent_again_at_once() -> None:
    house = House([Done()])
    receipt, _ = await house.enqueue(RECEIPT, TEXT)
    (claim,) = await house.store.claim(limit=1)
    wish = Wish(receipt.message_id, claim.items[0].position, 1e9, is_read_receipt=True)
    await house.settle(claim, Turn(claim.head, wish=wish))
    house.clock.seconds += house.store.lease_seconds
    await house.work()

    row = house.row(receipt.message_id)
    assert house.posted == ["receipt", "text"]
    assert (row.state, row.attempts, row.is_maybe_duplicate) == ("accepted", 2, False)
    assert house.clock.seconds == house.store.lease_seconds


def test_success_without_a_message_is_enough_for_a_receipt_and_a_doubt_for_a_message() -> None:
    answer = classify(200, b'{"success":true}')

    assert of_read_receipt(answer, number=1) == Done()
    assert isinstance(of_message(answer), Ambiguous)


@pytest.mark.parametrize(
    ("answer", "number", "meaning"),
    [
        (Done(), 1, Done()),
        (Refused(131009, "old"), 1, Done(131009, "old")),
        (Ambiguous(2, "trouble"), 1, NotSent("trouble")),
        (Ambiguous(2, "trouble"), 2, Done(2, "trouble")),
        (NotSent("no way"), 5, NotSent("no way")),
        (Paused(Scope.CREDENTIALS, 190, "expired"), 1, Paused(Scope.CREDENTIALS, 190, "expired")),
    ],
)
def test_what_an_answer_means_for_a_receipt(answer: Answer, number: int, meaning: Answer) -> None:
    assert of_read_receipt(answer, number=number) == meaning


def test_analytics_is_told_of_messages_only() -> None:
    row = Message(organization_id=ORGANIZATION, message_id=uuid4(), lane_id=LANE, phone_number_id="1")
    called = attempted(row, number=1, is_resend=False)

    assert deliveries(called, done(called, 0, ""), 1) == []
    assert [step.status for step in deliveries(called, replace(called, state="accepted", wamids=("w",)), 1)] == [
        "accepted"
    ]
