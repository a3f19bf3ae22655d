"""What use cases for people need from outside: contacts, conversations and what an organization has set up."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol
from uuid import UUID

from services.router.domain.identity import Identity
from services.router.domain.organization import Chatbot, Number, Organization
from services.router.domain.people import (
    ContactFilter,
    ContactView,
    ConversationFilter,
    ConversationView,
    Details,
    Handling,
    Note,
    Place,
)


class PeopleStore(Protocol):
    """Contacts. Every change is noted in its own transaction. All raise Unavailable."""

    async def page(
        self, *, organization_id: UUID, chosen: ContactFilter, after: Place, limit: int
    ) -> Sequence[ContactView]:
        """Contacts, newest first, those after a place."""
        ...

    async def named(self, *, identity: Identity) -> ContactView | None:
        """Who has this name."""
        ...

    async def one(self, *, organization_id: UUID, contact_id: UUID) -> ContactView | None:
        """A contact; of one that was merged away the one that took its place."""
        ...

    async def create(self, *, identity: Identity, details: Details) -> ContactView:
        """Make a contact. Raises AlreadyExists, NotFound for an unknown organization, or Raced."""
        ...

    async def edit(
        self, *, organization_id: UUID, contact_id: UUID, edit: Callable[[Details], Details]
    ) -> tuple[ContactView, bool]:
        """Change a contact, and tell whether anything changed. Raises NotFound, and what `edit` raises."""
        ...

    async def merge(self, *, organization_id: UUID, winner_id: UUID, loser_id: UUID) -> ContactView:
        """Make one contact of two. Raises NotFound, or Raced when one of them is being merged elsewhere."""
        ...


class InboxStore(Protocol):
    """Conversations for people. Every change is noted in its own transaction. All raise Unavailable."""

    async def page(
        self, *, organization_id: UUID, chosen: ConversationFilter, after: Place, limit: int
    ) -> Sequence[ConversationView]:
        """Conversations, latest message first, those after a place."""
        ...

    async def one(self, *, organization_id: UUID, conversation_id: UUID) -> ConversationView | None:
        """A conversation; of a contact that was merged away the one that took its place."""
        ...

    async def latest_of(self, *, identity: Identity) -> ConversationView | None:
        """The conversation in which the contact of this name wrote last."""
        ...

    async def edit(self, *, organization_id: UUID, conversation_id: UUID, edit: Callable[[Handling], Handling]) -> bool:
        """Change what is noted; tells whether anything changed. Raises NotFound, and what `edit` raises."""
        ...

    async def mark_read(self, *, organization_id: UUID, conversation_id: UUID) -> None:
        """Everything up to now was read."""
        ...

    async def add_note(self, *, organization_id: UUID, conversation_id: UUID, note_id: UUID, text: str) -> Note:
        """Write a note in the name of whoever asks. Raises NotFound."""
        ...

    async def notes(self, *, organization_id: UUID, conversation_id: UUID, limit: int) -> Sequence[Note]:
        """Notes, oldest first."""
        ...


class NumberProof(Protocol):
    """Who has a number at Meta."""

    async def prove(self, *, organization_id: UUID, phone_number_id: str, access_token: str) -> None:
        """Return when the token opens the number. Raises InvalidArgument when it does not, FailedPrecondition when the
        organization asks too often, or Unavailable when nobody could be asked.
        """
        ...


class SettingsStore(Protocol):
    """What one organization has set up. An edit is told what is there and gives what is to be; whatever it raises
    leaves everything as it was. All raise NotFound for an unknown organization, and Unavailable.
    """

    async def organization(self, *, organization_id: UUID) -> Organization:
        """The organization."""
        ...

    async def edit_organization(
        self, *, organization_id: UUID, edit: Callable[[Organization], Organization]
    ) -> tuple[Organization, bool]:
        """Change fallback flow and time zone; tells whether anything changed."""
        ...

    async def list_numbers(self, *, organization_id: UUID) -> Sequence[Number]:
        """By phone_number_id."""
        ...

    async def edit_number(
        self, *, organization_id: UUID, phone_number_id: str, edit: Callable[[Number | None], Number]
    ) -> tuple[Number, bool]:
        """Change or make a number. Raises NotFound for the chatbot, AlreadyExists for another organization's number."""
        ...

    async def list_chatbots(self, *, organization_id: UUID) -> Sequence[Chatbot]:
        """By name."""
        ...

    async def edit_chatbot(
        self, *, organization_id: UUID, chatbot_id: UUID, edit: Callable[[Chatbot | None], Chatbot]
    ) -> tuple[Chatbot, bool]:
        """Change or make a chatbot."""
        ...

    async def delete_chatbot(self, *, organization_id: UUID, chatbot_id: UUID) -> bool:
        """Remove a chatbot; its numbers have none. False when there is none."""
        ...
