"""Secrets of calls outside, sealed, in Postgres."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

from services.chassis.audit import AuditEntry, AuditLog, digest_of
from services.chassis.db import Database, Query
from services.chassis.sealing import SealBroken, SealedColumn, Sealer
from services.executor.ports import SecretName

_TABLE = "executor.secret"
SEALED = (SealedColumn(_TABLE, "sealed", "name", owners="executor.secret_owner"),)
"""Where executor keeps sealed values."""

_LOCK = Query("""
    SELECT sealed FROM executor.secret
    WHERE organization_id = %(organization_id)b::uuid AND name = %(name)b::text FOR UPDATE""")

# The owner's row is what background work finds organizations by: row-level security shows it no others' secrets.
_PUT = Query("""
    WITH owner AS (
      INSERT INTO executor.secret_owner (organization_id) VALUES (%(organization_id)b::uuid)
      ON CONFLICT (organization_id) DO NOTHING)
    INSERT INTO executor.secret (organization_id, name, sealed)
    VALUES (%(organization_id)b::uuid, %(name)b::text, %(sealed)b::bytea)
    ON CONFLICT (organization_id, name) DO UPDATE SET sealed = excluded.sealed, updated_at = now()""")

_DELETE = Query("""
    DELETE FROM executor.secret WHERE organization_id = %(organization_id)b::uuid AND name = %(name)b::text""")

_NAMES = Query("""
    SELECT name, updated_at FROM executor.secret WHERE organization_id = %(organization_id)b::uuid ORDER BY name""")

_VALUES = Query("""
    SELECT name, sealed FROM executor.secret
    WHERE organization_id = %(organization_id)b::uuid AND name = ANY (%(names)b::text[])""")


class PostgresSecrets:
    """See ports.Secrets."""

    def __init__(self, database: Database, sealer: Sealer, audit: AuditLog) -> None:
        self._database = database
        self._sealer = sealer
        self._audit = audit

    async def put(self, *, organization_id: UUID, name: str, value: str) -> bool:
        """See ports.Secrets."""
        key: dict[str, object] = {"organization_id": organization_id, "name": name}
        async with self._database.journey([organization_id]) as journey:
            *_, rows = await journey.run([*self._audit.locking([organization_id]), (_LOCK, key)])
            if rows and self._open(organization_id, name, bytes(rows[0][0])) == value:
                return False
            sealed = self._sealer.seal(value, table=_TABLE, organization_id=str(organization_id), row=name)
            before = _digest(bytes(rows[0][0])) if rows else None
            entry = _entry(organization_id, "secret.put", name, before, _digest(sealed))
            await journey.commit([(_PUT, {**key, "sealed": sealed}), *self._audit.steps([entry])])
        return True

    async def names(self, *, organization_id: UUID) -> Sequence[SecretName]:
        """See ports.Secrets."""
        step = (_NAMES, {"organization_id": organization_id})
        (rows,) = await self._database.batch([organization_id], [step], durable=False)
        return [SecretName(*row) for row in rows]

    async def delete(self, *, organization_id: UUID, name: str) -> bool:
        """See ports.Secrets."""
        key: dict[str, object] = {"organization_id": organization_id, "name": name}
        async with self._database.journey([organization_id]) as journey:
            *_, rows = await journey.run([*self._audit.locking([organization_id]), (_LOCK, key)])
            if not rows:
                return False
            entry = _entry(organization_id, "secret.delete", name, _digest(bytes(rows[0][0])), None)
            await journey.commit([(_DELETE, key), *self._audit.steps([entry])])
        return True

    async def values(self, *, organization_id: UUID, names: Collection[str]) -> Mapping[str, str]:
        """See ports.Secrets."""
        step = (_VALUES, {"organization_id": organization_id, "names": sorted(names)})
        (rows,) = await self._database.batch([organization_id], [step], durable=False)
        opened = {row[0]: self._open(organization_id, row[0], bytes(row[1])) for row in rows}
        return {name: value for name, value in opened.items() if value is not None}

    def _open(self, organization_id: UUID, name: str, sealed: bytes) -> str | None:
        try:
            return self._sealer.open(sealed, table=_TABLE, organization_id=str(organization_id), row=name)
        except SealBroken:
            return None


def _entry(organization_id: UUID, action: str, name: str, before: bytes | None, after: bytes | None) -> AuditEntry:
    return AuditEntry(organization_id, action, f"secret:{name}", before=before, after=after)


def _digest(sealed: bytes) -> bytes:
    """Of the sealed form: a secret that somebody made up might be guessed from a digest of its own."""
    return digest_of({"sealed": sealed.hex()})
