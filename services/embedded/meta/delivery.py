"""At-least-once delivery of webhooks: tried until taken, in order where it matters, a few at a time."""

import asyncio
import heapq
import itertools
import random
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from .clock import Alarm, Clock
from .plans import DeliveryPlan
from .webhooks import JsonObject

BACKOFF = (0.2, 0.5, 1.0, 2.0, 4.0, 5.0)
"""Seconds before each further try, the last one for ever; Meta publishes only that its own waits grow."""


@dataclass(frozen=True, slots=True)
class Webhook:
    """One event for the receiver. Those of the same `line` are delivered one by one, in the order put in."""

    line: str
    value: JsonObject
    on_taken: Callable[[], None] | None = None


@dataclass(order=True, slots=True)
class _Parcel:
    """Webhooks that travel in one POST; after a failure they stay together, as in Meta's retries."""

    due: float
    sequence: int
    webhooks: list[Webhook] = field(compare=False)
    attempts: int = field(default=0, compare=False)
    holds_line: bool = field(default=False, compare=False)


class WebhookQueue:
    """The webhooks of one business number. `post` sends values and says whether the receiver answered 200.

    A line is held from the moment one of its webhooks is due until the receiver took it; what becomes due
    meanwhile is parked. A refused parcel waits without occupying one of the concurrent POSTs.
    """

    def __init__(
        self,
        *,
        post: Callable[[Sequence[JsonObject]], Awaitable[bool]],
        plan: Callable[[], DeliveryPlan],
        clock: Clock,
        dice: random.Random,
    ) -> None:
        self._post, self._plan, self._clock, self._dice = post, plan, clock, dice
        self._due: list[_Parcel] = []
        self._parked: dict[str, deque[_Parcel]] = {}
        self._posting: set[asyncio.Task[None]] = set()
        self._sequence = itertools.count()
        self._alarm: Alarm | None = None
        self._alarm_at = 0.0
        self.pending = 0
        self.taken = 0
        self.refused_posts = 0

    def put(self, webhook: Webhook, delay: float = 0.0) -> None:
        """Deliver this webhook, `delay` seconds from now at the earliest."""
        self.pending += 1
        shuffle = self._plan().out_of_order_ms / 1000
        if shuffle:
            webhook = Webhook(f"{webhook.line}#{next(self._sequence)}", webhook.value, webhook.on_taken)
            delay += self._dice.uniform(0, shuffle)
        heapq.heappush(self._due, _Parcel(self._clock.now() + delay, next(self._sequence), [webhook]))
        self._wind()

    async def close(self) -> None:
        """Stop at once; what waits is lost, for the simulator keeps nothing on disk."""
        self._due.clear()
        if self._alarm:
            self._alarm.cancel()
        posting = list(self._posting)
        for task in posting:
            task.cancel()
        await asyncio.gather(*posting, return_exceptions=True)

    def _wind(self) -> None:
        """Set the alarm for the next parcel, unless one rings early enough or every POST is busy."""
        if not self._due or len(self._posting) >= self._plan().concurrency:
            return
        when = self._due[0].due
        if self._alarm and self._alarm_at <= when:
            return
        if self._alarm:
            self._alarm.cancel()
        self._alarm, self._alarm_at = self._clock.call_at(when, self._ring), when

    def _ring(self) -> None:
        self._alarm = None
        while len(self._posting) < self._plan().concurrency and (parcel := self._take()):
            task = asyncio.get_running_loop().create_task(self._carry(parcel))
            self._posting.add(task)
        self._wind()

    def _take(self) -> _Parcel | None:
        """The next parcel that may go, filled up with other due webhooks; None when nothing can go now."""
        while self._is_due():
            parcel = heapq.heappop(self._due)
            if parcel.holds_line:
                return parcel
            if self._hold_or_park(parcel):
                self._fill(parcel)
                return parcel
        return None

    def _fill(self, parcel: _Parcel) -> None:
        """Add what is due as well, up to the batch size; a line that came along keeps its order."""
        own = {_line(parcel)}
        while len(parcel.webhooks) < self._plan().batch_size and self._is_due() and not self._due[0].holds_line:
            candidate = heapq.heappop(self._due)
            if _line(candidate) in own or self._hold_or_park(candidate):
                own.add(_line(candidate))
                parcel.webhooks += candidate.webhooks

    def _hold_or_park(self, parcel: _Parcel) -> bool:
        """Take the line for this parcel, or park it behind the one that has it."""
        waiting = self._parked.get(_line(parcel))
        if waiting is None:
            self._parked[_line(parcel)] = deque()
            parcel.holds_line = True
        else:
            waiting.append(parcel)
        return waiting is None

    def _is_due(self) -> bool:
        return bool(self._due) and self._due[0].due <= self._clock.now()

    async def _carry(self, parcel: _Parcel) -> None:
        task = asyncio.current_task()
        assert task is not None
        try:
            taken = await self._post([webhook.value for webhook in parcel.webhooks])
        finally:
            self._posting.discard(task)
        if taken:
            self._settle(parcel)
        else:
            self._retry_later(parcel)
        self._wind()

    def _settle(self, parcel: _Parcel) -> None:
        self.taken += len(parcel.webhooks)
        self.pending -= len(parcel.webhooks)
        for line in {webhook.line for webhook in parcel.webhooks}:
            self._release(line)
        for webhook in parcel.webhooks:
            if webhook.on_taken:
                webhook.on_taken()

    def _release(self, line: str) -> None:
        """Hand the line to the next parcel parked behind it, or give it up."""
        if waiting := self._parked[line]:
            heir = waiting.popleft()
            heir.holds_line = True
            heapq.heappush(self._due, heir)
        else:
            del self._parked[line]

    def _retry_later(self, parcel: _Parcel) -> None:
        self.refused_posts += 1
        wait = BACKOFF[min(parcel.attempts, len(BACKOFF) - 1)] * self._dice.uniform(0.8, 1.2)
        parcel.attempts += 1
        parcel.due = self._clock.now() + wait
        heapq.heappush(self._due, parcel)


def _line(parcel: _Parcel) -> str:
    return parcel.webhooks[0].line
