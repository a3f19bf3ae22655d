"""What sender's files need from outside."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Protocol


class ObjectMissing(Exception):
    """Nothing is kept under this key."""


class StoreAway(Exception):
    """The store did not do it, and may do it later; putting and deleting are safe to repeat. The text says why."""


class MediaStore(Protocol):
    """Files by key. Whoever puts the same key puts the same content: the key holds its SHA-256."""

    async def put(self, key: str, content: Path, *, sha256: bytes, mime_type: str) -> None:
        """Keep a file; once this returns it outlives a crash. Raises StoreAway."""

    def read(self, key: str) -> AsyncIterator[bytes]:
        """The file in pieces. Raises ObjectMissing and StoreAway, in the middle as well."""

    async def delete(self, key: str) -> None:
        """Keep it no longer; what is not there is well gone. Raises StoreAway."""
