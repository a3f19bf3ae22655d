"""Takes erasures and retention on whenever one is due."""

from __future__ import annotations

import asyncio

from services.chassis.errors import Unavailable
from services.chassis.logs import get_logger
from services.chassis.queue import Bell
from services.ingress.privacy import Work

_ERROR_SECONDS = 1.0

_log = get_logger(__name__)


class JobWorker:
    """A part: works off what is due when it is rung (a request of this process, or Poll)."""

    def __init__(self, work: Work, bell: Bell) -> None:
        self._work = work
        self._bell = bell
        self._is_stopping = False
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to wait."""
        self._task = asyncio.create_task(self._loop(), name="ingress jobs")

    async def stop(self) -> None:
        """End, in the middle of a step if need be: it is taken up again where it was written down."""
        self._is_stopping = True
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _loop(self) -> None:
        while not self._is_stopping:
            try:
                if not await self._work.turn():
                    await self._bell.wait()
            except Unavailable:
                await asyncio.sleep(_ERROR_SECONDS)
            except Exception as error:
                _log.error("jobs_failed", error=type(error).__name__)
                await asyncio.sleep(_ERROR_SECONDS)
