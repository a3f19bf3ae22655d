"""What messages of teams, watching, webhooks and health need from outside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from services.chassis.errors import Reason
from services.chassis.queue import Claim, StoredItem
from services.sender.domain.changes import News
from services.sender.domain.desk import DeskEvent
from services.sender.domain.webhooks import Webhook


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A message as operators see it."""

    message_id: UUID
    lane_id: UUID
    phone_number_id: str
    state: str
    status: str
    attempts: int
    wamids: tuple[str, ...]
    resolved_by: str
    is_maybe_duplicate: bool
    error_code: int
    error_text: str
    created_at: datetime
    error_action: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageFilter:
    """Which messages are listed; empty and None leave out nothing. `before` is a message that the page comes after."""

    lane_id: UUID | None = None
    phone_number_id: str = ""
    state: str = ""
    status: str = ""
    since: datetime | None = None
    until: datetime | None = None
    before: tuple[datetime, UUID] | None = None


class MessageBook(Protocol):
    """What is known of messages. Every method raises errors.Unavailable."""

    async def find(self, *, organization_id: UUID, message_ids: Sequence[UUID]) -> Mapping[UUID, Listed]:
        """These messages, by id; unknown ones and those of somebody erased are left out."""

    async def page(self, *, organization_id: UUID, chosen: MessageFilter, limit: int) -> list[Listed]:
        """Messages, newest first."""


class AliasBook(Protocol):
    """What phone numbers Meta has for people who were written to under others."""

    async def wa_ids(self, *, organization_id: UUID, phone_numbers: Sequence[str]) -> Mapping[str, str]:
        """Meta's number of each of these that is another; in digits. Raises errors.Unavailable."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """A conversation by id, or a contact by phone number or user id together with the business number."""

    conversation_id: UUID | None = None
    phone_number_id: str = ""
    phone_number: str = ""
    user_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """A conversation as a message needs it; `window_expires_at` in seconds since 1970, 0 when none was ever open."""

    conversation_id: UUID
    phone_number_id: str
    wa_id: str
    user_id: str
    window_expires_at: int
    has_refused: bool = False
    """Whether the contact refused messages."""


@dataclass(frozen=True, slots=True)
class NoConversation:
    """Why there is none."""

    reason: Reason
    problem: str


class Conversations(Protocol):
    """Conversations, which are router's."""

    async def open(
        self, *, organization_id: UUID, recipients: Sequence[Recipient]
    ) -> list[Conversation | NoConversation]:
        """Find or open them, in order. Raises a PytakeError."""


Positions = tuple[int, ...]
"""How far the changes of an organization were read: a position in each lane that they travel in."""


class ChangeFeed(Protocol):
    """Changes as they were committed; kept for days. Every method raises errors.Unavailable."""

    async def end(self, *, organization_id: UUID) -> Positions:
        """Where the changes end now."""

    async def since(self, *, organization_id: UUID, after: Positions) -> tuple[Positions, list[News]]:
        """What follows, in order for each subject, and how far that is; a bounded part of it when there is much."""


class Desk(Protocol):
    """Events of the desk on their way to who is told of them."""

    async def tell(self, events: Sequence[tuple[UUID, DeskEvent]]) -> list[bool]:
        """Take events with their organizations, in order within a conversation; tells which are new.

        Raises errors.Unavailable.
        """


@dataclass(frozen=True, slots=True)
class Stored:
    """A webhook as it is now, whether storing changed anything, and whether there was none of its name."""

    webhook: Webhook
    is_changed: bool
    is_new: bool = False


class WebhookStore(Protocol):
    """Webhooks of organizations, their secrets sealed. Every method raises errors.Unavailable."""

    async def put(
        self, *, organization_id: UUID, wanted: Webhook, secret: str | None, spare_secret: str
    ) -> tuple[Stored, bool]:
        """Create or replace by name. `secret` None keeps the one there is, or takes the spare one: tells if it did."""

    async def all(self, *, organization_id: UUID) -> list[Webhook]:
        """By name."""

    async def delete(self, *, organization_id: UUID, webhook_id: UUID) -> bool:
        """Remove one; tells whether there was one."""

    async def secret_of(self, *, organization_id: UUID, webhook_id: UUID) -> tuple[Webhook, str] | None:
        """A webhook with its secret; None when there is none, or when its secret does not open."""

    async def feed(self, *, limit: int) -> bool:
        """Turn changes into calls of webhooks; tells whether any were made. Safe beside others, and to repeat."""


class CallBox(Protocol):
    """Calls that wait, one lane for each conversation of a webhook."""

    async def claim(self, *, limit: int) -> list[Claim]:
        """Take ready lanes for the time of a lease."""

    async def give_back(self, claim: Claim, *, head: int, delay: float | None, error: str | None) -> bool:
        """Everything up to `head` is made; with an error the lane was at fault and rests for `delay` seconds."""

    async def bury(self, claim: Claim, item: StoredItem, error: str) -> bool:
        """Give an item up: it becomes a dead letter, and its lane goes on."""


class Outside(Protocol):
    """Calls to addresses that tenants chose."""

    async def post(self, url: str, *, headers: Mapping[str, str], body: bytes) -> str:
        """Post; nothing when it was taken, else one sentence why not. Never raises but CancelledError."""


@dataclass(frozen=True, slots=True)
class Backlog:
    """What waits for a number: how many messages, and when the oldest was taken; None when none waits."""

    queued: int
    oldest_at: datetime | None


@dataclass(frozen=True, slots=True)
class Failures:
    """Failures by one code."""

    error_code: int
    count: int
    last_text: str
    last_at: datetime


class HealthBook(Protocol):
    """How numbers do, as far as the database knows. Raises errors.Unavailable."""

    async def backlogs(self, *, organization_id: UUID) -> Mapping[str, Backlog]:
        """By phone_number_id; numbers for which nothing waits are left out."""

    async def failures(self, *, organization_id: UUID) -> Mapping[str, Sequence[Failures]]:
        """Of the last 24 hours by phone_number_id, the most frequent first."""
