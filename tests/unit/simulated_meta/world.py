"""A simulated Meta in a test's hands: its clock, its webhook receiver, one business number and one phone."""

import asyncio
import hashlib
import hmac
import itertools
import json
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from aiohttp.test_utils import TestClient, TestServer

from services.embedded.meta.app import build_app
from services.embedded.meta.plans import BusinessNumber, DeliveryPlan, Faults, Limits
from services.embedded.meta.simulator import SimulatedMeta

NUMBER = BusinessNumber(
    phone_number_id="300700900",
    display_phone_number="+44 20 7946 0018",
    waba_id="800400",
    access_tokens=("token-one", "token-two"),
    app_secret="secret of the app",
    webhook_url="http://receiver.invalid/hook",
    verified_name="Harbour Books",
)
PHONE = "447700900123"
MESSAGES = f"/v26.0/{NUMBER.phone_number_id}/messages"
AUTHORIZED = {"Authorization": "Bearer token-one"}


@dataclass
class Alarm:
    when: float
    callback: Callable[[], None]
    is_cancelled: bool = False

    def cancel(self) -> None:
        self.is_cancelled = True


class HandClock:
    """Stands still until moved."""

    def __init__(self) -> None:
        self._now = 1_800_000_000.0
        self._alarms: list[Alarm] = []
        self.was_asked = asyncio.Event()

    def now(self) -> float:
        return self._now

    def call_at(self, when: float, callback: Callable[[], None]) -> Alarm:
        alarm = Alarm(when, callback)
        self._alarms.append(alarm)
        self.was_asked.set()
        return alarm

    def move_to_next(self, latest: float) -> bool:
        """Ring the earliest alarm due until `latest`, if any."""
        waiting = sorted((alarm for alarm in self._alarms if not alarm.is_cancelled), key=lambda a: a.when)
        if not waiting or waiting[0].when > latest:
            self._now = max(self._now, latest)
            return False
        self._alarms.remove(waiting[0])
        self._now = max(self._now, waiting[0].when)
        waiting[0].callback()
        return True


@dataclass(frozen=True)
class Posted:
    """One webhook POST as the receiver saw it."""

    at: float
    url: str
    body: bytes
    headers: Mapping[str, str]

    @property
    def changes(self) -> list[dict[str, Any]]:
        (entry,) = json.loads(self.body)["entry"]
        return [change["value"] for change in entry["changes"]]

    def is_signed_with(self, secret: str) -> bool:
        digest = hmac.new(secret.encode(), self.body, hashlib.sha256).hexdigest()
        return self.headers["X-Hub-Signature-256"] == f"sha256={digest}"


@dataclass
class Receiver:
    """Takes webhooks, unless told to refuse some first."""

    clock: HandClock
    refusals: int = 0
    posted: list[Posted] = field(default_factory=list)
    taken: list[Posted] = field(default_factory=list)
    hold: asyncio.Event | None = None
    verify_token: str = "right"
    echo: str = ""
    asked: list[str] = field(default_factory=list)
    at_once: int = 0
    most_at_once: int = 0

    async def post(self, url: str, body: bytes, headers: Mapping[str, str], timeout_seconds: float) -> bool:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        if self.hold:
            await self.hold.wait()
        self.at_once -= 1
        posted = Posted(self.clock.now(), url, body, headers)
        self.posted.append(posted)
        if self.refusals:
            self.refusals -= 1
            return False
        self.taken.append(posted)
        return True

    async def fetch(self, url: str, query: Mapping[str, str]) -> tuple[int, str]:
        self.asked.append(url)
        if (query["hub.mode"], query["hub.verify_token"]) != ("subscribe", self.verify_token):
            return 403, "no"
        return 200, self.echo or query["hub.challenge"]

    async def close(self) -> None:
        return None

    def messages(self) -> list[dict[str, Any]]:
        return [item for post in self.taken for value in post.changes for item in value.get("messages", [])]

    def statuses(self) -> list[dict[str, Any]]:
        return [item for post in self.taken for value in post.changes for item in value.get("statuses", [])]


class World:
    """What a test arranges, acts on and looks at."""

    def __init__(self) -> None:
        self.clock = HandClock()
        self.receiver = Receiver(self.clock)
        counter = itertools.count(1)
        self.meta = SimulatedMeta(
            poster=self.receiver, clock=self.clock, dice=random.Random(1), nonce=lambda: f"{next(counter):06d}"
        )
        self.meta.register(NUMBER)
        self.client = TestClient(TestServer(build_app(self.meta), handler_cancellation=True))

    def limit(self, **limits: Any) -> None:
        self.meta.register(replace(NUMBER, limits=Limits(**limits)))

    def misbehave(self, **faults: Any) -> None:
        self.meta.faults.set_plan(Faults(**faults))

    def deliver(self, **plan: Any) -> None:
        self.meta.outbox.plan = DeliveryPlan(**plan)

    async def pass_time(self, seconds: float) -> None:
        """Move the clock, ringing every alarm on the way and letting what it started run."""
        latest = self.clock.now() + seconds
        await self.let_run()
        while self.clock.move_to_next(latest):
            await self.let_run()

    async def let_run(self) -> None:
        for _ in range(20):
            await asyncio.sleep(0)

    async def send(self, body: Mapping[str, object] | bytes, headers: Mapping[str, str] = AUTHORIZED) -> Any:
        """POST to /messages: (HTTP status, JSON)."""
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        answer = await self.client.post(MESSAGES, data=raw, headers={"Content-Type": "application/json", **headers})
        return answer.status, await answer.json()

    async def write(self, body: Mapping[str, object], phone: str = PHONE) -> Any:
        """Be the phone: (HTTP status, JSON)."""
        path = f"/phone/api/{NUMBER.phone_number_id}/{phone}/messages"
        answer = await self.client.post(path, json=body)
        return answer.status, await answer.json()

    async def get(self, path: str, **query: str) -> Any:
        answer = await self.client.get(path, params=query, headers=AUTHORIZED)
        return answer.status, await answer.json()


def text(body: str = "Good morning", to: str = f"+{PHONE}", **more: object) -> dict[str, object]:
    """A text message as a business posts it."""
    return {"messaging_product": "whatsapp", "to": to, "type": "text", "text": {"body": body}} | more


def interactive(content: dict[str, object]) -> dict[str, object]:
    """An interactive message as a business posts it."""
    return {"messaging_product": "whatsapp", "to": f"+{PHONE}", "type": "interactive", "interactive": content}


def buttons(*titles: str, **more: object) -> dict[str, object]:
    """Reply buttons with ids b1, b2 and so on."""
    made = [
        {"type": "reply", "reply": {"id": f"b{position}", "title": title}}
        for position, title in enumerate(titles, start=1)
    ]
    frame: dict[str, object] = {"type": "button", "body": {"text": "Which one?"}, "action": {"buttons": made}}
    return interactive(frame | more)


def listing(sections: list[dict[str, object]], button: str = "See all", **more: object) -> dict[str, object]:
    """A list message."""
    action = {"button": button, "sections": sections}
    return interactive({"type": "list", "body": {"text": "Which one?"}, "action": action} | more)


def rows(count: int, **more: object) -> list[dict[str, object]]:
    """List rows with ids r1, r2 and so on."""
    return [{"id": f"r{position}", "title": f"Row {position}"} | more for position in range(1, count + 1)]
