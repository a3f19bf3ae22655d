"""What is known of numbers (access token, account, limits), read for many at once and kept for a short while."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from uuid import UUID

from services.chassis.clock import Monotonic
from services.chassis.errors import PytakeError
from services.chassis.queue import Batcher
from services.sender.ports import Key, NumberFacts, NumberStore

FACTS_SECONDS = 30.0
_MISSING_SECONDS = 2.0


class Numbers:
    """Facts of numbers in memory (ports.NumberBook)."""

    def __init__(self, store: NumberStore, monotonic: Monotonic) -> None:
        self._store = store
        self._monotonic = monotonic
        self._known: dict[Key, tuple[NumberFacts, float]] = {}
        self._accounts: dict[Key, str] = {}
        self._batcher: Batcher[Key, NumberFacts] = Batcher(self._read)

    async def get(self, keys: Sequence[Key]) -> list[NumberFacts]:
        """The facts in order; a number without a token has none in them. Raises errors.Unavailable."""
        now = self._monotonic()
        facts = {}
        for key in keys:
            known = self._known.get(key)
            if known is not None and now < known[1]:
                facts[key] = known[0]
        unknown = sorted({key for key in keys if key not in facts})
        if unknown:
            facts.update(zip(unknown, await self._batcher.submit(unknown), strict=True))
        return [facts[key] for key in keys]

    def forget(self, key: Key) -> None:
        """Read it anew next time."""
        self._known.pop(key, None)

    def forget_all(self, organization_ids: Collection[UUID]) -> None:
        """Read all numbers of these organizations anew next time."""
        for key in [key for key in self._known if key[0] in organization_ids]:
            self.forget(key)

    def alike(self, key: Key, facts: NumberFacts, *, is_same_app: bool) -> list[str]:
        """The organization's numbers this process sends from with the same token, or else of the same account."""
        return sorted(
            {key[1]}
            | {
                number
                for (organization_id, number), (other, _) in self._known.items()
                if organization_id == key[0]
                and (other.token == facts.token if is_same_app else other.waba_id == facts.waba_id != "")
            }
        )

    async def learn(self, accounts: dict[Key, str]) -> None:
        """A webhook told to which account numbers belong; what is new is kept for good."""
        news = {key: waba_id for key, waba_id in accounts.items() if waba_id and self._accounts.get(key) != waba_id}
        if not news:
            return
        try:
            await self._store.put_accounts(news)
        except PytakeError:
            return  # the next status tells it again
        self._accounts.update(news)
        for key in news:
            self.forget(key)

    async def _read(self, keys: Sequence[Key]) -> Sequence[NumberFacts]:
        found = await self._store.facts(sorted(set(keys)))
        now = self._monotonic()
        facts = [found.get(key, NumberFacts()) for key in keys]
        for key, each in zip(keys, facts, strict=True):
            self._known[key] = (each, now + (FACTS_SECONDS if each.token is not None else _MISSING_SECONDS))
        return facts
