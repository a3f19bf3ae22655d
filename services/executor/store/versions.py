"""Versions of flows, and the people in them, in Postgres. Versions are only ever added."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from services.chassis.audit import AuditLog
from services.chassis.db import Connection, Database, fetch_all, fetch_one, run_counted, run_steps
from services.executor.domain.publishing import Stand
from services.executor.ports import FlowChanged, Migration, Publication, VersionView
from services.executor.store.heads import Heads, heads, key_of, make_version, noting
from services.executor.store.migrating import LEFT, LIVE, begin_migration
from services.executor.store.starting import Starting

_DRAFT_TOO = """
    UPDATE executor.flow SET draft = %(document)b, draft_digest = %(digest)s, updated_at = now()
    WHERE organization_id = %(organization_id)s AND flow_id = %(flow_id)s AND draft_digest <> %(digest)s"""

# People who are left are counted while they are being taken along only.
_VERSIONS = f"""
    SELECT v.version, v.author, v.published_at, v.digest, v.note, v.rollback_of,
      m.policy, m.moves, m.people_moved, m.begun_at, m.done_at,
      CASE WHEN m.done_at IS NULL AND m.version IS NOT NULL THEN (
        SELECT count(*) FROM executor.conversation_states s
        WHERE {LIVE} AND {LEFT}) ELSE 0 END
    FROM executor.flow_version v
    LEFT JOIN executor.flow_migration m ON m.organization_id = v.organization_id AND m.flow_id = v.flow_id
      AND m.version = v.version AND m.policy <> 'end'
    WHERE v.organization_id = %(organization_id)s AND v.flow_id = %(flow_id)s"""

_STANDING = f"""
    SELECT s.flow_version, s.current_node_id, count(*) FROM executor.conversation_states s WHERE {LIVE}
    GROUP BY 1, 2 ORDER BY 1 DESC, 3 DESC, 2"""


class PostgresVersions:
    """See ports.Versions."""

    def __init__(
        self, database: Database, audit: AuditLog, starting: Starting, *, on_begun: Callable[[], None]
    ) -> None:
        """`on_begun` is told when people are to be taken along."""
        self._database = database
        self._audit = audit
        self._starting = starting
        self._on_begun = on_begun

    async def versions(
        self, *, organization_id: UUID, flow_id: UUID, skip: int, limit: int, before: int | None = None
    ) -> tuple[int, list[VersionView]]:
        """Versions, newest first, and how many there are."""
        values = key_of(organization_id, flow_id) | {"skip": skip, "limit": limit, "before": before}
        async with self._database.transaction([organization_id], durable=False) as connection:
            total = await fetch_one(
                connection,
                """SELECT count(*) FROM executor.flow_version
                   WHERE organization_id = %(organization_id)s AND flow_id = %(flow_id)s""",
                values,
            )
            page = f"""{_VERSIONS} AND (%(before)s::bigint IS NULL OR v.version < %(before)s::bigint)
                ORDER BY v.version DESC OFFSET %(skip)s LIMIT %(limit)s"""
            rows = await fetch_all(connection, page, values)
        assert total is not None
        return int(total[0]), [_view_of(row) for row in rows]

    async def version(self, *, organization_id: UUID, flow_id: UUID, version: int) -> VersionView | None:
        """One version; None when there is none."""
        values = key_of(organization_id, flow_id) | {"version": version}
        async with self._database.transaction([organization_id], durable=False) as connection:
            row = await fetch_one(connection, f"{_VERSIONS} AND v.version = %(version)s", values)
        return _view_of(row) if row else None

    async def standing(self, *, organization_id: UUID, flow_id: UUID) -> list[Stand]:
        """How many people stand where, newest version first, then where most stand."""
        async with self._database.transaction([organization_id], durable=False) as connection:
            rows = await fetch_all(connection, _STANDING, key_of(organization_id, flow_id))
        return [Stand(*row) for row in rows]

    async def publish(self, *, organization_id: UUID, publication: Publication) -> tuple[int, bool]:
        """Make the version, if it is not the published one, and have people taken along, in one transaction."""
        wanted = publication
        values = key_of(organization_id, wanted.flow_id) | {
            "document": wanted.document,
            "digest": wanted.digest,
            "author": self._audit.who(),
            "note": wanted.note,
            "rollback_of": wanted.rollback_of,
        }
        async with self._database.transaction([organization_id]) as connection:
            await run_steps(connection, self._audit.locking([organization_id]))
            before = await heads(connection, organization_id, wanted.flow_id)
            if before is None or not _is_as_seen(before, wanted):
                raise FlowChanged
            is_made = await make_version(connection, values)
            if wanted.is_draft_too:
                await run_counted(connection, _DRAFT_TOO, values)
            await self._starting.tell(
                connection, organization_id=organization_id, flow_id=wanted.flow_id, triggers=wanted.triggers
            )
            is_begun = wanted.policy != "pin" and await _begin(connection, values, wanted)
            after = await heads(connection, organization_id, wanted.flow_id)
            assert after is not None
            if after != before or is_begun:
                action = "flow.rollback" if wanted.rollback_of else "flow.publish"
                await run_steps(connection, self._audit.steps([noting(action, values, before, after)]))
        self._starting.on_told()
        if is_begun:
            self._on_begun()
        return after.published_version, is_made


def _is_as_seen(found: Heads, wanted: Publication) -> bool:
    return (found.draft_digest, found.published_version) == (wanted.draft_digest, wanted.published_version)


async def _begin(connection: Connection, values: dict[str, Any], wanted: Publication) -> bool:
    return await begin_migration(
        connection,
        values,
        wanted.policy,
        moves=wanted.moves,
        node_ids=list(wanted.node_ids),
        variables=wanted.variables,
    )


def _view_of(row: Any) -> VersionView:
    version, author, published_at, digest, note, rollback_of, policy, moves, moved, begun_at, done_at, left = row
    migration = Migration(policy, moves, moved, left, begun_at, done_at) if policy else None
    return VersionView(version, author, published_at, digest, note, rollback_of, migration)
