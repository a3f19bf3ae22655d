"""One page of several rooms' audit logs, newest first, and where the next one begins."""

from __future__ import annotations

import heapq
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

_CURSOR = re.compile(r"[a-z]+:\d{1,18}(,[a-z]+:\d{1,18})*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """An entry of a room's audit log, number `seq` of its chain; digests and hash are hexadecimal."""

    room: str
    seq: int
    at: datetime
    actor: str
    action: str
    object: str
    before_digest: str | None
    after_digest: str | None
    hash: str


@dataclass(frozen=True, slots=True)
class AuditPage:
    """Some changes; `following` is the cursor of the page after it, None at the end."""

    changes: tuple[Change, ...]
    following: str | None


def read_cursor(text: str, rooms: Iterable[str]) -> dict[str, int]:
    """Where each room's part of a page begins: before which seq, 0 for its newest. Raises ValueError."""
    begins = dict.fromkeys(rooms, 0)
    if not text:
        return begins
    if not _CURSOR.fullmatch(text):
        raise ValueError("it is none that a page gave")
    named = {room: int(seq) for room, _, seq in (part.partition(":") for part in text.split(","))}
    if set(named) != set(begins):
        raise ValueError("it belongs to a page of other rooms")
    return named


def page_of(found: Mapping[str, Sequence[Change]], *, limit: int) -> AuditPage:
    """Merge what rooms gave, each newest first and one more than `limit` if it had it.

    A room's own order stays as it is, whatever its clock did. What is written later never moves into a later page.
    """
    merged = heapq.merge(*found.values(), key=lambda change: change.at, reverse=True)
    taken = tuple(islice(merged, limit))
    left = {room: changes[sum(change.room == room for change in taken) :] for room, changes in found.items()}
    if not any(left.values()):
        return AuditPage(taken, None)
    # A room of which nothing is left has nothing before its first entry.
    following = {room: rest[0].seq + 1 if rest else 1 for room, rest in left.items()}
    return AuditPage(taken, ",".join(f"{room}:{seq}" for room, seq in sorted(following.items())))
