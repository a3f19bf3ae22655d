"""router's departments, queues and agents, as the REST API sees them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from uuid import UUID

from google.protobuf.timestamp_pb2 import Timestamp

from services.chassis.rpc import Peer
from services.ingress.domain.queues import (
    Agent,
    Department,
    EntryChange,
    EntryPage,
    OpeningHours,
    Presence,
    Queue,
    QueueEntry,
    RoutingMode,
    SlaState,
    Stored,
)
from services.pb.router.v1 import router_pb2, router_pb2_grpc

# A person waits for it.
_SECONDS = 3.0
# Router tells executor, which tells the flow.
_MOVE_SECONDS = 8.0

_ROUTINGS: Mapping[RoutingMode | None, router_pb2.RoutingMode.ValueType] = {
    None: router_pb2.ROUTING_MODE_UNSPECIFIED,
    "manual": router_pb2.ROUTING_MODE_MANUAL,
    "round_robin": router_pb2.ROUTING_MODE_ROUND_ROBIN,
    "load_balance": router_pb2.ROUTING_MODE_LOAD_BALANCE,
    "skills_based": router_pb2.ROUTING_MODE_SKILLS_BASED,
}
_ROUTING_OF: Mapping[int, RoutingMode] = {value: key for key, value in _ROUTINGS.items() if key}
_PRESENCES: Mapping[Presence, router_pb2.Presence.ValueType] = {
    "available": router_pb2.PRESENCE_AVAILABLE,
    "busy": router_pb2.PRESENCE_BUSY,
    "away": router_pb2.PRESENCE_AWAY,
    "offline": router_pb2.PRESENCE_OFFLINE,
}
_PRESENCE_OF: Mapping[int, Presence] = {value: key for key, value in _PRESENCES.items()}
_SLA_OF: Mapping[int, SlaState] = {
    router_pb2.SLA_STATE_OK: "ok",
    router_pb2.SLA_STATE_AT_RISK: "at_risk",
    router_pb2.SLA_STATE_BROKEN: "broken",
}


class GrpcQueues:
    """See ports.queues.Queues."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer
        self._queues = peer.stub(router_pb2_grpc.QueuesStub)

    async def departments(self, *, organization_id: UUID) -> list[Department]:
        """See ports.queues.Queues."""
        request = router_pb2.ListDepartmentsRequest(organization_id=str(organization_id))
        response = await self._peer.call(self._queues.ListDepartments, request, seconds=_SECONDS)
        return [_department(each) for each in response.departments]

    async def put_department(self, *, organization_id: UUID, department: Department) -> Stored:
        """See ports.queues.Queues."""
        form = router_pb2.Department(
            name=department.name,
            business_hours=_hours_form(department.business_hours),
            offline_message=department.offline_message,
            routing_mode=_ROUTINGS[department.routing_mode],
            max_conversations_per_agent=department.max_conversations_per_agent,
            agent_ids=department.agent_ids,
            is_active=department.is_active,
        )
        request = router_pb2.PutDepartmentRequest(organization_id=str(organization_id), department=form)
        response = await self._peer.call(self._queues.PutDepartment, request, seconds=_SECONDS)
        return Stored(response.department_id, response.is_changed)

    async def delete_department(self, *, organization_id: UUID, department_id: UUID) -> None:
        """See ports.queues.Queues."""
        request = router_pb2.DeleteDepartmentRequest(
            organization_id=str(organization_id), department_id=str(department_id)
        )
        await self._peer.call(self._queues.DeleteDepartment, request, seconds=_SECONDS)

    async def queues(self, *, organization_id: UUID) -> list[Queue]:
        """See ports.queues.Queues."""
        request = router_pb2.ListQueuesRequest(organization_id=str(organization_id))
        response = await self._peer.call(self._queues.ListQueues, request, seconds=_SECONDS)
        return [_queue(each) for each in response.queues]

    async def put_queue(self, *, organization_id: UUID, queue: Queue) -> Stored:
        """See ports.queues.Queues."""
        form = router_pb2.Queue(
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
        request = router_pb2.PutQueueRequest(organization_id=str(organization_id), queue=form)
        response = await self._peer.call(self._queues.PutQueue, request, seconds=_SECONDS)
        return Stored(response.queue_id, response.is_changed)

    async def delete_queue(self, *, organization_id: UUID, queue_id: UUID) -> None:
        """See ports.queues.Queues."""
        request = router_pb2.DeleteQueueRequest(organization_id=str(organization_id), queue_id=str(queue_id))
        await self._peer.call(self._queues.DeleteQueue, request, seconds=_SECONDS)

    async def agents(self, *, organization_id: UUID) -> list[Agent]:
        """See ports.queues.Queues."""
        request = router_pb2.ListAgentsRequest(organization_id=str(organization_id))
        response = await self._peer.call(self._queues.ListAgents, request, seconds=_SECONDS)
        return [_agent(each) for each in response.agents]

    async def put_agent(self, *, organization_id: UUID, agent: Agent) -> Stored:
        """See ports.queues.Queues."""
        form = router_pb2.Agent(
            agent_id=agent.id,
            name=agent.name,
            skills=agent.skills,
            capacity=agent.capacity,
            is_active=agent.is_active,
        )
        request = router_pb2.PutAgentRequest(organization_id=str(organization_id), agent=form)
        response = await self._peer.call(self._queues.PutAgent, request, seconds=_SECONDS)
        return Stored(agent.id, response.is_changed)

    async def set_presence(
        self, *, organization_id: UUID, agent_id: UUID, presence: Presence, seconds: int
    ) -> datetime:
        """See ports.queues.Queues."""
        request = router_pb2.SetPresenceRequest(
            organization_id=str(organization_id),
            agent_id=str(agent_id),
            presence=_PRESENCES[presence],
            seconds=seconds,
        )
        response = await self._peer.call(self._queues.SetPresence, request, seconds=_SECONDS)
        return response.present_until.ToDatetime(UTC)

    async def entries(
        self,
        *,
        organization_id: UUID,
        queue_id: UUID | None,
        agent_id: UUID | None,
        state: str,
        limit: int,
        cursor: str,
    ) -> EntryPage:
        """See ports.queues.Queues."""
        request = router_pb2.ListEntriesRequest(
            organization_id=str(organization_id),
            queue_id=_text(queue_id),
            agent_id=_text(agent_id),
            state=state,
            limit=limit,
            cursor=cursor,
        )
        response = await self._peer.call(self._queues.ListEntries, request, seconds=_SECONDS)
        return EntryPage([_entry(each) for each in response.entries], response.cursor)

    async def pull(self, *, organization_id: UUID, agent_id: UUID, queue_ids: Sequence[UUID]) -> QueueEntry | None:
        """See ports.queues.Queues."""
        request = router_pb2.PullRequest(
            organization_id=str(organization_id), agent_id=str(agent_id), queue_ids=map(str, queue_ids)
        )
        response = await self._peer.call(self._queues.Pull, request, seconds=_SECONDS)
        return _entry(response.entry) if response.HasField("entry") else None

    async def assign(self, *, organization_id: UUID, phone_number: str, agent_id: UUID, reason: str) -> QueueEntry:
        """See ports.queues.Queues."""
        request = router_pb2.AssignRequest(
            organization_id=str(organization_id),
            conversation=router_pb2.ConversationName(contact=phone_number),
            agent_id=str(agent_id),
            reason=reason,
        )
        response = await self._peer.call(self._queues.Assign, request, seconds=_MOVE_SECONDS)
        return _entry(response.entry)

    async def transfer(
        self,
        *,
        organization_id: UUID,
        phone_number: str,
        queue_id: UUID | None,
        department_id: UUID | None,
        reason: str,
    ) -> QueueEntry:
        """See ports.queues.Queues."""
        request = router_pb2.TransferRequest(
            organization_id=str(organization_id),
            conversation=router_pb2.ConversationName(contact=phone_number),
            queue_id=_text(queue_id),
            department_id=_text(department_id),
            reason=reason,
        )
        response = await self._peer.call(self._queues.Transfer, request, seconds=_MOVE_SECONDS)
        return _entry(response.entry)


def _department(told: router_pb2.Department) -> Department:
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


def _queue(told: router_pb2.Queue) -> Queue:
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


def _agent(told: router_pb2.Agent) -> Agent:
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


def _entry(told: router_pb2.QueueEntry) -> QueueEntry:
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


def _text(value: UUID | None) -> str:
    return str(value) if value else ""
