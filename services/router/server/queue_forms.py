"""Departments, queues, agents and entries: protobuf to the domain's words and back."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from google.protobuf.timestamp_pb2 import Timestamp

from services.chassis.errors import InvalidArgument
from services.chassis.rpc.masks import fields_meant_of
from services.pb.router.v1 import router_pb2
from services.router.domain.queues import (
    Agent,
    BusinessHours,
    Change,
    Department,
    Entry,
    Floor,
    Presence,
    Queue,
    Routing,
    Sla,
    hours_of,
    schedule_of,
    sla_of,
)
from services.router.usecases import ConversationName
from services.router.usecases.fields import id_of, id_or_none

PRESENCES: Mapping[Presence, router_pb2.Presence.ValueType] = {
    "available": router_pb2.PRESENCE_AVAILABLE,
    "busy": router_pb2.PRESENCE_BUSY,
    "away": router_pb2.PRESENCE_AWAY,
    "offline": router_pb2.PRESENCE_OFFLINE,
}
_ROUTINGS: Mapping[Routing, router_pb2.RoutingMode.ValueType] = {
    "manual": router_pb2.ROUTING_MODE_MANUAL,
    "round_robin": router_pb2.ROUTING_MODE_ROUND_ROBIN,
    "load_balance": router_pb2.ROUTING_MODE_LOAD_BALANCE,
    "skills_based": router_pb2.ROUTING_MODE_SKILLS_BASED,
}
_ROUTING_OF: Mapping[int, Routing] = {value: key for key, value in _ROUTINGS.items()}
_SLAS: Mapping[Sla, router_pb2.SlaState.ValueType] = {
    "none": router_pb2.SLA_STATE_UNSPECIFIED,
    "ok": router_pb2.SLA_STATE_OK,
    "at_risk": router_pb2.SLA_STATE_AT_RISK,
    "broken": router_pb2.SLA_STATE_BROKEN,
}
# Replaced by the id that is made from the name.
_NO_ID = UUID(int=0)

# What may change of each, by its name in the contract and here.
_DEPARTMENT = {
    "business_hours": "hours", "offline_message": "offline_message", "routing_mode": "routing",
    "max_conversations_per_agent": "max_conversations_per_agent", "agent_ids": "agent_ids", "is_active": "is_active",
}  # fmt: skip
_QUEUE = {
    "department_id": "department_id", "priority": "priority", "sla_minutes": "sla_minutes", "routing_mode": "routing",
    "max_queue_size": "max_queue_size", "overflow_queue_id": "overflow_queue_id",
    "allowed_agent_ids": "allowed_agent_ids", "skills_required": "skills", "business_hours": "hours",
    "is_active": "is_active",
}  # fmt: skip
_AGENT = {"name": "name", "skills": "skills", "capacity": "capacity", "is_active": "is_active"}


def read_department_change(request: router_pb2.UpdateDepartmentRequest) -> tuple[Department, Collection[str]]:
    """A department with what changes, and the names of that. Raises InvalidArgument."""
    meant = fields_meant_of(request.department, request.update_mask, *_DEPARTMENT)
    department_id = id_of("department.department_id", request.department.department_id)
    return replace(read_department(request.department), department_id=department_id), _here(_DEPARTMENT, meant)


def read_queue_change(request: router_pb2.UpdateQueueRequest) -> tuple[Queue, Collection[str]]:
    """The same of a queue."""
    meant = fields_meant_of(request.queue, request.update_mask, *_QUEUE)
    queue_id = id_of("queue.queue_id", request.queue.queue_id)
    form = request.queue
    if "department_id" not in meant:
        form = router_pb2.Queue()
        form.CopyFrom(request.queue)
        form.department_id = str(_NO_ID)
    return replace(read_queue(form), queue_id=queue_id), _here(_QUEUE, meant)


def read_agent_change(request: router_pb2.UpdateAgentRequest) -> tuple[Agent, Collection[str]]:
    """The same of an agent."""
    meant = fields_meant_of(request.agent, request.update_mask, *_AGENT)
    return read_agent(request.agent), _here(_AGENT, meant)


def _here(names: Mapping[str, str], meant: Collection[str]) -> Collection[str]:
    return [names[each] for each in meant]


def read_department(form: router_pb2.Department) -> Department:
    """Raises InvalidArgument."""
    return Department(
        department_id=_NO_ID,
        name=form.name,
        hours=_read_hours("department.business_hours", form.business_hours)
        if form.HasField("business_hours")
        else None,
        offline_message=form.offline_message,
        routing=_ROUTING_OF.get(form.routing_mode, "manual"),
        max_conversations_per_agent=form.max_conversations_per_agent,
        agent_ids=tuple(id_of("department.agent_ids", each) for each in form.agent_ids),
        is_active=form.is_active,
    )


def department_form(department: Department) -> router_pb2.Department:
    """As it is told."""
    return router_pb2.Department(
        department_id=str(department.department_id),
        name=department.name,
        business_hours=_hours_form(department.hours),
        offline_message=department.offline_message,
        routing_mode=_ROUTINGS[department.routing],
        max_conversations_per_agent=department.max_conversations_per_agent,
        agent_ids=map(str, department.agent_ids),
        is_active=department.is_active,
    )


def read_queue(form: router_pb2.Queue) -> Queue:
    """Raises InvalidArgument."""
    return Queue(
        queue_id=_NO_ID,
        department_id=id_of("queue.department_id", form.department_id),
        name=form.name,
        priority=form.priority,
        sla_minutes=form.sla_minutes,
        routing=_ROUTING_OF.get(form.routing_mode),
        max_queue_size=form.max_queue_size,
        overflow_queue_id=id_or_none("queue.overflow_queue_id", form.overflow_queue_id),
        allowed_agent_ids=tuple(id_of("queue.allowed_agent_ids", each) for each in form.allowed_agent_ids),
        skills=tuple(form.skills_required),
        hours=_read_hours("queue.business_hours", form.business_hours) if form.HasField("business_hours") else None,
        is_active=form.is_active,
    )


def queue_form(floor: Floor, queue: Queue, now: datetime) -> router_pb2.Queue:
    """As it is told."""
    return router_pb2.Queue(
        queue_id=str(queue.queue_id),
        department_id=str(queue.department_id),
        name=queue.name,
        priority=queue.priority,
        sla_minutes=queue.sla_minutes,
        routing_mode=_ROUTINGS[queue.routing] if queue.routing else router_pb2.ROUTING_MODE_UNSPECIFIED,
        max_queue_size=queue.max_queue_size,
        overflow_queue_id=_text(queue.overflow_queue_id),
        allowed_agent_ids=map(str, queue.allowed_agent_ids),
        skills_required=queue.skills,
        business_hours=_hours_form(queue.hours),
        is_active=queue.is_active,
        waiting=floor.waiting[queue.queue_id],
        is_open=floor.is_open(queue, now),
    )


def read_agent(form: router_pb2.Agent) -> Agent:
    """Raises InvalidArgument."""
    return Agent(
        agent_id=id_of("agent.agent_id", form.agent_id),
        name=form.name,
        skills=tuple(form.skills),
        capacity=form.capacity,
        is_active=form.is_active,
    )


def agent_form(floor: Floor, agent: Agent, now: datetime) -> router_pb2.Agent:
    """As it is told."""
    return router_pb2.Agent(
        agent_id=str(agent.agent_id),
        name=agent.name,
        skills=agent.skills,
        capacity=agent.capacity,
        is_active=agent.is_active,
        presence=PRESENCES[agent.presence_at(now)],
        present_until=time_form(agent.present_until),
        conversations=floor.load_of(agent.agent_id),
    )


def entry_form(entry: Entry, now: datetime) -> router_pb2.QueueEntry:
    """As it is told."""
    return router_pb2.QueueEntry(
        entry_id=str(entry.entry_id),
        conversation_id=str(entry.conversation_id),
        phone_number_id=entry.phone_number_id,
        wa_id=entry.wa_id,
        user_id=entry.user_id,
        contact_name=entry.contact_name,
        queue_id=_text(entry.queue_id),
        state=entry.state,
        priority=entry.priority,
        is_vip=entry.is_vip,
        queued_at=time_form(entry.queued_at),
        handoff_context=entry.context,
        sla_due_at=time_form(entry.sla_due_at),
        sla_state=_SLAS[sla_of(entry, now)],
        agent_id=_text(entry.agent_id),
        assigned_at=time_form(entry.assigned_at),
        ended_at=time_form(entry.ended_at),
        end_reason=entry.end_reason,
        changes=map(_change_form, entry.changes),
    )


def read_name(form: router_pb2.ConversationName) -> ConversationName:
    """Raises InvalidArgument."""
    return ConversationName(
        conversation_id=id_or_none("conversation.conversation_id", form.conversation_id),
        contact=form.contact,
        phone_number_id=form.phone_number_id,
    )


def time_form(moment: datetime | None) -> Timestamp | None:
    """A time, or nothing."""
    if moment is None:
        return None
    timestamp = Timestamp()
    timestamp.FromDatetime(moment)
    return timestamp


def _change_form(change: Change) -> router_pb2.EntryChange:
    return router_pb2.EntryChange(
        at=time_form(change.at),
        kind=change.kind,
        from_queue_id=_text(change.from_queue_id),
        queue_id=_text(change.queue_id),
        agent_id=_text(change.agent_id),
        actor=change.actor,
        reason=change.reason,
    )


def _read_hours(field: str, form: router_pb2.BusinessHours) -> BusinessHours:
    schedule = {each.day: (each.start, each.end) for each in form.days}
    if len(schedule) != len(form.days):
        raise InvalidArgument(f"{field}.days names a day twice; a day has one opening time")
    try:
        return hours_of(form.time_zone, schedule)
    except ValueError as error:
        raise InvalidArgument(f"{field}: {error}") from None


def _hours_form(hours: BusinessHours | None) -> router_pb2.BusinessHours | None:
    if hours is None:
        return None
    days = [router_pb2.DayHours(day=day, start=start, end=end) for day, (start, end) in schedule_of(hours).items()]
    return router_pb2.BusinessHours(time_zone=hours.zone, days=days)


def _text(value: UUID | None) -> str:
    return str(value) if value else ""
