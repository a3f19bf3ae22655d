"""The people of a storm: each writes its lines in order, and Meta repeats what was not answered with 200."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import random
import time
from dataclasses import dataclass, field

import aiohttp
import orjson

SECRET = "canary-app-secret-of-the-storm"
CANARY_WORDS = "canary words of the storm"
_AGAIN_SECONDS = 0.3


@dataclass(slots=True)
class Door:
    """How the webhook answered: seconds of every 200, and how often something else came."""

    seconds: list[float] = field(default_factory=list)
    refused: int = 0
    repeated: int = 0

    def share_over(self, limit: float) -> float:
        """The share of answers slower than `limit` seconds."""
        return sum(value > limit for value in self.seconds) / max(1, len(self.seconds))

    @property
    def median(self) -> float:
        """The median answer time in seconds."""
        ordered = sorted(self.seconds) or [0.0]
        return ordered[len(ordered) // 2]


@dataclass(frozen=True, slots=True)
class Person:
    """Someone at a number; `lines` are written one after the other without waiting for replies."""

    wa_id: str
    name: str
    phone_number_id: str
    lines: tuple[str, ...]


def webhook_body(person: Person, line: str, number: int) -> bytes:
    """One text message as Meta posts it."""
    message = {
        "from": person.wa_id,
        "id": f"wamid.storm.{person.wa_id}.{number}",
        "timestamp": str(int(time.time())),
        "type": "text",
        "text": {"body": line},
    }
    value = {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "15550100", "phone_number_id": person.phone_number_id},
        "contacts": [{"profile": {"name": person.name}, "wa_id": person.wa_id}],
        "messages": [message],
    }
    change = {"field": "messages", "value": value}
    return orjson.dumps({"object": "whatsapp_business_account", "entry": [{"id": "9", "changes": [change]}]})


async def write_lines(
    person: Person, url: str, session: aiohttp.ClientSession, door: Door, chance: random.Random, *, pause: float,
    duplicates: float,
) -> None:  # fmt: skip
    """Write every line; a line is repeated until it is answered with 200, and sometimes even then."""
    for number, line in enumerate(person.lines):
        body = webhook_body(person, line, number)
        await _post_until_received(url, body, session, door)
        if chance.random() < duplicates:
            door.repeated += 1
            await _post_until_received(url, body, session, door)
        await asyncio.sleep(chance.uniform(0, 2 * pause))


async def _post_until_received(url: str, body: bytes, session: aiohttp.ClientSession, door: Door) -> None:
    signature = "sha256=" + hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    headers = {"X-Hub-Signature-256": signature, "Content-Type": "application/json"}
    while True:
        started = time.monotonic()
        try:
            async with session.post(url, data=body, headers=headers) as response:
                await response.read()
                if response.status == 200:
                    door.seconds.append(time.monotonic() - started)
                    return
        except (aiohttp.ClientError, TimeoutError, OSError):
            pass
        door.refused += 1
        await asyncio.sleep(_AGAIN_SECONDS)
