"""UUIDs read, written and derived with little work: a message does each of these several times.

What is remembered is bounded, and only saves work: an id that was forgotten is worked out again.
"""

from __future__ import annotations

from functools import lru_cache
from hashlib import sha1
from typing import Final
from uuid import UUID

# Written forms live as long as a batch or two; those read are of organizations and flows, which come back.
_MOST_WRITTEN: Final = 4096
_MOST_READ: Final = 4096


@lru_cache(maxsize=_MOST_WRITTEN)
def written_id(value: UUID) -> str:
    """The canonical text of an id that is written several times within a batch, as a conversation's is."""
    return str(value)


@lru_cache(maxsize=_MOST_READ)
def recurring_id(text: str) -> UUID:
    """Read an id that many messages name, as a flow's is. Raises ValueError."""
    return UUID(text)


def read_id(text: str, expected: UUID) -> UUID:
    """Read an id that is `expected` as a rule, which then needs no parsing. Raises ValueError."""
    return expected if text == written_id(expected) else UUID(text)


def derived_id(namespace: UUID, name: str) -> UUID:
    """The UUID of version 5 (RFC 9562), as uuid.uuid5, which imports its hash anew at every call."""
    digest = sha1(namespace.bytes + name.encode(), usedforsecurity=False).digest()
    return UUID(bytes=digest[:16], version=5)
