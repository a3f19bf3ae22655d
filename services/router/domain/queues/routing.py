"""Who gets what next: what an agent may pull, and to whom waiting conversations are given."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, assert_never
from uuid import UUID

from services.router.domain.queues.floor import Agent, Floor, Queue

Refusal = Literal["inactive", "not_there", "no_room", "other_department", "skills"]
"""Why an agent cannot be given a conversation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A conversation that waits in a queue, as far as its turn goes."""

    entry_id: UUID
    priority: int
    is_vip: bool
    queued_at: datetime

    @property
    def turn(self) -> tuple[int, bool, datetime, int]:
        """Smaller comes first: priority, then VIP, then who has waited longest."""
        return -self.priority, not self.is_vip, self.queued_at, self.entry_id.int


def pullable(floor: Floor, agent: Agent, wanted: Collection[UUID], now: datetime) -> list[Queue]:
    """The queues an agent may take from now, those of the highest priority first; nothing in `wanted` means all."""
    found = [
        queue
        for queue in floor.queues.values()
        if (not wanted or queue.queue_id in wanted)
        and floor.is_open(queue, now)
        and floor.may_serve(agent, queue)
        and floor.has_room(agent, floor.department_of(queue))
    ]
    return sorted(found, key=lambda queue: (-queue.priority, queue.name))


def refusal_of(floor: Floor, agent: Agent, queue: Queue | None, now: datetime) -> Refusal | None:
    """Why a person may not give a conversation of this queue to this agent; None when they may."""
    if not agent.is_active:
        return "inactive"
    if agent.presence_at(now) != "available":
        return "not_there"
    department = floor.department_of(queue) if queue else None
    if department and department.agent_ids and agent.agent_id not in department.agent_ids:
        return "other_department"
    if queue and not floor.may_serve(agent, queue):
        return "skills"
    return None if floor.has_room(agent, department) else "no_room"


def assign_all(floor: Floor, queue: Queue, waiting: Sequence[Waiting], now: datetime) -> list[tuple[UUID, UUID]]:
    """Give waiting conversations away in their order, as far as agents have room: entries with their agents.

    A queue that is worked off by hand or is closed gives nothing away.
    """
    if floor.routing_of(queue) == "manual" or not floor.is_open(queue, now):
        return []
    given: list[tuple[UUID, UUID]] = []
    last = queue.last_agent_id
    for entry in sorted(waiting, key=lambda each: each.turn):
        agent = _next(floor, queue, now, last)
        if agent is None:
            break
        floor.give(agent.agent_id, queue)
        given.append((entry.entry_id, agent.agent_id))
        last = agent.agent_id
    return given


def _next(floor: Floor, queue: Queue, now: datetime, last: UUID | None) -> Agent | None:
    department = floor.department_of(queue)
    able = [
        agent
        for agent in floor.agents.values()
        if agent.presence_at(now) == "available" and floor.may_serve(agent, queue) and floor.has_room(agent, department)
    ]
    return min(able, key=_preference(floor, queue, last), default=None)


def _preference(floor: Floor, queue: Queue, last: UUID | None) -> Callable[[Agent], tuple[int, ...]]:
    """What makes an agent come before others; among equals it goes round."""

    def ring(agent: Agent) -> tuple[int, int]:
        # Whoever comes after the last one, then from the beginning.
        return int(last is not None and agent.agent_id.int <= last.int), agent.agent_id.int

    routing = floor.routing_of(queue)
    match routing:
        case "round_robin" | "manual":
            return ring
        case "load_balance":
            return lambda agent: (floor.load_of(agent.agent_id), *ring(agent))
        case "skills_based":
            # Who can do much is kept for what few can.
            return lambda agent: (len(agent.skills), floor.load_of(agent.agent_id), *ring(agent))
        case _:
            assert_never(routing)
