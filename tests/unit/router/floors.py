"""Floors of organizations, built in a line."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from services.router.domain.queues import Agent, Department, Floor, Presence, Queue, Waiting

NOON = datetime(2026, 11, 26, 12, tzinfo=UTC)
DEPARTMENT = UUID(int=1)


def department(number: int = 1, **what: object) -> Department:
    fields: dict[str, object] = {"department_id": UUID(int=number), "name": f"department {number}"}
    return Department(**(fields | what))  # type: ignore[arg-type]  # what a test says of it


def queue(number: int, **what: object) -> Queue:
    fields: dict[str, object] = {
        "queue_id": UUID(int=100 + number),
        "department_id": DEPARTMENT,
        "name": f"queue {number}",
        "routing": "round_robin",
    }
    return Queue(**(fields | what))  # type: ignore[arg-type]  # what a test says of it


def agent(
    number: int,
    *,
    capacity: int = 5,
    skills: Sequence[str] = (),
    presence: Presence = "available",
    for_seconds: int = 60,
    is_active: bool = True,
) -> Agent:
    return Agent(
        agent_id=UUID(int=1000 + number),
        name=f"agent {number}",
        capacity=capacity,
        skills=tuple(skills),
        presence=presence,
        present_until=NOON + timedelta(seconds=for_seconds),
        is_active=is_active,
    )


def floor(*queues: Queue, agents: Sequence[Agent] = (), departments: Sequence[Department] = (department(),)) -> Floor:
    return Floor.of(departments, queues, agents)


def waiting(number: int, *, priority: int = 50, is_vip: bool = False, minutes: int = 0) -> Waiting:
    """It has waited for so many minutes."""
    return Waiting(
        entry_id=UUID(int=10_000 + number),
        priority=priority,
        is_vip=is_vip,
        queued_at=NOON - timedelta(minutes=minutes),
    )
