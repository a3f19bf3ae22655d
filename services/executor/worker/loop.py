"""The loops. One batch at a time: a suspect is then alone in the process by construction."""

from __future__ import annotations

import asyncio

from services.chassis import metrics
from services.chassis.clock import Monotonic
from services.chassis.errors import Unavailable
from services.chassis.logs import get_logger
from services.chassis.queue import Bell, Lanes
from services.executor.ports import States
from services.executor.usecases import Turns
from services.executor.worker.codec import decode, timer_item

_log = get_logger(__name__)

_ERROR_SECONDS = 0.5
# Suspects (a holder died or an earlier try failed) are looked for this often while fresh lanes keep coming.
_SUSPECT_SECONDS = 0.25
_BATCH = 128
_TIMER_BATCH = 500


class InboxWorker:
    """A part: claims conversations with something to do and works them off."""

    def __init__(self, inbox: Lanes, turns: Turns, *, bell: Bell, monotonic: Monotonic) -> None:
        self._inbox = inbox
        self._turns = turns
        self._bell = bell
        self._monotonic = monotonic
        self._suspects_at = 0.0
        self._is_stopping = False
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to claim."""
        self._task = asyncio.create_task(self._loop(), name="executor inbox")

    async def stop(self) -> None:
        """Finish the batch in hand; claim no more."""
        self._is_stopping = True
        self._bell.ring()
        if self._task is not None:
            await asyncio.gather(self._task, return_exceptions=True)

    async def _loop(self) -> None:
        while not self._is_stopping:
            try:
                if not await self._turn():
                    await self._bell.wait()
            except Unavailable:
                await asyncio.sleep(_ERROR_SECONDS)
            except Exception as error:
                # What was claimed comes back when its lease ends, as a suspect.
                _log.exception("worker_failed", error=type(error).__name__)
                await asyncio.sleep(_ERROR_SECONDS)

    async def _turn(self) -> bool:
        """Work off one batch; tells whether there is, or may be, more at once."""
        claims = await self._inbox.claim(limit=_BATCH, which="fresh")
        has_more = len(claims) == _BATCH
        if claims:
            metrics.lane_batch_items.labels(self._inbox.box.path).observe(sum(len(claim.items) for claim in claims))
            has_more = await self._turns.work_off([decode(claim) for claim in claims]) or has_more
        if not claims or self._monotonic() - self._suspects_at > _SUSPECT_SECONDS:
            return await self._suspect() or has_more
        return has_more

    async def _suspect(self) -> bool:
        self._suspects_at = self._monotonic()
        claims = await self._inbox.claim(limit=1, which="suspect")
        if claims:
            await self._turns.work_off([decode(claims[0])])
        return bool(claims)


class TimerClock:
    """A part: turns due timers into events when it is rung (Poll asks whether any is due)."""

    def __init__(self, states: States) -> None:
        self._states = states
        self._bell = Bell()
        self._task: asyncio.Task[None] | None = None

    def ring(self) -> None:
        """Some timer is due."""
        self._bell.ring()

    async def start(self) -> None:
        """Begin to wait."""
        self._task = asyncio.create_task(self._loop(), name="executor timers")

    async def stop(self) -> None:
        """End; a firing that is under way happens whole or not at all."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def fire(self) -> None:
        """Fire what is due."""
        while await self._states.fire_timers(_TIMER_BATCH, timer_item) == _TIMER_BATCH:
            continue

    async def _loop(self) -> None:
        while True:
            await self._bell.wait()
            try:
                await self.fire()
            except Unavailable:
                continue
            except Exception as error:
                _log.exception("timers_failed", error=type(error).__name__)
