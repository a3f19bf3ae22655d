"""A process's life: start, run until SIGTERM, drain, stop. The same for every room."""

from __future__ import annotations

import asyncio
import gc
import signal
import sys
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Protocol

import uvloop

from services.chassis.logs import get_logger, log_stray_errors
from services.chassis.settings import SettingsError

_log = get_logger(__name__)

# New objects that outlive their batch before cycles are searched for; 700, the default, took a seventh of sender's CPU.
_COLLECT_EVERY = 50_000


class Part(Protocol):
    """Something that runs: a server, a worker, a pool."""

    async def start(self) -> None:
        """Begin; raise to keep the process from starting."""

    async def stop(self) -> None:
        """Finish what is in hand and end; called in reverse order of start."""


class Service:
    """Parts in starting order; stops them in reverse order when told to."""

    def __init__(self, name: str, parts: list[Part]) -> None:
        self.name = name
        self._parts = parts
        self._stopping = asyncio.Event()

    def ask_to_stop(self) -> None:
        """What SIGTERM and SIGINT do."""
        self._stopping.set()

    async def run(self) -> None:
        """Start all parts, wait until asked to stop, stop all that started."""
        started: list[Part] = []
        try:
            for part in self._parts:
                await part.start()
                started.append(part)
            _calm_collector()
            _log.info("started", parts=len(started))
            await self._stopping.wait()
        finally:
            for part in reversed(started):
                await part.stop()
            _log.info("stopped")


def _calm_collector() -> None:
    """What is there by now stays; batches are garbage without cycles, which needs no search (docs/performance.md)."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_COLLECT_EVERY, 20, 20)


def run_service(build: Callable[[], Coroutine[Any, Any, Service]]) -> None:
    """Run a room on uvloop until SIGTERM or SIGINT; a wrong setting ends it with one sentence and status 2."""

    async def main() -> None:
        loop = asyncio.get_running_loop()
        service = await build()
        log_stray_errors(loop)
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, service.ask_to_stop)
        await service.run()

    try:
        uvloop.run(main())
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(2)
    except Exception:
        # Python would print the error with the values it quotes.
        _log.exception("process_failed")
        sys.exit(1)


class Closing:
    """A part that has only an end, such as a connection pool."""

    def __init__(self, close: Callable[[], Awaitable[None]]) -> None:
        self._close = close

    async def start(self) -> None:
        """It is open already."""

    async def stop(self) -> None:
        """Close it."""
        await self._close()


class Periodic:
    """A part that does something now and then; an error is logged and the next turn comes all the same."""

    def __init__(self, name: str, seconds: float, action: Callable[[], Awaitable[None]]) -> None:
        self._name = name
        self._seconds = seconds
        self._action = action
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin; the first turn comes at once."""
        self._task = asyncio.create_task(self._loop(), name=self._name)

    async def stop(self) -> None:
        """End, in the middle of a turn if need be."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _loop(self) -> None:
        while True:
            try:
                await self._action()
            except Exception as error:
                _log.warning("periodic_failed", name=self._name, error=error)
            await asyncio.sleep(self._seconds)
