"""Everything a contact is known by, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A contact with those merged into it; names are all it ever had. Every list is sorted, so that equal is the same.

    `phone_number_ids` are the organization's numbers, `known_since` is when the first of the contacts was made.
    """

    contact_ids: tuple[UUID, ...]
    conversation_ids: tuple[UUID, ...] = ()
    wa_ids: tuple[str, ...] = ()
    user_ids: tuple[str, ...] = ()
    phone_number_ids: tuple[str, ...] = ()
    known_since: datetime

    def is_whole(self, now: Person) -> bool:
        """Whether this is all that is known `now`: the same contacts, names and conversations."""
        return (self.contact_ids, self.conversation_ids, self.wa_ids, self.user_ids) == (
            now.contact_ids,
            now.conversation_ids,
            now.wa_ids,
            now.user_ids,
        )


@dataclass(frozen=True, slots=True)
class Erased:
    """Rows the job has removed by table, and the moment up to which everything written is of the erased contact."""

    counts: Mapping[str, int]
    erased_at: datetime


@dataclass(frozen=True, slots=True)
class Expired:
    """Rows the job has removed by table, and the last contact looked at; None when all have been."""

    counts: Mapping[str, int]
    last: UUID | None


@dataclass(frozen=True, slots=True)
class Row:
    """One row of an export: what it is, and its columns in plain words."""

    kind: str
    data: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Retention:
    """An organization that keeps things for so many days, and its numbers."""

    organization_id: UUID
    days: int
    phone_number_ids: tuple[str, ...]
