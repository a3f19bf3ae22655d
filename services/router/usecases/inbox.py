"""Conversations, for people: list, tag, note, read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from uuid import UUID

from services.chassis.errors import InvalidArgument
from services.router.domain.identity import MOST_CHARACTERS, read_identity
from services.router.domain.people import (
    ConversationFilter,
    ConversationView,
    Handling,
    HandlingChange,
    Note,
    Place,
    TooMuch,
)
from services.router.ports.people import InboxStore
from services.router.usecases.fields import stored_text, text_of
from services.router.usecases.people import MOST_TAG, checked_tags, page_size
from services.router.usecases.unknown import unknown_conversation

MOST_NOTE = 4096
MOST_NOTES = 500


class Inbox:
    """Conversations of one organization at a time."""

    def __init__(self, store: InboxStore, new_id: Callable[[], UUID]) -> None:
        self._store = store
        self._new_id = new_id

    async def page(
        self, *, organization_id: UUID, chosen: ConversationFilter, after: Place, limit: int
    ) -> tuple[Sequence[ConversationView], Place | None]:
        """Conversations, latest message first, and where to go on. Raises InvalidArgument."""
        size = page_size(limit)
        stored_text("tag", chosen.tag, most=MOST_TAG)
        rows = await self._store.page(organization_id=organization_id, chosen=chosen, after=after, limit=size + 1)
        page = rows[:size]
        return page, Place(page[-1].last_inbound_at, page[-1].conversation_id) if len(rows) > size else None

    async def one(self, *, organization_id: UUID, conversation_id: UUID) -> ConversationView:
        """A conversation. Raises NotFound."""
        return _known(await self._store.one(organization_id=organization_id, conversation_id=conversation_id))

    async def latest_of(self, *, organization_id: UUID, contact: str) -> ConversationView:
        """The conversation in which a contact wrote last. Raises InvalidArgument or NotFound."""
        text_of("contact", contact, most=MOST_CHARACTERS)
        return _known(await self._store.latest_of(identity=read_identity(organization_id, contact)))

    async def change(
        self, *, organization_id: UUID, conversation_id: UUID, change: HandlingChange, is_read: bool
    ) -> tuple[ConversationView, bool]:
        """Change what is noted of it; tells whether anything changed. Raises InvalidArgument or NotFound."""
        checked_tags("add_tags", change.add_tags)
        checked_tags("remove_tags", change.remove_tags)
        is_changed = False
        if change != HandlingChange():
            is_changed = await self._store.edit(
                organization_id=organization_id,
                conversation_id=conversation_id,
                edit=lambda before: _applied(change, before),
            )
        found = await self.one(organization_id=organization_id, conversation_id=conversation_id)
        if is_read and found.is_unread:
            await self._store.mark_read(organization_id=organization_id, conversation_id=found.conversation_id)
            found = await self.one(organization_id=organization_id, conversation_id=conversation_id)
        return found, is_changed

    async def add_note(self, *, organization_id: UUID, conversation_id: UUID, text: str) -> Note:
        """Write a note. Raises InvalidArgument or NotFound."""
        text_of("text", text, most=MOST_NOTE)
        found = await self.one(organization_id=organization_id, conversation_id=conversation_id)
        return await self._store.add_note(
            organization_id=organization_id,
            conversation_id=found.conversation_id,
            note_id=self._new_id(),
            text=text,
        )

    async def notes(
        self, *, organization_id: UUID, conversation_id: UUID, limit: int, after: tuple[datetime, UUID] | None = None
    ) -> Sequence[Note]:
        """Notes, oldest first, those behind a moment and the id of a note written then. Raises NotFound."""
        found = await self.one(organization_id=organization_id, conversation_id=conversation_id)
        return await self._store.notes(
            organization_id=organization_id, conversation_id=found.conversation_id, limit=limit, after=after
        )


def _known(found: ConversationView | None) -> ConversationView:
    if found is None:
        raise unknown_conversation()
    return found


def _applied(change: HandlingChange, before: Handling) -> Handling:
    try:
        return change.applied_to(before)
    except TooMuch as error:
        raise InvalidArgument(str(error)) from None
