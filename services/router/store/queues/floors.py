"""The floors of organizations, read in one journey."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from services.chassis.db import Query, Rows, Step
from services.router.domain.queues import Agent, BusinessHours, Department, Floor, Queue, read_hours

_THEIRS = "organization_id = ANY (%(organizations)b::uuid[])"

_DEPARTMENTS = Query(f"""
    SELECT organization_id, department_id, name, business_hours, offline_message, routing, max_conversations_per_agent,
           agent_ids, is_active
    FROM router.department WHERE {_THEIRS}""")
_QUEUES = Query(f"""
    SELECT organization_id, queue_id, department_id, name, priority, sla_minutes, routing, max_queue_size,
           overflow_queue_id, allowed_agent_ids, skills, business_hours, is_active, last_agent_id
    FROM router.queue WHERE {_THEIRS}""")
_AGENTS = Query(f"""
    SELECT organization_id, agent_id, name, skills, capacity, is_active, presence, present_until
    FROM router.agent WHERE {_THEIRS}""")
_WAITING = Query(f"""
    SELECT organization_id, queue_id, count(*) FROM router.queue_entry
    WHERE {_THEIRS} AND state = 'waiting' GROUP BY 1, 2""")
_NOBODY = Query("SELECT %(organizations)b::uuid[], NULL, 0 LIMIT 0")
_LOADS = Query(f"""
    SELECT e.organization_id, e.agent_id, (
             SELECT q.department_id FROM router.queue q
             WHERE q.organization_id = e.organization_id AND q.queue_id = e.queue_id LIMIT 1), count(*)
    FROM router.queue_entry e WHERE e.{_THEIRS} AND e.state = 'assigned' GROUP BY 1, 2, 3""")


def reading_floors(organization_ids: Iterable[UUID], *, with_waiting: bool = True) -> list[Step]:
    """The steps that read floors; who only takes need not count who waits.

    Locks that they depend on are taken by earlier statements: each sees what is committed when it begins.
    """
    values = {"organizations": sorted(set(organization_ids))}
    waiting = _WAITING if with_waiting else _NOBODY
    return [(statement, values) for statement in (_DEPARTMENTS, _QUEUES, _AGENTS, waiting, _LOADS)]


def floors_in(organization_ids: Iterable[UUID], rows: Sequence[Rows]) -> dict[UUID, Floor]:
    """What those steps read, by organization: each row goes to its own organization's floor and no other."""
    departments, queues, agents, waiting, loads = rows
    floors = defaultdict(Floor, {each: Floor() for each in organization_ids})
    for organization_id, *row in departments:
        department = _department(row)
        floors[organization_id].departments[department.department_id] = department
    for organization_id, *row in queues:
        queue = _queue(row)
        floors[organization_id].queues[queue.queue_id] = queue
    for organization_id, *row in agents:
        agent = _agent(row)
        floors[organization_id].agents[agent.agent_id] = agent
    for organization_id, queue_id, count in waiting:
        floors[organization_id].waiting[queue_id] = count
    for organization_id, agent_id, department_id, count in loads:
        floors[organization_id].loads[agent_id, department_id] = count
    return floors


def _department(row: Sequence[Any]) -> Department:
    department_id, name, hours, offline_message, routing, most, agent_ids, is_active = row
    return Department(
        department_id=department_id,
        name=name,
        hours=_hours(hours),
        offline_message=offline_message,
        routing=routing,
        max_conversations_per_agent=most,
        agent_ids=tuple(agent_ids),
        is_active=is_active,
    )


def _queue(row: Sequence[Any]) -> Queue:
    (queue_id, department_id, name, priority, sla_minutes, routing, size, overflow, allowed, skills, hours, is_active,
     last) = row  # fmt: skip
    return Queue(
        queue_id=queue_id,
        department_id=department_id,
        name=name,
        priority=priority,
        sla_minutes=sla_minutes,
        routing=routing,
        max_queue_size=size,
        overflow_queue_id=overflow,
        allowed_agent_ids=tuple(allowed),
        skills=tuple(skills),
        hours=_hours(hours),
        is_active=is_active,
        last_agent_id=last,
    )


def _agent(row: Sequence[Any]) -> Agent:
    agent_id, name, skills, capacity, is_active, presence, until = row
    return Agent(
        agent_id=agent_id,
        name=name,
        skills=tuple(skills),
        capacity=capacity,
        is_active=is_active,
        presence=presence,
        present_until=until,
    )


def _hours(value: object) -> BusinessHours | None:
    return None if value is None else read_hours(json.dumps(value))
