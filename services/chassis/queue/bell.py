"""An in-process bell: whoever inserts rings it, whoever claims waits for it. One poll a process is the net beneath."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from services.chassis.db import Database, Query
from services.chassis.errors import Unavailable
from services.chassis.lifecycle import Periodic

# Other processes' inserts, expired leases and due waits are found this often (design: 0.5 s poll).
POLL_SECONDS = 0.5


class Bell:
    """Rung by inserts of this process, and by the poll. A nudge only wakes: there is other work than in the box."""

    def __init__(self) -> None:
        self._event = asyncio.Event()
        self._is_rung = False

    def ring(self) -> None:
        """Something may be there to be claimed; rings before the wait count."""
        self._is_rung = True
        self._event.set()

    def nudge(self) -> None:
        """Wake whoever waits."""
        self._event.set()

    async def wait(self) -> None:
        """Return when rung or nudged."""
        await self._event.wait()
        self._event.clear()

    def was_rung(self) -> bool:
        """Whether it was rung since this was last asked."""
        is_rung, self._is_rung = self._is_rung, False
        return is_rung


class Poll(Periodic):
    """A part: asks every half second, once for all boxes of the process, whether something waits, and rings.

    The first question is asked at once: work may have waited for this process to start.
    """

    def __init__(
        self, database: Database, watched: Sequence[tuple[Query, Callable[[], None]]], *, seconds: float = POLL_SECONDS
    ) -> None:
        super().__init__("poll", seconds, self._ask)
        self._database = database
        self._watched = watched

    async def _ask(self) -> None:
        try:
            answers = await self._database.ask([query for query, _ in self._watched])
        except Unavailable:
            # Whoever claims finds it out for himself, and says so.
            answers = [True] * len(self._watched)
        for (_, ring), is_any in zip(self._watched, answers, strict=True):
            if is_any:
                ring()
