"""All connections of the process: how many there may be, and how long each may take."""

from __future__ import annotations

from collections.abc import Collection
from heapq import nsmallest
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from services.ingress.http.connection import BoundedConnection

SWEEP_SECONDS = 1.0
# Balancers keep connections for 60 s as a rule: who closes first must be the one who sends the next request.
KEEP_ALIVE_SECONDS = 65
# Seconds a client may owe something. A body's own time is kept by who reads it (http/body.py); this is for those
# that nobody reads.
PATIENCE = {"request": float(KEEP_ALIVE_SECONDS), "head": 10.0, "body": 30.0, "its leave": 2.0}
# Bytes a second of all connections together that are taken only to be dropped.
DROPPED_PER_SECOND = 64 * 1024 * 1024
# When it is full a share of those who owe longest go, so that the next newcomers need no search.
_SHARE_THAT_GOES = 20


class Crowd:
    """Admits connections up to `most`; who has owed something for longest makes room."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._dropped_until = 0.0

    def pause_after(self, dropped: int, now: float) -> float | None:
        """How many seconds a connection waits that had so many bytes dropped; None when it would not be waited for."""
        until = max(now, self._dropped_until) + dropped / DROPPED_PER_SECOND
        if until - now > PATIENCE["its leave"]:
            return None
        self._dropped_until = until
        return until - now

    def admit(self, newcomer: BoundedConnection) -> None:
        """Let a connection in; it is among `newcomer.connections` already."""
        if len(newcomer.connections) <= self._most:
            return
        connections = cast("set[BoundedConnection]", newcomer.connections)
        owing = [each for each in connections if each.owes.value in PATIENCE and each is not newcomer]
        leaving = nsmallest(max(1, len(owing) // _SHARE_THAT_GOES), owing, key=lambda each: each.since)
        for connection in leaving or [newcomer]:
            connection.turn_away()

    def sweep(self, connections: Collection[BoundedConnection], now: float) -> None:
        """End the connections of those who are too slow."""
        for connection in tuple(connections):
            patience = PATIENCE.get(connection.owes.value)
            if patience is not None and now - connection.since > patience and not connection.is_unhurried:
                connection.turn_away()
