"""A conversation's place in a flow, as stored, and what a turn does to it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from services.executor.domain.arrival import Contact
from services.executor.domain.identifiers import derived_id
from services.executor.domain.session import Session


def state_id_of(conversation_id: UUID, flow_id: str) -> UUID:
    """The state's id: one state per conversation and flow, made anew when the flow starts again."""
    return derived_id(conversation_id, flow_id)


@dataclass(frozen=True, slots=True)
class Standing:
    """A row of conversation_states. `revision` is 0 while it is not stored yet; a write names the one it saw."""

    organization_id: UUID
    state_id: UUID
    conversation_id: UUID
    contact: Contact
    session: Session
    messages_count: int
    last_message_at: datetime
    session_expires_at: datetime
    created_at: datetime
    closed_at: datetime | None
    revision: int

    def is_live(self, now: datetime) -> bool:
        """Whether a message goes on with it. Closed, ended and expired ones are not resumed."""
        return self.session.is_active and self.session_expires_at > now

    def after_turn(
        self, session: Session, *, contact: Contact, messages: int, now: datetime, ttl: timedelta
    ) -> Standing:
        """The state after a turn; every turn gives the session its full time again (sliding TTL)."""
        # Field by field: `replace` takes four times as long, and every turn comes by here.
        return Standing(
            organization_id=self.organization_id,
            state_id=self.state_id,
            conversation_id=self.conversation_id,
            contact=contact,
            session=session,
            messages_count=self.messages_count + messages,
            last_message_at=now,
            session_expires_at=now + ttl,
            created_at=self.created_at,
            closed_at=self.closed_at,
            revision=self.revision,
        )

    def ended(self) -> Standing:
        """The state without a place in the flow: expired, or left for another flow."""
        return replace(self, session=replace(self.session, is_active=False, current_node_id=None, awaiting_input=False))
