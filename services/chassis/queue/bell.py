"""An in-process bell: whoever inserts rings it, whoever claims waits for it. The poll is the net beneath."""

from __future__ import annotations

import asyncio

# Other processes' inserts, expired leases and due waits are found this often (design: 0.5 s poll).
POLL_SECONDS = 0.5


class Bell:
    """Rung by inserts of this process."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def ring(self) -> None:
        """Wake whoever waits; rings before the wait count."""
        self._event.set()

    async def wait(self, seconds: float = POLL_SECONDS) -> None:
        """Return when rung or after `seconds`."""
        try:
            async with asyncio.timeout(seconds):
                await self._event.wait()
        except TimeoutError:
            return
        finally:
            self._event.clear()
