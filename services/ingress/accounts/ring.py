"""API keys that were looked up a moment ago."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

from services.chassis.clock import Monotonic
from services.chassis.queue import Batcher
from services.ingress.accounts.ports import KeyOwner, KeyStore
from services.ingress.domain.accounts.texts import digest

KEY_SECONDS = 30.0
"""How long a key is believed without a look: a revocation elsewhere is seen within this time."""
UNKNOWN_SECONDS = 2.0
MOST_KEYS = 4096


class KeyRing:
    """Finds keys by their text. Whoever tries texts at random meets one query for all tries of a moment."""

    def __init__(self, store: KeyStore, monotonic: Monotonic) -> None:
        self._store = store
        self._monotonic = monotonic
        self._known: OrderedDict[bytes, tuple[KeyOwner | None, float]] = OrderedDict()
        self._batcher: Batcher[bytes, KeyOwner | None] = Batcher(self._read)

    async def find(self, text: str) -> KeyOwner | None:
        """The key with this text, dead or alive. Raises Unavailable."""
        key_hash = digest(text)
        owner, until = self._known.get(key_hash, (None, 0.0))
        if self._monotonic() < until:
            return owner
        (owner,) = await self._batcher.submit([key_hash])
        return owner

    def forget(self) -> None:
        """Look every key up again: one was changed here."""
        self._known.clear()

    async def _read(self, key_hashes: Sequence[bytes]) -> Sequence[KeyOwner | None]:
        found = await self._store.find_keys(key_hashes=sorted(set(key_hashes)))
        now = self._monotonic()
        for key_hash in key_hashes:
            owner = found.get(key_hash)
            self._known[key_hash] = (owner, now + (UNKNOWN_SECONDS if owner is None else KEY_SECONDS))
            self._known.move_to_end(key_hash)
        while len(self._known) > MOST_KEYS:
            self._known.popitem(last=False)
        return [found.get(key_hash) for key_hash in key_hashes]
