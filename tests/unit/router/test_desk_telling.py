"""What is told of conversations among people, and that nothing is told out of order or lost."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import pytest

from services.chassis.errors import Unavailable
from services.pb.common.v1 import errors_pb2
from services.router.domain.outcome import OK, Outcome
from services.router.domain.queues import DeskEvent, event_of
from services.router.ports.queues import Unheard, Untold
from services.router.usecases.desk_telling import MOST_AT_ONCE, TellDesk
from tests.unit.router.floors import NOON

ORGANIZATION = UUID(int=5)


@pytest.mark.parametrize(
    ("kind", "has_agent", "told"),
    [
        ("queued", False, ("conversation.queued", "handoff")),
        ("queued", True, ("conversation.assigned", "handoff")),
        ("transferred", False, ("conversation.queued", "transfer")),
        ("overflowed", False, ("conversation.overflowed", "full")),
        ("pulled", True, ("conversation.assigned", "pull")),
        ("assigned", True, ("conversation.assigned", "assign")),
        ("routed", True, ("conversation.assigned", "route")),
        ("taken", True, ("conversation.assigned", "take")),
        ("sla_alert", False, ("conversation.sla_at_risk", "")),
        ("sla_broken", False, ("conversation.sla_breached", "")),
        ("ended", True, ("conversation.released", "released")),
        ("merged", False, ("conversation.released", "released")),
    ],
)
def test_each_change_is_an_event(kind: str, has_agent: bool, told: tuple[str, str]) -> None:
    assert event_of(kind, has_agent=has_agent, reason="full", end_reason="released") == told


def test_a_change_that_this_version_does_not_know_is_no_event() -> None:
    assert event_of("painted", has_agent=False, reason="", end_reason="") is None


def change(number: int, conversation: int = 1) -> Untold:
    event = DeskEvent(
        organization_id=ORGANIZATION, event_id=f"desk:{number}", event="conversation.queued", how="handoff",
        conversation_id=UUID(int=conversation), phone_number_id="1", entry_id=UUID(int=9), queue_id=None,
        department_id=None, from_queue_id=None, agent_id=None, sla_due_at=None, occurred_at=NOON, sequence=number,
    )  # fmt: skip
    return Untold(ORGANIZATION, number, event)


@dataclass
class Around:
    """Everything that TellDesk talks to: changes that wait, a sender that answers by event, an executor."""

    waiting: list[Untold] = field(default_factory=list)
    ended: list[Unheard] = field(default_factory=list)
    answers: dict[str, Outcome] = field(default_factory=dict)
    taken: list[str] = field(default_factory=list)
    released: list[tuple[UUID, str]] = field(default_factory=list)
    due: list[int] = field(default_factory=list)
    failing_calls: list[int] = field(default_factory=list)
    calls: int = 0
    is_executor_away: bool = False

    async def owners(self) -> Sequence[UUID]:
        return [ORGANIZATION]

    async def untold(self, *, organization_ids: Sequence[UUID], limit: int) -> Sequence[Untold]:
        return self.waiting[:limit]

    async def told(self, changes: Collection[Untold]) -> None:
        self.waiting = [each for each in self.waiting if each not in changes]

    async def audit(self, *, organization_ids: Sequence[UUID], limit: int) -> int:
        return self.due.pop(0) if self.due else 0

    async def unheard(self, *, organization_ids: Sequence[UUID], limit: int) -> Sequence[Unheard]:
        return list(self.ended)

    async def heard(self, unheard: Unheard) -> None:
        self.ended.remove(unheard)

    async def tell(self, events: Sequence[DeskEvent]) -> Sequence[Outcome]:
        self.calls += 1
        if self.calls in self.failing_calls:
            raise Unavailable("away", reason=errors_pb2.ERROR_REASON_PEER_UNAVAILABLE)
        outcomes = [self.answers.get(each.event_id, OK) for each in events]
        self.taken += [each.event_id for each, outcome in zip(events, outcomes, strict=True) if outcome == OK]
        return outcomes

    async def release(self, *, organization_id: UUID, conversation_id: UUID, key: str, is_unattended: bool) -> bool:
        if self.is_executor_away:
            raise Unavailable("away", reason=errors_pb2.ERROR_REASON_PEER_UNAVAILABLE)
        self.released.append((conversation_id, key))
        return True

    async def turn(self) -> None:
        me: Any = self
        await TellDesk(me, me, me, me).turn()


async def test_what_sender_could_not_be_told_is_told_later_in_the_same_order() -> None:
    around = Around([change(n, conversation=n % 2) for n in range(600)], failing_calls=[2])
    await around.turn()
    assert [each.change_id for each in around.waiting] == list(range(MOST_AT_ONCE // 2, 600))

    await around.turn()
    assert (around.waiting, around.taken) == ([], [f"desk:{n}" for n in range(600)])


async def test_what_sender_will_never_take_and_what_is_nothing_to_tell_is_not_tried_again() -> None:
    around = Around([change(1), Untold(ORGANIZATION, 2, None), change(3)])
    around.answers["desk:1"] = Outcome("invalid", 0, "event is no event")
    await around.turn()
    assert (around.waiting, around.taken) == ([], ["desk:3"])


async def test_all_that_waits_is_told_and_noted_in_one_turn() -> None:
    around = Around([change(n) for n in range(MOST_AT_ONCE + 5)], due=[200, 200, 7])
    await around.turn()
    assert (around.waiting, around.due) == ([], [])


async def test_flows_of_contacts_merged_away_hear_of_the_end_under_keys_that_stay_the_same() -> None:
    ended = Unheard(ORGANIZATION, UUID(int=9), (UUID(int=1), UUID(int=2)))
    around = Around(ended=[ended], is_executor_away=True)
    with pytest.raises(Unavailable):
        await around.turn()
    assert around.ended == [ended]

    around.is_executor_away = False
    await around.turn()
    assert around.ended == []
    assert around.released == [(each, f"merged:{UUID(int=9)}:{each}") for each in (UUID(int=1), UUID(int=2))]
