"""The floor of an organization: its departments, queues and agents, who waits and who is busy."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal
from uuid import UUID, uuid5

from services.router.domain.queues.hours import BusinessHours, is_open

Routing = Literal["manual", "round_robin", "load_balance", "skills_based"]
"""Who is given a conversation: who takes it; one after the other; the least busy; the able with the fewest skills."""

Presence = Literal["available", "busy", "away", "offline"]


def department_id_of(organization_id: UUID, name: str) -> UUID:
    """The id of a department: made from its name."""
    return uuid5(organization_id, f"department:{name}")


def queue_id_of(organization_id: UUID, name: str) -> UUID:
    """The id of a queue: made from its name."""
    return uuid5(organization_id, f"queue:{name}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Department:
    """A part of the organization. Nobody in `agent_ids` means everybody; 0 means no limit of its own."""

    department_id: UUID
    name: str
    hours: BusinessHours | None = None
    offline_message: str = ""
    routing: Routing = "manual"
    max_conversations_per_agent: int = 0
    agent_ids: tuple[UUID, ...] = ()
    is_active: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """Where conversations of a department wait.

    Without `hours` and `routing` the department's hold; nobody in `allowed_agent_ids` means all of the department; 0
    means that there is no such limit. `last_agent_id` was given a conversation last.
    """

    queue_id: UUID
    department_id: UUID
    name: str
    priority: int = 50
    sla_minutes: int = 0
    routing: Routing | None = None
    max_queue_size: int = 0
    overflow_queue_id: UUID | None = None
    allowed_agent_ids: tuple[UUID, ...] = ()
    skills: tuple[str, ...] = ()
    hours: BusinessHours | None = None
    is_active: bool = True
    last_agent_id: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Agent:
    """Somebody who answers. What they say of themselves holds until `present_until`; after it they are offline."""

    agent_id: UUID
    name: str
    skills: tuple[str, ...] = ()
    capacity: int = 5
    is_active: bool = True
    presence: Presence = "offline"
    present_until: datetime | None = None

    def presence_at(self, now: datetime) -> Presence:
        """What they say of themselves, while it holds."""
        return self.presence if self.present_until is not None and now < self.present_until else "offline"


@dataclass(slots=True)
class Floor:
    """Everything who-gets-what is decided by; what was decided is counted at once.

    `waiting` counts by queue, `loads` by agent and department (None: without a queue).
    """

    departments: dict[UUID, Department] = field(default_factory=dict)
    queues: dict[UUID, Queue] = field(default_factory=dict)
    agents: dict[UUID, Agent] = field(default_factory=dict)
    waiting: Counter[UUID] = field(default_factory=Counter)
    loads: Counter[tuple[UUID, UUID | None]] = field(default_factory=Counter)

    @classmethod
    def of(cls, departments: Iterable[Department], queues: Iterable[Queue], agents: Iterable[Agent]) -> Floor:
        """A floor on which nobody waits and nobody is busy."""
        return cls(
            {each.department_id: each for each in departments},
            {each.queue_id: each for each in queues},
            {each.agent_id: each for each in agents},
        )

    def department_of(self, queue: Queue) -> Department:
        """The queue's department."""
        return self.departments[queue.department_id]

    def hours_of(self, queue: Queue) -> BusinessHours | None:
        """The queue's own hours, or else its department's."""
        return queue.hours or self.department_of(queue).hours

    def routing_of(self, queue: Queue) -> Routing:
        """The queue's own way of routing, or else its department's."""
        return queue.routing or self.department_of(queue).routing

    def is_in_service(self, queue: Queue) -> bool:
        """Whether conversations may come into the queue at all."""
        return queue.is_active and self.department_of(queue).is_active

    def is_open(self, queue: Queue, now: datetime) -> bool:
        """Whether somebody is supposed to answer now."""
        return self.is_in_service(queue) and is_open(self.hours_of(queue), now)

    def is_full(self, queue: Queue) -> bool:
        """Whether as many wait as should."""
        return 0 < queue.max_queue_size <= self.waiting[queue.queue_id]

    def load_of(self, agent_id: UUID) -> int:
        """The conversations an agent has."""
        return sum(count for (each, _), count in self.loads.items() if each == agent_id)

    def has_room(self, agent: Agent, department: Department | None) -> bool:
        """Whether the agent may have one conversation more, by their own capacity and the department's limit."""
        if not agent.is_active or self.load_of(agent.agent_id) >= agent.capacity:
            return False
        if department is None or not department.max_conversations_per_agent:
            return True
        return self.loads[agent.agent_id, department.department_id] < department.max_conversations_per_agent

    def may_serve(self, agent: Agent, queue: Queue) -> bool:
        """Whether the queue's conversations may be this agent's: department, allowed agents and skills."""
        department = self.department_of(queue)
        if department.agent_ids and agent.agent_id not in department.agent_ids:
            return False
        if queue.allowed_agent_ids and agent.agent_id not in queue.allowed_agent_ids:
            return False
        return set(queue.skills) <= set(agent.skills)

    def give(self, agent_id: UUID, queue: Queue | None) -> None:
        """Count a conversation that was given to an agent."""
        self.loads[agent_id, queue.department_id if queue else None] += 1

    def wait(self, queue: Queue) -> None:
        """Count a conversation that came into a queue."""
        self.waiting[queue.queue_id] += 1
