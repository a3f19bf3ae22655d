"""The machine of one conversation in memory: the states and timers that the executor would keep, and a clock."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from services.executor.domain.advance import advance
from services.executor.domain.arrival import Arrival, TimerDue
from services.executor.domain.compile import CompiledFlow
from services.executor.domain.effects import Effects, Rules, Timer
from services.executor.domain.limits import Limits
from services.executor.domain.standing import Standing

# A flow that sets timers without an end must not hold anything up: so many fire between two events.
MOST_FIRED: Final = 1_000

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


class TooManyTimers(Exception):
    """More timers fired between two events than any flow needs."""


class Machine:
    """Takes arrivals on as the executor does; its clock stands still until it is moved."""

    def __init__(
        self, find_flow: Callable[[UUID, str, int], CompiledFlow | None], limits: Limits, ttl: timedelta, now: datetime
    ) -> None:
        self.now = now
        self.timers: dict[tuple[str, UUID], datetime] = {}
        self._find_flow = find_flow
        self._limits = limits
        self._ttl = ttl
        self._standings: dict[UUID, Standing] = {}
        self._latest: Standing | None = None

    @property
    def active(self) -> Standing | None:
        """The state that stands in a flow, if any does."""
        return next((one for one in self._standings.values() if one.session.is_active and one.is_live(self.now)), None)

    @property
    def latest(self) -> Standing | None:
        """The state that stands in a flow, else the one that changed last."""
        return self.active or self._latest

    def take(self, arrival: Arrival) -> Effects:
        """Take an arrival on at this moment. Raises FlowNeeded as `find_flow` does; then nothing has happened."""
        rules = Rules(self._find_flow, self._limits, self._ttl, self.now, lambda: 0.0)
        effects = advance(arrival, self._standings, rules)
        self._standings.update(effects.standings)
        for standing in effects.standings.values():
            self._latest = standing
        for timer in effects.timers:
            self._keep_timer(timer)
        return effects

    def firing(self, moment: datetime) -> Iterator[TimerDue]:
        """Move the clock on and give the timers that fire on the way, each at its moment; take each before the next.

        Raises TooManyTimers.
        """
        target = moment.astimezone(UTC)
        for _ in range(MOST_FIRED):
            due = min(self.timers.items(), key=lambda item: item[1], default=None)
            if due is None or due[1] > target:
                self.now = max(self.now, target)
                return
            (kind, scope), fire_at = due
            del self.timers[kind, scope]
            self.now = max(self.now, fire_at)
            yield TimerDue(kind, scope, (fire_at - _EPOCH) // _MICROSECOND)
        raise TooManyTimers

    def _keep_timer(self, timer: Timer) -> None:
        self.timers.pop((timer.kind, timer.scope), None)
        if timer.fire_at is not None:
            self.timers[timer.kind, timer.scope] = timer.fire_at
