"""router.v1.Queues."""

from __future__ import annotations

from collections.abc import Mapping

from grpc import aio

from services.chassis.errors import InvalidArgument
from services.chassis.rpc.pages import page_within
from services.chassis.rpc.sizes import fitting
from services.pb.router.v1 import router_pb2, router_pb2_grpc
from services.router.domain.queues import Presence
from services.router.ports.queues import EntryFilter
from services.router.server.queue_forms import (
    PRESENCES,
    agent_form,
    department_form,
    entry_form,
    queue_form,
    read_agent,
    read_agent_change,
    read_department,
    read_department_change,
    read_name,
    read_queue,
    read_queue_change,
    time_form,
)
from services.router.usecases import Handling, QueueSetup
from services.router.usecases.fields import id_of, id_or_none
from services.router.usecases.handling import cursor_after
from services.router.usecases.unknown import unknown_agent, unknown_department, unknown_queue

_PRESENCES: Mapping[int, Presence] = {value: key for key, value in PRESENCES.items()}


class QueuesServer(router_pb2_grpc.QueuesServicer):
    """Departments, queues, agents, and the conversations among them."""

    def __init__(self, setup: QueueSetup, handling: Handling) -> None:
        self._setup = setup
        self._handling = handling

    async def PutDepartment(
        self,
        request: router_pb2.PutDepartmentRequest,
        context: aio.ServicerContext,  # type: ignore[type-arg]  # generic in stubs only
    ) -> router_pb2.PutDepartmentResponse:
        """Create or replace by name."""
        department_id, is_changed = await self._setup.put_department(
            organization_id=id_of("organization_id", request.organization_id),
            department=read_department(request.department),
        )
        return router_pb2.PutDepartmentResponse(department_id=str(department_id), is_changed=is_changed)

    async def ListDepartments(
        self,
        request: router_pb2.ListDepartmentsRequest,
        context: aio.ServicerContext,  # type: ignore[type-arg]  # generic in stubs only
    ) -> router_pb2.ListDepartmentsResponse:
        """By name."""
        floor = await self._setup.floor(organization_id=id_of("organization_id", request.organization_id))
        departments, cursor = page_within(
            floor.departments.values(),
            department_form,
            lambda department: (department.name,),
            limit=request.limit,
            cursor=request.cursor,
        )
        return router_pb2.ListDepartmentsResponse(departments=departments, cursor=cursor)

    async def GetDepartment(
        self,
        request: router_pb2.GetDepartmentRequest,
        context: aio.ServicerContext,  # type: ignore[type-arg]  # generic in stubs only
    ) -> router_pb2.GetDepartmentResponse:
        """One of them."""
        department_id = id_of("department_id", request.department_id)
        floor = await self._setup.floor(organization_id=id_of("organization_id", request.organization_id))
        if department_id not in floor.departments:
            raise unknown_department()
        return router_pb2.GetDepartmentResponse(department=department_form(floor.departments[department_id]))

    async def UpdateDepartment(
        self,
        request: router_pb2.UpdateDepartmentRequest,
        context: aio.ServicerContext,  # type: ignore[type-arg]  # generic in stubs only
    ) -> router_pb2.UpdateDepartmentResponse:
        """Change what the mask names."""
        organization_id = id_of("organization_id", request.organization_id)
        department, fields = read_department_change(request)
        changed, is_changed = await self._setup.change_department(
            organization_id=organization_id, department=department, fields=fields
        )
        return router_pb2.UpdateDepartmentResponse(department=department_form(changed), is_changed=is_changed)

    async def DeleteDepartment(
        self,
        request: router_pb2.DeleteDepartmentRequest,
        context: aio.ServicerContext,  # type: ignore[type-arg]  # generic in stubs only
    ) -> router_pb2.DeleteDepartmentResponse:
        """One without queues."""
        await self._setup.delete_department(
            organization_id=id_of("organization_id", request.organization_id),
            department_id=id_of("department_id", request.department_id),
        )
        return router_pb2.DeleteDepartmentResponse()

    async def PutQueue(
        self,
        request: router_pb2.PutQueueRequest,
        context: aio.ServicerContext,  # type: ignore[type-arg]  # generic in stubs only
    ) -> router_pb2.PutQueueResponse:
        """Create or replace by name."""
        queue_id, is_changed = await self._setup.put_queue(
            organization_id=id_of("organization_id", request.organization_id), queue=read_queue(request.queue)
        )
        return router_pb2.PutQueueResponse(queue_id=str(queue_id), is_changed=is_changed)

    async def ListQueues(
        self,
        request: router_pb2.ListQueuesRequest,
        context: aio.ServicerContext,  # type: ignore[type-arg]  # generic in stubs only
    ) -> router_pb2.ListQueuesResponse:
        """The highest priority first."""
        floor, now = (
            await self._setup.floor(organization_id=id_of("organization_id", request.organization_id)),
            self._setup.now(),
        )
        queues, cursor = page_within(
            floor.queues.values(),
            lambda queue: queue_form(floor, queue, now),
            lambda queue: (-queue.priority, queue.name),
            limit=request.limit,
            cursor=request.cursor,
        )
        return router_pb2.ListQueuesResponse(queues=queues, cursor=cursor)

    async def GetQueue(
        self,
        request: router_pb2.GetQueueRequest,
        context: aio.ServicerContext,  # type: ignore[type-arg]  # generic in stubs only
    ) -> router_pb2.GetQueueResponse:
        """One of them."""
        queue_id = id_of("queue_id", request.queue_id)
        floor = await self._setup.floor(organization_id=id_of("organization_id", request.organization_id))
        if queue_id not in floor.queues:
            raise unknown_queue("queue_id is")
        return router_pb2.GetQueueResponse(queue=queue_form(floor, floor.queues[queue_id], self._setup.now()))

    async def UpdateQueue(
        self,
        request: router_pb2.UpdateQueueRequest,
        context: aio.ServicerContext,  # type: ignore[type-arg]  # generic in stubs only
    ) -> router_pb2.UpdateQueueResponse:
        """Change what the mask names."""
        organization_id = id_of("organization_id", request.organization_id)
        queue, fields = read_queue_change(request)
        changed, is_changed = await self._setup.change_queue(
            organization_id=organization_id, queue=queue, fields=fields
        )
        floor = await self._setup.floor(organization_id=organization_id)
        form = queue_form(floor, floor.queues.get(changed.queue_id, changed), self._setup.now())
        return router_pb2.UpdateQueueResponse(queue=form, is_changed=is_changed)

    async def DeleteQueue(
        self,
        request: router_pb2.DeleteQueueRequest,
        context: aio.ServicerContext,  # type: ignore[type-arg]  # generic in stubs only
    ) -> router_pb2.DeleteQueueResponse:
        """One in which nothing is."""
        await self._setup.delete_queue(
            organization_id=id_of("organization_id", request.organization_id),
            queue_id=id_of("queue_id", request.queue_id),
        )
        return router_pb2.DeleteQueueResponse()

    async def PutAgent(
        self,
        request: router_pb2.PutAgentRequest,
        context: aio.ServicerContext,  # type: ignore[type-arg]  # generic in stubs only
    ) -> router_pb2.PutAgentResponse:
        """Create or replace by id."""
        is_changed = await self._setup.put_agent(
            organization_id=id_of("organization_id", request.organization_id), agent=read_agent(request.agent)
        )
        return router_pb2.PutAgentResponse(is_changed=is_changed)

    async def ListAgents(
        self,
        request: router_pb2.ListAgentsRequest,
        context: aio.ServicerContext,  # type: ignore[type-arg]  # generic in stubs only
    ) -> router_pb2.ListAgentsResponse:
        """By name."""
        floor, now = (
            await self._setup.floor(organization_id=id_of("organization_id", request.organization_id)),
            self._setup.now(),
        )
        agents, cursor = page_within(
            floor.agents.values(),
            lambda agent: agent_form(floor, agent, now),
            lambda agent: (agent.name, agent.agent_id.hex),
            limit=request.limit,
            cursor=request.cursor,
        )
        return router_pb2.ListAgentsResponse(agents=agents, cursor=cursor)

    async def GetAgent(
        self,
        request: router_pb2.GetAgentRequest,
        context: aio.ServicerContext,  # type: ignore[type-arg]  # generic in stubs only
    ) -> router_pb2.GetAgentResponse:
        """One of them."""
        agent_id = id_of("agent_id", request.agent_id)
        floor = await self._setup.floor(organization_id=id_of("organization_id", request.organization_id))
        if agent_id not in floor.agents:
            raise unknown_agent()
        return router_pb2.GetAgentResponse(agent=agent_form(floor, floor.agents[agent_id], self._setup.now()))

    async def UpdateAgent(
        self,
        request: router_pb2.UpdateAgentRequest,
        context: aio.ServicerContext,  # type: ignore[type-arg]  # generic in stubs only
    ) -> router_pb2.UpdateAgentResponse:
        """Change what the mask names."""
        organization_id = id_of("organization_id", request.organization_id)
        agent, fields = read_agent_change(request)
        changed, is_changed = await self._setup.change_agent(
            organization_id=organization_id, agent=agent, fields=fields
        )
        floor = await self._setup.floor(organization_id=organization_id)
        form = agent_form(floor, floor.agents.get(changed.agent_id, changed), self._setup.now())
        return router_pb2.UpdateAgentResponse(agent=form, is_changed=is_changed)

    async def DeleteAgent(
        self,
        request: router_pb2.DeleteAgentRequest,
        context: aio.ServicerContext,  # type: ignore[type-arg]  # generic in stubs only
    ) -> router_pb2.DeleteAgentResponse:
        """One who has no conversations."""
        await self._setup.delete_agent(
            organization_id=id_of("organization_id", request.organization_id),
            agent_id=id_of("agent_id", request.agent_id),
        )
        return router_pb2.DeleteAgentResponse()

    async def SetPresence(
        self,
        request: router_pb2.SetPresenceRequest,
        context: aio.ServicerContext,  # type: ignore[type-arg]  # generic in stubs only
    ) -> router_pb2.SetPresenceResponse:
        """For a while."""
        presence = _PRESENCES.get(request.presence)
        if presence is None:
            raise InvalidArgument("presence is not set; use PRESENCE_AVAILABLE, _BUSY, _AWAY or _OFFLINE")
        until = await self._setup.set_presence(
            organization_id=id_of("organization_id", request.organization_id),
            agent_id=id_of("agent_id", request.agent_id),
            presence=presence,
            seconds=request.seconds,
        )
        return router_pb2.SetPresenceResponse(present_until=time_form(until))

    async def ListEntries(
        self,
        request: router_pb2.ListEntriesRequest,
        context: aio.ServicerContext,  # type: ignore[type-arg]  # generic in stubs only
    ) -> router_pb2.ListEntriesResponse:
        """Newest first, by page."""
        entries, cursor = await self._handling.page(
            organization_id=id_of("organization_id", request.organization_id),
            chosen=_filter(request),
            limit=request.limit,
            cursor=request.cursor,
        )
        now = self._handling.now()
        told = fitting(entry_form(each, now) for each in entries)
        if len(told) < len(entries):
            cursor = cursor_after(entries[len(told) - 1])
        return router_pb2.ListEntriesResponse(entries=told, cursor=cursor)

    async def Pull(
        self,
        request: router_pb2.PullRequest,
        context: aio.ServicerContext,  # type: ignore[type-arg]  # generic in stubs only
    ) -> router_pb2.PullResponse:
        """What comes next."""
        entry = await self._handling.pull(
            organization_id=id_of("organization_id", request.organization_id),
            agent_id=id_of("agent_id", request.agent_id),
            queue_ids=[id_of("queue_ids", each) for each in request.queue_ids],
        )
        return router_pb2.PullResponse(entry=entry_form(entry, self._handling.now()) if entry else None)

    async def Assign(
        self,
        request: router_pb2.AssignRequest,
        context: aio.ServicerContext,  # type: ignore[type-arg]  # generic in stubs only
    ) -> router_pb2.AssignResponse:
        """To an agent."""
        entry = await self._handling.assign(
            organization_id=id_of("organization_id", request.organization_id),
            name=read_name(request.conversation),
            agent_id=id_of("agent_id", request.agent_id),
            reason=request.reason,
        )
        return router_pb2.AssignResponse(entry=entry_form(entry, self._handling.now()))

    async def Transfer(
        self,
        request: router_pb2.TransferRequest,
        context: aio.ServicerContext,  # type: ignore[type-arg]  # generic in stubs only
    ) -> router_pb2.TransferResponse:
        """Into a queue."""
        entry = await self._handling.transfer(
            organization_id=id_of("organization_id", request.organization_id),
            name=read_name(request.conversation),
            queue_id=id_or_none("queue_id", request.queue_id),
            department_id=id_or_none("department_id", request.department_id),
            reason=request.reason,
        )
        return router_pb2.TransferResponse(entry=entry_form(entry, self._handling.now()))

    async def Release(
        self,
        request: router_pb2.ReleaseRequest,
        context: aio.ServicerContext,  # type: ignore[type-arg]  # generic in stubs only
    ) -> router_pb2.ReleaseResponse:
        """To the bot."""
        conversation_id, is_changed = await self._handling.release(
            organization_id=id_of("organization_id", request.organization_id),
            name=read_name(request.conversation),
            is_unattended=request.is_unattended,
            reason=request.reason,
        )
        return router_pb2.ReleaseResponse(conversation_id=str(conversation_id), is_changed=is_changed)


def _filter(request: router_pb2.ListEntriesRequest) -> EntryFilter:
    queue_id, agent_id = id_or_none("queue_id", request.queue_id), id_or_none("agent_id", request.agent_id)
    match request.state:
        case "":
            return EntryFilter(queue_id=queue_id, agent_id=agent_id)
        case "waiting" | "assigned" | "ended" as state:
            return EntryFilter(queue_id=queue_id, agent_id=agent_id, state=state)
        case _:
            raise InvalidArgument(f"state is {request.state[:20]!r}; use waiting, assigned or ended, or leave it empty")
