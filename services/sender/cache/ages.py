"""How old what statuses tell is: while those of a doubt's time still come in, its own may be among the next."""

from __future__ import annotations

from collections.abc import Sequence

from services.chassis.clock import Monotonic
from services.sender.domain.patience import Told
from services.sender.ports import Key, StatusEvent


class StatusAges:
    """What moments each number's statuses told of in the last one to two `quiet_seconds` (surroundings.AgeBook).

    Meta's queue may be long though ours are empty: then statuses come in all the time, each as late as the queue is
    long. Kept in memory, so that a process has to listen for a while before it knows.
    """

    def __init__(self, monotonic: Monotonic, *, quiet_seconds: float) -> None:
        self._monotonic = monotonic
        self._quiet = quiet_seconds
        self._began_at = self._turned_at = monotonic()
        # The first and the last moment by number: of this stretch of time, and of the one before.
        self._now: dict[Key, tuple[int, int]] = {}
        self._before: dict[Key, tuple[int, int]] = {}

    def note(self, events: Sequence[StatusEvent]) -> None:
        """These were applied, and were news."""
        self._turn()
        for event in events:
            if event.occurred_at > 0:
                key, at = (event.organization_id, event.phone_number_id), event.occurred_at
                first, last = self._now.get(key, (at, at))
                self._now[key] = (min(first, at), max(last, at))

    def told(self, key: Key, *, moment: float) -> Told:
        """What statuses of this number told of lately; `moment` in seconds since 1970."""
        self._turn()
        if self._monotonic() - self._began_at < self._quiet:
            return "older"
        known = [moments[key] for moments in (self._now, self._before) if key in moments]
        if not known:
            return "nothing"
        # A call reaches Meta some seconds after its mark at the latest.
        return "older" if min(first for first, _ in known) <= moment + self._quiet else "later"

    def _turn(self) -> None:
        now = self._monotonic()
        if now - self._turned_at < self._quiet:
            return
        self._before = self._now if now - self._turned_at < 2 * self._quiet else {}
        self._now, self._turned_at = {}, now
