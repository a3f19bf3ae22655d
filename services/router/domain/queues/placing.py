"""Where a conversation that is handed over goes: a queue, the queue it overflows to, or straight to an agent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, Protocol, TypeVar
from uuid import UUID

from services.router.domain.queues.entry import ALERT_SHARE
from services.router.domain.queues.floor import Agent, Department, Floor, Queue
from services.router.domain.queues.hours import due_after


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a flow or a person asks for, by id or name; every part may be empty."""

    queue: str = ""
    department: str = ""
    agent: str = ""


@dataclass(frozen=True, slots=True)
class Hop:
    """A conversation that did not stay in the queue that was meant for it, and why."""

    from_queue_id: UUID
    queue_id: UUID
    reason: Literal["full", "closed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """Where it goes. With an `agent_id` it waits for nobody; an `offline_message` is to be told, if there is one."""

    queue_id: UUID | None
    agent_id: UUID | None = None
    hop: Hop | None = None
    sla_due_at: datetime | None = None
    sla_alert_at: datetime | None = None
    offline_message: str = ""
    note: str = ""


class _Named(Protocol):
    @property
    def name(self) -> str: ...


NamedT = TypeVar("NamedT", bound=_Named)


def place(floor: Floor, wanted: Wanted, now: datetime) -> Placement | None:
    """Place what is handed over, and count it; None where there is no queue in service.

    An agent who is there and has room gets it at once. Else the queue that is named, or the first of the department
    that is named; where neither is known, the organization's first: nothing is lost for a wrong name.
    """
    agent = _found(floor.agents, wanted.agent)
    department = _found(floor.departments, wanted.department)
    queue = _queue_for(floor, _found(floor.queues, wanted.queue), department, agent)
    if agent is not None and _can_take_now(floor, agent, queue, now):
        floor.give(agent.agent_id, queue)
        return Placement(queue_id=queue.queue_id if queue else None, agent_id=agent.agent_id)
    if queue is None:
        return None
    return place_in(floor, queue, now, note=_note(floor, wanted, queue, agent))


def place_in(floor: Floor, queue: Queue, now: datetime, *, note: str = "") -> Placement:
    """Place in a queue, or where that one overflows to: one hop, and only to a queue that is open and has room."""
    hop = _hop(floor, queue, now)
    chosen = floor.queues[hop.queue_id] if hop else queue
    floor.wait(chosen)
    hours, promised = floor.hours_of(chosen), timedelta(minutes=chosen.sla_minutes)
    is_told = not floor.is_open(chosen, now)
    return Placement(
        queue_id=chosen.queue_id,
        hop=hop,
        sla_due_at=due_after(hours, now, promised) if promised else None,
        sla_alert_at=due_after(hours, now, promised * ALERT_SHARE) if promised else None,
        offline_message=floor.department_of(chosen).offline_message if is_told else "",
        note=note,
    )


def _hop(floor: Floor, queue: Queue, now: datetime) -> Hop | None:
    target = floor.queues.get(queue.overflow_queue_id) if queue.overflow_queue_id else None
    is_open, is_full = floor.is_open(queue, now), floor.is_full(queue)
    if target is None or (is_open and not is_full):
        return None
    if not floor.is_open(target, now) or floor.is_full(target):
        return None
    return Hop(queue.queue_id, target.queue_id, "closed" if not is_open else "full")


def _queue_for(floor: Floor, queue: Queue | None, department: Department | None, agent: Agent | None) -> Queue | None:
    in_service = sorted(
        (each for each in floor.queues.values() if floor.is_in_service(each)), key=lambda each: _rank(each)
    )
    if queue is not None and floor.is_in_service(queue):
        return queue
    if department is not None:
        of_department = [each for each in in_service if each.department_id == department.department_id]
        in_service = of_department or in_service
    if agent is not None:
        in_service = [each for each in in_service if floor.may_serve(agent, each)] or in_service
    return in_service[0] if in_service else None


def _can_take_now(floor: Floor, agent: Agent, queue: Queue | None, now: datetime) -> bool:
    if agent.presence_at(now) != "available":
        return False
    if queue is None:
        return floor.has_room(agent, None)
    return floor.may_serve(agent, queue) and floor.has_room(agent, floor.department_of(queue))


def _note(floor: Floor, wanted: Wanted, queue: Queue, agent: Agent | None) -> str:
    """Why it is not where it was meant to be; empty when it is."""
    if wanted.agent:
        return "the agent is not there, or has no room" if agent else "no agent has this id or name"
    meant = _found(floor.queues, wanted.queue)
    if wanted.queue and meant is not queue:
        return "the queue is out of service" if meant else "no queue has this id or name"
    if wanted.department and not wanted.queue and _found(floor.departments, wanted.department) is None:
        return "no department has this id or name"
    return ""


def _found(known: Mapping[UUID, NamedT], name: str) -> NamedT | None:
    """By id, or by name without regard to case; of two names that differ in case only the first."""
    if not name:
        return None
    try:
        return known.get(UUID(name)) or _by_name(known.values(), name)
    except ValueError:
        return _by_name(known.values(), name)


def _by_name(known: Iterable[NamedT], name: str) -> NamedT | None:
    wanted = name.strip().casefold()
    return min((each for each in known if each.name.casefold() == wanted), key=lambda each: each.name, default=None)


def _rank(queue: Queue) -> tuple[int, str]:
    return -queue.priority, queue.name
