"""What becomes of messages and of a conversation, told to people's programs as it happens, while they listen."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from typing import Any
from uuid import UUID

from services.chassis.clock import Monotonic
from services.chassis.errors import Unavailable
from services.ingress.domain.outgoing import Told
from services.ingress.domain.people import Seen
from services.ingress.ports import Changes
from services.ingress.ports.people import Views
from services.pb.common.v1 import errors_pb2

# Of a process' listeners one organization may have so many: the others shall find room.
_SHARE = 4
# A round that ended sooner was cut short: its service is stopping, and another one is found in a moment.
_SHORTEST_ROUND = 1.0

Sleep = Callable[[float], Awaitable[None]]


class LiveEvents:
    """Listeners of one process, so many at a time."""

    def __init__(self, changes: Changes, views: Views, *, most: int, monotonic: Monotonic, sleep: Sleep) -> None:
        self._changes = changes
        self._views = views
        self._most = most
        self._monotonic = monotonic
        self._sleep = sleep
        self._listeners: Counter[UUID] = Counter()
        self._is_closed = False
        self._waiting: set[asyncio.Future[None]] = set()

    async def close(self) -> None:
        """End everybody's stream: the process ends, and they go on elsewhere with their last cursor."""
        self._is_closed = True
        for closing in self._waiting:
            if not closing.done():
                closing.set_result(None)

    async def listen(
        self,
        *,
        organization_id: UUID,
        conversation_id: str,
        message_id: str,
        cursor: str,
        is_allowed: Callable[[], Awaitable[bool]],
        is_viewed: bool = False,
    ) -> AsyncIterator[Told | Seen]:
        """Changes after a cursor, or (empty) from now on, while `is_allowed`, which is asked now and then.

        Where it `is_viewed`, also the conversation itself, as it is and whenever it is another. Raises Unavailable when
        too many listen, and InvalidArgument for a cursor that is none, before anything is told.
        """
        self._admit(organization_id)
        view = ""
        try:
            while True:
                began = self._monotonic()
                watching: AsyncIterator[Told | Seen] = self._changes.watch(
                    organization_id=organization_id,
                    conversation_id=conversation_id,
                    message_id=message_id,
                    cursor=cursor,
                )
                if is_viewed:
                    seeing = self._views.watch(
                        organization_id=organization_id, conversation_id=conversation_id, cursor=view
                    )
                    watching = _both(watching, seeing)
                while (told := await self._next(watching)) is not None:
                    if isinstance(told, Seen):
                        view = told.cursor
                    else:
                        cursor = told.cursor
                    yield told
                if self._is_closed or not await is_allowed():
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

    async def _next(self, watching: AsyncIterator[Told | Seen]) -> Told | Seen | None:
        """What is told next; None when this round, or the process, ends."""
        coming = asyncio.ensure_future(anext(watching, None))
        closing: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if self._is_closed:
            closing.set_result(None)
        self._waiting.add(closing)
        either: set[asyncio.Future[Any]] = {coming, closing}
        try:
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            return await coming if coming.done() else None
        finally:
            self._waiting.discard(closing)
            coming.cancel()
            await asyncio.gather(coming, return_exceptions=True)


async def _both(
    told: AsyncIterator[Told | Seen], seen: AsyncIterator[Told | Seen]
) -> AsyncGenerator[Told | Seen, None]:
    """What either tells, as it comes, until one of them ends."""
    sources = (told, seen)
    coming = {asyncio.ensure_future(anext(source, None)): source for source in sources}
    try:
        while True:
            done, _ = await asyncio.wait(coming, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                source = coming.pop(task)
                news = await task
                if news is None:
                    return
                coming[asyncio.ensure_future(anext(source, None))] = source
                yield news
    finally:
        for task in coming:
            task.cancel()
        await asyncio.gather(*coming, return_exceptions=True)
