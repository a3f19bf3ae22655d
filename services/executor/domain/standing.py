"""A conversation's place in a flow, as stored, and what a turn does to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from services.executor.domain.arrival import Contact
from services.executor.domain.identifiers import derived_id
from services.executor.domain.json_value import Json
from services.executor.domain.session import Session


@dataclass(frozen=True, slots=True)
class Line:
    """Where the conversation is held, as its last message told: what is said later without a message needs it.

    `profile` is what is known of the contact besides names: attributes, tags, language.
    """

    phone_number_id: str = ""
    contact_name: str = ""
    window_expires_at: int = 0
    time_zone: str = ""
    profile: Mapping[str, Json] = field(default_factory=dict)


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
    line: Line = Line()

    def is_live(self, now: datetime) -> bool:
        """Whether a message goes on with it. Closed, ended and expired ones are not resumed; people's do not expire."""
        session = self.session
        return session.is_active and (self.session_expires_at > now or session.is_with_person)

    def after_turn(
        self, session: Session, *, contact: Contact, line: Line, messages: int, now: datetime, expires_at: datetime
    ) -> Standing:
        """The state after a turn; with every message, in or out, the session has its full time again (sliding TTL)."""
        # Field by field: `replace` takes four times as long, and every turn comes by here.
        return Standing(
            organization_id=self.organization_id,
            state_id=self.state_id,
            conversation_id=self.conversation_id,
            contact=contact,
            session=session,
            messages_count=self.messages_count + messages,
            last_message_at=now if messages else self.last_message_at,
            session_expires_at=expires_at,
            created_at=self.created_at,
            closed_at=self.closed_at,
            revision=self.revision,
            line=line,
        )

    def ended(self) -> Standing:
        """The state without a place in the flow: expired, or left for another flow."""
        session = self.session
        return replace(
            self,
            session=Session(
                session.flow_id, session.flow_version, variables=session.variables, is_active=False,
                execution_path=session.execution_path, user_message=session.user_message,
                selected_option=session.selected_option,
            ),
        )  # fmt: skip

    def visiting(self) -> Standing:
        """The state while another flow is gone through that it called: it keeps its place."""
        return replace(self, session=replace(self.session, is_active=False, awaiting_input=False, backlog=()))

    def returned(self, called: Session) -> Standing:
        """The state again, when the flow it called has ended in that session."""
        return replace(self, session=self.session.taken_back(called))
