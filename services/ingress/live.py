"""What becomes of messages, told to people's programs as it happens, for as long as they listen."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from uuid import UUID

from services.chassis.clock import Monotonic
from services.chassis.errors import Unavailable
from services.ingress.domain.outgoing import Told
from services.ingress.ports import Changes
from services.pb.common.v1 import errors_pb2

# Of a process' listeners one organization may have so many: the others shall find room.
_SHARE = 4
# A round that ended sooner was cut short: its service is stopping, and another one is found in a moment.
_SHORTEST_ROUND = 1.0

Sleep = Callable[[float], Awaitable[None]]


class LiveEvents:
    """Listeners of one process, so many at a time."""

    def __init__(self, changes: Changes, *, most: int, monotonic: Monotonic, sleep: Sleep) -> None:
        self._changes = changes
        self._most = most
        self._monotonic = monotonic
        self._sleep = sleep
        self._listeners: Counter[UUID] = Counter()
        self._closed = asyncio.Event()

    async def close(self) -> None:
        """End everybody's stream: the process ends, and they go on elsewhere with their last cursor."""
        self._closed.set()

    async def listen(
        self,
        *,
        organization_id: UUID,
        conversation_id: str,
        message_id: str,
        cursor: str,
        is_allowed: Callable[[], Awaitable[bool]],
    ) -> AsyncIterator[Told]:
        """Changes after a cursor, or (empty) from now on, while `is_allowed`, which is asked now and then.

        Raises Unavailable when too many listen, and InvalidArgument for a cursor that is none, before anything is told.
        """
        self._admit(organization_id)
        try:
            while True:
                began = self._monotonic()
                watching = self._changes.watch(
                    organization_id=organization_id,
                    conversation_id=conversation_id,
                    message_id=message_id,
                    cursor=cursor,
                )
                while (told := await self._next(watching)) is not None:
                    cursor = told.cursor
                    yield told
                if self._closed.is_set() or not await is_allowed():
                    return
                if self._monotonic() - began < _SHORTEST_ROUND:
                    await self._sleep(_SHORTEST_ROUND)
        finally:
            self._listeners[organization_id] -= 1
            if not self._listeners[organization_id]:
                del self._listeners[organization_id]

    def _admit(self, organization_id: UUID) -> None:
        share = max(1, self._most // _SHARE)
        if self._listeners.total() >= self._most or self._listeners[organization_id] >= share:
            raise Unavailable(
                "too many listen through this process; try again in a while",
                reason=errors_pb2.ERROR_REASON_RATE_LIMITED,
            )
        self._listeners[organization_id] += 1

    async def _next(self, watching: AsyncIterator[Told]) -> Told | None:
        """What is told next; None when this round, or the process, ends."""
        coming = asyncio.ensure_future(anext(watching, None))
        closing = asyncio.ensure_future(self._closed.wait())
        try:
            await asyncio.wait({coming, closing}, return_when=asyncio.FIRST_COMPLETED)
            return await coming if coming.done() else None
        finally:
            for task in (coming, closing):
                task.cancel()
            await asyncio.gather(coming, closing, return_exceptions=True)
