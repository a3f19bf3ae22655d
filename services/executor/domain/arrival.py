"""What reaches a conversation: a contact's message as router hands it over, or a durable timer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from services.executor.domain.events import InboundMessage

StartReason = Literal["none", "keyword", "number", "chatbot", "fallback", "test"]
SESSION_EXPIRY = "session_expiry"


@dataclass(frozen=True, slots=True)
class Contact:
    """Who is talking; any part may be empty but the id."""

    contact_id: UUID
    wa_id: str
    user_id: str
    name: str


@dataclass(frozen=True, slots=True)
class Arrival:
    """One event of one conversation. `timer` is set instead of a message when a timer fired."""

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
    timer: str = ""
