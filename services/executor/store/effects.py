"""The box of calls outside: claimed, kept, and given back together with what their conversations are told."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from uuid import UUID

from services.chassis.db import Database, Query
from services.chassis.queue import Claim, Finish, Lanes, LeaseLost, StoredItem
from services.executor.domain.requests import EffectRequest
from services.executor.ports import EffectDue, EffectSettled

_NOW = Query("SELECT now()")

Read = Callable[[StoredItem], EffectRequest]


class PostgresEffects:
    """See ports.EffectBox."""

    def __init__(
        self, database: Database, effects: Lanes, inbox: Lanes, *, read: Read, on_told: Callable[[], None]
    ) -> None:
        """`read` raises ValueError; `on_told` is told when something was put into the inbox for the worker."""
        self._database = database
        self._effects = effects
        self._inbox = inbox
        self._read = read
        self._on_told = on_told

    async def claim(self, *, limit: int, without: Sequence[UUID]) -> Sequence[EffectDue]:
        """See ports.EffectBox."""
        claims = await self._effects.claim(limit=limit, which="spared", per_lane=1, without=without)
        if not claims:
            return []
        # Hosts' clocks may differ from the one that dated the items.
        (((now,),),) = await self._database.batch((), [(_NOW, {})], durable=False)
        empty = [claim for claim in claims if not claim.items]
        await self._effects.give_back([Finish(claim, claim.until) for claim in empty])
        return [self._due(claim, claim.items[0], now) for claim in claims if claim.items]

    def _due(self, claim: Claim, item: StoredItem, now: datetime) -> EffectDue:
        age = (now - item.received_at).total_seconds()
        try:
            return EffectDue(claim, item, self._read(item), age)
        except ValueError as error:
            return EffectDue(claim, item, f"it cannot be read: {error}"[:500], age)

    async def renew(self, claims: Sequence[Claim]) -> set[tuple[UUID, UUID]]:
        """See ports.EffectBox."""
        # In key order, as whoever puts a batch of items in locks lanes.
        ordered = sorted(claims, key=lambda claim: (claim.group_id, claim.lane_id))
        async with self._database.transaction((), durable=False) as connection:
            return await self._effects.renew(connection, ordered)

    async def settle(self, settled: Sequence[EffectSettled]) -> Sequence[bool]:
        """See ports.EffectBox."""
        try:
            await self._settle(settled)
        except LeaseLost:
            if len(settled) == 1:
                return [False]
            return [(await self.settle([each]))[0] for each in settled]
        if any(each.event is not None for each in settled):
            self._on_told()
        return [True] * len(settled)

    async def _settle(self, settled: Sequence[EffectSettled]) -> None:
        telling = self._inbox.enqueueing([each.event for each in settled if each.event is not None])
        async with self._database.journey({each.finish.claim.group_id for each in settled}) as journey:
            # The inbox first: a turn holds its lane there when it orders more.
            with self._effects.fence():
                await journey.run([*telling.steps, self._effects.finishing([each.finish for each in settled])])
            for each in settled:
                if each.buried:
                    claim = each.finish.claim
                    await self._effects.bury(journey.connection, claim, claim.items[0], each.buried)
            await journey.commit()
