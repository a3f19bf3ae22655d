"""Flows and their drafts in Postgres."""

from __future__ import annotations

from uuid import UUID

from services.chassis.audit import AuditLog
from services.chassis.db import Connection, Database, fetch_all, fetch_one, run_counted, run_steps
from services.executor.ports import FlowChanged, FlowInUse, FlowSummary, FlowVersion, SavedFlow, SaveFlow
from services.executor.store.heads import heads, key_of, make_version, noting
from services.executor.store.migrating import LIVE, begin_migration
from services.executor.store.starting import Starting

_SAVE_DRAFT = """
    INSERT INTO executor.flow AS f (organization_id, flow_id, name, draft, draft_digest)
    VALUES (%(organization_id)s, %(flow_id)s, %(name)s, %(document)b, %(digest)s)
    ON CONFLICT (organization_id, flow_id) DO UPDATE SET
      draft = excluded.draft, draft_digest = excluded.draft_digest, updated_at = now(), archived_at = NULL
    WHERE f.draft_digest <> excluded.draft_digest OR f.archived_at IS NOT NULL"""

_ARCHIVE = """
    UPDATE executor.flow
    SET archived_at = now(), published_version = 0, published_digest = '', updated_at = now()
    WHERE organization_id = %(organization_id)s AND flow_id = %(flow_id)s"""

_COUNT_PEOPLE = f"SELECT count(*) FROM executor.conversation_states s WHERE {LIVE}"

_SUMMARY = "flow_id, name, published_version, updated_at, draft_digest, published_digest, created_at"


class PostgresFlows:
    """Flows of organizations. An archived one is there for the conversations that were in it, and for nobody else."""

    def __init__(self, database: Database, audit: AuditLog, starting: Starting) -> None:
        self._database = database
        self._audit = audit
        self._starting = starting

    async def save(self, *, organization_id: UUID, flow: SaveFlow) -> SavedFlow:
        """Store the draft; publish it as a new version when asked and when it differs from the published one.

        What starts it is told whenever it is asked to be published: a repeat brings what may be missing.
        """
        values = key_of(organization_id, flow.flow_id) | {
            "name": flow.name,
            "document": flow.document,
            "digest": flow.digest,
        }
        async with self._database.transaction([organization_id]) as connection:
            await run_steps(connection, self._audit.locking([organization_id]))
            before = await heads(connection, organization_id, flow.flow_id)
            # A repeat of what was stored already is no conflict.
            is_expected = (before.draft_digest if before else "") in (flow.replaces, flow.digest)
            if flow.replaces is not None and not is_expected:
                raise FlowChanged
            await run_counted(connection, _SAVE_DRAFT, values)
            if flow.publish:
                await make_version(connection, values | {"author": self._audit.who(), "note": "", "rollback_of": 0})
                await self._starting.tell(
                    connection, organization_id=organization_id, flow_id=flow.flow_id, triggers=flow.triggers
                )
            after = await heads(connection, organization_id, flow.flow_id)
            assert after is not None
            if after != before:
                is_published = after.published_version > (before.published_version if before else 0)
                entry = noting("flow.publish" if is_published else "flow.put", values, before, after)
                await run_steps(connection, self._audit.steps([entry]))
        if flow.publish:
            self._starting.on_told()
        return SavedFlow(after.published_version, is_changed=after != before)

    async def archive(self, *, organization_id: UUID, flow_id: UUID, is_forced: bool) -> int | None:
        """Take a flow out of service; people in it are taken out of it some at a time (store.migrating)."""
        values = key_of(organization_id, flow_id)
        async with self._database.transaction([organization_id]) as connection:
            await run_steps(connection, self._audit.locking([organization_id]))
            before = await heads(connection, organization_id, flow_id)
            if before is None:
                return None
            row = await fetch_one(connection, _COUNT_PEOPLE, values)
            people = int(row[0]) if row else 0
            if people and not is_forced:
                raise FlowInUse(people)
            await run_counted(connection, _ARCHIVE, values)
            await self._starting.tell(connection, organization_id=organization_id, flow_id=flow_id, triggers=())
            if is_forced:
                await begin_migration(connection, values, "end")
            await run_steps(connection, self._audit.steps([noting("flow.archive", values, before, None)]))
        self._starting.on_told()
        return people

    async def published_digest(self, *, organization_id: UUID, flow_id: UUID) -> tuple[int, str]:
        """The published version and its digest; (0, "") when nothing is published."""
        async with self._database.transaction([organization_id], durable=False) as connection:
            found = await heads(connection, organization_id, flow_id)
        return (found.published_version, found.published_digest) if found else (0, "")

    async def head(self, *, organization_id: UUID, flow_id: UUID) -> FlowSummary | None:
        """A flow without its documents; None when there is none."""
        async with self._database.transaction([organization_id], durable=False) as connection:
            row = await fetch_one(
                connection,
                f"""SELECT {_SUMMARY} FROM executor.flow
                    WHERE organization_id = %(organization_id)s AND flow_id = %(flow_id)s AND archived_at IS NULL""",
                key_of(organization_id, flow_id),
            )
        return FlowSummary(*row) if row else None

    async def document(self, *, organization_id: UUID, flow_id: UUID, version: int) -> tuple[bytes, str] | None:
        """The document of the draft (version 0) or of a version, and its digest."""
        statement = """
            SELECT v.document, v.digest FROM executor.flow f
            JOIN executor.flow_version v ON v.organization_id = f.organization_id AND v.flow_id = f.flow_id
            WHERE f.organization_id = %(organization_id)s AND f.flow_id = %(flow_id)s AND f.archived_at IS NULL
              AND v.version = %(version)s"""
        if not version:
            statement = """
                SELECT draft, draft_digest FROM executor.flow
                WHERE organization_id = %(organization_id)s AND flow_id = %(flow_id)s AND archived_at IS NULL"""
        async with self._database.transaction([organization_id], durable=False) as connection:
            row = await fetch_one(connection, statement, key_of(organization_id, flow_id) | {"version": version})
        return (bytes(row[0]), row[1]) if row else None

    async def load(self, *, organization_id: UUID, flow: str, version: int) -> FlowVersion | None:
        """A version's document; `version` 0 means the published one. `flow` is an id or, for jumps, a name."""
        async with self._database.transaction([organization_id], durable=False) as connection:
            return await load_flow(connection, organization_id=organization_id, flow=flow, version=version)

    async def list_flows(
        self, *, organization_id: UUID, skip: int, limit: int, after: str = ""
    ) -> tuple[int, list[FlowSummary]]:
        """Flows by name, and how many there are; limit 0 means all."""
        values = {"organization_id": organization_id, "skip": skip, "limit": limit or None, "after": after}
        where = "WHERE organization_id = %(organization_id)s AND archived_at IS NULL"
        async with self._database.transaction([organization_id], durable=False) as connection:
            total = await fetch_one(connection, f"SELECT count(*) FROM executor.flow {where}", values)
            rows = await fetch_all(
                connection,
                f"""SELECT {_SUMMARY} FROM executor.flow {where} AND name > %(after)s
                    ORDER BY name OFFSET %(skip)s LIMIT %(limit)s""",
                values,
            )
        assert total is not None
        return int(total[0]), [FlowSummary(*row) for row in rows]


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
