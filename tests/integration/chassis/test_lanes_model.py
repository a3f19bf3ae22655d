"""Lanes against a model: any mixture of writers, workers, dead holders and zombies keeps order and loses nothing."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from services.chassis.queue import Claim, Finish, Item, LeaseLost
from services.chassis.queue.lanes import POSITIONS_PER_ITEM
from tests.fixtures.mailbox import Mailbox, item_of, open_mailbox
from tests.fixtures.servers import Database as OwnDatabase

WORKERS = 3
LANES = 4  # two groups of two
WAIT_SECONDS = 3600.0


@dataclass(slots=True)
class Lane:
    """What one lane should look like."""

    group_id: UUID
    lane_id: UUID
    events: dict[int, str] = field(default_factory=dict)
    tail: int = 0
    head: int = 0
    holder: UUID | None = None
    is_ready: bool = False
    is_waiting: bool = False
    attempts: int = 0
    done: list[str] = field(default_factory=list)

    def finish(self, head: int) -> None:
        """Count what lies between the old head and the new one as done."""
        self.done += [event for position, event in sorted(self.events.items()) if self.head < position <= head]
        self.head, self.holder = head, None

    def seen(self) -> tuple[int, int, bool, bool, int]:
        """As Mailbox.lane tells it."""
        is_awake = self.is_ready or self.is_waiting or self.holder is not None
        return self.tail, self.head, is_awake, self.holder is not None, self.attempts


class LanesMachine(RuleBasedStateMachine):
    """Workers keep every claim they ever got, so that each finish may be a zombie's."""

    def __init__(self, mailbox: Mailbox, wait_for: Callable[..., object]) -> None:
        super().__init__()
        self.mailbox = mailbox
        self.wait_for = wait_for
        groups = [uuid4(), uuid4()]
        self.lanes = {lane_id: Lane(groups[n % 2], lane_id) for n in range(LANES) if (lane_id := uuid4())}
        self.claims: list[list[Claim]] = [[] for _ in range(WORKERS)]

    @rule(puts=st.lists(st.tuples(st.integers(0, LANES - 1), st.integers(0, 9)), min_size=1, max_size=5))
    def put(self, puts: list[tuple[int, int]]) -> None:
        lanes = list(self.lanes.values())
        items = [item_of(lanes[n].group_id, lanes[n].lane_id, f"event {event}") for n, event in puts]
        assert self.wait_for(self.mailbox.put(*items)) == [self._note(item) for item in items]

    def _note(self, item: Item) -> bool:
        lane = self.lanes[item.lane_id]
        known = {e for other in self.lanes.values() if other.group_id == lane.group_id for e in other.events.values()}
        lane.tail += 1
        if lane.holder is None and not lane.is_waiting:
            lane.is_ready = True
        if item.event_id in known:
            return False
        lane.events[lane.tail] = item.event_id
        return True

    @rule(worker=st.integers(0, WORKERS - 1), limit=st.sampled_from([1, 2, 128]), per_lane=st.sampled_from([1, 32]))
    def claim(self, worker: int, limit: int, per_lane: int) -> None:
        ready = {lane.lane_id for lane in self.lanes.values() if lane.is_ready}
        claims = self.wait_for(self.mailbox.lanes.claim(limit=limit, per_lane=per_lane))
        assert isinstance(claims, list)
        assert {claim.lane_id for claim in claims} <= ready
        assert len(claims) == min(limit, len(ready))
        for claim in claims:
            self._hold(claim, per_lane)
        self.claims[worker] += claims

    def _hold(self, claim: Claim, per_lane: int) -> None:
        lane = self.lanes[claim.lane_id]
        lane.holder, lane.is_ready, lane.attempts = claim.token, False, lane.attempts + 1
        reach = lane.head + per_lane * POSITIONS_PER_ITEM
        due = [(position, event) for position, event in sorted(lane.events.items()) if lane.head < position <= reach]
        assert [(item.position, item.event_id) for item in claim.items] == due[:per_lane]
        assert (claim.head, claim.tail, claim.attempts) == (lane.head, lane.tail, lane.attempts)

    @precondition(lambda self: any(self.claims))
    @rule(data=st.data(), is_blamed=st.booleans(), is_done=st.booleans())
    def finish(self, data: st.DataObject, is_blamed: bool, is_done: bool) -> None:
        claim = data.draw(st.sampled_from([claim for claims in self.claims for claim in claims]))
        taken = data.draw(st.integers(0, len(claim.items)))
        head = claim.items[taken - 1].position if taken else claim.head
        if is_done or taken == len(claim.items):
            finish = Finish(claim, claim.until if taken == len(claim.items) else head)
        else:
            finish = Finish(claim, head, delay=WAIT_SECONDS, is_blamed=is_blamed)
        lane = self.lanes[claim.lane_id]
        if lane.holder != claim.token:
            with pytest.raises(LeaseLost):
                self.wait_for(self.mailbox.finish(finish))
            return
        self.wait_for(self.mailbox.finish(finish))
        lane.finish(finish.head)
        lane.is_waiting = finish.delay is not None
        lane.is_ready = not lane.is_waiting and lane.head < lane.tail
        lane.attempts = lane.attempts if finish.is_blamed else 0

    @rule()
    def time_passes(self) -> None:
        self.mailbox.let_time_pass(self.lanes)
        for lane in self.lanes.values():
            lane.is_ready = lane.is_ready or lane.is_waiting or lane.holder is not None
            lane.is_waiting = False

    @rule()
    def wake(self) -> None:
        waiting = [lane for lane in self.lanes.values() if lane.is_waiting]
        keys = [(lane.group_id, lane.lane_id) for lane in self.lanes.values()]
        assert self.wait_for(self.mailbox.wake(*keys)) == len(waiting)
        for lane in waiting:
            lane.is_waiting, lane.is_ready = False, True

    @invariant()
    def the_table_is_as_the_model_says(self) -> None:
        for lane in self.lanes.values():
            if lane.tail:
                assert self.wait_for(self.mailbox.lane(lane.group_id, lane.lane_id)) == lane.seen()

    def teardown(self) -> None:
        """In the end everything that came in has been done once, in order."""
        while any(lane.head < lane.tail for lane in self.lanes.values()):
            self.time_passes()
            self.claim(0, 128, 32)
            for lane in self.lanes.values():
                held = [
                    claim for claim in self.claims[0] if claim.token == lane.holder and claim.lane_id == lane.lane_id
                ]
                for claim in held:
                    self.wait_for(self.mailbox.finish(Finish(claim, claim.until)))
                    lane.finish(claim.until)
                    lane.is_ready, lane.attempts = lane.head < lane.tail, 0
        for lane in self.lanes.values():
            assert lane.done == [event for _, event in sorted(lane.events.items())]
        self.mailbox.empty()


@pytest.fixture
def opened(module_database: OwnDatabase) -> Iterator[tuple[Mailbox, asyncio.Runner]]:
    with asyncio.Runner() as runner:
        mailbox = runner.run(open_mailbox(module_database.url_of("ingress"), module_database.superuser_url))
        yield mailbox, runner
        runner.run(mailbox.database.close())


def test_workers_zombies_and_the_dead_keep_order_and_lose_nothing(opened: tuple[Mailbox, asyncio.Runner]) -> None:
    mailbox, runner = opened
    run_state_machine_as_test(
        lambda: LanesMachine(mailbox, runner.run),  # type: ignore[arg-type]  # any factory serves
        settings=settings(
            max_examples=15, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
