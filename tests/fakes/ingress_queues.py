"""router's departments, queues and agents as the REST API meets them: in memory, one organization."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypeVar
from uuid import UUID, uuid5

from services.chassis.errors import FailedPrecondition, NotFound, Reason
from services.ingress.domain.queues import (
    Agent,
    Department,
    EntryChange,
    EntryPage,
    Presence,
    Queue,
    QueueEntry,
    Stored,
)
from services.pb.common.v1 import errors_pb2
from tests.fakes.ingress_peers import MORNING

Thing = TypeVar("Thing")


def entry_of(phone_number: str, **what: object) -> QueueEntry:
    """A conversation that waits, or as `what` says."""
    change = EntryChange(
        at=MORNING, kind="queued", from_queue_id="", queue_id="q", agent_id="", actor="service:executor", reason=""
    )
    entry = QueueEntry(
        id="e", conversation_id="c", phone_number_id="100200300", phone_number=phone_number, user_id="",
        contact_name="Bia", queue_id="q", state="waiting", priority=50, is_vip=False, queued_at=MORNING,
        handoff_context="quer remarcar", sla_due_at=MORNING, sla_state="at_risk", agent_id="", assigned_at=None,
        ended_at=None, end_reason="", changes=[change],
    )  # fmt: skip
    return replace(entry, **what)  # type: ignore[arg-type]  # what a test says of it


def _known(kept: Mapping[str, Thing], thing_id: UUID, sentence: str, reason: Reason) -> Thing:
    if str(thing_id) not in kept:
        raise NotFound(sentence, reason=reason)
    return kept[str(thing_id)]


def _changed(before: Thing, after: Thing, fields: Collection[str]) -> Thing:
    return replace(before, **{name: getattr(after, name) for name in fields})  # type: ignore[type-var]  # dataclasses


@dataclass(slots=True)
class ScriptedQueues:
    """ports.queues.Queues; what was asked is kept."""

    kept_departments: dict[str, Department] = field(default_factory=dict)
    kept_queues: dict[str, Queue] = field(default_factory=dict)
    kept_agents: dict[str, Agent] = field(default_factory=dict)
    line: list[QueueEntry] = field(default_factory=list)
    asked: list[tuple[object, ...]] = field(default_factory=list)

    async def departments(self, *, organization_id: UUID) -> list[Department]:
        return list(self.kept_departments.values())

    async def put_department(self, *, organization_id: UUID, department: Department) -> Stored:
        stored = replace(department, id=str(uuid5(organization_id, department.name)))
        is_changed = self.kept_departments.get(stored.id) != stored
        self.kept_departments[stored.id] = stored
        return Stored(stored.id, is_changed)

    async def delete_department(self, *, organization_id: UUID, department_id: UUID) -> None:
        if str(department_id) not in self.kept_departments:
            raise NotFound("department_id is none", reason=errors_pb2.ERROR_REASON_DEPARTMENT_NOT_FOUND)
        if any(each.department_id == str(department_id) for each in self.kept_queues.values()):
            raise FailedPrecondition("the department has queues", reason=errors_pb2.ERROR_REASON_QUEUE_IN_USE)
        del self.kept_departments[str(department_id)]

    async def department(self, *, organization_id: UUID, department_id: UUID) -> Department:
        return _known(
            self.kept_departments, department_id, "department_id is none", errors_pb2.ERROR_REASON_DEPARTMENT_NOT_FOUND
        )

    async def change_department(
        self, *, organization_id: UUID, department: Department, fields: Collection[str]
    ) -> Department:
        before = await self.department(organization_id=organization_id, department_id=UUID(department.id))
        self.kept_departments[department.id] = _changed(before, department, fields)
        return self.kept_departments[department.id]

    async def queues(self, *, organization_id: UUID) -> list[Queue]:
        return list(self.kept_queues.values())

    async def put_queue(self, *, organization_id: UUID, queue: Queue) -> Stored:
        if queue.department_id not in self.kept_departments:
            raise NotFound("department_id is none", reason=errors_pb2.ERROR_REASON_DEPARTMENT_NOT_FOUND)
        stored = replace(queue, id=str(uuid5(organization_id, queue.name)))
        self.kept_queues[stored.id] = stored
        return Stored(stored.id, True)

    async def delete_queue(self, *, organization_id: UUID, queue_id: UUID) -> None:
        if self.kept_queues.pop(str(queue_id), None) is None:
            raise NotFound("queue_id is none", reason=errors_pb2.ERROR_REASON_QUEUE_NOT_FOUND)

    async def queue(self, *, organization_id: UUID, queue_id: UUID) -> Queue:
        return _known(self.kept_queues, queue_id, "queue_id is none", errors_pb2.ERROR_REASON_QUEUE_NOT_FOUND)

    async def change_queue(self, *, organization_id: UUID, queue: Queue, fields: Collection[str]) -> Queue:
        before = await self.queue(organization_id=organization_id, queue_id=UUID(queue.id))
        self.kept_queues[queue.id] = _changed(before, queue, fields)
        return self.kept_queues[queue.id]

    async def agents(self, *, organization_id: UUID) -> list[Agent]:
        return list(self.kept_agents.values())

    async def put_agent(self, *, organization_id: UUID, agent: Agent) -> Stored:
        self.kept_agents[agent.id] = agent
        return Stored(agent.id, True)

    async def agent(self, *, organization_id: UUID, agent_id: UUID) -> Agent:
        return _known(self.kept_agents, agent_id, "agent_id is none", errors_pb2.ERROR_REASON_AGENT_NOT_FOUND)

    async def change_agent(self, *, organization_id: UUID, agent: Agent, fields: Collection[str]) -> Agent:
        before = await self.agent(organization_id=organization_id, agent_id=UUID(agent.id))
        self.kept_agents[agent.id] = _changed(before, agent, fields)
        return self.kept_agents[agent.id]

    async def delete_agent(self, *, organization_id: UUID, agent_id: UUID) -> None:
        agent = await self.agent(organization_id=organization_id, agent_id=agent_id)
        if agent.conversations:
            raise FailedPrecondition("the agent has conversations", reason=errors_pb2.ERROR_REASON_AGENT_IN_USE)
        del self.kept_agents[agent.id]

    async def set_presence(
        self, *, organization_id: UUID, agent_id: UUID, presence: Presence, seconds: int
    ) -> datetime:
        self.asked.append(("presence", agent_id, presence, seconds))
        return MORNING

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
        self.asked.append(("entries", queue_id, agent_id, state, limit, cursor))
        return EntryPage(self.line[:limit], "further" if len(self.line) > limit else "")

    async def pull(self, *, organization_id: UUID, agent_id: UUID, queue_ids: Sequence[UUID]) -> QueueEntry | None:
        self.asked.append(("pull", agent_id, tuple(queue_ids)))
        return replace(self.line.pop(0), state="assigned", agent_id=str(agent_id)) if self.line else None

    async def assign(self, *, organization_id: UUID, phone_number: str, agent_id: UUID, reason: str) -> QueueEntry:
        self.asked.append(("assign", phone_number, agent_id, reason))
        if str(agent_id) not in self.kept_agents:
            raise FailedPrecondition("the agent is not there", reason=errors_pb2.ERROR_REASON_AGENT_UNAVAILABLE)
        return entry_of(phone_number, state="assigned", agent_id=str(agent_id))

    async def transfer(
        self,
        *,
        organization_id: UUID,
        phone_number: str,
        queue_id: UUID | None,
        department_id: UUID | None,
        reason: str,
    ) -> QueueEntry:
        self.asked.append(("transfer", phone_number, queue_id, department_id, reason))
        return entry_of(phone_number, queue_id=str(queue_id or ""))
