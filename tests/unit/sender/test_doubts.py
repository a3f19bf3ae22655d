"""When a call in doubt may be made again: not while statuses of its time still come in, however late they are."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

import pytest

from services.pb.sender.v1.sender_pb2 import OutboundMessage
from services.sender.cache import StatusAges
from services.sender.domain.message import Message
from services.sender.domain.patience import Told, doubt_ends
from services.sender.ports import NewMessage, StatusEvent
from tests.fakes.sender_store import Clock

from .test_exactly_once import LANES, ORGANIZATION, RECONCILE, World

KEY = (ORGANIZATION, "1")
STARTS_AT = 10_000.0


def status_of(at: float, number: str = "1") -> StatusEvent:
    return StatusEvent(
        organization_id=ORGANIZATION, event_id="e", wamid="wamid.other", status="sent", callback=None, error_code=0,
        occurred_at=int(at), phone_number_id=number,
    )  # fmt: skip


def listening() -> tuple[StatusAges, Clock]:
    clock = Clock(STARTS_AT)
    ages = StatusAges(clock.now, quiet_seconds=5.0)
    clock.seconds += 5
    return ages, clock


def test_who_has_not_listened_for_a_while_does_not_know() -> None:
    ages = StatusAges(Clock(STARTS_AT).now, quiet_seconds=5.0)
    assert ages.told(KEY, moment=STARTS_AT - 100) == "older"


def test_without_statuses_nothing_is_told() -> None:
    ages, clock = listening()
    assert ages.told(KEY, moment=clock.seconds - 20) == "nothing"


def test_one_old_status_among_new_ones_is_heard_for_a_while() -> None:
    ages, clock = listening()
    doubted_at = clock.seconds - 20
    ages.note([status_of(clock.seconds), status_of(doubted_at - 1), status_of(clock.seconds)])
    told = []
    for _ in range(5):
        told.append(ages.told(KEY, moment=doubted_at))
        clock.seconds += 3
        ages.note([status_of(clock.seconds)])
    assert told == ["older"] * 4 + ["later"]


def test_a_status_of_a_moment_soon_after_may_be_of_the_same_call() -> None:
    ages, clock = listening()
    ages.note([status_of(clock.seconds - 15)])
    assert ages.told(KEY, moment=clock.seconds - 20) == "older"
    assert ages.told(KEY, moment=clock.seconds - 21) == "later"


def test_another_numbers_statuses_and_those_without_a_moment_tell_nothing() -> None:
    ages, clock = listening()
    ages.note([status_of(clock.seconds - 90, number="2"), status_of(0)])
    assert ages.told(KEY, moment=clock.seconds - 20) == "nothing"


@pytest.mark.parametrize(
    ("told", "age", "message", "advertising"),
    [
        ("older", 30.0, "wait", "wait"),
        ("nothing", 30.0, "repeat", "wait"),
        ("later", 30.0, "repeat", "repeat"),
        ("older", 600.0, "repeat", "give up"),
        ("nothing", 600.0, "repeat", "give up"),
        ("later", 600.0, "repeat", "repeat"),
    ],
)
def test_what_becomes_of_a_doubt(told: Told, age: float, message: str, advertising: str) -> None:
    assert doubt_ends(age, told, is_never_repeated=False) == message
    assert doubt_ends(age, told, is_never_repeated=True) == advertising


@dataclass
class BusyWorld(World):
    """A number that sends all the time: `lag` seconds late Meta tells of everything, in order."""

    lag: float = 0.0
    is_silent: bool = False
    is_never_repeated: bool = False
    queue: list[tuple[float, StatusEvent]] = field(default_factory=list)

    def new(self, lane: UUID) -> NewMessage:
        made = super().new(lane)
        payload = OutboundMessage.FromString(made.payload)
        payload.is_never_repeated = self.is_never_repeated
        payload.window_expires_at = 10**9
        return NewMessage(
            organization_id=made.organization_id, message_id=made.message_id, lane_id=made.lane_id,
            phone_number_id="1", recipient_wa_id="5511999", recipient_user_id="", flow_id="", node_id="",
            payload=payload.SerializeToString(),
        )  # fmt: skip

    async def deliver_statuses(self) -> None:
        self.queue += [(event.occurred_at, event) for _, event in self.under_way]
        self.under_way = []
        if self.is_silent:
            return
        told = [event for at, event in self.queue if at <= self.clock.seconds - self.lag]
        self.queue = [(at, event) for at, event in self.queue if at > self.clock.seconds - self.lag]
        await self._tell([*told, status_of(self.clock.seconds - self.lag)])

    async def _tell(self, events: Sequence[StatusEvent]) -> None:
        await self.store.apply_statuses(events)
        self.ages.note(events)

    async def is_clear(self) -> bool:
        """All that Meta brought is applied: what it has not brought yet nobody sees."""
        return True


def lived(world: BusyWorld, *, seconds: float) -> Message:
    """One message on a busy number; what became of it after so long."""

    async def live() -> None:
        world.clock.seconds = STARTS_AT
        await world.enqueue(LANES[0])
        for _ in range(int(seconds)):
            await world.deliver_statuses()
            await world.work()
            world.clock.seconds += 1

    asyncio.run(live())
    (message,) = world.store.messages.values()
    return message


@pytest.mark.parametrize("fate", ["accept_then_crash", "accept_silently"])
@pytest.mark.parametrize("is_never_repeated", [False, True])
def test_a_queue_at_meta_that_is_longer_than_the_wait_doubles_nothing(fate: str, is_never_repeated: bool) -> None:
    lag = 6 * RECONCILE
    world = BusyWorld([fate], ["later"], lag=lag, is_never_repeated=is_never_repeated)
    message = lived(world, seconds=lag + 60)
    assert len(world.accepted) == 1
    assert (message.state, message.resolved_by, message.is_maybe_duplicate) == ("accepted", "status", False)


@pytest.mark.parametrize("is_never_repeated", [False, True])
def test_what_meta_did_not_take_leaves_once_later_statuses_have_come(is_never_repeated: bool) -> None:
    lag = 3 * RECONCILE
    world = BusyWorld(["crash"], [], lag=lag, is_never_repeated=is_never_repeated)
    message = lived(world, seconds=lag + 60)
    assert len(world.accepted) == 1
    assert (message.state, message.attempts) == ("accepted", 2)


def test_what_is_never_repeated_fails_when_meta_stays_silent() -> None:
    world = BusyWorld(["accept_then_crash"], ["later"], is_silent=True, is_never_repeated=True)
    message = lived(world, seconds=700)
    assert len(world.accepted) == 1
    assert message.state == "failed"
    assert message.error_text.startswith("IN_DOUBT:")


def test_a_status_that_comes_after_all_mends_what_was_given_up() -> None:
    world = BusyWorld(["accept_then_crash"], ["later"], is_silent=True, is_never_repeated=True)
    lived(world, seconds=700)
    world.is_silent = False
    asyncio.run(world.deliver_statuses())
    (message,) = world.store.messages.values()
    assert (message.state, message.status, len(world.accepted)) == ("accepted", "delivered", 1)


def test_a_reply_is_sent_again_when_meta_stays_silent() -> None:
    world = BusyWorld(["accept_then_crash"], ["later"], is_silent=True)
    message = lived(world, seconds=60)
    assert len(world.accepted) == 2
    assert message.is_maybe_duplicate
