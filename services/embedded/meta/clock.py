"""Time as the simulator sees it; tests hand in a clock that they move themselves."""

import asyncio
import time
from collections.abc import Callable
from typing import Protocol


class Alarm(Protocol):
    """A call that is still to come."""

    def cancel(self) -> None:
        """Forget the call; cancelling twice or too late does nothing."""


class Clock(Protocol):
    """Epoch seconds, and calls at a moment."""

    def now(self) -> float:
        """Seconds since 1970, UTC."""

    def call_at(self, when: float, callback: Callable[[], None]) -> Alarm:
        """Call once at `when` (epoch seconds), or soon if that has passed, but never before returning."""


class SystemClock:
    """The machine's clock on the running event loop."""

    def now(self) -> float:
        return time.time()

    def call_at(self, when: float, callback: Callable[[], None]) -> Alarm:
        return asyncio.get_running_loop().call_later(max(0.0, when - time.time()), callback)


async def pause(clock: Clock, seconds: float) -> None:
    """Wait on the given clock; returns at once for zero or less."""
    if seconds <= 0:
        return
    over = asyncio.Event()
    alarm = clock.call_at(clock.now() + seconds, over.set)
    try:
        await over.wait()
    finally:
        alarm.cancel()
