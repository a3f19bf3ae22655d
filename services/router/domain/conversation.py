"""A conversation: one contact and one number, who owns it, and until when it may be answered freely."""

from __future__ import annotations

from typing import Literal, NamedTuple
from uuid import UUID

Owner = Literal["bot", "person"]

WINDOW_SECONDS = 24 * 3600
# Meta's clock may be a little ahead of ours; a message from further in the future is dated to when it came in.
_AHEAD_SECONDS = 5 * 60
# Meta repeats a webhook for seven days. An older time is no time of Meta's (a sample's, a wrong clock's), and no reason
# to leave somebody who writes now without an answer; should the window be closed after all, Meta refuses the reply.
_MOST_LATE_SECONDS = 8 * 24 * 3600
# These are Meta's words, not the contact's: they open no window.
_NOT_WRITTEN = frozenset({"system", "unsupported"})


class Touch(NamedTuple):
    """A message's mark on its conversation; times in seconds since 1970, 0 means the message opens no window."""

    organization_id: UUID
    conversation_id: UUID
    contact_id: UUID
    phone_number_id: str
    last_inbound_at: int
    window_expires_at: int
    owner: Owner = "bot"


class Conversation(NamedTuple):
    """What is stored; `window_expires_at` is 0 when no window was ever open."""

    organization_id: UUID
    conversation_id: UUID
    contact_id: UUID
    phone_number_id: str
    owner: Owner
    last_inbound_at: int
    window_expires_at: int


def said_at(*, sent_at: int, received_at_ms: int, now: int) -> int:
    """When the contact wrote, in seconds: Meta's word, unless it has none or one that cannot be true."""
    received_at = received_at_ms // 1000
    if not 0 < received_at <= now + _AHEAD_SECONDS:
        received_at = now
    if sent_at < received_at - _MOST_LATE_SECONDS:
        return received_at
    return min(sent_at, received_at + _AHEAD_SECONDS)


def window_after(*, kind: str, said_at: int) -> int:
    """When the window that a message opens closes, in seconds; 0 when it opens none."""
    return 0 if kind in _NOT_WRITTEN else said_at + WINDOW_SECONDS


def combine(touches: list[Touch]) -> list[Touch]:
    """One touch a conversation, in the order of their keys (two batches that lock in order cannot deadlock)."""
    latest: dict[UUID, Touch] = {}
    for touch in touches:
        before = latest.get(touch.conversation_id)
        latest[touch.conversation_id] = touch if before is None else _later(before, touch)
    return sorted(latest.values(), key=lambda touch: (touch.organization_id, touch.conversation_id))


def _later(before: Touch, after: Touch) -> Touch:
    return Touch(
        after.organization_id,
        after.conversation_id,
        after.contact_id,
        after.phone_number_id,
        max(before.last_inbound_at, after.last_inbound_at),
        max(before.window_expires_at, after.window_expires_at),
        "person" if "person" in (before.owner, after.owner) else "bot",
    )
