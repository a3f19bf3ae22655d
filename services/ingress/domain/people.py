"""Contacts, conversations and settings as the REST API shows them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal
from uuid import UUID

Owner = Literal["bot", "person"]


@dataclass(frozen=True, slots=True)
class Unchanged:
    """What stays as it is."""


UNCHANGED = Unchanged()


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactView:
    """A contact; `phone_number` is digits, and it or `user_id` may be empty."""

    id: str
    name: str
    whatsapp_name: str
    phone_number: str
    user_id: str
    attributes: Mapping[str, object]
    tags: Sequence[str]
    language: str
    opted_in: bool | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class ContactPage:
    """Contacts, newest first; `cursor` is empty after the last."""

    contacts: Sequence[ContactView]
    cursor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactFilter:
    """Which contacts; empty leaves out nobody."""

    search: str = ""
    phone_number: str = ""
    tag: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactChange:
    """What changes; None stays. Of `attributes` null takes a name away."""

    name: str | None = None
    attributes: Mapping[str, object] | None = None
    language: str | None = None
    opted_in: bool | None = None
    add_tags: Sequence[str] = ()
    remove_tags: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationView:
    """A conversation as people work it off."""

    conversation_id: str
    contact_id: str
    contact_name: str
    phone_number: str
    user_id: str
    phone_number_id: str
    owner: Owner
    agent_id: str
    queue_id: str
    tags: Sequence[str]
    is_unread: bool
    last_inbound_at: datetime
    window_expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class Seen:
    """A conversation at one moment; `cursor` tells it from what it was before."""

    cursor: str
    conversation: ConversationView


@dataclass(frozen=True, slots=True)
class ConversationPage:
    """Conversations, latest message first; `cursor` is empty after the last."""

    conversations: Sequence[ConversationView]
    cursor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationFilter:
    """Which conversations; None, empty and False leave out nothing."""

    owner: Owner | None = None
    agent_id: UUID | None = None
    queue_id: UUID | None = None
    department_id: UUID | None = None
    tag: str = ""
    is_unread: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationChange:
    """What changes of a conversation."""

    add_tags: Sequence[str] = ()
    remove_tags: Sequence[str] = ()
    is_read: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteView:
    """A note of the organization's people."""

    id: str
    author: str
    text: str
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganizationView:
    """An organization; an empty flow is none."""

    id: str
    name: str
    fallback_flow_id: str
    time_zone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganizationChange:
    """What changes of an organization."""

    fallback_flow_id: UUID | Unchanged | None = UNCHANGED
    time_zone: str | Unchanged = UNCHANGED


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberView:
    """A business number; empty texts are not given."""

    phone_number_id: str
    display_phone_number: str
    chatbot_id: str
    default_flow_id: str
    app: str
    is_active: bool
    waba_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberChange:
    """What changes of a number."""

    display_phone_number: str | Unchanged = UNCHANGED
    chatbot_id: UUID | Unchanged | None = UNCHANGED
    default_flow_id: UUID | Unchanged | None = UNCHANGED
    is_active: bool | Unchanged = UNCHANGED
    waba_id: str | Unchanged = UNCHANGED


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatbotView:
    """A chatbot; an empty flow is none."""

    id: str
    name: str
    main_flow_id: str
    is_active: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatbotChange:
    """What changes of a chatbot."""

    main_flow_id: UUID | Unchanged | None = UNCHANGED
    is_active: bool | Unchanged = UNCHANGED


@dataclass(frozen=True, slots=True, kw_only=True)
class NewNumber:
    """A number to be made; `app` is the name of one of the organization's Meta apps, or empty.

    `access_token` proves that the number is theirs.
    """

    phone_number_id: str
    display_phone_number: str = ""
    chatbot_id: UUID | None = None
    default_flow_id: UUID | None = None
    app: str = ""
    is_active: bool = True
    waba_id: str = ""
    access_token: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewContact:
    """A contact to be made, by a phone number or a user id."""

    phone_number: str = ""
    user_id: str = ""
    change: ContactChange = field(default_factory=ContactChange)
