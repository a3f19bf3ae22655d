"""Events of the desk: read into values, and told again."""

from __future__ import annotations

from uuid import UUID

from services.chassis.errors import InvalidArgument
from services.pb.sender.v1 import sender_pb2
from services.sender.domain.desk import EVENTS, PREFIX, DeskEvent
from services.sender.server.reading import read_id, read_text

_LONGEST_ID = 200


def read_desk_event(form: sender_pb2.DeskEvent) -> tuple[UUID, DeskEvent]:
    """An event with its organization. Raises InvalidArgument."""
    if form.event not in EVENTS:
        raise InvalidArgument(f"event is {form.event[:60]!r}; use {', '.join(EVENTS)}")
    if not form.event_id.startswith(PREFIX) or len(form.event_id) > _LONGEST_ID or not form.event_id.isprintable():
        raise InvalidArgument(
            f"event_id is no key of an event; begin it with {PREFIX}, {_LONGEST_ID} characters at most"
        )
    if form.occurred_at.seconds <= 0:
        raise InvalidArgument("occurred_at is not set; say when it happened")
    event = DeskEvent(
        event_id=form.event_id,
        event=form.event,
        lane_id=read_id("conversation_id", form.conversation_id),
        phone_number_id=read_text("phone_number_id", form.phone_number_id),
        entry_id=str(read_id("entry_id", form.entry_id)),
        queue_id=_id_or_none("queue_id", form.queue_id),
        department_id=_id_or_none("department_id", form.department_id),
        from_queue_id=_id_or_none("from_queue_id", form.from_queue_id),
        agent_id=_id_or_none("agent_id", form.agent_id),
        how=read_text("how", form.how),
        sla_due_at_us=form.sla_due_at.ToMicroseconds() if form.HasField("sla_due_at") else 0,
        occurred_at_us=form.occurred_at.ToMicroseconds(),
        sequence=form.sequence,
    )
    return read_id("organization_id", form.organization_id), event


def desk_form(organization_id: UUID, event: DeskEvent) -> sender_pb2.DeskEvent:
    """An event as it is told."""
    form = sender_pb2.DeskEvent(
        organization_id=str(organization_id),
        event_id=event.event_id,
        event=event.event,
        conversation_id=str(event.lane_id),
        phone_number_id=event.phone_number_id,
        entry_id=event.entry_id,
        queue_id=event.queue_id,
        department_id=event.department_id,
        from_queue_id=event.from_queue_id,
        agent_id=event.agent_id,
        how=event.how,
        sequence=event.sequence,
    )
    form.occurred_at.FromMicroseconds(event.occurred_at_us)
    if event.sla_due_at_us:
        form.sla_due_at.FromMicroseconds(event.sla_due_at_us)
    return form


def _id_or_none(field: str, text: str) -> str:
    return str(read_id(field, text)) if text else ""
