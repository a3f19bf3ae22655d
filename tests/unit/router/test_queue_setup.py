"""What may be set up: every wrong field is named with the mend, and ids follow from names."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID, uuid4

import pytest

from services.chassis.errors import InvalidArgument, NotFound
from services.pb.common.v1 import errors_pb2
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
from services.router.usecases.queue_setup import QueueSetup
from tests.unit.router.floors import NOON, agent, department, queue

ORGANIZATION = UUID(int=5)
Thing = TypeVar("Thing")


@dataclass
class Kept:
    """ports.queues.QueueStore that remembers what came through; `before` is what was there."""

    put: list[object] = field(default_factory=list)
    before: Any = None
    until: datetime | None = None

    async def edit_department(
        self, *, organization_id: UUID, department_id: UUID, edit: Callable[[Department | None], Department]
    ) -> tuple[Department, bool]:
        return self._edited(edit)

    async def edit_queue(
        self, *, organization_id: UUID, queue_id: UUID, edit: Callable[[Queue | None], Queue]
    ) -> tuple[Queue, bool]:
        return self._edited(edit)

    async def edit_agent(
        self, *, organization_id: UUID, agent_id: UUID, edit: Callable[[Agent | None], Agent]
    ) -> tuple[Agent, bool]:
        return self._edited(edit)

    def _edited(self, edit: Callable[[Any], Thing]) -> tuple[Thing, bool]:
        after = edit(self.before)
        self.put.append(after)
        return after, after != self.before

    async def delete_agent(self, *, organization_id: UUID, agent_id: UUID) -> None:
        self.put.append(agent_id)

    async def delete_department(self, *, organization_id: UUID, department_id: UUID) -> None:
        self.put.append(department_id)

    async def delete_queue(self, *, organization_id: UUID, queue_id: UUID) -> None:
        self.put.append(queue_id)

    async def set_presence(self, *, organization_id: UUID, agent_id: UUID, presence: Presence, until: datetime) -> None:
        if agent_id != UUID(int=1):
            raise NotFound("no agent", reason=errors_pb2.ERROR_REASON_AGENT_NOT_FOUND)
        self.until = until

    async def floor(self, *, organization_id: UUID) -> Floor:
        return Floor()


def setup(kept: Kept) -> QueueSetup:
    return QueueSetup(kept, lambda: NOON)


async def test_ids_follow_from_names_and_lists_are_kept_in_one_order() -> None:
    kept = Kept()
    first, second = sorted([uuid4(), uuid4()])
    department_id, _ = await setup(kept).put_department(
        organization_id=ORGANIZATION, department=department(name="Sales", agent_ids=(second, first, second))
    )
    queue_id, _ = await setup(kept).put_queue(
        organization_id=ORGANIZATION, queue=queue(1, name="Line", skills=(" Tax ", "tax", "English"))
    )

    assert (department_id, queue_id) == (department_id_of(ORGANIZATION, "Sales"), queue_id_of(ORGANIZATION, "Line"))
    stored_department, stored_queue = kept.put
    assert isinstance(stored_department, Department)
    assert isinstance(stored_queue, Queue)
    assert stored_department.agent_ids == (first, second)
    assert stored_queue.skills == ("english", "tax")


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"name": " "}, "name is empty"),
        ({"offline_message": "x" * 1025}, "offline_message has 1025"),
        ({"max_conversations_per_agent": -1}, "max_conversations_per_agent is -1"),
        ({"agent_ids": (UUID(int=1),) * 1001}, "agent_ids has 1001"),
        ({"hours": BusinessHours("Mars/Olympus", (None,) * 7)}, "IANA name"),
    ],
)
async def test_a_department_that_cannot_be_is_refused(change: dict[str, object], what: str) -> None:
    kept = Kept()
    with pytest.raises(InvalidArgument, match=what):
        await setup(kept).put_department(organization_id=ORGANIZATION, department=department(**change))
    assert kept.put == []


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"name": ""}, "name is empty"),
        ({"priority": 101}, "priority is 101"),
        ({"sla_minutes": 10_081}, "sla_minutes is 10081"),
        ({"max_queue_size": -1}, "max_queue_size is -1"),
        ({"skills": ("x",) * 51}, "skills_required has 51"),
        ({"skills": ("x" * 61,)}, "a skill has 61"),
        ({"overflow_queue_id": queue_id_of(ORGANIZATION, "Line")}, "is the queue itself"),
    ],
)
async def test_a_queue_that_cannot_be_is_refused(change: dict[str, object], what: str) -> None:
    kept = Kept()
    with pytest.raises(InvalidArgument, match=what):
        await setup(kept).put_queue(organization_id=ORGANIZATION, queue=queue(1, **({"name": "Line"} | change)))
    assert kept.put == []


async def test_an_agent_that_cannot_be_is_refused() -> None:
    kept = Kept()
    for wrong in (replace(agent(1), name=""), agent(1, capacity=1001), agent(1, skills=(" ",))):
        with pytest.raises(InvalidArgument):
            await setup(kept).put_agent(organization_id=ORGANIZATION, agent=wrong)
    assert kept.put == []


async def test_only_what_is_named_changes() -> None:
    closed = BusinessHours("UTC", (None,) * 7)
    kept = Kept(before=department(hours=closed, offline_message="Later.", max_conversations_per_agent=2))
    wanted = department(name="never read", agent_ids=(UUID(int=9), UUID(int=8)), routing="load_balance")
    changed, is_changed = await setup(kept).change_department(
        organization_id=ORGANIZATION, department=wanted, fields=["hours", "agent_ids"]
    )
    assert is_changed
    assert changed == replace(kept.before, hours=None, agent_ids=(UUID(int=8), UUID(int=9)))

    kept = Kept(before=queue(1, sla_minutes=15, skills=("tax",)))
    line, _ = await setup(kept).change_queue(
        organization_id=ORGANIZATION, queue=queue(1, priority=70, skills=(" English",)), fields=["skills"]
    )
    assert line == replace(kept.before, skills=("english",))

    kept = Kept(before=agent(1, capacity=3))
    rui, is_changed = await setup(kept).change_agent(
        organization_id=ORGANIZATION, agent=agent(1, capacity=3, skills=("tax",)), fields=["capacity"]
    )
    assert (rui, is_changed) == (kept.before, False)


async def test_what_is_not_there_is_not_changed_and_what_cannot_be_is_not_made_of_it() -> None:
    nothing = setup(Kept())
    with pytest.raises(NotFound, match="department_id"):
        await nothing.change_department(organization_id=ORGANIZATION, department=department(), fields=[])
    with pytest.raises(NotFound, match="queue_id"):
        await nothing.change_queue(organization_id=ORGANIZATION, queue=queue(1), fields=[])
    with pytest.raises(NotFound, match="agent_id"):
        await nothing.change_agent(organization_id=ORGANIZATION, agent=agent(1), fields=[])
    line = queue(1)
    with pytest.raises(InvalidArgument, match="is the queue itself"):
        await setup(Kept(before=line)).change_queue(
            organization_id=ORGANIZATION,
            queue=replace(line, overflow_queue_id=line.queue_id),
            fields=["overflow_queue_id"],
        )


async def test_presence_holds_for_two_minutes_unless_it_is_said_for_how_long() -> None:
    kept = Kept()
    for seconds, until in ((0, 120), (10, 10), (43_200, 43_200)):
        told = await setup(kept).set_presence(
            organization_id=ORGANIZATION, agent_id=UUID(int=1), presence="available", seconds=seconds
        )
        assert told == kept.until == NOON + timedelta(seconds=until)
    for seconds in (-1, 9, 43_201):
        with pytest.raises(InvalidArgument, match="seconds is"):
            await setup(kept).set_presence(
                organization_id=ORGANIZATION, agent_id=UUID(int=1), presence="away", seconds=seconds
            )
