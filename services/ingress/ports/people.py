"""What REST endpoints for people need of the rooms behind: contacts, conversations, settings."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Protocol
from uuid import UUID

from services.ingress.domain.people import (
    ChatbotChange,
    ChatbotView,
    ContactChange,
    ContactFilter,
    ContactPage,
    ContactView,
    ConversationChange,
    ConversationFilter,
    ConversationPage,
    ConversationView,
    NewContact,
    NewNumber,
    NoteView,
    NumberChange,
    NumberView,
    OrganizationChange,
    OrganizationView,
    Seen,
)


class Contacts(Protocol):
    """router's contacts. All raise InvalidArgument with a sentence that names the field, and Unavailable."""

    async def page(self, *, organization_id: UUID, chosen: ContactFilter, limit: int, cursor: str) -> ContactPage:
        """Contacts, newest first."""

    async def one(self, *, organization_id: UUID, contact_id: UUID) -> ContactView:
        """One contact. Raises NotFound."""

    async def create(self, *, organization_id: UUID, wanted: NewContact) -> ContactView:
        """Make one. Raises AlreadyExists."""

    async def change(self, *, organization_id: UUID, contact_id: UUID, change: ContactChange) -> ContactView:
        """Change one. Raises NotFound."""

    async def merge(self, *, organization_id: UUID, contact_id: UUID, other_contact_id: UUID) -> ContactView:
        """Make one of two. Raises NotFound."""


class Views(Protocol):
    """router's conversations as they are, again whenever they change."""

    def watch(self, *, organization_id: UUID, conversation_id: str, cursor: str) -> AsyncIterator[Seen]:
        """The conversation, unless it is still as `cursor` says, and again after each change; it ends after a while.

        Raises NotFound, or Unavailable when too many watch.
        """
        ...


class Inbox(Protocol):
    """router's conversations, as people work them off. All raise InvalidArgument and Unavailable."""

    async def page(
        self, *, organization_id: UUID, chosen: ConversationFilter, limit: int, cursor: str
    ) -> ConversationPage:
        """Conversations, latest message first."""

    async def latest_of(self, *, organization_id: UUID, phone_number: str) -> ConversationView:
        """The conversation in which a contact wrote last. Raises NotFound."""

    async def change(
        self, *, organization_id: UUID, conversation_id: str, change: ConversationChange
    ) -> ConversationView:
        """Change one. Raises NotFound."""

    async def add_note(self, *, organization_id: UUID, conversation_id: str, text: str) -> NoteView:
        """Write a note. Raises NotFound."""

    async def notes(self, *, organization_id: UUID, conversation_id: str) -> Sequence[NoteView]:
        """Notes, oldest first. Raises NotFound."""


class Settings(Protocol):
    """router's organizations, numbers and chatbots. All raise InvalidArgument, NotFound and Unavailable."""

    async def organizations(self) -> Sequence[OrganizationView]:
        """All organizations of the house by name."""

    async def organization(self, *, organization_id: UUID) -> OrganizationView:
        """One organization."""

    async def change_organization(self, *, organization_id: UUID, change: OrganizationChange) -> OrganizationView:
        """Change it."""

    async def numbers(self, *, organization_id: UUID) -> Sequence[NumberView]:
        """Numbers by phone_number_id."""

    async def number(self, *, organization_id: UUID, phone_number_id: str) -> NumberView:
        """One number."""

    async def create_number(self, *, organization_id: UUID, wanted: NewNumber) -> NumberView:
        """Make one. Raises AlreadyExists."""

    async def change_number(self, *, organization_id: UUID, phone_number_id: str, change: NumberChange) -> NumberView:
        """Change one."""

    async def chatbots(self, *, organization_id: UUID) -> Sequence[ChatbotView]:
        """Chatbots by name."""

    async def chatbot(self, *, organization_id: UUID, chatbot_id: UUID) -> ChatbotView:
        """One chatbot."""

    async def create_chatbot(
        self, *, organization_id: UUID, name: str, main_flow_id: UUID | None, is_active: bool
    ) -> ChatbotView:
        """Make one. Raises AlreadyExists."""

    async def change_chatbot(self, *, organization_id: UUID, chatbot_id: UUID, change: ChatbotChange) -> ChatbotView:
        """Change one."""

    async def delete_chatbot(self, *, organization_id: UUID, chatbot_id: UUID) -> None:
        """Remove one."""


class Credentials(Protocol):
    """sender's access tokens."""

    async def put(self, *, organization_id: UUID, phone_number_id: str, access_token: str) -> None:
        """Store a number's token, encrypted. Raises InvalidArgument or Unavailable."""
