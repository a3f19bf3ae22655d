"""router's departments, queues and agents, as the REST API sees them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from uuid import UUID

from google.protobuf.field_mask_pb2 import FieldMask

from services.chassis.rpc import Peer
from services.ingress.domain.queues import Agent, Department, EntryPage, Presence, Queue, QueueEntry, Stored
from services.ingress.peers.queue_forms import (
    PRESENCES,
    agent_form,
    agent_of,
    department_form,
    department_of,
    entry_of,
    only,
    queue_form,
    queue_of,
    text_of,
)
from services.pb.router.v1 import router_pb2, router_pb2_grpc

# A person waits for it.
_SECONDS = 3.0
# Router tells executor, which tells the flow.
_MOVE_SECONDS = 8.0


class GrpcQueues:
    """See ports.queues.Queues."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer
        self._queues = peer.stub(router_pb2_grpc.QueuesStub)

    async def departments(self, *, organization_id: UUID) -> list[Department]:
        """See ports.queues.Queues."""
        request = router_pb2.ListDepartmentsRequest(organization_id=str(organization_id))
        response = await self._peer.call(self._queues.ListDepartments, request, seconds=_SECONDS)
        return [department_of(each) for each in response.departments]

    async def put_department(self, *, organization_id: UUID, department: Department) -> Stored:
        """See ports.queues.Queues."""
        request = router_pb2.PutDepartmentRequest(
            organization_id=str(organization_id), department=department_form(department)
        )
        response = await self._peer.call(self._queues.PutDepartment, request, seconds=_SECONDS)
        return Stored(response.department_id, response.is_changed)

    async def department(self, *, organization_id: UUID, department_id: UUID) -> Department:
        """See ports.queues.Queues."""
        request = router_pb2.GetDepartmentRequest(
            organization_id=str(organization_id), department_id=str(department_id)
        )
        return department_of((await self._peer.call(self._queues.GetDepartment, request, seconds=_SECONDS)).department)

    async def change_department(
        self, *, organization_id: UUID, department: Department, fields: Collection[str]
    ) -> Department:
        """See ports.queues.Queues."""
        request = router_pb2.UpdateDepartmentRequest(
            organization_id=str(organization_id),
            department=only(fields, department_form(department)),
            update_mask=FieldMask(paths=sorted(fields)),
        )
        request.department.department_id = department.id
        return department_of(
            (await self._peer.call(self._queues.UpdateDepartment, request, seconds=_SECONDS)).department
        )

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
        return [queue_of(each) for each in response.queues]

    async def put_queue(self, *, organization_id: UUID, queue: Queue) -> Stored:
        """See ports.queues.Queues."""
        request = router_pb2.PutQueueRequest(organization_id=str(organization_id), queue=queue_form(queue))
        response = await self._peer.call(self._queues.PutQueue, request, seconds=_SECONDS)
        return Stored(response.queue_id, response.is_changed)

    async def queue(self, *, organization_id: UUID, queue_id: UUID) -> Queue:
        """See ports.queues.Queues."""
        request = router_pb2.GetQueueRequest(organization_id=str(organization_id), queue_id=str(queue_id))
        return queue_of((await self._peer.call(self._queues.GetQueue, request, seconds=_SECONDS)).queue)

    async def change_queue(self, *, organization_id: UUID, queue: Queue, fields: Collection[str]) -> Queue:
        """See ports.queues.Queues."""
        request = router_pb2.UpdateQueueRequest(
            organization_id=str(organization_id),
            queue=only(fields, queue_form(queue)),
            update_mask=FieldMask(paths=sorted(fields)),
        )
        request.queue.queue_id = queue.id
        return queue_of((await self._peer.call(self._queues.UpdateQueue, request, seconds=_SECONDS)).queue)

    async def delete_queue(self, *, organization_id: UUID, queue_id: UUID) -> None:
        """See ports.queues.Queues."""
        request = router_pb2.DeleteQueueRequest(organization_id=str(organization_id), queue_id=str(queue_id))
        await self._peer.call(self._queues.DeleteQueue, request, seconds=_SECONDS)

    async def agents(self, *, organization_id: UUID) -> list[Agent]:
        """See ports.queues.Queues."""
        request = router_pb2.ListAgentsRequest(organization_id=str(organization_id))
        response = await self._peer.call(self._queues.ListAgents, request, seconds=_SECONDS)
        return [agent_of(each) for each in response.agents]

    async def put_agent(self, *, organization_id: UUID, agent: Agent) -> Stored:
        """See ports.queues.Queues."""
        request = router_pb2.PutAgentRequest(organization_id=str(organization_id), agent=agent_form(agent))
        response = await self._peer.call(self._queues.PutAgent, request, seconds=_SECONDS)
        return Stored(agent.id, response.is_changed)

    async def agent(self, *, organization_id: UUID, agent_id: UUID) -> Agent:
        """See ports.queues.Queues."""
        request = router_pb2.GetAgentRequest(organization_id=str(organization_id), agent_id=str(agent_id))
        return agent_of((await self._peer.call(self._queues.GetAgent, request, seconds=_SECONDS)).agent)

    async def change_agent(self, *, organization_id: UUID, agent: Agent, fields: Collection[str]) -> Agent:
        """See ports.queues.Queues."""
        request = router_pb2.UpdateAgentRequest(
            organization_id=str(organization_id),
            agent=only(fields, agent_form(agent)),
            update_mask=FieldMask(paths=sorted(fields)),
        )
        request.agent.agent_id = agent.id
        return agent_of((await self._peer.call(self._queues.UpdateAgent, request, seconds=_SECONDS)).agent)

    async def delete_agent(self, *, organization_id: UUID, agent_id: UUID) -> None:
        """See ports.queues.Queues."""
        request = router_pb2.DeleteAgentRequest(organization_id=str(organization_id), agent_id=str(agent_id))
        await self._peer.call(self._queues.DeleteAgent, request, seconds=_SECONDS)

    async def set_presence(
        self, *, organization_id: UUID, agent_id: UUID, presence: Presence, seconds: int
    ) -> datetime:
        """See ports.queues.Queues."""
        request = router_pb2.SetPresenceRequest(
            organization_id=str(organization_id),
            agent_id=str(agent_id),
            presence=PRESENCES[presence],
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
            queue_id=text_of(queue_id),
            agent_id=text_of(agent_id),
            state=state,
            limit=limit,
            cursor=cursor,
        )
        response = await self._peer.call(self._queues.ListEntries, request, seconds=_SECONDS)
        return EntryPage([entry_of(each) for each in response.entries], response.cursor)

    async def pull(self, *, organization_id: UUID, agent_id: UUID, queue_ids: Sequence[UUID]) -> QueueEntry | None:
        """See ports.queues.Queues."""
        request = router_pb2.PullRequest(
            organization_id=str(organization_id), agent_id=str(agent_id), queue_ids=map(str, queue_ids)
        )
        response = await self._peer.call(self._queues.Pull, request, seconds=_SECONDS)
        return entry_of(response.entry) if response.HasField("entry") else None

    async def assign(self, *, organization_id: UUID, phone_number: str, agent_id: UUID, reason: str) -> QueueEntry:
        """See ports.queues.Queues."""
        request = router_pb2.AssignRequest(
            organization_id=str(organization_id),
            conversation=router_pb2.ConversationName(contact=phone_number),
            agent_id=str(agent_id),
            reason=reason,
        )
        response = await self._peer.call(self._queues.Assign, request, seconds=_MOVE_SECONDS)
        return entry_of(response.entry)

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
            queue_id=text_of(queue_id),
            department_id=text_of(department_id),
            reason=reason,
        )
        response = await self._peer.call(self._queues.Transfer, request, seconds=_MOVE_SECONDS)
        return entry_of(response.entry)
