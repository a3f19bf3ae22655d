"""Conversations as they are, told again whenever they change, for as long as somebody watches."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import suppress
from dataclasses import dataclass
from uuid import UUID

from services.chassis.clock import Monotonic
from services.chassis.errors import InvalidArgument, Unavailable
from services.pb.common.v1 import errors_pb2
from services.router.domain.people import ConversationView, Glance, is_mark
from services.router.domain.queues import Entry
from services.router.ports.people import WatchStore
from services.router.usecases.unknown import unknown_conversation

# A connection ends after 30 seconds, so that new replicas get load; a stream that ends before it breaks nobody's call.
STREAM_SECONDS = 25.0
# Of a process' streams one organization may have so many: the others shall find room.
_SHARE = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A conversation at one moment; `cursor` tells it from what it was before."""

    cursor: str
    conversation: ConversationView
    entry: Entry | None
    notes: int


class WatchConversations:
    """A part: looks at conversations that are watched. Streams end when it is stopped.

    Nothing is kept for a watcher, and nothing is written for one: what a conversation is made of has versions already.
    """

    def __init__(self, store: WatchStore, *, most: int, look_seconds: float, monotonic: Monotonic) -> None:
        self._store = store
        self._most = most
        self._look_seconds = look_seconds
        self._monotonic = monotonic
        self._watchers: Counter[UUID] = Counter()
        self._stopping = asyncio.Event()

    async def start(self) -> None:
        """Nothing runs until somebody watches."""

    async def stop(self) -> None:
        """End every stream: whoever watches goes on elsewhere with the last cursor."""
        self._stopping.set()

    async def watch(
        self, *, organization_id: UUID, conversation_id: UUID, cursor: str, seconds: float
    ) -> AsyncGenerator[Seen, None]:
        """The conversation, unless it is still as `cursor` says, and again after each change, for `seconds` at most.

        Raises InvalidArgument for a cursor that is none, NotFound, or Unavailable when too many watch.
        """
        if cursor and not is_mark(cursor):
            raise InvalidArgument("cursor is none that was given out; begin without one")
        self._admit(organization_id)
        try:
            ends_at = self._monotonic() + min(seconds, STREAM_SECONDS)
            while True:
                glance = await self._glance(organization_id, conversation_id)
                if glance.mark != cursor:
                    cursor = glance.mark
                    yield await self._seen(organization_id, glance)
                left = ends_at - self._monotonic()
                if left <= 0 or self._stopping.is_set():
                    return
                await self._rest(min(left, self._look_seconds))
        finally:
            self._watchers[organization_id] -= 1
            if not self._watchers[organization_id]:
                del self._watchers[organization_id]

    def _admit(self, organization_id: UUID) -> None:
        share = max(1, self._most // _SHARE)
        if self._watchers.total() >= self._most or self._watchers[organization_id] >= share:
            raise Unavailable(
                "too many watch through this replica; try again in a while",
                reason=errors_pb2.ERROR_REASON_RATE_LIMITED,
            )
        self._watchers[organization_id] += 1

    async def _glance(self, organization_id: UUID, conversation_id: UUID) -> Glance:
        glance = await self._store.glance(organization_id=organization_id, conversation_id=conversation_id)
        if glance is None:
            raise unknown_conversation()
        return glance

    async def _seen(self, organization_id: UUID, glance: Glance) -> Seen:
        """What is told; of its place in the queues what is there by now."""
        entry = None
        if glance.entry_id is not None:
            entry = await self._store.entry(organization_id=organization_id, entry_id=glance.entry_id)
        return Seen(cursor=glance.mark, conversation=glance.conversation, entry=entry, notes=glance.notes)

    async def _rest(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stopping.wait()
