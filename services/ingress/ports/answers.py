"""Answers that are given again to a repeat."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol
from uuid import UUID

from services.ingress.domain.idempotency import KeptAnswer


@dataclass(frozen=True, slots=True)
class Held:
    """The key is ours to answer under."""

    lease: UUID


Taken = Literal["running", "other"]
"""Somebody is working on it; or it was used for another request."""


class Answers(Protocol):
    """Kept answers of organizations. All raise Unavailable."""

    async def begin(self, *, organization_id: UUID, key_hash: bytes, request_hash: bytes) -> Held | KeptAnswer | Taken:
        """Take the key, or tell what became of it."""

    async def keep(self, *, organization_id: UUID, key_hash: bytes, held: Held, answer: KeptAnswer) -> None:
        """Keep the answer, unless somebody else has taken the key over."""

    async def forget(self, *, organization_id: UUID, key_hash: bytes, held: Held) -> None:
        """Let the key go: nothing was done that a repeat could do twice, or its answer is not kept."""
