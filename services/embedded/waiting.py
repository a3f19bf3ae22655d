"""Wait for something outside this process to become true."""

import asyncio
from collections.abc import Awaitable, Callable

from services.embedded.errors import HouseError

POLL_SECONDS = 0.01


async def wait_until(
    condition: Callable[[], Awaitable[bool]], *, timeout_seconds: float, otherwise: Callable[[], str]
) -> None:
    """Ask every POLL_SECONDS until it holds; raises HouseError with the sentence when time is up."""
    try:
        async with asyncio.timeout(timeout_seconds):
            while not await condition():  # noqa: ASYNC110 - another process changes it; nothing can be awaited
                await asyncio.sleep(POLL_SECONDS)
    except TimeoutError:
        raise HouseError(otherwise()) from None
