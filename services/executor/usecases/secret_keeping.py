"""Secrets of calls outside, for people: values go in and never come out."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from services.chassis.errors import InvalidArgument
from services.executor.domain.json_value import is_storable
from services.executor.domain.secret_marks import is_secret_name
from services.executor.ports import SecretName, Secrets

LONGEST_VALUE = 8192


class SecretKeeping:
    """Puts, names and removes secrets."""

    def __init__(self, secrets: Secrets) -> None:
        self._secrets = secrets

    async def put(self, *, organization_id: UUID, name: str, value: str) -> bool:
        """Store a secret; tells whether its value changed. Raises InvalidArgument."""
        _check_name(name)
        if not 1 <= len(value) <= LONGEST_VALUE:
            raise InvalidArgument(f"value has {len(value)} characters; a secret has 1 to {LONGEST_VALUE}")
        if not is_storable(value) or "\n" in value or "\r" in value:
            raise InvalidArgument("value holds a line break or a NUL character; no header could carry it")
        return await self._secrets.put(organization_id=organization_id, name=name, value=value)

    async def names(self, *, organization_id: UUID) -> Sequence[SecretName]:
        """The organization's secrets, by name."""
        return await self._secrets.names(organization_id=organization_id)

    async def delete(self, *, organization_id: UUID, name: str) -> bool:
        """Remove a secret; tells whether there was one. Raises InvalidArgument."""
        _check_name(name)
        return await self._secrets.delete(organization_id=organization_id, name=name)


def _check_name(name: str) -> None:
    if not is_secret_name(name):
        raise InvalidArgument(
            "name must have 1 to 64 letters, digits, dots, dashes or underscores, none of the signs first"
        )
