"""Contacts as audiences of campaigns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from services.chassis.errors import InvalidArgument
from services.router.ports import AudienceContact, AudienceStore

MOST_CONTACTS = 1000
MOST_AWAITED = 5000
_MOST_TAGS = 100


@dataclass(frozen=True, slots=True)
class ContactPage:
    """Contacts by id; `cursor` is empty after the last."""

    contacts: Sequence[AudienceContact]
    cursor: str


class ListContacts:
    """Lists contacts that a filter chooses."""

    def __init__(self, store: AudienceStore) -> None:
        self._store = store

    async def page(
        self, *, organization_id: UUID, tags: Sequence[str], attributes: Mapping[str, str], cursor: str, limit: int
    ) -> ContactPage:
        """One page; it may be short, or empty, though more follow. Raises InvalidArgument, Unavailable."""
        if not 0 < limit <= MOST_CONTACTS:
            raise InvalidArgument(f"limit is {limit}; use 1 to {MOST_CONTACTS}")
        if len(tags) > _MOST_TAGS or len(attributes) > _MOST_TAGS:
            raise InvalidArgument(f"tags or attributes has more than {_MOST_TAGS} entries")
        contacts, after = await self._store.page(
            organization_id=organization_id, tags=tags, attributes=attributes, after=_after(cursor), limit=limit
        )
        return ContactPage(contacts, str(after or ""))

    async def replies(self, *, organization_id: UUID, awaited: Mapping[UUID, int]) -> int:
        """In how many conversations the contact wrote since a moment of each. Raises InvalidArgument, Unavailable."""
        if len(awaited) > MOST_AWAITED:
            raise InvalidArgument(f"awaited has {len(awaited)} entries; use at most {MOST_AWAITED}")
        return await self._store.replies(organization_id=organization_id, awaited=awaited)


def _after(cursor: str) -> UUID:
    try:
        return UUID(cursor) if cursor else UUID(int=0)
    except ValueError:
        raise InvalidArgument("cursor is none that was given out; begin without one") from None
