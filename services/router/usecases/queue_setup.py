"""Departments, queues and agents: checked and stored. Every put is idempotent and says whether anything changed."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from services.chassis.clock import Now
from services.chassis.errors import InvalidArgument
from services.router.domain.queues import (
    Agent,
    BusinessHours,
    Department,
    Floor,
    Presence,
    Queue,
    department_id_of,
    queue_id_of,
)
from services.router.ports.queues import QueueStore
from services.router.usecases.fields import stored_text, text_of, time_zone
from services.router.usecases.unknown import unknown_agent, unknown_department, unknown_queue

MOST_AGENTS = 1000
MOST_SKILLS = 50
MOST_MESSAGE = 1024
MOST_SLA_MINUTES = 7 * 24 * 60
MOST_CAPACITY = 1000
MOST_QUEUE_SIZE = 1_000_000
DEFAULT_SECONDS, LEAST_SECONDS, MOST_SECONDS = 120, 10, 12 * 3600


class QueueSetup:
    """Checks what is put and stores it."""

    def __init__(self, store: QueueStore, now: Now) -> None:
        self._store = store
        self.now = now

    async def put_department(self, *, organization_id: UUID, department: Department) -> tuple[UUID, bool]:
        """Create or replace by name; the id is made from the name. Raises InvalidArgument or NotFound."""
        text_of("department.name", department.name, most=120)
        department_id = department_id_of(organization_id, department.name)
        wanted = _checked_department(replace(department, department_id=department_id))
        _, is_changed = await self._store.edit_department(
            organization_id=organization_id, department_id=department_id, edit=lambda _: wanted
        )
        return department_id, is_changed

    async def change_department(
        self, *, organization_id: UUID, department: Department, fields: Collection[str]
    ) -> tuple[Department, bool]:
        """Change the fields that are named to what they are in `department`. Raises InvalidArgument or NotFound."""

        def edit(before: Department | None) -> Department:
            if before is None:
                raise unknown_department()
            return _checked_department(replace(before, **_chosen(department, fields)))

        return await self._store.edit_department(
            organization_id=organization_id, department_id=department.department_id, edit=edit
        )

    async def put_queue(self, *, organization_id: UUID, queue: Queue) -> tuple[UUID, bool]:
        """Create or replace by name; the id is made from the name. Raises InvalidArgument or NotFound."""
        text_of("queue.name", queue.name, most=120)
        queue_id = queue_id_of(organization_id, queue.name)
        wanted = _checked_queue(replace(queue, queue_id=queue_id))
        _, is_changed = await self._store.edit_queue(
            organization_id=organization_id, queue_id=queue_id, edit=lambda _: wanted
        )
        return queue_id, is_changed

    async def change_queue(self, *, organization_id: UUID, queue: Queue, fields: Collection[str]) -> tuple[Queue, bool]:
        """Change the fields that are named to what they are in `queue`. Raises InvalidArgument or NotFound."""

        def edit(before: Queue | None) -> Queue:
            if before is None:
                raise unknown_queue("queue_id is")
            return _checked_queue(replace(before, **_chosen(queue, fields)))

        return await self._store.edit_queue(organization_id=organization_id, queue_id=queue.queue_id, edit=edit)

    async def put_agent(self, *, organization_id: UUID, agent: Agent) -> bool:
        """Create or replace by id. Raises InvalidArgument or NotFound."""
        wanted = _checked_agent(agent)
        _, is_changed = await self._store.edit_agent(
            organization_id=organization_id, agent_id=agent.agent_id, edit=lambda _: wanted
        )
        return is_changed

    async def change_agent(self, *, organization_id: UUID, agent: Agent, fields: Collection[str]) -> tuple[Agent, bool]:
        """Change the fields that are named to what they are in `agent`. Raises InvalidArgument or NotFound."""

        def edit(before: Agent | None) -> Agent:
            if before is None:
                raise unknown_agent()
            return _checked_agent(replace(before, **_chosen(agent, fields)))

        return await self._store.edit_agent(organization_id=organization_id, agent_id=agent.agent_id, edit=edit)

    async def delete_department(self, *, organization_id: UUID, department_id: UUID) -> None:
        """Remove one without queues. Raises NotFound or FailedPrecondition."""
        await self._store.delete_department(organization_id=organization_id, department_id=department_id)

    async def delete_queue(self, *, organization_id: UUID, queue_id: UUID) -> None:
        """Remove one in which nothing is. Raises NotFound or FailedPrecondition."""
        await self._store.delete_queue(organization_id=organization_id, queue_id=queue_id)

    async def delete_agent(self, *, organization_id: UUID, agent_id: UUID) -> None:
        """Remove one who has no conversations. Raises NotFound or FailedPrecondition."""
        await self._store.delete_agent(organization_id=organization_id, agent_id=agent_id)

    async def set_presence(
        self, *, organization_id: UUID, agent_id: UUID, presence: Presence, seconds: int
    ) -> datetime:
        """What an agent does, and until when that holds. Raises InvalidArgument or NotFound."""
        seconds = seconds or DEFAULT_SECONDS
        if not LEAST_SECONDS <= seconds <= MOST_SECONDS:
            raise InvalidArgument(f"seconds is {seconds}; use {LEAST_SECONDS} to {MOST_SECONDS}, or 0 for 120")
        until = self.now() + timedelta(seconds=seconds)
        await self._store.set_presence(
            organization_id=organization_id, agent_id=agent_id, presence=presence, until=until
        )
        return until

    async def floor(self, *, organization_id: UUID) -> Floor:
        """All that is set up, and who waits and is busy."""
        return await self._store.floor(organization_id=organization_id)


def _chosen(thing: object, fields: Collection[str]) -> dict[str, Any]:
    return {name: getattr(thing, name) for name in fields}


def _checked_department(department: Department) -> Department:
    stored_text("department.offline_message", department.offline_message, most=MOST_MESSAGE)
    _within("department.max_conversations_per_agent", department.max_conversations_per_agent, MOST_CAPACITY)
    _few("department.agent_ids", department.agent_ids, MOST_AGENTS)
    _checked_hours("department.business_hours", department.hours)
    return replace(department, agent_ids=_sorted(department.agent_ids))


def _checked_queue(queue: Queue) -> Queue:
    _within("queue.priority", queue.priority, 100)
    _within("queue.sla_minutes", queue.sla_minutes, MOST_SLA_MINUTES)
    _within("queue.max_queue_size", queue.max_queue_size, MOST_QUEUE_SIZE)
    _few("queue.allowed_agent_ids", queue.allowed_agent_ids, MOST_AGENTS)
    _checked_hours("queue.business_hours", queue.hours)
    if queue.overflow_queue_id == queue.queue_id:
        raise InvalidArgument("queue.overflow_queue_id is the queue itself; name another, or leave it empty")
    skills = _checked_skills("queue.skills_required", queue.skills)
    return replace(queue, skills=skills, allowed_agent_ids=_sorted(queue.allowed_agent_ids))


def _checked_agent(agent: Agent) -> Agent:
    text_of("agent.name", agent.name, most=120)
    _within("agent.capacity", agent.capacity, MOST_CAPACITY)
    return replace(agent, skills=_checked_skills("agent.skills", agent.skills))


def _within(field: str, value: int, most: int) -> None:
    if not 0 <= value <= most:
        raise InvalidArgument(f"{field} is {value}; use 0 to {most}")


def _few(field: str, values: Sequence[object], most: int) -> None:
    if len(values) > most:
        raise InvalidArgument(f"{field} has {len(values)} entries; use at most {most}")


def _checked_skills(field: str, skills: Sequence[str]) -> tuple[str, ...]:
    """Trimmed, small, each once: two people write the same skill."""
    _few(field, skills, MOST_SKILLS)
    return tuple(sorted({text_of(f"{field}: a skill", each, most=60).strip().casefold() for each in skills}))


def _checked_hours(field: str, hours: BusinessHours | None) -> None:
    if hours is not None:
        time_zone(f"{field}.time_zone", hours.zone)


def _sorted(ids: Sequence[UUID]) -> tuple[UUID, ...]:
    return tuple(sorted(set(ids)))
