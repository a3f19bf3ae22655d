"""Message templates as people see them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """A template in one language; `components` and `status` are as Meta has them."""

    id: str
    name: str
    language: str
    category: str
    status: str
    quality: str
    reason: str
    components: Sequence[Mapping[str, object]]
    synced_at: datetime | None


@dataclass(frozen=True, slots=True)
class Reading:
    """What reading an account's templates from Meta found."""

    found: int
    changed: int
    removed: int
