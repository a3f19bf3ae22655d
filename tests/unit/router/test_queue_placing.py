"""Where a conversation that is handed over goes, and what is promised of it."""

from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.router.domain.queues import Entry, Hop, Wanted, hours_of, place, place_in, sla_of
from tests.unit.router.floors import NOON, agent, department, floor, queue

CLOSED = hours_of("UTC", {"thursday": ("13:00", "18:00")})


def test_it_goes_to_the_queue_that_is_named_by_id_or_name_in_whatever_case() -> None:
    first, second = queue(1, name="Billing"), queue(2, name="Ärzte")
    for wanted in (str(second.queue_id), "ärzte", "ÄRZTE "):
        placed = place(floor(first, second), Wanted(queue=wanted), NOON)
        assert placed is not None
        assert (placed.queue_id, placed.note) == (second.queue_id, "")


def test_a_department_stands_for_its_first_queue() -> None:
    sales = department(2, name="Sales")
    first, second = (
        queue(1, department_id=sales.department_id, priority=60),
        queue(2, department_id=sales.department_id),
    )
    other = queue(3, priority=99)
    placed = place(floor(first, second, other, departments=[department(), sales]), Wanted(department="sales"), NOON)

    assert placed is not None
    assert placed.queue_id == first.queue_id


@pytest.mark.parametrize(
    ("wanted", "note"),
    [
        (Wanted(), ""),
        (Wanted(queue="nowhere"), "no queue has this id or name"),
        (Wanted(department="nobody"), "no department has this id or name"),
        (Wanted(agent="nobody"), "no agent has this id or name"),
        (Wanted(queue="queue 9"), "the queue is out of service"),
    ],
)
def test_what_names_nothing_known_goes_to_the_organizations_first_queue_and_says_why(wanted: Wanted, note: str) -> None:
    first = queue(1, priority=90)
    placed = place(floor(first, queue(2), queue(9, is_active=False)), wanted, NOON)

    assert placed is not None
    assert (placed.queue_id, placed.note) == (first.queue_id, note)


def test_without_a_queue_in_service_nothing_is_placed() -> None:
    assert place(floor(), Wanted(queue="any"), NOON) is None
    assert place(floor(queue(1, is_active=False)), Wanted(), NOON) is None
    closed = floor(queue(1), departments=[department(is_active=False)])
    assert place(closed, Wanted(), NOON) is None


def test_an_agent_who_is_there_gets_it_at_once_and_others_wait_in_a_queue_of_theirs() -> None:
    line = queue(1)
    here = place(floor(line, agents=[agent(1)]), Wanted(agent="agent 1"), NOON)
    away = place(floor(line, agents=[agent(1, presence="away")]), Wanted(agent="agent 1"), NOON)

    assert here is not None
    assert (here.agent_id, here.queue_id) == (UUID(int=1001), line.queue_id)
    assert away is not None
    assert (away.agent_id, away.queue_id, away.note) == (
        None, line.queue_id, "the agent is not there, or has no room",
    )  # fmt: skip


def test_what_comes_while_a_queue_is_full_goes_one_hop_on() -> None:
    last = queue(3, max_queue_size=1)
    second = queue(2, overflow_queue_id=last.queue_id)
    first = queue(1, max_queue_size=2, overflow_queue_id=second.queue_id)
    ground = floor(first, second, last)

    placed = [place_in(ground, first, NOON) for _ in range(4)]

    assert [each.queue_id for each in placed] == [first.queue_id] * 2 + [second.queue_id] * 2
    assert placed[2].hop == Hop(first.queue_id, second.queue_id, "full")
    assert placed[0].hop is None


def test_where_the_next_queue_is_full_or_closed_too_it_stays() -> None:
    full, closed = queue(2, max_queue_size=1), queue(3, hours=CLOSED)
    for target in (full, closed):
        first = queue(1, max_queue_size=1, overflow_queue_id=target.queue_id)
        ground = floor(first, target)
        ground.waiting.update({first.queue_id: 1, target.queue_id: 1})
        assert place_in(ground, first, NOON).queue_id == first.queue_id


def test_what_comes_while_it_is_closed_goes_to_a_queue_that_is_open_or_waits_with_a_word() -> None:
    duty = queue(2)
    closed = queue(1, hours=CLOSED, overflow_queue_id=duty.queue_id)
    lone = queue(3, hours=CLOSED)
    ground = floor(closed, duty, lone, departments=[department(offline_message="Back at one.")])

    moved, stays = place_in(ground, closed, NOON), place_in(ground, lone, NOON)

    assert (moved.queue_id, moved.offline_message) == (duty.queue_id, "")
    assert moved.hop == Hop(closed.queue_id, duty.queue_id, "closed")
    assert (stays.queue_id, stays.offline_message) == (lone.queue_id, "Back at one.")


def test_an_alert_comes_at_four_fifths_of_the_promise_in_open_time() -> None:
    always, later = queue(1, sla_minutes=10), queue(2, sla_minutes=10, hours=CLOSED)
    ground = floor(always, later)
    now, then = place_in(ground, always, NOON), place_in(ground, later, NOON)

    assert (now.sla_alert_at, now.sla_due_at) == (NOON + timedelta(minutes=8), NOON + timedelta(minutes=10))
    assert (then.sla_alert_at, then.sla_due_at) == (NOON + timedelta(minutes=68), NOON + timedelta(minutes=70))
    assert place_in(ground, queue(1), NOON).sla_due_at is None


@given(st.integers(1, 10_000))
def test_an_alert_is_never_later_than_what_it_warns_of(minutes: int) -> None:
    line = queue(1, sla_minutes=minutes, hours=CLOSED)
    placed = place_in(floor(line), line, NOON)

    assert placed.sla_alert_at is not None
    assert placed.sla_due_at is not None
    assert NOON < placed.sla_alert_at < placed.sla_due_at


@given(st.lists(st.integers(0, 3), min_size=1, max_size=30), st.integers(1, 5), st.integers(1, 5))
def test_nothing_is_lost_by_overflow(arrivals: list[int], first_size: int, second_size: int) -> None:
    second = queue(2, max_queue_size=second_size)
    first = queue(1, max_queue_size=first_size, overflow_queue_id=second.queue_id)
    ground = floor(first, second)

    for _ in arrivals:
        place_in(ground, first, NOON)

    assert ground.waiting.total() == len(arrivals)
    assert ground.waiting[second.queue_id] <= second_size


def entry(*, waited: int, taken_after: int | None = None) -> Entry:
    begun = NOON - timedelta(minutes=waited)
    return Entry(
        entry_id=UUID(int=1), conversation_id=UUID(int=2), phone_number_id="1", wa_id="", user_id="", contact_name="",
        queue_id=UUID(int=3), state="waiting" if taken_after is None else "assigned", priority=50, is_vip=False,
        queued_at=begun, context="", is_flows=True, sla_due_at=begun + timedelta(minutes=10),
        sla_alert_at=begun + timedelta(minutes=8), sla_alerted_at=None, agent_id=None,
        assigned_at=None if taken_after is None else begun + timedelta(minutes=taken_after), ended_at=None,
        end_reason="",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("waited", "taken_after", "state"),
    [
        (7, None, "ok"),
        (8, None, "at_risk"),
        (10, None, "at_risk"),
        (11, None, "broken"),
        (60, 9, "ok"),
        (60, 11, "broken"),
    ],
)
def test_a_promise_is_counted_until_somebody_has_the_conversation(
    waited: int, taken_after: int | None, state: str
) -> None:
    assert sla_of(entry(waited=waited, taken_after=taken_after), NOON) == state
