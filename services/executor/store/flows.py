"""Flows and their versions in Postgres."""

from __future__ import annotations

from typing import NamedTuple
from uuid import UUID

from services.chassis.audit import AuditEntry, AuditLog, digest_of
from services.chassis.db import Connection, Database, fetch_all, fetch_one, run_counted, run_steps
from services.executor.ports import FlowSummary, FlowVersion, SavedFlow, SaveFlow

_SAVE_DRAFT = """
    INSERT INTO executor.flow AS f (organization_id, flow_id, name, draft, draft_digest)
    VALUES (%(organization_id)s, %(flow_id)s, %(name)s, %(document)b, %(digest)s)
    ON CONFLICT (organization_id, flow_id) DO UPDATE SET
      draft = excluded.draft, draft_digest = excluded.draft_digest, updated_at = now()
    WHERE f.draft_digest <> excluded.draft_digest"""

_PUBLISH = """
    WITH published AS (
      UPDATE executor.flow
      SET published_version = published_version + 1, published_digest = %(digest)s, updated_at = now()
      WHERE organization_id = %(organization_id)s AND flow_id = %(flow_id)s AND published_digest <> %(digest)s
      RETURNING organization_id, flow_id, published_version, draft)
    INSERT INTO executor.flow_version (organization_id, flow_id, version, document, digest)
    SELECT organization_id, flow_id, published_version, draft, %(digest)s FROM published"""


class _Heads(NamedTuple):
    """What a flow's row says of its draft and its published version."""

    name: str
    draft_digest: str
    published_version: int
    published_digest: str


class PostgresFlows:
    """Flows of organizations; versions are only ever added."""

    def __init__(self, database: Database, audit: AuditLog) -> None:
        self._database = database
        self._audit = audit

    async def save(self, *, organization_id: UUID, flow: SaveFlow) -> SavedFlow:
        """Store the draft; publish it as a new version when asked and when it differs from the published one."""
        values = {
            "organization_id": organization_id,
            "flow_id": flow.flow_id,
            "name": flow.name,
            "document": flow.document,
            "digest": flow.digest,
        }
        async with self._database.transaction([organization_id]) as connection:
            await run_steps(connection, self._audit.locking([organization_id]))
            before = await _heads(connection, organization_id, flow.flow_id)
            await run_counted(connection, _SAVE_DRAFT, values)
            if flow.publish:
                await run_counted(connection, _PUBLISH, values)
            after = await _heads(connection, organization_id, flow.flow_id)
            assert after is not None
            if after != before:
                await run_steps(connection, self._audit.steps([_entry(organization_id, flow.flow_id, before, after)]))
        return SavedFlow(after.published_version, is_changed=after != before)

    async def published_digest(self, *, organization_id: UUID, flow_id: UUID) -> tuple[int, str]:
        """The published version and its digest; (0, "") when nothing is published."""
        async with self._database.transaction([organization_id], durable=False) as connection:
            row = await fetch_one(
                connection,
                """SELECT published_version, published_digest FROM executor.flow
                   WHERE organization_id = %s AND flow_id = %s""",
                (organization_id, flow_id),
            )
        return (row[0], row[1]) if row else (0, "")

    async def load(self, *, organization_id: UUID, flow: str, version: int) -> FlowVersion | None:
        """A version's document; `version` 0 means the published one. `flow` is an id or, for jumps, a name."""
        async with self._database.transaction([organization_id], durable=False) as connection:
            return await load_flow(connection, organization_id=organization_id, flow=flow, version=version)

    async def list_flows(self, *, organization_id: UUID) -> list[FlowSummary]:
        """The organization's flows by name."""
        async with self._database.transaction([organization_id], durable=False) as connection:
            rows = await fetch_all(
                connection,
                """SELECT flow_id, name, published_version, updated_at FROM executor.flow
                   WHERE organization_id = %s ORDER BY name""",
                (organization_id,),
            )
        return [FlowSummary(*row) for row in rows]


async def load_flow(connection: Connection, *, organization_id: UUID, flow: str, version: int) -> FlowVersion | None:
    """The same in a transaction that is open (Passage.load)."""
    row = await fetch_one(
        connection,
        """SELECT v.flow_id, v.version, v.document, v.digest FROM executor.flow f
           JOIN executor.flow_version v ON v.organization_id = f.organization_id AND v.flow_id = f.flow_id
            AND v.version = CASE WHEN %(version)s = 0 THEN f.published_version ELSE %(version)s END
           WHERE f.organization_id = %(organization_id)s AND (f.flow_id::text = %(flow)s OR f.name = %(flow)s)
           ORDER BY f.flow_id::text = %(flow)s DESC LIMIT 1""",
        {"organization_id": organization_id, "flow": flow, "version": version},
    )
    return FlowVersion(row[0], row[1], bytes(row[2]), row[3]) if row else None


async def _heads(connection: Connection, organization_id: UUID, flow_id: UUID) -> _Heads | None:
    row = await fetch_one(
        connection,
        """SELECT name, draft_digest, published_version, published_digest FROM executor.flow
           WHERE organization_id = %s AND flow_id = %s""",
        (organization_id, flow_id),
    )
    return _Heads(*row) if row else None


def _entry(organization_id: UUID, flow_id: UUID, before: _Heads | None, after: _Heads) -> AuditEntry:
    is_published = after.published_version > (before.published_version if before else 0)
    return AuditEntry(
        organization_id,
        "flow.publish" if is_published else "flow.put",
        f"flow:{flow_id}",
        before=digest_of(before._asdict()) if before else None,
        after=digest_of(after._asdict()),
    )
