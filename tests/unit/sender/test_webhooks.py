"""Webhooks out: what is signed, who may be called, how a conversation's calls wait for each other."""

import asyncio
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from services.chassis.egress import Egress
from services.chassis.errors import InvalidArgument, NotFound, Unavailable
from services.chassis.queue import Bell, Claim, StoredItem
from services.pb.common.v1 import errors_pb2
from services.sender.domain.webhooks import EVENTS, Call, Webhook, headers_of, signature_of, wait_after
from services.sender.ports.teams import Stored
from services.sender.usecases.webhooks import MOST_WEBHOOKS, CallWebhook, KeepWebhooks, WantedWebhook
from services.sender.worker.calling import WebhookWorker
from services.sender.worker.checking import call_bytes, call_of
from services.sender.worker.outside import Addresses, EgressPost
from tests.fixtures.spies import SpyNetwork, SpyResolver, answer

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
ORGANIZATION = UUID(int=7)
WEBHOOK = UUID(int=70)


def call(number: int = 1, webhook_id: UUID = WEBHOOK) -> Call:
    return Call(
        webhook_id=webhook_id, event="message.sent", event_id=f"delivery:{number}:sent", body=b'{"n":%d}' % number
    )


def test_the_signature_is_hmac_sha256_over_timestamp_dot_body() -> None:
    expected = hmac.new(b"between us", b'1764072000.{"n":1}', hashlib.sha256).hexdigest()
    headers = headers_of(call(), "between us", 1764072000)
    assert headers["X-PyTake-Signature"] == f"sha256={expected}"
    assert headers["X-PyTake-Timestamp"] == "1764072000"
    assert (headers["X-PyTake-Event"], headers["X-PyTake-Event-Id"]) == ("message.sent", "delivery:1:sent")


def test_another_time_body_or_secret_is_another_signature() -> None:
    known = signature_of("between us", 1, b"{}")
    others = {signature_of("between us", 2, b"{}"), signature_of("between us", 1, b"[]"), signature_of("no", 1, b"{}")}
    assert known not in others
    assert len(others) == 3


def test_waits_double_up_to_an_hour_and_are_spread() -> None:
    waits = [wait_after(failures, dice=0.5) for failures in (1, 2, 3, 11, 1000)]
    assert waits == [5.0, 10.0, 20.0, 3600.0, 3600.0]
    assert wait_after(1, dice=0.0) < wait_after(1, dice=1.0)


def test_a_call_survives_storing_and_what_is_none_is_known() -> None:
    assert call_of(call_bytes(call())) == call()
    assert call_of(b"\xff") is None
    assert call_of(b"") is None


@dataclass
class Shelf:
    """ports.teams.WebhookStore in memory, without a feed of its own."""

    webhooks: dict[UUID, tuple[Webhook, str]] = field(default_factory=dict)
    is_away: bool = False

    async def put(
        self, *, organization_id: UUID, wanted: Webhook, secret: str | None, spare_secret: str
    ) -> tuple[Stored, bool]:
        before = self.webhooks.get(wanted.webhook_id)
        chosen = secret or (before[1] if before else spare_secret)
        self.webhooks[wanted.webhook_id] = (wanted, chosen)
        return Stored(wanted, before != (wanted, chosen)), secret is None and before is None

    async def all(self, *, organization_id: UUID) -> list[Webhook]:
        return sorted((each for each, _ in self.webhooks.values()), key=lambda each: each.name)

    async def delete(self, *, organization_id: UUID, webhook_id: UUID) -> bool:
        return self.webhooks.pop(webhook_id, None) is not None

    async def secret_of(self, *, organization_id: UUID, webhook_id: UUID) -> tuple[Webhook, str] | None:
        if self.is_away:
            raise Unavailable("away", reason=errors_pb2.ERROR_REASON_STORE_UNAVAILABLE)
        return self.webhooks.get(webhook_id)

    async def feed(self, *, limit: int) -> bool:
        return False


def keep(shelf: Shelf) -> KeepWebhooks:
    secrets = iter(f"secret made as number {n}" for n in range(100))
    why_not = Addresses([443], is_plain_allowed=False).why_not
    return KeepWebhooks(shelf, why_not=why_not, new_secret=lambda: next(secrets))


def wanted(**changes: object) -> WantedWebhook:
    fields: dict[str, object] = {"name": "crm", "url": "https://crm.example/hook", "events": [], "is_active": True}
    return WantedWebhook(**(fields | changes))  # type: ignore[arg-type]  # the tests know the fields


async def test_a_secret_is_made_and_told_once_and_kept_until_it_is_renewed() -> None:
    shelf = Shelf()
    webhooks = keep(shelf)
    stored, made = await webhooks.put(organization_id=ORGANIZATION, wanted=wanted())
    _, told_again = await webhooks.put(organization_id=ORGANIZATION, wanted=wanted(url="https://crm.example/new"))
    _, renewed = await webhooks.put(organization_id=ORGANIZATION, wanted=wanted(is_secret_renewed=True))
    _, chosen = await webhooks.put(organization_id=ORGANIZATION, wanted=wanted(secret="chosen by themselves"))
    assert made
    assert not told_again
    assert renewed not in ("", made)
    assert not chosen
    assert shelf.webhooks[stored.webhook.webhook_id][1] == "chosen by themselves"


