"""Calls outside: claimed, made many at once, told to their conversations.

A lane is held only for a few seconds and held anew while its call is under way: when this process dies, another one
makes the call again within seconds, under the same Idempotency-Key, and only one of them finishes it (the lease).
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from uuid import UUID

from services.chassis.clock import Monotonic
from services.chassis.errors import Unavailable
from services.chassis.logs import get_logger
from services.chassis.queue import Batcher, Bell, Claim, Finish
from services.executor import metrics
from services.executor.domain.events import EffectDone
from services.executor.domain.replies import failed
from services.executor.ports import EffectBox, EffectDue, EffectSettled
from services.executor.usecases import CallOutside
from services.executor.worker.orders import result_item

_log = get_logger(__name__)

# Begun so often without an end, in whatever process: given up, and the flow is told.
MOST_ATTEMPTS = 5
_ERROR_SECONDS = 0.5
_LONGEST_BACKOFF = 10.0
_SETTLE_PAUSES = (0.1, 0.5, 2.0)
_GIVEN_UP = "The call was given up: it failed in a way that nobody foresaw."


class EffectWorker:
    """A part. `limit` bounds the calls of this process at a time, `share` those of one organization."""

    def __init__(
        self,
        box: EffectBox,
        call: CallOutside,
        bell: Bell,
        *,
        limit: int,
        share: int,
        lease_seconds: float,
        drain_seconds: float,
        monotonic: Monotonic,
    ) -> None:
        self._box = box
        self._call = call
        self._bell = bell
        self._limit = limit
        self._share = share
        self._lease_seconds = lease_seconds
        self._drain_seconds = drain_seconds
        self._monotonic = monotonic
        self._under_way: dict[asyncio.Task[None], Claim] = {}
        self._settler: Batcher[EffectSettled, bool] = Batcher(box.settle)
        self._is_stopping = False
        self._loops: list[asyncio.Task[None]] = []

    @property
    def may_hold(self) -> bool:
        """See Outlet: calls are claimed in fair turns, always."""
        return False

    def take(self, claims: Sequence[Claim], *, is_all: bool) -> None:
        """See Outlet: something was put in."""
        self._bell.ring()

    async def start(self) -> None:
        """Begin to claim."""
        self._loops = [
            asyncio.create_task(self._claim_forever(), name="executor effects"),
            asyncio.create_task(self._renew_forever(), name="executor effect leases"),
        ]

    async def stop(self) -> None:
        """Claim no more, and let calls under way end; what does not is given back, to be made elsewhere."""
        self._is_stopping = True
        self._bell.ring()
        claiming, renewing = self._loops
        await asyncio.gather(claiming, return_exceptions=True)
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=self._drain_seconds)
        left = dict(self._under_way)
        for task in [*left, renewing]:
            task.cancel()
        await asyncio.gather(*left, renewing, return_exceptions=True)
        await self._give_back(list(left.values()))

    async def _claim_forever(self) -> None:
        while not self._is_stopping:
            try:
                if not await self._turn():
                    await self._bell.wait()
            except Unavailable:
                await asyncio.sleep(_ERROR_SECONDS)
            except Exception as error:
                # What was claimed comes back when its lease ends.
                _log.exception("effects_failed", error=type(error).__name__)
                await asyncio.sleep(_ERROR_SECONDS)

    async def _turn(self) -> bool:
        """Begin what there is room for; tells whether there may be more at once."""
        room = self._limit - len(self._under_way)
        if room <= 0:
            return False
        counts = self._counts()
        full = [organization_id for organization_id, count in counts.items() if count >= self._share]
        claimed = await self._box.claim(limit=room, without=full)
        excess = []
        for due in claimed:
            organization_id = due.claim.group_id
            if counts[organization_id] >= self._share:
                excess.append(due.claim)
                continue
            counts[organization_id] += 1
            self._set_out(due)
        await self._give_back(excess)
        return bool(claimed)

    def _counts(self) -> Counter[UUID]:
        return Counter(claim.group_id for claim in self._under_way.values())

    def _set_out(self, due: EffectDue) -> None:
        task = asyncio.create_task(self._make(due))
        self._under_way[task] = due.claim
        task.add_done_callback(self._came_back)
        metrics.effects_in_flight.set(len(self._under_way))

    def _came_back(self, task: asyncio.Task[None]) -> None:
        del self._under_way[task]
        metrics.effects_in_flight.set(len(self._under_way))
        # There is room again, and there may be more in its lane.
        self._bell.ring()

    async def _make(self, due: EffectDue) -> None:
        started = self._monotonic()
        settled, done = await self._outcome_of(due)
        for pause in (*_SETTLE_PAUSES, None):
            try:
                (was_ours,) = await self._settler.submit([settled])
            except Unavailable:
                if pause is None:
                    # The lease ends, and somebody makes the call again.
                    return
                await asyncio.sleep(pause)
            else:
                if was_ours and done is not None:
                    kind = "unknown" if isinstance(due.request, str) else due.request.kind
                    metrics.effects_total.labels(kind, done.outcome).inc()
                    metrics.effect_seconds.labels(kind).observe(self._monotonic() - started)
                return

    async def _outcome_of(self, due: EffectDue) -> tuple[EffectSettled, EffectDone | None]:
        """How the lane is given back, and what the flow is told if it is told something."""
        claim, request = due.claim, due.request
        if isinstance(request, str):
            return self._buried(due, request)
        if claim.attempts > MOST_ATTEMPTS:
            return self._buried(due, claim.last_error or "the process died each time it made this call")
        try:
            done = await self._call(claim.group_id, request, age=due.age)
        except Unavailable:
            # The secrets are out of reach: nothing was sent.
            return EffectSettled(Finish(claim, claim.head, delay=_ERROR_SECONDS)), None
        except Exception as error:
            _log.exception("effect_failed", error=type(error).__name__)
            delay = min(_LONGEST_BACKOFF, 0.2 * 2**claim.attempts)
            # Types only: the text might quote what the call carries.
            text = type(error).__name__
            return EffectSettled(Finish(claim, claim.head, delay=delay, is_blamed=True, error=text)), None
        return EffectSettled(Finish(claim, claim.until), result_item(due, done)), done

    def _buried(self, due: EffectDue, why: str) -> tuple[EffectSettled, EffectDone]:
        _log.error("effect_dead_lettered", event_id=due.item.event_id, attempts=due.claim.attempts)
        effect_id = due.item.event_id.partition(":")[0]
        done = failed(effect_id, _GIVEN_UP)
        return EffectSettled(Finish(due.claim, due.claim.until), result_item(due, done), buried=why), done

    async def _give_back(self, claims: Sequence[Claim]) -> None:
        """Untouched, for whoever is free."""
        if claims:
            await self._settler.submit([EffectSettled(Finish(claim, claim.head, delay=0.0)) for claim in claims])

    async def _renew_forever(self) -> None:
        while True:
            await asyncio.sleep(self._lease_seconds / 3)
            under_way = dict(self._under_way)
            if not under_way:
                continue
            try:
                held = await self._box.renew(list(under_way.values()))
            except Unavailable:
                # Postgres is away: whether the leases hold is found out when calls are settled.
                continue
            for task, claim in under_way.items():
                if (claim.group_id, claim.lane_id) not in held:
                    task.cancel()
