"""Large bodies one after the other, so that small ones never wait long for the process."""

from __future__ import annotations

import asyncio


class SlowLane:
    """Holds one at a time, and after each as long a pause as it took: at most half of the time goes to large bodies."""

    def __init__(self) -> None:
        self._lock = asyncio.Lock()
        self._began = 0.0

    async def __aenter__(self) -> None:
        await self._lock.acquire()
        self._began = asyncio.get_running_loop().time()

    async def __aexit__(self, *_: object) -> None:
        loop = asyncio.get_running_loop()
        loop.call_later(loop.time() - self._began, self._lock.release)
