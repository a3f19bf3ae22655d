"""The Meta apps whose signatures are believed, kept in memory for a moment."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from uuid import UUID

from services.chassis.clock import Monotonic
from services.chassis.errors import Unavailable
from services.ingress.ports import MetaApp

# A rotation made through another replica is believed here after this long at the latest.
FRESH_SECONDS = 5.0
# An unknown signature asks the store again at most this often: a flood of bad ones must not become a flood of queries.
ASK_AGAIN_SECONDS = 0.5
# With the store away, known apps serve this long: a signature check needs no database, the commit says 503 anyway.
STALE_SECONDS = 600.0

HOUSE_APP = "house"


def house_app(app_secret: str, verify_token: str) -> list[MetaApp]:
    """The app that META_APP_SECRET and WEBHOOK_VERIFY_TOKEN describe, if they do."""
    if not app_secret and not verify_token:
        return []
    return [MetaApp(UUID(int=0), HOUSE_APP, app_secret, None, verify_token)]


class AppDirectory:
    """All apps by name; reads them when they are older than FRESH_SECONDS."""

    def __init__(
        self,
        read: Callable[[], Awaitable[list[MetaApp]]],
        *,
        fixed: Sequence[MetaApp],
        monotonic: Monotonic,
    ) -> None:
        self._read = read
        self._fixed = tuple(fixed)
        self._monotonic = monotonic
        self._apps: tuple[MetaApp, ...] = ()
        self._read_at = float("-inf")
        self._lock = asyncio.Lock()

    async def named(self, name: str | None, *, refresh: bool) -> Sequence[MetaApp]:
        """Apps of this name (names are unique per organization only), or all without one. Raises Unavailable."""
        await self._refresh(ASK_AGAIN_SECONDS if refresh else FRESH_SECONDS)
        apps = (*self._fixed, *self._apps)
        return apps if name is None else [app for app in apps if app.name == name]

    def forget(self) -> None:
        """Read anew at the next question."""
        self._read_at = min(self._read_at, self._monotonic() - FRESH_SECONDS)

    async def _refresh(self, longest: float) -> None:
        if self._monotonic() - self._read_at < longest:
            return
        async with self._lock:
            if self._monotonic() - self._read_at < longest:
                return
            try:
                self._apps = tuple(await self._read())
                self._read_at = self._monotonic()
            except Unavailable:
                if self._monotonic() - self._read_at > STALE_SECONDS:
                    raise
