"""/api/v1/departments, /queues, /agents, and who has which conversation."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query

from services.chassis.errors import NotFound
from services.ingress.domain.accounts.facts import Caller
from services.ingress.http.rest.auth import Allowed, Manager, Permitted, Reader
from services.ingress.http.rest.conversations import Phone
from services.ingress.http.rest.entry_models import (
    AssignRequest,
    EntryAnswer,
    EntryList,
    EntryView,
    PullAnswer,
    PullRequest,
    TransferRequest,
)
from services.ingress.http.rest.queue_models import (
    AgentList,
    AgentRequest,
    AgentView,
    DepartmentList,
    DepartmentRequest,
    DepartmentView,
    PresenceRequest,
    PresenceView,
    QueueList,
    QueueRequest,
    QueueView,
    StoredView,
)
from services.ingress.http.rest.queue_patches import AgentPatch, DepartmentPatch, QueuePatch
from services.ingress.http.rest.refusals import refusals
from services.ingress.ports.queues import Queues
from services.pb.common.v1 import errors_pb2

Keeper = Annotated[UUID, Depends(Allowed("settings:manage"))]
Agent = Annotated[Caller, Depends(Permitted("conversations:manage"))]

_UNKNOWN = "Conversation not found: CONVERSATION_NOT_FOUND"
_NO_DEPARTMENT = "No department has this id: DEPARTMENT_NOT_FOUND"
_NO_QUEUE = "No queue has this id: QUEUE_NOT_FOUND"
_UNKNOWN_AGENT = "No agent has this id: AGENT_NOT_FOUND"
_NO_AGENT = "You are no agent of the organization: AGENT_NOT_FOUND"


class _Endpoints:
    """What people do with departments, queues and agents."""

    def __init__(self, queues: Queues) -> None:
        self._queues = queues

    async def departments(self, organization_id: Reader) -> DepartmentList:
        """Departments of your organization by name. Permission: conversations:read."""
        found = await self._queues.departments(organization_id=organization_id)
        return DepartmentList(departments=[DepartmentView.of(each) for each in found])

    async def put_department(self, organization_id: Keeper, wanted: DepartmentRequest) -> StoredView:
        """Make a department, or replace the one of this name. Permission: settings:manage."""
        stored = await self._queues.put_department(organization_id=organization_id, department=wanted.read())
        return StoredView.of(stored)

    async def department(self, organization_id: Reader, department_id: UUID) -> DepartmentView:
        """One department. Permission: conversations:read."""
        return DepartmentView.of(
            await self._queues.department(organization_id=organization_id, department_id=department_id)
        )

    async def change_department(
        self, organization_id: Keeper, department_id: UUID, wanted: DepartmentPatch
    ) -> DepartmentView:
        """Change a department: what the body gives; null takes it away. Permission: settings:manage."""
        if wanted.name is not None:
            wanted.refuse_name(
                (await self._queues.department(organization_id=organization_id, department_id=department_id)).name
            )
        changed = await self._queues.change_department(
            organization_id=organization_id, department=wanted.read(department_id), fields=wanted.fields
        )
        return DepartmentView.of(changed)

    async def delete_department(self, organization_id: Keeper, department_id: UUID) -> None:
        """Remove a department that has no queues. Permission: settings:manage."""
        await self._queues.delete_department(organization_id=organization_id, department_id=department_id)

    async def queues(self, organization_id: Reader) -> QueueList:
        """Queues of your organization, with how many wait. Permission: conversations:read."""
        found = await self._queues.queues(organization_id=organization_id)
        return QueueList(queues=[QueueView.of(each) for each in found])

    async def put_queue(self, organization_id: Keeper, wanted: QueueRequest) -> StoredView:
        """Make a queue, or replace the one of this name. Permission: settings:manage."""
        return StoredView.of(await self._queues.put_queue(organization_id=organization_id, queue=wanted.read()))

    async def queue(self, organization_id: Reader, queue_id: UUID) -> QueueView:
        """One queue, with how many wait. Permission: conversations:read."""
        return QueueView.of(await self._queues.queue(organization_id=organization_id, queue_id=queue_id))

    async def change_queue(self, organization_id: Keeper, queue_id: UUID, wanted: QueuePatch) -> QueueView:
        """Change a queue: what the body gives; null takes it away. Permission: settings:manage."""
        if wanted.name is not None:
            wanted.refuse_name((await self._queues.queue(organization_id=organization_id, queue_id=queue_id)).name)
        changed = await self._queues.change_queue(
            organization_id=organization_id, queue=wanted.read(queue_id), fields=wanted.fields
        )
        return QueueView.of(changed)

    async def delete_queue(self, organization_id: Keeper, queue_id: UUID) -> None:
        """Remove a queue in which no conversation is. Permission: settings:manage."""
        await self._queues.delete_queue(organization_id=organization_id, queue_id=queue_id)

    async def agents(self, organization_id: Reader) -> AgentList:
        """Agents of your organization, with what they do and how many conversations they have. Permission:
        conversations:read.
        """
        found = await self._queues.agents(organization_id=organization_id)
        return AgentList(agents=[AgentView.of(each) for each in found])

    async def put_agent(self, organization_id: Keeper, wanted: AgentRequest) -> StoredView:
        """Make an agent, or replace the one of this id. Permission: settings:manage."""
        return StoredView.of(await self._queues.put_agent(organization_id=organization_id, agent=wanted.read()))

    async def agent(self, organization_id: Reader, agent_id: UUID) -> AgentView:
        """One agent, with what they do. Permission: conversations:read."""
        return AgentView.of(await self._queues.agent(organization_id=organization_id, agent_id=agent_id))

    async def change_agent(self, organization_id: Keeper, agent_id: UUID, wanted: AgentPatch) -> AgentView:
        """Change an agent: what the body gives; null takes it away. Permission: settings:manage."""
        changed = await self._queues.change_agent(
            organization_id=organization_id, agent=wanted.read(agent_id), fields=wanted.fields
        )
        return AgentView.of(changed)

    async def delete_agent(self, organization_id: Keeper, agent_id: UUID) -> None:
        """Remove an agent who has no conversations. Permission: settings:manage."""
        await self._queues.delete_agent(organization_id=organization_id, agent_id=agent_id)

    async def presence(self, caller: Agent, wanted: PresenceRequest) -> PresenceView:
        """Say what you do, for a while; after it you are offline. Permission: conversations:manage."""
        until = await self._queues.set_presence(
            organization_id=caller.organization_id,
            agent_id=_own_id(caller),
            presence=wanted.presence,
            seconds=wanted.seconds,
        )
        return PresenceView(presence=wanted.presence, present_until=until)

    async def entries(
        self,
        organization_id: Reader,
        queue_id: Annotated[UUID | None, Query(description="Only of this queue.")] = None,
        agent_id: Annotated[UUID | None, Query(description="Only of this agent.")] = None,
        state: Annotated[
            Literal["waiting", "assigned", "ended"] | None, Query(description="Left out: those that have not ended.")
        ] = None,
        limit: Annotated[int, Query(ge=1, le=200, description="How many to give.")] = 50,
        cursor: Annotated[str, Query(max_length=100, pattern=r"^[^\x00]*$", description="Where to go on.")] = "",
    ) -> EntryList:
        """Conversations among people, newest first. Permission: conversations:read."""
        page = await self._queues.entries(
            organization_id=organization_id,
            queue_id=queue_id,
            agent_id=agent_id,
            state=state or "",
            limit=limit,
            cursor=cursor,
        )
        return EntryList.of(page)

    async def pull(self, caller: Agent, wanted: PullRequest | None = None) -> PullAnswer:
        """Get the conversation whose turn it is; no two agents get the same. Permission: conversations:manage."""
        entry = await self._queues.pull(
            organization_id=caller.organization_id,
            agent_id=_own_id(caller),
            queue_ids=wanted.queue_ids if wanted else [],
        )
        return PullAnswer(entry=EntryView.of(entry) if entry else None)

    async def assign(self, caller: Agent, phone: Phone, wanted: AssignRequest | None = None) -> EntryAnswer:
        """Give a conversation to an agent, or to yourself; one of the bot's is taken from it. Permission:
        conversations:manage.
        """
        wanted = wanted or AssignRequest()
        entry = await self._queues.assign(
            organization_id=caller.organization_id,
            phone_number=phone,
            agent_id=wanted.agent_id or _own_id(caller),
            reason=wanted.reason,
        )
        return EntryAnswer(entry=EntryView.of(entry))

    async def transfer(self, organization_id: Manager, phone: Phone, wanted: TransferRequest) -> EntryAnswer:
        """Put a conversation into a queue, with all that was told of it. Permission: conversations:manage."""
        entry = await self._queues.transfer(
            organization_id=organization_id,
            phone_number=phone,
            queue_id=wanted.queue_id,
            department_id=wanted.department_id,
            reason=wanted.reason,
        )
        return EntryAnswer(entry=EntryView.of(entry))


def _own_id(caller: Caller) -> UUID:
    """Raises NotFound for who is no person."""
    if caller.user_id is None:
        raise NotFound(
            "you are no agent: only people who log in are; name one where that is possible",
            reason=errors_pb2.ERROR_REASON_AGENT_NOT_FOUND,
        )
    return caller.user_id


def queue_routes(queues: Queues) -> APIRouter:
    """The routes, to be put under /api/v1."""
    endpoints = _Endpoints(queues)
    routes = APIRouter(tags=["queues"])
    routes.add_api_route("/departments", endpoints.departments, summary="List departments", responses=refusals())
    routes.add_api_route(
        "/departments",
        endpoints.put_department,
        methods=["POST"],
        summary="Store a department",
        responses=refusals(on_404="The organization has nothing yet: ORGANIZATION_NOT_FOUND"),
    )
    routes.add_api_route(
        "/departments/{department_id}",
        endpoints.department,
        summary="Read a department",
        responses=refusals(on_404=_NO_DEPARTMENT),
    )
    routes.add_api_route(
        "/departments/{department_id}",
        endpoints.change_department,
        methods=["PATCH"],
        summary="Change a department",
        responses=refusals(on_404=_NO_DEPARTMENT),
    )
    routes.add_api_route(
        "/departments/{department_id}",
        endpoints.delete_department,
        methods=["DELETE"],
        status_code=204,
        summary="Remove a department",
        responses=refusals(on_404=_NO_DEPARTMENT, on_409="It has queues: QUEUE_IN_USE"),
    )
    routes.add_api_route("/queues", endpoints.queues, summary="List queues", responses=refusals())
    routes.add_api_route(
        "/queues",
        endpoints.put_queue,
        methods=["POST"],
        summary="Store a queue",
        responses=refusals(on_404="The department or the overflow queue is not there: DEPARTMENT_NOT_FOUND"),
    )
    routes.add_api_route(
        "/queues/entries", endpoints.entries, summary="List conversations among people", responses=refusals()
    )
    routes.add_api_route(
        "/queues/pull",
        endpoints.pull,
        methods=["POST"],
        summary="Get the next conversation",
        responses=refusals(on_404=_NO_AGENT),
    )
    routes.add_api_route(
        "/queues/{queue_id}", endpoints.queue, summary="Read a queue", responses=refusals(on_404=_NO_QUEUE)
    )
    routes.add_api_route(
        "/queues/{queue_id}",
        endpoints.change_queue,
        methods=["PATCH"],
        summary="Change a queue",
        responses=refusals(on_404=f"{_NO_QUEUE}, or the department: DEPARTMENT_NOT_FOUND"),
    )
    routes.add_api_route(
        "/queues/{queue_id}",
        endpoints.delete_queue,
        methods=["DELETE"],
        status_code=204,
        summary="Remove a queue",
        responses=refusals(
            on_404=_NO_QUEUE,
            on_409="Conversations are in it, or another overflows into it: QUEUE_IN_USE",
        ),
    )
    routes.add_api_route("/agents", endpoints.agents, summary="List agents", responses=refusals())
    routes.add_api_route(
        "/agents",
        endpoints.put_agent,
        methods=["POST"],
        summary="Store an agent",
        responses=refusals(on_404="The organization has nothing yet: ORGANIZATION_NOT_FOUND"),
    )
    routes.add_api_route(
        "/agents/{agent_id}", endpoints.agent, summary="Read an agent", responses=refusals(on_404=_UNKNOWN_AGENT)
    )
    routes.add_api_route(
        "/agents/{agent_id}",
        endpoints.change_agent,
        methods=["PATCH"],
        summary="Change an agent",
        responses=refusals(on_404=_UNKNOWN_AGENT),
    )
    routes.add_api_route(
        "/agents/{agent_id}",
        endpoints.delete_agent,
        methods=["DELETE"],
        status_code=204,
        summary="Remove an agent",
        responses=refusals(on_404=_UNKNOWN_AGENT, on_409="They have conversations: AGENT_IN_USE"),
    )
    routes.add_api_route(
        "/agents/me/presence",
        endpoints.presence,
        methods=["POST"],
        summary="Say what you do",
        responses=refusals(on_404=_NO_AGENT),
    )
    routes.add_api_route(
        "/conversations/{phone}/assign",
        endpoints.assign,
        methods=["POST"],
        summary="Give a conversation to an agent",
        responses=refusals(
            on_404=f"{_UNKNOWN}; {_NO_AGENT}",
            on_409="The agent cannot be given it; the sentence says why: AGENT_UNAVAILABLE",
        ),
    )
    routes.add_api_route(
        "/conversations/{phone}/transfer",
        endpoints.transfer,
        methods=["POST"],
        summary="Put a conversation into a queue",
        responses=refusals(
            on_404=f"{_UNKNOWN}; no queue or department has this id: QUEUE_NOT_FOUND or DEPARTMENT_NOT_FOUND"
        ),
    )
    return routes
