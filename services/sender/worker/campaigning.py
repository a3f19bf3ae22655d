"""The loops that take turns of campaigns."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from services.chassis.errors import PytakeError
from services.chassis.logs import get_logger

_log = get_logger(__name__)

# A turn may wait for router or Meta; another campaign's goes on meanwhile.
_AT_ONCE = 2
_IDLE_SECONDS = 0.5
_ERROR_SECONDS = 1.0


class CampaignWorker:
    """Takes turns as they come due. A turn cut short, here or by a kill, comes again."""

    def __init__(self, turn: Callable[[], Awaitable[bool]]) -> None:
        """`turn` takes one and tells whether any was due (usecases.campaigning.WorkCampaigns.turn)."""
        self._turn = turn
        self._stopping = asyncio.Event()
        self._loops: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Begin."""
        self._loops = [asyncio.create_task(self._loop(), name="sender campaigns") for _ in range(_AT_ONCE)]

    async def stop(self) -> None:
        """Let turns under way end, and take no more."""
        self._stopping.set()
        await asyncio.gather(*self._loops, return_exceptions=True)

    async def _loop(self) -> None:
        while not self._stopping.is_set():
            try:
                if not await self._turn():
                    await self._rest(_IDLE_SECONDS)
            except PytakeError as error:
                _log.warning("campaign_turn_waits", reason=error.code)
                await self._rest(_ERROR_SECONDS)
            except Exception as error:
                _log.exception("campaign_turn_failed", error=type(error).__name__)
                await self._rest(_ERROR_SECONDS)

    async def _rest(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._stopping.wait()
        except TimeoutError:
            return
