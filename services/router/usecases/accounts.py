"""Which organizations have numbers of which WhatsApp Business Account, learned from what comes in."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from uuid import UUID

from services.chassis.errors import Unavailable
from services.router.ports import RoutingStore

# Who is forgotten is only written down once more.
_MOST_REMEMBERED = 65_536


class LearnAccounts:
    """Notes each pair once a process; what cannot be noted now comes with the next message."""

    def __init__(self, store: RoutingStore) -> None:
        self._store = store
        self._known: set[tuple[UUID, str]] = set()

    async def learn(self, pairs: Iterable[tuple[UUID, str]]) -> None:
        """Note organizations with accounts (empty ones say nothing)."""
        news = {pair for pair in pairs if pair[1] and pair not in self._known}
        if not news:
            return
        with suppress(Unavailable):
            await self._store.put_accounts(news)
            if len(self._known) > _MOST_REMEMBERED:
                self._known.clear()
            self._known |= news
