"""Bodies on their way in: how large, how slow, and how much of them in memory at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, MutableMapping
from typing import Any

from services.ingress.http.deadline import ready_by

Message = MutableMapping[str, Any]
Receive = Callable[[], Coroutine[Any, Any, Message]]

# A sender that dribbles holds no place for ever: so long for all of a body, and for every STRIDE of it.
WHOLE_SECONDS = 15.0
STRIDE_SECONDS = 3.0
STRIDE_BYTES = 16 * 1024
# What is no larger is not counted: there are only so many connections (http/crowd.py).
SMALL_BYTES = 64 * 1024
MOST_BYTES = 64 * 1024 * 1024
# Who found no room brings the same again as soon as he is told: so many bytes of all of them together a second.
TURNED_AWAY_PER_SECOND = 16 * 1024 * 1024


class TooSlow(Exception):
    """The rest of a body did not come in time."""


class TooLarge(Exception):
    """A body is larger than it may be; the rest of it was not read."""


class EndedEarly(Exception):
    """The client left in the middle of its body."""


class Crowded(Exception):
    """The memory for large bodies is full; the same request may be taken in a moment."""


class Bodies:
    """The memory for large bodies: when it is full, the one that has been on its way for longest gives way.

    An honest sender brings its megabytes within a second; whoever holds memory by sending slowly loses it.
    """

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._left = most_bytes
        self._told_until = 0.0
        self._coming: dict[Body, None] = {}  # those that are not whole yet, the oldest first

    def take(self, body: Body, size: int) -> None:
        """Count `size` more bytes of a body that is coming in. Raises Crowded, and then none are."""
        while self._left < size:
            oldest = next(iter(self._coming), body)
            if oldest is body:
                raise Crowded
            oldest.give_way()
        self._left -= size
        self._coming[body] = None

    def told_at(self, size: int, now: float) -> float:
        """When somebody who brought so much and found no room is told so, as a time of the running loop."""
        self._told_until = min(max(now, self._told_until) + size / TURNED_AWAY_PER_SECOND, now + WHOLE_SECONDS)
        return self._told_until

    def is_whole(self, body: Body) -> None:
        """It can only be worked on now, and does not give way any more."""
        self._coming.pop(body, None)

    def give_back(self, body: Body, size: int) -> None:
        """Nothing of the body is held any more."""
        self._coming.pop(body, None)
        self._left += size


class Body:
    """One body. `close` when nobody needs its bytes any more."""

    __slots__ = ("_bodies", "_chunks", "_counted", "_gives_way", "_most", "_receive", "_size", "_task")

    def __init__(self, bodies: Bodies, receive: Receive, most_bytes: int) -> None:
        self._bodies = bodies
        self._receive = receive
        self._most = most_bytes
        self._chunks: list[bytes] = []
        self._size = 0
        self._counted = 0
        self._gives_way = False
        self._task: asyncio.Task[Any] | None = None

    async def read(self, *, seconds: float = WHOLE_SECONDS) -> bytes:
        """All of it. Raises TooSlow, TooLarge, EndedEarly or Crowded."""
        try:
            return await self._read(seconds)
        except TimeoutError:
            raise TooSlow from None
        except asyncio.CancelledError:
            if not self._gives_way or self._task is None:
                raise
            self._task.uncancel()
            raise Crowded from None

    async def _read(self, seconds: float) -> bytes:
        now = asyncio.get_running_loop().time
        end = now() + seconds
        due, mark = min(end, now() + STRIDE_SECONDS), STRIDE_BYTES
        while True:
            message = await ready_by(due, self._receive())
            if message["type"] != "http.request":
                raise EndedEarly
            chunk: bytes = message.get("body", b"")
            self._size += len(chunk)
            if self._size > self._most:
                raise TooLarge
            if self._size > SMALL_BYTES:
                self._count()
            if not message.get("more_body", False):
                return self._whole(chunk)
            self._chunks.append(chunk)
            if self._size >= mark:
                due, mark = min(end, now() + STRIDE_SECONDS), self._size + STRIDE_BYTES

    def _count(self) -> None:
        self._task = self._task or asyncio.current_task()
        self._bodies.take(self, self._size - self._counted)
        self._counted = self._size

    def _whole(self, last: bytes) -> bytes:
        if self._counted:
            self._bodies.is_whole(self)
        if not self._chunks:
            return last
        whole = b"".join([*self._chunks, last])
        self._chunks.clear()
        return whole

    def give_way(self) -> None:
        """Let go of what is held, and end the wait for the rest: `read` raises Crowded."""
        self._gives_way = True
        self.close()
        if self._task is not None:
            self._task.cancel()

    async def wait_to_be_told(self) -> None:
        """After Crowded: let go of what is held, and wait for the turn to be told so, or until the client leaves."""
        self.close()
        due = self._bodies.told_at(self._size, asyncio.get_running_loop().time())
        try:
            while (await ready_by(due, self._receive()))["type"] == "http.request":
                pass
        except TimeoutError:
            return

    def close(self) -> None:
        """Give back the memory."""
        self._chunks.clear()
        counted, self._counted = self._counted, 0
        if counted:
            self._bodies.give_back(self, counted)
