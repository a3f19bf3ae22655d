"""The shapes of conversations among people, and of what is done with them."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from services.ingress.domain.phone import international_form
from services.ingress.domain.queues import EntryPage, QueueEntry, SlaState
from services.ingress.http.rest.models import PhoneNumber, Time

_ID = "1d5c3f6e-5a0e-4f1b-9d0c-7f4a1c2b3d44"

Reason = Annotated[str, Field(max_length=500, pattern=r"^[^\x00]*$", description="Why, for the history.")]


class PullRequest(BaseModel):
    """From which queues you want the next conversation."""

    queue_ids: list[UUID] = Field(default=[], max_length=100, description="None: all you may take from.")


class AssignRequest(BaseModel):
    """Who is to have the conversation."""

    agent_id: UUID | None = Field(default=None, description="Left out: you.", examples=[_ID])
    reason: Reason = Field(default="", examples=["knows the contact"])


class TransferRequest(BaseModel):
    """Where the conversation is to go: one of the two."""

    queue_id: UUID | None = Field(default=None, examples=[_ID])
    department_id: UUID | None = Field(default=None, description="Its first queue is meant.", examples=[None])
    reason: Reason = Field(default="", examples=["about taxes"])


class EntryChangeView(BaseModel):
    """One thing that happened."""

    at: Time | None = Field(examples=["2026-03-04T13:20:00Z"])
    kind: str = Field(
        description="queued, overflowed, assigned, pulled, routed, taken, transferred, sla_alert or ended.",
        examples=["overflowed"],
    )
    from_queue_id: str | None = Field(description="The queue it left.", examples=[_ID])
    queue_id: str | None = Field(examples=[_ID])
    agent_id: str | None = Field(examples=[None])
    actor: str = Field(description="Who did it, as in the audit log.", examples=["service:executor"])
    reason: str = Field(examples=["full"])


class EntryView(BaseModel):
    """A conversation that waits for people, or is with one."""

    id: str = Field(examples=[_ID])
    conversation_id: str = Field(examples=[_ID])
    phone_number_id: str = Field(description="The business number.", examples=["106540352242922"])
    phone_number: PhoneNumber = Field(examples=["+55 11 98765-4321"])
    user_id: str = Field(description="Business-scoped user id; empty if unknown.", examples=[""])
    contact_name: str = Field(examples=["Bia"])
    queue_id: str | None = Field(description="null: somebody took it without a queue.", examples=[_ID])
    state: Literal["waiting", "assigned", "ended"]
    priority: int = Field(examples=[50])
    is_vip: bool = Field(description="Whether the contact goes before others of the same priority.")
    queued_at: Time | None = Field(examples=["2026-03-04T13:20:00Z"])
    handoff_context: str = Field(description="What the flow told people.", examples=["quer remarcar a entrega"])
    sla_due_at: Time | None = Field(description="null: nothing is promised.", examples=["2026-03-04T13:35:00Z"])
    sla_state: SlaState = Field(description="at_risk: four fifths of the time are over and nobody has it.")
    agent_id: str | None = Field(examples=[None])
    assigned_at: Time | None = Field(examples=[None])
    ended_at: Time | None = Field(examples=[None])
    end_reason: str = Field(examples=[""])
    changes: list[EntryChangeView] = Field(description="What happened to it, oldest first.")

    @classmethod
    def of(cls, entry: QueueEntry) -> EntryView:
        """From an entry."""
        return cls.model_validate(
            {
                "id": entry.id,
                "conversation_id": entry.conversation_id,
                "phone_number_id": entry.phone_number_id,
                "phone_number": international_form(entry.phone_number) if entry.phone_number else "",
                "user_id": entry.user_id,
                "contact_name": entry.contact_name,
                "queue_id": entry.queue_id or None,
                "state": entry.state,
                "priority": entry.priority,
                "is_vip": entry.is_vip,
                "queued_at": entry.queued_at,
                "handoff_context": entry.handoff_context,
                "sla_due_at": entry.sla_due_at,
                "sla_state": entry.sla_state,
                "agent_id": entry.agent_id or None,
                "assigned_at": entry.assigned_at,
                "ended_at": entry.ended_at,
                "end_reason": entry.end_reason,
                "changes": [
                    EntryChangeView(
                        at=each.at,
                        kind=each.kind,
                        from_queue_id=each.from_queue_id or None,
                        queue_id=each.queue_id or None,
                        agent_id=each.agent_id or None,
                        actor=each.actor,
                        reason=each.reason,
                    )
                    for each in entry.changes
                ],
            }
        )


class EntryAnswer(BaseModel):
    """The conversation as it is now."""

    entry: EntryView


class PullAnswer(BaseModel):
    """The conversation whose turn it was."""

    entry: EntryView | None = Field(description="null: none waits that you may have.")


class EntryList(BaseModel):
    """A page of conversations among people, newest first."""

    entries: list[EntryView]
    next: str | None = Field(
        description="Give it as `cursor` for the page after this one; null at the end.", examples=[None]
    )

    @classmethod
    def of(cls, page: EntryPage) -> EntryList:
        """From a page."""
        return cls(entries=[EntryView.of(each) for each in page.entries], next=page.cursor or None)
