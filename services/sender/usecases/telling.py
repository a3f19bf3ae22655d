"""What became of messages: one of them, a page of them, or every change as it happens."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from uuid import UUID

from services.chassis.clock import Monotonic
from services.chassis.errors import InvalidArgument, NotFound, Unavailable
from services.pb.common.v1 import errors_pb2
from services.sender.domain.changes import Change, News
from services.sender.ports.teams import ChangeFeed, Listed, MessageBook, MessageFilter, Positions
from services.sender.usecases.sending import message_id_of

MOST_LISTED = 1000
_STATES = ("", "queued", "attempting", "accepted", "failed")
_STATUSES = ("", "none", "sent", "delivered", "read", "played", "failed")

# A connection ends after 30 seconds, so that new replicas get load; a stream that ends before it breaks nobody's call.
STREAM_SECONDS = 25.0
# How often changes are looked for, and how often an answer comes when there are none.
_LOOK_SECONDS = 0.25
_SIGN_OF_LIFE_SECONDS = 10.0
MOST_WATCHERS = 256


@dataclass(frozen=True, slots=True)
class Page:
    """Messages; `cursor` is empty after the last."""

    messages: list[Listed]
    cursor: str


class TellMessages:
    """Tells what became of messages."""

    def __init__(self, book: MessageBook) -> None:
        self._book = book

    async def one(self, *, organization_id: UUID, message_id: UUID | None, key: str) -> Listed:
        """A message by its id, or by the key it was sent under. Raises InvalidArgument, NotFound."""
        if (message_id is None) == (not key):
            raise InvalidArgument("give either message_id or idempotency_key")
        wanted = message_id_of(organization_id, key) if message_id is None else message_id
        found = await self._book.find(organization_id=organization_id, message_ids=[wanted])
        if wanted not in found:
            raise NotFound(
                "no message of the organization has this id or key", reason=errors_pb2.ERROR_REASON_MESSAGE_NOT_FOUND
            )
        return found[wanted]

    async def page(self, *, organization_id: UUID, chosen: MessageFilter, limit: int, cursor: str) -> Page:
        """Messages, newest first. Raises InvalidArgument."""
        if not 0 <= limit <= MOST_LISTED:
            raise InvalidArgument(f"limit is {limit}; use 1 to {MOST_LISTED}, or 0 for 100")
        if chosen.state not in _STATES:
            raise InvalidArgument(f"state {chosen.state!r} does not exist; use one of {', '.join(_STATES[1:])}")
        if chosen.status not in _STATUSES:
            raise InvalidArgument(f"status {chosen.status!r} does not exist; use one of {', '.join(_STATUSES[1:])}")
        wanted = replace(chosen, before=_read_place(cursor)) if cursor else chosen
        most = limit or 100
        messages = await self._book.page(organization_id=organization_id, chosen=wanted, limit=most)
        return Page(messages, self.cursor_after(messages[-1]) if len(messages) == most else "")

    def cursor_after(self, message: Listed) -> str:
        """Where a page begins that follows this message."""
        return f"{round(message.created_at.timestamp() * 1e6)}.{message.message_id.hex}"


def _read_place(cursor: str) -> tuple[datetime, UUID]:
    moment, _, message_id = cursor.partition(".")
    try:
        seconds, microseconds = divmod(int(moment), 1_000_000)
        return datetime.fromtimestamp(seconds, UTC).replace(microsecond=microseconds), UUID(message_id)
    except (ValueError, OverflowError, OSError):
        raise _foreign_cursor() from None


def _foreign_cursor() -> InvalidArgument:
    return InvalidArgument("cursor is none that was given out; begin without one")


@dataclass(frozen=True, slots=True)
class Told:
    """Changes, and the cursor that follows them."""

    cursor: str
    changes: list[News]


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """Whose changes are told: a message's, which are none of the desk's, a conversation's, or the organization's."""

    organization_id: UUID
    message_id: UUID | None = None
    lane_id: UUID | None = None

    def includes(self, change: News) -> bool:
        """Whether a change is one of these."""
        if self.message_id is not None and not (isinstance(change, Change) and change.message_id == self.message_id):
            return False
        return self.lane_id in (None, change.lane_id)


class WatchMessages:
    """A part: tells changes from the database, wherever they were made. Streams end when it is stopped.

    Nothing is kept for a watcher but how far it came: who reads slowly is asked for no more than it takes.
    """

    def __init__(self, feed: ChangeFeed, monotonic: Monotonic) -> None:
        self._feed = feed
        self._monotonic = monotonic
        self._stopping = asyncio.Event()
        self._watchers = 0
        self._ends: dict[UUID, tuple[float, Positions]] = {}

    async def start(self) -> None:
        """Nothing runs until somebody watches."""

    async def stop(self) -> None:
        """End every stream."""
        self._stopping.set()

    async def cursor(self, *, organization_id: UUID) -> str:
        """The cursor from which all that happens from here on is told."""
        return _written(await self._feed.end(organization_id=organization_id))

    async def watch(self, watched: Watched, cursor: str) -> AsyncIterator[Told]:
        """Changes after the cursor, for a while. Raises InvalidArgument, or Unavailable when too many watch."""
        organization_id = watched.organization_id
        if self._watchers >= MOST_WATCHERS:
            raise Unavailable("too many watch through this replica; try again", reason=_BUSY)
        self._watchers += 1
        try:
            at = _read(cursor) if cursor else await self._feed.end(organization_id=organization_id)
            ends_at = self._monotonic() + STREAM_SECONDS
            told_at = self._monotonic()
            yield Told(_written(at), [])
            while self._monotonic() < ends_at and not self._stopping.is_set():
                before, chosen = at, list[News]()
                if await self._end(organization_id) != at:
                    at, changes = await self._feed.since(organization_id=organization_id, after=at)
                    chosen = [change for change in changes if watched.includes(change)]
                if chosen or self._monotonic() - told_at > _SIGN_OF_LIFE_SECONDS:
                    told_at = self._monotonic()
                    yield Told(_written(at), chosen)
                if at == before:
                    await self._rest()
        finally:
            self._watchers -= 1
            self._ends.pop(organization_id, None)

    async def _end(self, organization_id: UUID) -> Positions:
        """Where the changes end; one look serves all who watch the organization."""
        looked_at, end = self._ends.get(organization_id, (float("-inf"), ()))
        if self._monotonic() - looked_at < _LOOK_SECONDS / 2:
            return end
        end = await self._feed.end(organization_id=organization_id)
        self._ends[organization_id] = (self._monotonic(), end)
        return end

    async def _rest(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(_LOOK_SECONDS):
                await self._stopping.wait()


_BUSY = errors_pb2.ERROR_REASON_RATE_LIMITED


def _written(positions: Positions) -> str:
    return ".".join(map(str, positions))


def _read(cursor: str) -> Positions:
    parts = cursor.split(".")
    if not all(part.isascii() and part.isdigit() and len(part) < 19 for part in parts):
        raise _foreign_cursor()
    return tuple(map(int, parts))
