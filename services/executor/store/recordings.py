"""Conversations as they were: the events that came and the messages that were said, while their items are kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from services.chassis.db import Database, fetch_all
from services.chassis.queue import StoredItem
from services.executor.ports import Recording
from services.executor.store.boxes import INBOX, OUTBOX

# A turn says a few messages as a rule; one that says hundreds is cut by its budget.
_SAID_AN_EVENT = 10
# Events hold what was answered outside, 64 KiB each at the most: what is replayed must fit into memory many times.
_MOST_BYTES = 16 * 1024 * 1024

_LAST = """
    SELECT pos, event_id, payload, received_at FROM (
      SELECT *, sum(octet_length(payload)) OVER (ORDER BY pos DESC) AS size FROM (
        SELECT pos, event_id, payload, received_at FROM {path}_item
        WHERE organization_id = %(organization_id)s AND lane_id = %(conversation_id)s
        ORDER BY pos DESC LIMIT %(limit)s) last) sized
    WHERE size <= %(bytes)s ORDER BY pos DESC"""
_LAST_EVENTS, _LAST_SAID = _LAST.format(path=INBOX.path), _LAST.format(path=OUTBOX.path)


class PostgresRecordings:
    """See ports.Recordings."""

    def __init__(self, database: Database, *, most_bytes: int = _MOST_BYTES) -> None:
        self._database = database
        self._most_bytes = most_bytes

    async def recording(self, *, organization_id: UUID, conversation_id: UUID, limit: int) -> Recording:
        """See ports.Recordings."""
        values = {"organization_id": organization_id, "conversation_id": conversation_id, "bytes": self._most_bytes}
        async with self._database.transaction([organization_id], durable=False) as connection:
            events = await fetch_all(connection, _LAST_EVENTS, values | {"limit": limit})
            said = await fetch_all(connection, _LAST_SAID, values | {"limit": limit * _SAID_AN_EVENT})
        return Recording(_items(events), _items(said), is_cut=bool(events) and events[-1][0] > 1)


def _items(rows: Sequence[tuple[Any, ...]]) -> list[StoredItem]:
    """Rows of the newest first, as items of the oldest first."""
    return [StoredItem(*row) for row in reversed(rows)]
