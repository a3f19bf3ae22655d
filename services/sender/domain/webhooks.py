"""Webhooks out: what they tell, how a call is signed, and how long one that failed is tried again."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.sender.domain import desk
from services.sender.domain.message import RANKS

MESSAGE_EVENTS = tuple(
    f"message.{status}" for status in ("accepted", *(rank for rank in RANKS if rank != "none"), "failed")
)
EVENTS = (*MESSAGE_EVENTS, *desk.EVENTS)
"""All there is to tell."""

GIVE_UP_SECONDS = 24 * 3600.0
"""A call is tried this long, counted from when its turn to be made began."""

_FIRST_WAIT = 5.0
_LONGEST_WAIT = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """Where an organization's system is told; no `events` means all."""

    webhook_id: UUID
    name: str
    url: str
    events: Sequence[str]
    is_active: bool
    created_at: datetime

    @property
    def facts(self) -> tuple[object, ...]:
        """What somebody chose of it, but for the secret."""
        return self.url, tuple(self.events), self.is_active

    def wants(self, event: str) -> bool:
        """Whether it is told of an event."""
        return self.is_active and (not self.events or event in self.events)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call that waits: the body is as it will be posted."""

    webhook_id: UUID
    event: str
    event_id: str
    body: bytes


def signature_of(secret: str, timestamp: int, body: bytes) -> str:
    """The signature's header: over the timestamp, a dot and the body, so that an old call cannot be played again."""
    digest = hmac.new(secret.encode(), b"%d." % timestamp + body, hashlib.sha256).hexdigest()
    return f"sha256={digest}"


def headers_of(call: Call, secret: str, timestamp: int) -> dict[str, str]:
    """All headers of a call that say something."""
    return {
        "Content-Type": "application/json",
        "User-Agent": "PyTake",
        "X-PyTake-Event": call.event,
        "X-PyTake-Event-Id": call.event_id,
        "X-PyTake-Timestamp": str(timestamp),
        "X-PyTake-Signature": signature_of(secret, timestamp, call.body),
    }


def wait_after(failures: int, *, dice: float) -> float:
    """Seconds until a lane is tried again after so many failures in a row; `dice` from 0 to 1 spreads them."""
    wait: float = min(_FIRST_WAIT * 2.0 ** min(failures - 1, 20), _LONGEST_WAIT)
    return wait * (0.8 + 0.4 * dice)
