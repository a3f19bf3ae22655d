"""What is known of messages: one by one, and page by page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from services.chassis.db import Database, Query
from services.sender.ports.teams import Listed, MessageFilter

_COLUMNS = """message_id, lane_id, phone_number_id, state, status, attempts, wamids, resolved_by, is_maybe_duplicate,
    error_code, error_text, created_at, error_action"""

# One descent of the primary key for each (statements.LOCK_MESSAGES).
_FIND = Query(f"""
    SELECT m.* FROM unnest(%(ids)b::uuid[]) t(k)
    CROSS JOIN LATERAL (
      SELECT {_COLUMNS} FROM sender.message
      WHERE organization_id = %(organization)b::uuid AND message_id = t.k AND erased_at IS NULL LIMIT 1) m""")

# The conditions of the lists' partial indexes; the one on created_at holds for every message.
_PAGE = Query(f"""
    SELECT {_COLUMNS} FROM sender.message
    WHERE organization_id = %(organization)s::uuid AND created_at > '2000-01-01Z' AND erased_at IS NULL
      AND (%(lane_id)s::uuid IS NULL OR lane_id = %(lane_id)s::uuid)
      AND (%(number)s::text = '' OR phone_number_id = %(number)s::text)
      AND (%(state)s::text = '' OR state = %(state)s::text)
      AND (%(status)s::text = '' OR status = %(status)s::text)
      AND (%(since)s::timestamptz IS NULL OR created_at >= %(since)s::timestamptz)
      AND (%(until)s::timestamptz IS NULL OR created_at < %(until)s::timestamptz)
      AND (%(moment)s::timestamptz IS NULL OR (created_at, message_id) < (%(moment)s::timestamptz, %(last)s::uuid))
    ORDER BY created_at DESC, message_id DESC LIMIT %(limit)s::bigint""")


class PostgresMessages:
    """See ports.teams.MessageBook."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, *, organization_id: UUID, message_ids: Sequence[UUID]) -> Mapping[UUID, Listed]:
        """See MessageBook."""
        step = (_FIND, {"organization": organization_id, "ids": list(message_ids)})
        (rows,) = await self._database.batch([organization_id], [step], durable=False)
        return {row[0]: _listed(row) for row in rows}

    async def page(self, *, organization_id: UUID, chosen: MessageFilter, limit: int) -> list[Listed]:
        """See MessageBook."""
        moment, last = chosen.before or (None, None)
        values = {
            "organization": organization_id, "lane_id": chosen.lane_id, "number": chosen.phone_number_id,
            "state": chosen.state, "status": chosen.status, "since": chosen.since, "until": chosen.until,
            "moment": moment, "last": last, "limit": limit,
        }  # fmt: skip
        (rows,) = await self._database.batch([organization_id], [(_PAGE, values)], durable=False)
        return [_listed(row) for row in rows]


def _listed(row: tuple[Any, ...]) -> Listed:
    return Listed(
        message_id=row[0], lane_id=row[1], phone_number_id=row[2], state=row[3], status=row[4], attempts=row[5],
        wamids=tuple(row[6]), resolved_by=row[7], is_maybe_duplicate=row[8], error_code=row[9], error_text=row[10],
        created_at=row[11], error_action=row[12],
    )  # fmt: skip
