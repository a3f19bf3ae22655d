"""Departments, queues, agents and entries: what router tells, and what it is told."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import TypeVar
from uuid import UUID

from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from services.ingress.domain.queues import (
    Agent,
    Department,
    EntryChange,
    OpeningHours,
    Presence,
    Queue,
    QueueEntry,
    RoutingMode,
    SlaState,
)
from services.pb.router.v1 import router_pb2

Form = TypeVar("Form", bound=Message)

_ROUTINGS: Mapping[RoutingMode | None, router_pb2.RoutingMode.ValueType] = {
    None: router_pb2.ROUTING_MODE_UNSPECIFIED,
    "manual": router_pb2.ROUTING_MODE_MANUAL,
    "round_robin": router_pb2.ROUTING_MODE_ROUND_ROBIN,
    "load_balance": router_pb2.ROUTING_MODE_LOAD_BALANCE,
    "skills_based": router_pb2.ROUTING_MODE_SKILLS_BASED,
}
_ROUTING_OF: Mapping[int, RoutingMode] = {value: key for key, value in _ROUTINGS.items() if key}
PRESENCES: Mapping[Presence, router_pb2.Presence.ValueType] = {
    "available": router_pb2.PRESENCE_AVAILABLE,
    "busy": router_pb2.PRESENCE_BUSY,
    "away": router_pb2.PRESENCE_AWAY,
    "offline": router_pb2.PRESENCE_OFFLINE,
}
_PRESENCE_OF: Mapping[int, Presence] = {value: key for key, value in PRESENCES.items()}
_SLA_OF: Mapping[int, SlaState] = {
    router_pb2.SLA_STATE_OK: "ok",
    router_pb2.SLA_STATE_AT_RISK: "at_risk",
    router_pb2.SLA_STATE_BROKEN: "broken",
}


def department_form(department: Department) -> router_pb2.Department:
    """As router takes it."""
    return router_pb2.Department(
        name=department.name,
        business_hours=_hours_form(department.business_hours),
        offline_message=department.offline_message,
        routing_mode=_ROUTINGS[department.routing_mode],
        max_conversations_per_agent=department.max_conversations_per_agent,
        agent_ids=department.agent_ids,
        is_active=department.is_active,
    )


def queue_form(queue: Queue) -> router_pb2.Queue:
    """As router takes it."""
    return router_pb2.Queue(
        department_id=queue.department_id,
        name=queue.name,
        priority=queue.priority,
        sla_minutes=queue.sla_minutes,
        routing_mode=_ROUTINGS[queue.routing_mode],
        max_queue_size=queue.max_queue_size,
        overflow_queue_id=queue.overflow_queue_id,
        allowed_agent_ids=queue.allowed_agent_ids,
        skills_required=queue.skills_required,
        business_hours=_hours_form(queue.business_hours),
        is_active=queue.is_active,
    )


def agent_form(agent: Agent) -> router_pb2.Agent:
    """As router takes it."""
    return router_pb2.Agent(
        agent_id=agent.id, name=agent.name, skills=agent.skills, capacity=agent.capacity, is_active=agent.is_active
    )


def only(fields: Collection[str], form: Form) -> Form:
    """The form without all other fields: where nothing is named, what is not empty would be meant."""
    for field, _ in form.ListFields():
        if field.name not in fields:
            form.ClearField(field.name)
    return form


def department_of(told: router_pb2.Department) -> Department:
    """As router tells it."""
    return Department(
        id=told.department_id,
        name=told.name,
        business_hours=_hours(told.business_hours) if told.HasField("business_hours") else None,
        offline_message=told.offline_message,
        routing_mode=_ROUTING_OF.get(told.routing_mode, "manual"),
        max_conversations_per_agent=told.max_conversations_per_agent,
        agent_ids=list(told.agent_ids),
        is_active=told.is_active,
    )


def queue_of(told: router_pb2.Queue) -> Queue:
    """As router tells it."""
    return Queue(
        id=told.queue_id,
        department_id=told.department_id,
        name=told.name,
        priority=told.priority,
        sla_minutes=told.sla_minutes,
        routing_mode=_ROUTING_OF.get(told.routing_mode),
        max_queue_size=told.max_queue_size,
        overflow_queue_id=told.overflow_queue_id,
        allowed_agent_ids=list(told.allowed_agent_ids),
        skills_required=list(told.skills_required),
        business_hours=_hours(told.business_hours) if told.HasField("business_hours") else None,
        is_active=told.is_active,
        waiting=told.waiting,
        is_open=told.is_open,
    )


def agent_of(told: router_pb2.Agent) -> Agent:
    """As router tells it."""
    return Agent(
        id=told.agent_id,
        name=told.name,
        skills=list(told.skills),
        capacity=told.capacity,
        is_active=told.is_active,
        presence=_PRESENCE_OF.get(told.presence, "offline"),
        present_until=_time(told.present_until),
        conversations=told.conversations,
    )


def entry_of(told: router_pb2.QueueEntry) -> QueueEntry:
    """As router tells it."""
    return QueueEntry(
        id=told.entry_id,
        conversation_id=told.conversation_id,
        phone_number_id=told.phone_number_id,
        phone_number=told.wa_id,
        user_id=told.user_id,
        contact_name=told.contact_name,
        queue_id=told.queue_id,
        state=told.state,
        priority=told.priority,
        is_vip=told.is_vip,
        queued_at=_time(told.queued_at),
        handoff_context=told.handoff_context,
        sla_due_at=_time(told.sla_due_at),
        sla_state=_SLA_OF.get(told.sla_state, "none"),
        agent_id=told.agent_id,
        assigned_at=_time(told.assigned_at),
        ended_at=_time(told.ended_at),
        end_reason=told.end_reason,
        changes=[_change(each) for each in told.changes],
    )


def _change(told: router_pb2.EntryChange) -> EntryChange:
    return EntryChange(
        at=_time(told.at),
        kind=told.kind,
        from_queue_id=told.from_queue_id,
        queue_id=told.queue_id,
        agent_id=told.agent_id,
        actor=told.actor,
        reason=told.reason,
    )


def _hours(told: router_pb2.BusinessHours) -> OpeningHours:
    return OpeningHours(told.time_zone, {each.day: (each.start, each.end) for each in told.days})


def _hours_form(hours: OpeningHours | None) -> router_pb2.BusinessHours | None:
    if hours is None:
        return None
    days = [router_pb2.DayHours(day=day, start=start, end=end) for day, (start, end) in hours.days.items()]
    return router_pb2.BusinessHours(time_zone=hours.time_zone, days=days)


def _time(timestamp: Timestamp) -> datetime | None:
    """Protobuf's zero means that nobody set it."""
    return timestamp.ToDatetime(UTC) if timestamp.seconds or timestamp.nanos else None


def text_of(value: UUID | None) -> str:
    """An id, or nothing."""
    return str(value) if value else ""
