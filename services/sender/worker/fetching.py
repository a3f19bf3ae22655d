"""Fetches contacts' files that are due, some at a time."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from services.chassis.errors import PytakeError
from services.chassis.logs import get_logger
from services.chassis.queue import Bell
from services.sender.ports.media import Due, ReceivedBook
from services.sender.usecases.received_media import FetchReceived

_log = get_logger(__name__)
_AT_ONCE = 8
_LOOK_SECONDS = 2.0
_ERROR_SECONDS = 2.0


class MediaFetcher:
    """A part. What it leaves in the middle is due again when its claim ends."""

    def __init__(self, book: ReceivedBook, fetch: FetchReceived, bell: Bell) -> None:
        self._book = book
        self._fetch = fetch
        self._bell = bell
        self._loop: asyncio.Task[None] | None = None
        self._under_way: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Begin to look."""
        self._loop = asyncio.create_task(self._claim_forever(), name="sender files")

    async def stop(self) -> None:
        """End in the middle: a file that is half there is nowhere."""
        tasks = [*self._under_way, *([self._loop] if self._loop else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _claim_forever(self) -> None:
        while True:
            room = _AT_ONCE - len(self._under_way)
            claimed = await self._claim(room) if room else []
            for due in claimed:
                task = asyncio.create_task(self._bring(due), name="sender file")
                self._under_way.add(task)
                task.add_done_callback(self._came_back)
            if len(claimed) < room or not room:
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._bell.wait(), _LOOK_SECONDS)

    def _came_back(self, task: asyncio.Task[None]) -> None:
        self._under_way.discard(task)
        self._bell.ring()

    async def _claim(self, room: int) -> list[Due]:
        try:
            return await self._book.claim(limit=room)
        except Exception as error:
            if not isinstance(error, PytakeError):
                _log.exception("media_claim_failed")
            await asyncio.sleep(_ERROR_SECONDS)
            return []

    async def _bring(self, due: Due) -> None:
        try:
            await self._fetch(due)
        except PytakeError as error:
            _log.warning("media_waits", reason=error.code)
        except Exception:
            _log.exception("media_failed")
