"""The Meta apps whose signatures are believed, kept in memory for a moment."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import NamedTuple
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


def house_app(app_secret: str, verify_token: str, *, previous: str = "") -> list[MetaApp]:
    """The app that META_APP_SECRET and WEBHOOK_VERIFY_TOKEN describe, if they do."""
    if not app_secret and not verify_token:
        return []
    return [MetaApp(UUID(int=0), HOUSE_APP, app_secret, previous or None, verify_token)]


class Signers(NamedTuple):
    """Every secret that may sign, and of the same place in `references` the app it belongs to."""

    secrets: tuple[bytes, ...]
    references: tuple[str, ...]


NOBODY = Signers((), ())


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
        self._signers = _signers_by_name(self._fixed)
        self._read_at = float("-inf")
        self._lock = asyncio.Lock()

    async def named(self, name: str | None, *, refresh: bool) -> Sequence[MetaApp]:
        """Apps of this name (names are unique per organization only), or all without one. Raises Unavailable."""
        await self._refresh(ASK_AGAIN_SECONDS if refresh else FRESH_SECONDS)
        apps = (*self._fixed, *self._apps)
        return apps if name is None else [app for app in apps if app.name == name]

    async def signers(self, name: str | None, *, refresh: bool) -> Signers:
        """Who may have signed what comes for this name. Raises Unavailable."""
        longest = ASK_AGAIN_SECONDS if refresh else FRESH_SECONDS
        if self._monotonic() - self._read_at >= longest:
            await self._refresh(longest)
        return self._signers.get(name, NOBODY)

    def signers_at_once(self, name: str | None) -> tuple[Signers, bool]:
        """The same without asking the store: who is known now, and whether nobody can have been added lately."""
        age = self._monotonic() - self._read_at
        return self._signers.get(name, NOBODY) if age < FRESH_SECONDS else NOBODY, age < ASK_AGAIN_SECONDS

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
                apps = tuple(await self._read())
                if apps != self._apps:
                    self._apps, self._signers = apps, _signers_by_name((*self._fixed, *apps))
                self._read_at = self._monotonic()
            except Unavailable:
                if self._monotonic() - self._read_at > STALE_SECONDS:
                    raise


def _signers_by_name(apps: Sequence[MetaApp]) -> Mapping[str | None, Signers]:
    """Sort apps by name (names are unique per organization only); under None are all."""
    by_name: dict[str | None, list[MetaApp]] = {None: list(apps)}
    for app in apps:
        by_name.setdefault(app.name, []).append(app)
    return {name: _signers_of(group) for name, group in by_name.items()}


def _signers_of(apps: Sequence[MetaApp]) -> Signers:
    pairs = [
        (secret.encode(), app.reference)
        for app in apps
        for secret in (app.app_secret, app.previous_app_secret)
        if secret
    ]
    return Signers(tuple(secret for secret, _ in pairs), tuple(reference for _, reference in pairs))
