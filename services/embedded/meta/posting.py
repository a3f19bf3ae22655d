"""The HTTP side of webhooks: one signed POST."""

from collections.abc import Mapping
from typing import Protocol

import aiohttp

HANDSHAKE_SECONDS = 10.0


class Poster(Protocol):
    """Reaches a webhook address."""

    async def post(self, url: str, body: bytes, headers: Mapping[str, str], timeout_seconds: float) -> bool:
        """Whether the receiver answered 200; whatever goes wrong on the way is False, never an exception."""

    async def fetch(self, url: str, query: Mapping[str, str]) -> tuple[int, str]:
        """GET as (HTTP status, body); status 0 when nobody answered. For Meta's verification handshake."""

    async def close(self) -> None:
        """Let the connections go."""


class HttpPoster:
    """Posts with aiohttp over kept-alive connections; the session is made at the first POST, on its loop."""

    def __init__(self) -> None:
        self._session: aiohttp.ClientSession | None = None

    async def post(self, url: str, body: bytes, headers: Mapping[str, str], timeout_seconds: float) -> bool:
        timeout = aiohttp.ClientTimeout(total=timeout_seconds)
        try:
            async with self._connected().post(
                url, data=body, headers=headers, timeout=timeout, allow_redirects=False
            ) as answer:
                await answer.read()
                return answer.status == 200
        except (aiohttp.ClientError, OSError, TimeoutError):
            return False

    async def fetch(self, url: str, query: Mapping[str, str]) -> tuple[int, str]:
        timeout = aiohttp.ClientTimeout(total=HANDSHAKE_SECONDS)
        try:
            async with self._connected().get(url, params=query, timeout=timeout, allow_redirects=False) as answer:
                return answer.status, await answer.text(errors="replace")
        except (aiohttp.ClientError, OSError, TimeoutError):
            return 0, ""

    def _connected(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession()
        return self._session

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
