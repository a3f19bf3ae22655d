"""The worker of webhooks: turns changes into calls, and makes the calls that wait.

A lane is a conversation of a webhook: its calls are made one after the other, so their order is kept. One that is not
taken is tried again, with longer and longer waits for 24 hours, while the conversation's later calls wait behind it;
then it is a dead letter, and the lane goes on. A webhook that fails rests as a whole for a while: the lanes of its
other conversations need not find that out for themselves.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import datetime
from uuid import UUID

from services.chassis.clock import Monotonic, Now
from services.chassis.errors import Unavailable
from services.chassis.logs import get_logger
from services.chassis.queue import Bell, Claim, StoredItem
from services.sender import metrics
from services.sender.domain.webhooks import GIVE_UP_SECONDS, Call, wait_after
from services.sender.ports.teams import CallBox, WebhookStore

_log = get_logger(__name__)

Make = Callable[[UUID, Call], Awaitable[str]]
Decode = Callable[[bytes], Call | None]

PER_LANE = 16
_FEED_SECONDS = 0.5
_ORGANIZATIONS_AT_ONCE = 64
_ERROR_SECONDS = 0.5
_CROWDED_SECONDS = 0.3
# A webhook that fails rests so long, twice as long with each failure in a row.
_FIRST_REST, _LONGEST_REST = 1.0, 60.0


class WebhookWorker:
    """A part. `limit` bounds the calls of this process at a time, `share` those of one organization."""

    def __init__(
        self,
        store: WebhookStore,
        box: CallBox,
        make: Make,
        bell: Bell,
        *,
        decode: Decode,
        now: Now,
        monotonic: Monotonic,
        dice: Callable[[], float],
        limit: int,
        share: int,
        walk_seconds: float,
        drain_seconds: float,
    ) -> None:
        """After `walk_seconds` a walk of a lane begins no further call: its lease must outlast the last one."""
        self._store = store
        self._box = box
        self._make = make
        self._bell = bell
        self._decode = decode
        self._now = now
        self._monotonic = monotonic
        self._dice = dice
        self._limit = limit
        self._share = share
        self._walk_seconds = walk_seconds
        self._drain_seconds = drain_seconds
        self._walks: dict[asyncio.Task[None], Claim] = {}
        self._rests: dict[UUID, tuple[float, float]] = {}
        self._stopping = asyncio.Event()
        self._loops: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Begin."""
        self._loops = [
            asyncio.create_task(self._feed_forever(), name="sender webhook feed"),
            asyncio.create_task(self._claim_forever(), name="sender webhook calls"),
        ]

    async def stop(self) -> None:
        """Claim no more, and let calls under way end; those that do not are made again by another process."""
        self._stopping.set()
        self._bell.ring()
        await asyncio.gather(*self._loops, return_exceptions=True)
        if self._walks:
            await asyncio.wait(self._walks, timeout=self._drain_seconds)
        for task in list(self._walks):
            task.cancel()
        await asyncio.gather(*self._walks, return_exceptions=True)

    async def _feed_forever(self) -> None:
        while not self._stopping.is_set():
            try:
                if await self._store.feed(limit=_ORGANIZATIONS_AT_ONCE):
                    self._bell.ring()
                    continue
            except Unavailable:
                pass
            except Exception as error:
                _log.exception("webhook_feed_failed", error=type(error).__name__)
            await self._rest(_FEED_SECONDS)

    async def _rest(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._stopping.wait()
        except TimeoutError:
            return

    async def _claim_forever(self) -> None:
        while not self._stopping.is_set():
            try:
                if not await self._turn():
                    await self._bell.wait()
            except Unavailable:
                await self._rest(_ERROR_SECONDS)
            except Exception as error:
                # What was claimed comes back when its lease ends.
                _log.exception("webhook_claim_failed", error=type(error).__name__)
                await self._rest(_ERROR_SECONDS)

    async def _turn(self) -> bool:
        """Set out on what there is room for; tells whether there may be more at once."""
        room = self._limit - len(self._walks)
        if room <= 0:
            return False
        counts = Counter(claim.group_id for claim in self._walks.values())
        claims = await self._box.claim(limit=room)
        for claim in claims:
            if counts[claim.group_id] >= self._share:
                wait = _CROWDED_SECONDS * (1 + self._dice())
                await self._box.give_back(claim, head=claim.head, delay=wait, error=None)
                continue
            counts[claim.group_id] += 1
            task = asyncio.create_task(self._walk(claim))
            self._walks[task] = claim
            task.add_done_callback(self._came_back)
        return len(claims) == room

    def _came_back(self, task: asyncio.Task[None]) -> None:
        del self._walks[task]
        self._bell.ring()

    async def _walk(self, claim: Claim) -> None:
        try:
            if await self._make_calls(claim):
                self._bell.ring()
        except Unavailable:
            # The lease ends, and what was not noted is told again under the same id.
            return
        except Exception as error:
            _log.exception("webhook_failed", error=type(error).__name__)

    async def _make_calls(self, claim: Claim) -> bool:
        """The lane's calls in order; tells whether it has more to do at once."""
        head, until = claim.head, self._monotonic() + self._walk_seconds
        for index, item in enumerate(claim.items):
            if self._stopping.is_set() or self._monotonic() >= until:
                return await self._box.give_back(claim, head=head, delay=0.0, error=None)
            call = self._decode(item.payload)
            if call is None:
                return await self._bury(claim, item, "the stored call cannot be read")
            rest = self._rests.get(call.webhook_id, (0.0, 0.0))[0] - self._monotonic()
            if rest > 0:
                return await self._box.give_back(claim, head=head, delay=rest * (1 + self._dice()), error=None)
            why_not = await self._make(claim.group_id, call)
            if why_not:
                self._failed(call.webhook_id)
                return await self._later(claim, item, head, why_not)
            self._rests.pop(call.webhook_id, None)
            metrics.webhook_calls_total.labels("taken").inc()
            head = claim.place_of(index)
        return await self._box.give_back(claim, head=claim.until, delay=None, error=None)

    async def _later(self, claim: Claim, item: StoredItem, head: int, why_not: str) -> bool:
        if _age(item, self._now()) > GIVE_UP_SECONDS:
            return await self._bury(claim, item, why_not)
        metrics.webhook_calls_total.labels("failed").inc()
        failures = claim.attempts if head == claim.head else 1
        wait = wait_after(failures, dice=self._dice())
        return await self._box.give_back(claim, head=head, delay=wait, error=why_not)

    async def _bury(self, claim: Claim, item: StoredItem, why: str) -> bool:
        metrics.webhook_calls_total.labels("given_up").inc()
        return await self._box.bury(claim, item, why)

    def _failed(self, webhook_id: UUID) -> None:
        until, last = self._rests.get(webhook_id, (0.0, 0.0))
        if until > self._monotonic():
            # Calls that were under way together count once.
            return
        rest = min(max(last * 2, _FIRST_REST), _LONGEST_REST)
        self._rests[webhook_id] = (self._monotonic() + rest, rest)


def _age(item: StoredItem, now: datetime) -> float:
    return (now - item.received_at).total_seconds()
