"""Who gets what next: turns, what an agent may pull, and to whom waiting conversations are given."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.router.domain.queues import Agent, Routing, Waiting, assign_all, hours_of, pullable, refusal_of
from tests.unit.router.floors import NOON, agent, department, floor, queue, waiting

# At noon of a Thursday in UTC this is closed.
CLOSED = hours_of("UTC", {"thursday": ("13:00", "18:00")})

entries = st.lists(
    st.builds(
        waiting,
        st.integers(0, 10_000),
        priority=st.integers(0, 100),
        is_vip=st.booleans(),
        minutes=st.integers(0, 500),
    ),
    max_size=40,
    unique_by=lambda entry: entry.entry_id,
)
people = st.lists(
    st.builds(
        agent,
        st.integers(0, 500),
        capacity=st.integers(0, 6),
        skills=st.lists(st.sampled_from(["pt", "en", "tax"]), unique=True),
        presence=st.sampled_from(["available", "busy", "away", "offline"]),
        for_seconds=st.integers(-60, 60),
        is_active=st.booleans(),
    ),
    max_size=12,
    unique_by=lambda person: person.agent_id,
)
routings: st.SearchStrategy[Routing] = st.sampled_from(["round_robin", "load_balance", "skills_based"])


def given_to(pairs: list[tuple[UUID, UUID]]) -> list[int]:
    return [agent_id.int - 1000 for _, agent_id in pairs]


def test_a_turn_is_by_priority_then_vip_then_time() -> None:
    late, early = waiting(1, minutes=1), waiting(2, minutes=9)
    vip, urgent = waiting(3, is_vip=True), waiting(4, priority=80)

    assert sorted([late, early, vip, urgent], key=lambda each: each.turn) == [urgent, vip, early, late]


def test_round_robin_gives_to_one_after_the_other_and_goes_on_where_it_was() -> None:
    agents = [agent(number) for number in (1, 2, 3)]
    line = queue(1, last_agent_id=agents[0].agent_id)

    given = assign_all(floor(line, agents=agents), line, [waiting(n) for n in range(5)], NOON)

    assert given_to(given) == [2, 3, 1, 2, 3]


def test_the_least_busy_agent_gets_it() -> None:
    line = queue(1, routing="load_balance")
    place = floor(line, agents=[agent(1), agent(2)])
    place.loads[UUID(int=1001), None] = 2

    given = assign_all(place, line, [waiting(n) for n in range(4)], NOON)

    assert given_to(given) == [2, 2, 1, 2]


def test_who_can_do_much_is_kept_for_what_few_can() -> None:
    plain = queue(1, routing="skills_based", skills=("pt",))
    agents = [agent(1, skills=("pt", "tax")), agent(2, skills=("pt",), capacity=2), agent(3, skills=("en",))]

    given = assign_all(floor(plain, agents=agents), plain, [waiting(n) for n in range(4)], NOON)

    assert given_to(given) == [2, 2, 1, 1]


@pytest.mark.parametrize("what", [{"routing": "manual"}, {"hours": CLOSED}, {"is_active": False}])
def test_a_queue_that_is_worked_by_hand_or_closed_gives_nothing_away(what: dict[str, object]) -> None:
    line = queue(1, **what)

    assert assign_all(floor(line, agents=[agent(1)]), line, [waiting(1)], NOON) == []


def test_a_queue_without_a_routing_of_its_own_is_routed_as_its_department() -> None:
    line = queue(1, routing=None)
    place = floor(line, agents=[agent(1)], departments=[department(routing="load_balance")])

    assert given_to(assign_all(place, line, [waiting(1)], NOON)) == [1]


def test_a_departments_limit_holds_beside_the_agents_own() -> None:
    line = queue(1)
    place = floor(line, agents=[agent(1, capacity=9)], departments=[department(max_conversations_per_agent=2)])

    assert len(assign_all(place, line, [waiting(n) for n in range(5)], NOON)) == 2


@given(routings, entries, people, st.lists(st.sampled_from(["pt", "en", "tax"]), unique=True))
def test_only_who_may_is_given_anything_and_what_is_given_is_what_comes_first(
    routing: Routing, line: list[Waiting], agents: list[Agent], skills: list[str]
) -> None:
    target = queue(1, routing=routing, skills=tuple(skills))
    place = floor(target, agents=agents)

    given = assign_all(place, target, line, NOON)

    in_turn = [each.entry_id for each in sorted(line, key=lambda each: each.turn)]
    assert [entry_id for entry_id, _ in given] == in_turn[: len(given)]
    by_id = {each.agent_id: each for each in agents}
    for agent_id, count in Counter(agent_id for _, agent_id in given).items():
        chosen = by_id[agent_id]
        assert count <= chosen.capacity
        assert chosen.is_active
        assert chosen.presence_at(NOON) == "available"
        assert set(skills) <= set(chosen.skills)
    if len(given) < len(line):
        able = [each for each in agents if each.presence_at(NOON) == "available" and set(skills) <= set(each.skills)]
        assert all(place.load_of(each.agent_id) >= each.capacity for each in able if each.is_active)


@given(st.integers(1, 8), st.integers(0, 60))
def test_round_robin_is_fair_to_within_one(count: int, conversations: int) -> None:
    line = queue(1)
    agents = [agent(number, capacity=100) for number in range(count)]

    given = assign_all(floor(line, agents=agents), line, [waiting(n) for n in range(conversations)], NOON)

    shares = Counter({each.agent_id: 0 for each in agents}) + Counter(agent_id for _, agent_id in given)
    each_has = [shares[each.agent_id] for each in agents]
    assert max(each_has) - min(each_has) <= 1


def test_an_agent_may_pull_from_open_queues_that_are_theirs_the_most_important_first() -> None:
    me = agent(1, skills=("pt",))
    low, high = queue(1, priority=10), queue(2, priority=90, skills=("pt",))
    others = [
        queue(3, hours=CLOSED), queue(4, skills=("tax",)), queue(5, allowed_agent_ids=(UUID(int=1002),)),
        queue(6, is_active=False),
    ]  # fmt: skip
    place = floor(low, high, *others, agents=[me])

    assert pullable(place, me, (), NOON) == [high, low]
    assert pullable(place, me, [low.queue_id], NOON) == [low]


def test_who_has_no_room_pulls_nothing() -> None:
    me = agent(1, capacity=1)
    place = floor(queue(1), agents=[me])
    place.give(me.agent_id, None)

    assert pullable(place, me, (), NOON) == []


def test_why_an_agent_cannot_be_given_a_conversation() -> None:
    line = queue(1, skills=("tax",))
    able = agent(1, skills=("tax",))
    mine = department(agent_ids=(able.agent_id,))
    place = floor(line, agents=[able], departments=[mine])

    assert refusal_of(place, able, line, NOON) is None
    assert refusal_of(place, replace(able, is_active=False), line, NOON) == "inactive"
    assert refusal_of(place, able, line, NOON + timedelta(minutes=2)) == "not_there"
    assert refusal_of(place, agent(2, skills=("tax",)), line, NOON) == "other_department"
    assert refusal_of(place, replace(able, skills=()), line, NOON) == "skills"
    assert refusal_of(place, replace(able, capacity=0), line, NOON) == "no_room"
    assert refusal_of(place, replace(able, skills=()), None, NOON) is None