@pytest.mark.parametrize(
    ("changes", "is_changed"),
    [
        ({}, False),
        ({"secret": "chosen by themselves"}, False),
        ({"secret": "another one of theirs"}, True),
        ({"is_secret_renewed": True}, True),
        ({"url": "https://crm.example/new"}, True),
        ({"events": ["message.failed"]}, True),
        ({"is_active": False}, True),
    ],
)
async def test_a_comparison_tells_what_would_change_and_changes_nothing(
    changes: Mapping[str, object], *, is_changed: bool
) -> None:
    shelf = Shelf()
    webhooks = keep(shelf)
    fresh = await webhooks.compare(organization_id=ORGANIZATION, wanted=wanted())
    assert (fresh.is_new, fresh.is_changed, shelf.webhooks) == (True, True, {})
    stored, _ = await webhooks.put(organization_id=ORGANIZATION, wanted=wanted(secret="chosen by themselves"))
    assert stored.is_new
    before = dict(shelf.webhooks)
    compared = await webhooks.compare(organization_id=ORGANIZATION, wanted=wanted(**changes))
    assert (compared.is_new, compared.is_changed) == (False, is_changed)
    assert shelf.webhooks == before


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"name": ""}, "name"),
        ({"name": "x" * 121}, "name"),
        ({"url": "http://crm.example/"}, "https"),
        ({"url": "https://crm.example:8443/"}, "port"),
        ({"url": "https://me:you@crm.example/"}, "user name"),
        ({"url": "ftp://crm.example/"}, "https://"),
        ({"url": "https://crm.example/" + "x" * 2048}, "characters"),
        ({"events": ["message.lost"]}, "message.accepted"),
        ({"secret": "short"}, "16 to 256"),
        ({"secret": "x" * 16, "is_secret_renewed": True}, "one of them"),
    ],
)
async def test_a_webhook_that_cannot_be_is_refused_with_the_mend(changes: Mapping[str, object], word: str) -> None:
    with pytest.raises(InvalidArgument, match=word):
        await keep(Shelf()).put(organization_id=ORGANIZATION, wanted=wanted(**changes))


async def test_there_are_only_so_many_but_those_there_are_can_be_changed() -> None:
    webhooks = keep(Shelf())
    for n in range(MOST_WEBHOOKS):
        await webhooks.put(organization_id=ORGANIZATION, wanted=wanted(name=f"{n}"))
    with pytest.raises(InvalidArgument, match="remove one"):
        await webhooks.put(organization_id=ORGANIZATION, wanted=wanted(name="one more"))
    await webhooks.put(organization_id=ORGANIZATION, wanted=wanted(name="3", is_active=False))


async def test_what_is_not_there_cannot_be_removed() -> None:
    with pytest.raises(NotFound):
        await keep(Shelf()).delete(organization_id=ORGANIZATION, webhook_id=uuid4())


def test_a_webhook_without_events_is_told_all_and_an_inactive_one_nothing() -> None:
    webhook = Webhook(webhook_id=WEBHOOK, name="crm", url="", events=(), is_active=True, created_at=NOW)
    assert all(webhook.wants(event) for event in EVENTS)
    assert not replace(webhook, is_active=False).wants("message.sent")
    some = replace(webhook, events=("message.read",))
    assert [event for event in EVENTS if some.wants(event)] == ["message.read"]


