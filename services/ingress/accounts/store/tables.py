"""What all tables of accounts share: the database, the audit log, and how they are read."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from services.chassis.audit import AuditEntry, AuditLog
from services.chassis.db import Database, Query, Rows, Step


class Tables:
    """The database and the audit log."""

    def __init__(self, database: Database, audit: AuditLog) -> None:
        self._database = database
        self._audit = audit

    async def note(self, *, organization_id: UUID, entries: Sequence[AuditEntry]) -> None:
        """Write audit entries and nothing else. Raises Unavailable."""
        await self._database.batch([organization_id], self._audit.steps(entries))

    async def _read(self, organization_id: UUID, query: Query, **values: object) -> Rows:
        step: Step = (query, {"organization": organization_id, **values})
        (rows,) = await self._database.batch([organization_id], [step], durable=False)
        return rows

    async def _find(self, query: Query, **values: object) -> Rows:
        """Read a directory, before any organization is known."""
        (rows,) = await self._database.batch((), [(query, values)], durable=False)
        return rows

    def _turn(self, organization_id: UUID) -> list[Step]:
        return self._audit.locking([organization_id])
