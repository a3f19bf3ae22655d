"""Departments, queues and agents as they are set up. Audited changes of an organization go one at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

import psycopg

from services.chassis.audit import AuditEntry, AuditLog, digest_of
from services.chassis.db import Database, Query, Step, Transaction
from services.chassis.errors import FailedPrecondition
from services.pb.common.v1 import errors_pb2
from services.router.domain.queues import Agent, BusinessHours, Department, Floor, Presence, Queue, written_hours
from services.router.store.queues.floors import floors_in, reading_floors
from services.router.store.setup import unknown_organization
from services.router.usecases.unknown import unknown_agent, unknown_department, unknown_queue

_MINE = "organization_id = %(organization)b::uuid"

_KNOWN = Query(f"SELECT 1 FROM router.organization WHERE {_MINE}")
_OWN = Query("""
    INSERT INTO router.queue_owner (organization_id) VALUES (%(organization)b::uuid)
    ON CONFLICT (organization_id) DO NOTHING""")

_PUT_DEPARTMENT = Query("""
    INSERT INTO router.department (organization_id, department_id, name, business_hours, offline_message, routing,
      max_conversations_per_agent, agent_ids, is_active)
    VALUES (%(organization)b::uuid, %(id)b::uuid, %(name)b::text, %(hours)b::text::jsonb, %(message)b::text,
      %(routing)b::text, %(most)b::int, %(agents)b::uuid[], %(active)b::bool)
    ON CONFLICT (organization_id, department_id) DO UPDATE SET business_hours = excluded.business_hours,
      offline_message = excluded.offline_message, routing = excluded.routing,
      max_conversations_per_agent = excluded.max_conversations_per_agent, agent_ids = excluded.agent_ids,
      is_active = excluded.is_active""")
_PUT_QUEUE = Query("""
    INSERT INTO router.queue (organization_id, queue_id, department_id, name, priority, sla_minutes, routing,
      max_queue_size, overflow_queue_id, allowed_agent_ids, skills, business_hours, is_active)
    VALUES (%(organization)b::uuid, %(id)b::uuid, %(department)b::uuid, %(name)b::text, %(priority)b::int,
      %(sla)b::int, %(routing)b::text, %(size)b::int, %(overflow)b::uuid, %(allowed)b::uuid[], %(skills)b::text[],
      %(hours)b::text::jsonb, %(active)b::bool)
    ON CONFLICT (organization_id, queue_id) DO UPDATE SET department_id = excluded.department_id,
      priority = excluded.priority, sla_minutes = excluded.sla_minutes, routing = excluded.routing,
      max_queue_size = excluded.max_queue_size, overflow_queue_id = excluded.overflow_queue_id,
      allowed_agent_ids = excluded.allowed_agent_ids, skills = excluded.skills,
      business_hours = excluded.business_hours, is_active = excluded.is_active""")
_PUT_AGENT = Query("""
    INSERT INTO router.agent (organization_id, agent_id, name, skills, capacity, is_active)
    VALUES (%(organization)b::uuid, %(id)b::uuid, %(name)b::text, %(skills)b::text[], %(capacity)b::int,
      %(active)b::bool)
    ON CONFLICT (organization_id, agent_id) DO UPDATE SET name = excluded.name, skills = excluded.skills,
      capacity = excluded.capacity, is_active = excluded.is_active""")

_DELETE_DEPARTMENT = Query(f"DELETE FROM router.department WHERE {_MINE} AND department_id = %(id)b::uuid")
# What has ended keeps its history, without the queue.
_LET_GO = Query(f"""
    UPDATE router.queue_entry SET queue_id = NULL
    WHERE {_MINE} AND queue_id = %(id)b::uuid AND state = 'ended'""")
_DELETE_QUEUE = Query(f"DELETE FROM router.queue WHERE {_MINE} AND queue_id = %(id)b::uuid")

_LOCK_AGENT = Query(f"SELECT 1 FROM router.agent WHERE {_MINE} AND agent_id = %(id)b::uuid FOR UPDATE")
_DELETE_AGENT = Query(f"DELETE FROM router.agent WHERE {_MINE} AND agent_id = %(id)b::uuid")

_SET_PRESENCE = Query(f"""
    UPDATE router.agent SET presence = %(presence)b::text, present_until = %(until)b::timestamptz
    WHERE {_MINE} AND agent_id = %(agent)b::uuid RETURNING 1""")


class PostgresQueues:
    """See ports.queues.QueueStore."""

    def __init__(self, database: Database, audit: AuditLog) -> None:
        self._database = database
        self._audit = audit

    async def edit_department(
        self, *, organization_id: UUID, department_id: UUID, edit: Callable[[Department | None], Department]
    ) -> tuple[Department, bool]:
        """See QueueStore."""
        async with self._database.journey([organization_id]) as journey:
            before = (await self._begin(journey, organization_id)).departments.get(department_id)
            after = edit(before)
            if before == after:
                return after, False
            step: Step = (_PUT_DEPARTMENT, _department_columns(organization_id, after))
            await self._end(journey, organization_id, [step], f"department:{department_id}", before, after)
        return after, True

    async def edit_queue(
        self, *, organization_id: UUID, queue_id: UUID, edit: Callable[[Queue | None], Queue]
    ) -> tuple[Queue, bool]:
        """See QueueStore."""
        async with self._database.journey([organization_id]) as journey:
            floor = await self._begin(journey, organization_id)
            known = floor.queues.get(queue_id)
            before = known and replace(known, last_agent_id=None)
            after = edit(before)
            if after.department_id not in floor.departments:
                raise unknown_department()
            if after.overflow_queue_id is not None and after.overflow_queue_id not in floor.queues:
                raise unknown_queue("overflow_queue_id is")
            if before == after:
                return after, False
            steps: list[Step] = [
                (_PUT_QUEUE, _queue_columns(organization_id, after)),
                (_OWN, {"organization": organization_id}),
            ]
            await self._end(journey, organization_id, steps, f"queue:{queue_id}", before, after)
        return after, True

    async def edit_agent(
        self, *, organization_id: UUID, agent_id: UUID, edit: Callable[[Agent | None], Agent]
    ) -> tuple[Agent, bool]:
        """See QueueStore."""
        async with self._database.journey([organization_id]) as journey:
            known = (await self._begin(journey, organization_id)).agents.get(agent_id)
            before = known and replace(known, presence="offline", present_until=None)
            after = edit(before)
            if before == after:
                return after, False
            # Somebody who answers has conversations, with queues or without: their events are looked for.
            steps: list[Step] = [
                (_PUT_AGENT, _agent_columns(organization_id, after)),
                (_OWN, {"organization": organization_id}),
            ]
            await self._end(journey, organization_id, steps, f"agent:{agent_id}", before, after)
        return after, True

    async def delete_department(self, *, organization_id: UUID, department_id: UUID) -> None:
        """See QueueStore."""
        values = {"organization": organization_id, "id": department_id}
        async with self._database.journey([organization_id]) as journey:
            floor = await self._begin(journey, organization_id)
            if department_id not in floor.departments:
                raise unknown_department()
            if any(queue.department_id == department_id for queue in floor.queues.values()):
                raise _in_use("the department has queues; remove them first")
            before = floor.departments[department_id]
            steps = [(_DELETE_DEPARTMENT, values)]
            await self._end(journey, organization_id, steps, f"department:{department_id}", before, None)

    async def delete_queue(self, *, organization_id: UUID, queue_id: UUID) -> None:
        """See QueueStore."""
        values = {"organization": organization_id, "id": queue_id}
        async with self._database.journey([organization_id]) as journey:
            floor = await self._begin(journey, organization_id)
            if queue_id not in floor.queues:
                raise unknown_queue("queue_id is")
            steps = [(_LET_GO, values), (_DELETE_QUEUE, values)]
            try:
                await self._end(journey, organization_id, steps, f"queue:{queue_id}", floor.queues[queue_id], None)
            except psycopg.errors.ForeignKeyViolation:
                raise _in_use(
                    "conversations are in the queue, or another one overflows into it; end or move them first"
                ) from None

    async def delete_agent(self, *, organization_id: UUID, agent_id: UUID) -> None:
        """See QueueStore."""
        values: dict[str, object] = {"organization": organization_id, "id": agent_id}
        async with self._database.journey([organization_id]) as journey:
            await self._begin(journey, organization_id)
            # Pulls and routing hold the agent while they give: what they gave is counted after it.
            held, *rows = await journey.run([(_LOCK_AGENT, values), *reading_floors([organization_id])])
            if not held:
                raise unknown_agent()
            floor = floors_in([organization_id], rows)[organization_id]
            if floor.load_of(agent_id):
                raise FailedPrecondition(
                    "the agent has conversations; give them to others, or release them",
                    reason=errors_pb2.ERROR_REASON_AGENT_IN_USE,
                )
            before = replace(floor.agents[agent_id], presence="offline", present_until=None)
            await self._end(journey, organization_id, [(_DELETE_AGENT, values)], f"agent:{agent_id}", before, None)

    async def set_presence(self, *, organization_id: UUID, agent_id: UUID, presence: Presence, until: datetime) -> None:
        """See QueueStore."""
        values = {"organization": organization_id, "agent": agent_id, "presence": presence, "until": until}
        (rows,) = await self._database.batch([organization_id], [(_SET_PRESENCE, values)], durable=False)
        if not rows:
            raise unknown_agent()

    async def floor(self, *, organization_id: UUID) -> Floor:
        """See QueueStore."""
        rows = await self._database.batch([organization_id], reading_floors([organization_id]), durable=False)
        return floors_in([organization_id], rows)[organization_id]

    async def _begin(self, journey: Transaction, organization_id: UUID) -> Floor:
        locking = self._audit.locking([organization_id])
        known = (_KNOWN, {"organization": organization_id})
        rows = (await journey.run([*locking, known, *reading_floors([organization_id])]))[len(locking) :]
        if not rows[0]:
            raise unknown_organization()
        return floors_in([organization_id], rows[1:])[organization_id]

    async def _end(
        self,
        journey: Transaction,
        organization_id: UUID,
        steps: Sequence[Step],
        place: str,
        before: object | None,
        after: object | None,
    ) -> None:
        verb = "delete" if after is None else "put"
        entry = AuditEntry(
            organization_id,
            f"{place.partition(':')[0]}.{verb}",
            place,
            before=None if before is None else digest_of(before),
            after=None if after is None else digest_of(after),
        )
        await journey.commit([*steps, *self._audit.steps([entry])])


def _in_use(sentence: str) -> FailedPrecondition:
    return FailedPrecondition(sentence, reason=errors_pb2.ERROR_REASON_QUEUE_IN_USE)


def _department_columns(organization_id: UUID, department: Department) -> dict[str, object]:
    return {
        "organization": organization_id,
        "id": department.department_id,
        "name": department.name,
        "hours": _hours(department.hours),
        "message": department.offline_message,
        "routing": department.routing,
        "most": department.max_conversations_per_agent,
        "agents": list(department.agent_ids),
        "active": department.is_active,
    }


def _queue_columns(organization_id: UUID, queue: Queue) -> dict[str, object]:
    return {
        "organization": organization_id,
        "id": queue.queue_id,
        "department": queue.department_id,
        "name": queue.name,
        "priority": queue.priority,
        "sla": queue.sla_minutes,
        "routing": queue.routing,
        "size": queue.max_queue_size,
        "overflow": queue.overflow_queue_id,
        "allowed": list(queue.allowed_agent_ids),
        "skills": list(queue.skills),
        "hours": _hours(queue.hours),
        "active": queue.is_active,
    }


def _agent_columns(organization_id: UUID, agent: Agent) -> dict[str, object]:
    return {
        "organization": organization_id,
        "id": agent.agent_id,
        "name": agent.name,
        "skills": list(agent.skills),
        "capacity": agent.capacity,
        "active": agent.is_active,
    }


def _hours(hours: BusinessHours | None) -> str | None:
    return written_hours(hours) if hours else None