class Receiver:
    """ports.teams.Outside: keeps what is posted; says no as often as it is told to."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, Mapping[str, str], bytes]] = []
        self.refusals: list[str] = []

    async def post(self, url: str, *, headers: Mapping[str, str], body: bytes) -> str:
        if self.refusals:
            return self.refusals.pop(0)
        self.taken.append((url, headers, body))
        return ""


@dataclass
class Lane:
    """ports.teams.CallBox of one lane: claimed until it is empty; delays pass at once."""

    items: list[StoredItem]
    head: int = 0
    attempts: int = 0
    delays: list[float] = field(default_factory=list)
    buried: list[str] = field(default_factory=list)
    is_held: bool = False

    async def claim(self, *, limit: int) -> list[Claim]:
        waiting = tuple(item for item in self.items if item.position > self.head)
        if self.is_held or not waiting:
            return []
        self.is_held = True
        self.attempts += 1
        tail = self.items[-1].position
        return [Claim(ORGANIZATION, UUID(int=1), uuid4(), self.head, tail, self.attempts, 0, None, waiting, tail)]

    async def give_back(self, claim: Claim, *, head: int, delay: float | None, error: str | None) -> bool:
        if error is None or head != claim.head:
            self.attempts = 0
        self.head, self.is_held = head, False
        if delay is not None:
            self.delays.append(delay)
        return True

    async def bury(self, claim: Claim, item: StoredItem, error: str) -> bool:
        self.buried.append(error)
        self.head, self.is_held, self.attempts = item.position, False, 0
        return True


@dataclass
class Clock:
    """Monotonic seconds; each look is a minute later, unless it is told otherwise: no webhook rests for so long."""

    step: float = 61.0
    seconds: float = 0.0

    def __call__(self) -> float:
        self.seconds += self.step
        return self.seconds


def stored(number: int, age: float = 0.0, webhook_id: UUID = WEBHOOK) -> StoredItem:
    return StoredItem(number, f"e{number}", call_bytes(call(number, webhook_id)), NOW - timedelta(seconds=age))


def house(receiver: Receiver, shelf: Shelf | None = None) -> CallWebhook:
    webhook = Webhook(
        webhook_id=WEBHOOK, name="crm", url="https://crm.example/", events=(), is_active=True, created_at=NOW
    )
    return CallWebhook(shelf or Shelf({WEBHOOK: (webhook, "between us")}), receiver, lambda: NOW)


async def work(lane: Lane, make: CallWebhook, *, monotonic: Clock | None = None) -> None:
    """Run the worker until the lane is empty."""
    bell = Bell()
    worker = WebhookWorker(
        Shelf(), lane, make, bell, decode=call_of, now=lambda: NOW, monotonic=monotonic or Clock(), dice=lambda: 0.5,
        limit=4, share=4, walk_seconds=1e9, drain_seconds=5.0,
    )  # fmt: skip
    await worker.start()
    async with asyncio.timeout(20):
        while lane.is_held or lane.head < lane.items[-1].position:
            bell.ring()
            await asyncio.sleep(0)
    await worker.stop()


def bodies(receiver: Receiver) -> Sequence[bytes]:
    return [body for _, _, body in receiver.taken]


async def test_calls_of_a_conversation_are_made_in_order_and_those_behind_a_failed_one_wait() -> None:
    receiver = Receiver()
    receiver.refusals = ["it answered 500", "it answered 503", "it answered 500"]
    lane = Lane([stored(1), stored(2), stored(3)])
    await work(lane, house(receiver))
    assert bodies(receiver) == [b'{"n":1}', b'{"n":2}', b'{"n":3}']
    assert lane.delays == [5.0, 10.0, 20.0]
    assert not lane.buried


async def test_after_24_hours_a_call_is_given_up_and_its_lane_goes_on() -> None:
    receiver = Receiver()
    receiver.refusals = ["it answered 500"]
    lane = Lane([stored(1, age=86_401), stored(2)])
    await work(lane, house(receiver))
    assert lane.buried == ["it answered 500"]
    assert bodies(receiver) == [b'{"n":2}']


async def test_an_old_call_is_tried_once_more_before_it_is_given_up() -> None:
    receiver = Receiver()
    lane = Lane([stored(1, age=200_000)])
    await work(lane, house(receiver))
    assert bodies(receiver) == [b'{"n":1}']


async def test_what_waits_for_a_webhook_that_was_removed_or_is_inactive_is_dropped() -> None:
    receiver = Receiver()
    lane = Lane([stored(1, webhook_id=uuid4()), stored(2)])
    await work(lane, house(receiver))
    assert bodies(receiver) == [b'{"n":2}']
    assert not lane.buried


async def test_what_cannot_be_read_becomes_a_dead_letter() -> None:
    receiver = Receiver()
    lane = Lane([StoredItem(1, "e1", b"\xff", NOW), stored(2)])
    await work(lane, house(receiver))
    assert lane.buried == ["the stored call cannot be read"]
    assert bodies(receiver) == [b'{"n":2}']


async def test_a_webhook_that_failed_rests_as_a_whole() -> None:
    receiver = Receiver()
    receiver.refusals = ["it answered 500"]
    lane = Lane([stored(1)])
    await work(lane, house(receiver), monotonic=Clock(step=0.1))
    # The first delay is the lane's own, the second the webhook's rest.
    assert lane.delays[0] == 5.0
    assert 0 < lane.delays[1] < 2.0
    assert bodies(receiver) == [b'{"n":1}']


async def test_every_try_is_signed_for_its_own_moment() -> None:
    receiver = Receiver()
    lane = Lane([stored(1)])
    await work(lane, house(receiver))
    ((url, headers, body),) = receiver.taken
    assert url == "https://crm.example/"
    assert headers["X-PyTake-Signature"] == signature_of("between us", int(NOW.timestamp()), body)


@pytest.mark.parametrize(
    ("name", "found", "told"),
    [("crm.example", ["10.0.0.7"], "may not be called"), ("crm.example", ["93.184.216.34"], "")],
)
async def test_a_name_that_leads_inside_is_never_dialled(name: str, found: list[str], told: str) -> None:
    network = SpyNetwork([answer()])
    egress = Egress(resolve=SpyResolver({name: found}), network=network)
    why_not = await EgressPost(egress, seconds=5.0).post(f"http://{name}/hook", headers={}, body=b"{}")
    assert told in why_not
    assert bool(why_not) == bool(told)
    assert len(network.dialled) == (0 if told else 1)
