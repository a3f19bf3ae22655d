"""Sealed access tokens in Postgres."""

from __future__ import annotations

from uuid import UUID

from services.chassis.audit import AuditEntry, AuditLog, digest_of
from services.chassis.db import Database
from services.chassis.sealing import SealBroken, SealedColumn, Sealer
from services.sender.store import statements

_TABLE = "sender.credential"
SEALED = (SealedColumn(_TABLE, "sealed", "phone_number_id", owners="sender.credential_owner"),)
"""Where access tokens lie."""


class PostgresCredentials:
    """Access tokens of numbers (ports.CredentialStore)."""

    def __init__(self, database: Database, sealer: Sealer, audit: AuditLog) -> None:
        self._database = database
        self._audit = audit
        self._sealer = sealer

    async def put_credential(self, *, organization_id: UUID, phone_number_id: str, token: str) -> bool:
        """Store a token; tells whether it changed. Waiting lanes of the organization become ready."""
        values: dict[str, object] = {"organization_id": organization_id, "phone_number_id": phone_number_id}
        async with self._database.journey([organization_id]) as journey:
            *_, rows = await journey.run(
                [*self._audit.locking([organization_id]), (statements.LOCK_CREDENTIAL, values)]
            )
            stored = self.open(organization_id, phone_number_id, bytes(rows[0][0])) if rows else None
            if stored == token:
                return False
            entry = AuditEntry(
                organization_id,
                "credential.put",
                f"credential:{phone_number_id}",
                before=_digest(stored) if rows else None,
                after=_digest(token),
            )
            sealed = self._sealer.seal(token, table=_TABLE, organization_id=str(organization_id), row=phone_number_id)
            put = (statements.PUT_CREDENTIAL, {**values, "sealed": sealed})
            await journey.commit([put, (statements.WAKE_ORGANIZATION, values), *self._audit.steps([entry])])
        return True

    async def tokens_of(self, *, organization_id: UUID) -> dict[str, str]:
        """Every token of an organization by phone_number_id; one that does not open is empty."""
        read = (statements.READ_ALL_CREDENTIALS, {"organization_id": organization_id})
        (rows,) = await self._database.batch([organization_id], [read], durable=False)
        return {row[0]: self.open(organization_id, row[0], bytes(row[1])) or "" for row in rows}

    def open(self, organization_id: UUID, phone_number_id: str, sealed: bytes) -> str | None:
        """A token as it is kept, or None when no key opens it."""
        try:
            return self._sealer.open(sealed, table=_TABLE, organization_id=str(organization_id), row=phone_number_id)
        except SealBroken:
            return None


def _digest(token: str | None) -> bytes:
    """Of a token that Meta made: too long to be guessed. None is one that was there and did not open."""
    return digest_of({"access_token": token})
