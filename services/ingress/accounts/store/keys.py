"""API keys in Postgres."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from psycopg.errors import UniqueViolation

from services.chassis.audit import AuditEntry
from services.chassis.db import Step
from services.ingress.accounts.ports import DecideKey, KeyOwner
from services.ingress.accounts.refusals import key_exists, key_not_found
from services.ingress.accounts.store import statements
from services.ingress.accounts.store.rows import key_of, values_of_key
from services.ingress.accounts.store.tables import Tables
from services.ingress.domain.accounts.facts import ApiKey


class KeyTables(Tables):
    """ports.KeyStore."""

    async def find_keys(self, *, key_hashes: Sequence[bytes]) -> Mapping[bytes, KeyOwner]:
        """Keys by hash, whosesoever they are; notes that they were used."""
        owners = await self._find(statements.OWNERS_OF_KEYS, hashes=list(key_hashes))
        if not owners:
            return {}
        organization_ids = [row[0] for row in owners]
        values = {"organizations": organization_ids, "hashes": [bytes(row[1]) for row in owners]}
        steps = [(statements.KEYS_BY_HASH, values), (statements.NOTE_USE, values)]
        rows, _ = await self._database.batch(organization_ids, steps, durable=False)
        found = [KeyOwner(row[0], key_of(row[1:])) for row in rows]
        return {owner.key.key_hash: owner for owner in found}

    async def list_keys(self, *, organization_id: UUID) -> Sequence[ApiKey]:
        """Keys that are not revoked, by name."""
        return [key_of(row) for row in await self._read(organization_id, statements.LIST_KEYS)]

    async def add_key(self, *, organization_id: UUID, key: ApiKey, entries: Sequence[AuditEntry]) -> None:
        """Store a key. Raises AlreadyExists for a name that is taken, or a text that is a key already."""
        values = values_of_key(organization_id, key)
        written = (statements.REVOKE_ENDED_KEY, statements.ADD_KEY, statements.LIST_KEY)
        steps: list[Step] = [*self._turn(organization_id), *((query, values) for query in written)]
        try:
            await self._database.batch([organization_id], [*steps, *self._audit.steps(entries)])
        except UniqueViolation:
            raise key_exists() from None

    async def change_key(self, *, organization_id: UUID, key_id: UUID, decide: DecideKey) -> ApiKey:
        """Change a living key as decided (None: leave it); gives the form stored afterwards.

        Raises NotFound, or AlreadyExists when its new text is a key already.
        """
        asked = (statements.KEY, {"organization": organization_id, "key": key_id})
        try:
            async with self._database.journey([organization_id]) as journey:
                *_, found = await journey.run([*self._turn(organization_id), asked])
                if not found:
                    raise key_not_found()
                key = key_of(found[0])
                changed, entries = decide(key)
                if changed is not None:
                    await journey.commit([*_writing(organization_id, key, changed), *self._audit.steps(entries)])
        except UniqueViolation:
            raise key_exists() from None
        return changed or key


def _writing(organization_id: UUID, key: ApiKey, changed: ApiKey) -> list[Step]:
    """What is written of a change; the directory knows texts of keys that are not revoked."""
    values = values_of_key(organization_id, changed)
    steps: list[Step] = [
        (statements.UNLIST_KEY, values_of_key(organization_id, key)),
        (statements.PUT_KEY, values),
    ]
    return steps if changed.revoked_at else [*steps, (statements.LIST_KEY, values)]
