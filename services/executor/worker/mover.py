"""Takes the people of older versions along, when a flow is published or taken out of service."""

from __future__ import annotations

import asyncio

from services.chassis.errors import Unavailable
from services.chassis.logs import get_logger
from services.chassis.queue import Bell
from services.executor.ports import Migrations

_log = get_logger(__name__)


class Mover:
    """A part: goes on with migrations when it is rung (Poll asks whether any is due, in this process or another)."""

    def __init__(self, migrations: Migrations) -> None:
        self._migrations = migrations
        self._bell = Bell()
        self._task: asyncio.Task[None] | None = None

    def ring(self) -> None:
        """Some migration may go on."""
        self._bell.ring()

    async def start(self) -> None:
        """Begin to wait."""
        self._task = asyncio.create_task(self._loop(), name="executor mover")

    async def stop(self) -> None:
        """End; a step that is under way happens whole or not at all."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _loop(self) -> None:
        while True:
            await self._bell.wait()
            try:
                while await self._migrations.go_on():
                    continue
            except Unavailable:
                continue
            except Exception as error:
                _log.exception("migration_failed", error=type(error).__name__)
