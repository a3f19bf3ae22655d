"""Redis or Valkey: what may be lost. Every use has a defined behaviour without it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from redis.asyncio import Redis
from redis.exceptions import RedisError

from services.chassis.clock import monotonic
from services.chassis.logs import get_logger

_log = get_logger(__name__)

# Redis may never cost a message more than this; after a failure it is left alone for a while.
CALL_SECONDS = 0.25
_LEAVE_ALONE_SECONDS = 2.0


class OptionalRedis:
    """A connection that may be absent: `run` gives None when Redis is not set, not there or too slow."""

    def __init__(self, url: str, *, call_seconds: float = CALL_SECONDS) -> None:
        self._client: Redis | None = None
        if url:
            self._client = Redis.from_url(
                url, socket_timeout=call_seconds, socket_connect_timeout=call_seconds, max_connections=8
            )
        self._again_at = 0.0

    @property
    def is_set(self) -> bool:
        """Whether there is to be one, there or not."""
        return self._client is not None

    async def close(self) -> None:
        """Close the connections."""
        if self._client is not None:
            await self._client.aclose()

    async def script(self, text: str, keys: Sequence[str], arguments: Sequence[str]) -> object | None:
        """Run a Lua script atomically; None when Redis cannot be asked now."""

        async def action(client: Redis) -> object:
            answer: object = await client.eval(text, len(keys), *keys, *arguments)
            return answer

        return await self._attempt(action)

    async def _attempt(self, action: Callable[[Redis], Awaitable[object]]) -> object | None:
        if self._client is None or monotonic() < self._again_at:
            return None
        try:
            return await action(self._client)
        except (RedisError, OSError, TimeoutError) as error:
            self._again_at = monotonic() + _LEAVE_ALONE_SECONDS
            _log.warning("redis_unavailable", error=type(error).__name__)
            return None
