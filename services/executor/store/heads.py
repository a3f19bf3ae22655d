"""What a flow's row says of its documents, and how a document becomes a version."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple
from uuid import UUID

from services.chassis.audit import AuditEntry, digest_of
from services.chassis.db import Connection, fetch_one, run_counted

# Audited changes of an organization go one at a time, so that no two versions get one number. One more than there ever
# was: an archived flow that is put again goes on counting.
_MAKE = """
    WITH made AS (
      INSERT INTO executor.flow_version (organization_id, flow_id, version, document, digest, author, note, rollback_of)
      SELECT f.organization_id, f.flow_id, 1 + coalesce((
          SELECT max(v.version) FROM executor.flow_version v
          WHERE v.organization_id = f.organization_id AND v.flow_id = f.flow_id), 0),
        %(document)b, %(digest)s, %(author)s, %(note)s, %(rollback_of)s
      FROM executor.flow f
      WHERE f.organization_id = %(organization_id)s AND f.flow_id = %(flow_id)s AND f.published_digest <> %(digest)s
      RETURNING organization_id, flow_id, version, digest)
    UPDATE executor.flow f SET published_version = m.version, published_digest = m.digest, updated_at = now()
    FROM made m WHERE f.organization_id = m.organization_id AND f.flow_id = m.flow_id"""


class Heads(NamedTuple):
    """What a flow's row says of its draft and its published version."""

    name: str
    draft_digest: str
    published_version: int
    published_digest: str


async def heads(connection: Connection, organization_id: UUID, flow_id: UUID) -> Heads | None:
    """A flow's heads; None when there is none, or when it is archived."""
    row = await fetch_one(
        connection,
        """SELECT name, draft_digest, published_version, published_digest FROM executor.flow
           WHERE organization_id = %s AND flow_id = %s AND archived_at IS NULL""",
        (organization_id, flow_id),
    )
    return Heads(*row) if row else None


async def make_version(connection: Connection, values: Mapping[str, Any]) -> bool:
    """Publish a document as a new version, unless it is the published one already; tells whether it did."""
    return await run_counted(connection, _MAKE, values) > 0


def noting(action: str, values: Mapping[str, Any], before: Heads | None, after: Heads | None) -> AuditEntry:
    """An entry on a flow."""
    return AuditEntry(
        values["organization_id"],
        action,
        f"flow:{values['flow_id']}",
        before=digest_of(before._asdict()) if before else None,
        after=digest_of(after._asdict()) if after else None,
    )


def key_of(organization_id: UUID, flow_id: UUID) -> dict[str, Any]:
    """A flow's key as values of a statement."""
    return {"organization_id": organization_id, "flow_id": flow_id}
