"""Messages to contacts and webhooks of an organization's systems, as people's programs see them over REST."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Outcome = Literal["ok", "duplicate", "invalid"]


@dataclass(frozen=True, slots=True, kw_only=True)
class OutgoingMessage:
    """A message to be sent. `content` is the contract's Content as a JSON object; empty texts are not given."""

    key: str
    conversation_id: str
    phone_number_id: str
    phone_number: str
    user_id: str
    content: Mapping[str, object]
    reply_to: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SendResult:
    """What became of one. `fields` are names and what is wrong with them."""

    outcome: Outcome
    message_id: str
    conversation_id: str
    reason: str
    problem: str
    fields: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageView:
    """A message and what became of it."""

    message_id: str
    conversation_id: str
    phone_number_id: str
    state: str
    status: str
    attempts: int
    wamids: Sequence[str]
    is_maybe_duplicate: bool
    error_code: int
    error_text: str
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageFilter:
    """Which messages; empty and None leave out nothing."""

    conversation_id: str = ""
    phone_number_id: str = ""
    state: str = ""
    status: str = ""
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class MessagePage:
    """Messages, newest first; `cursor` is empty after the last."""

    messages: Sequence[MessageView]
    cursor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeView:
    """One step forward of a message; `error_code` is 0 unless it failed."""

    event_id: str
    message_id: str
    conversation_id: str
    status: str
    error_code: int
    occurred_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskView:
    """Something that happened between a conversation and people; empty ids are not known."""

    event_id: str
    event: str
    conversation_id: str
    phone_number_id: str
    entry_id: str
    queue_id: str
    department_id: str
    from_queue_id: str
    agent_id: str
    how: str
    sla_due_at: datetime | None
    occurred_at: datetime


@dataclass(frozen=True, slots=True)
class Told:
    """Changes since the ones before, perhaps none, and where to go on after them."""

    cursor: str
    changes: Sequence[ChangeView | DeskView]


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedWebhook:
    """A webhook as it should be; an empty secret keeps the one there is, unless it is to be renewed."""

    name: str
    url: str
    events: Sequence[str]
    is_active: bool
    secret: str
    is_secret_renewed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookView:
    """A webhook as it is."""

    webhook_id: str
    name: str
    url: str
    events: Sequence[str]
    is_active: bool
    created_at: datetime
