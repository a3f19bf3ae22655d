"""What reaches a conversation: a contact's message as router hands it over, or a signal of our own rooms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal
from uuid import UUID

from services.executor.domain.events import DeliveryFailed, EffectDone, InboundMessage, Released, Taken
from services.executor.domain.json_value import Json

StartReason = Literal["none", "keyword", "number", "chatbot", "fallback", "test", "template_button", "referral", "any"]
SESSION_EXPIRY = "session_expiry"


@dataclass(frozen=True, slots=True)
class Contact:
    """Who is talking; any part may be empty but the id."""

    contact_id: UUID
    wa_id: str
    user_id: str
    name: str


@dataclass(frozen=True, slots=True)
class TimerDue:
    """A durable timer of a state fired; `due_us` is the moment it was set for, in microseconds since 1970."""

    kind: str
    state_id: UUID
    due_us: int


@dataclass(frozen=True, slots=True)
class SendFailed:
    """A message of a flow did not arrive."""

    flow_id: str
    failure: DeliveryFailed


Signal = TimerDue | SendFailed | EffectDone | Released | Taken


@dataclass(frozen=True, slots=True)
class Arrival:
    """One event of one conversation. With a `signal` there is no message, and who talks where is known from before.

    `profile` is what is known of the contact: attributes, tags, language. `time_zone` is the organization's IANA name,
    `window_expires_at` is in seconds since 1970, 0 when it is unknown.
    """

    organization_id: UUID
    conversation_id: UUID
    event_id: str
    phone_number_id: str
    contact: Contact
    message: InboundMessage
    may_run_flow: bool
    start_flow_id: str
    start_reason: StartReason
    window_expires_at: int
    time_zone: str = ""
    signal: Signal | None = None
    profile: Mapping[str, Json] = field(default_factory=dict)
