"""Events go in, and states, messages and records come out, in one transaction per batch."""

from __future__ import annotations

import json
from uuid import uuid4

import pytest

from services.chassis.errors import FailedPrecondition, NotFound
from services.chassis.queue import Finish, LeaseLost
from services.executor.ports import Passage, Save, StateChanged
from services.executor.usecases import StateKeeping
from services.executor.worker import decode, submission_of
from services.pb.analytics.v1 import analytics_pb2
from services.pb.common.v1 import results_pb2
from services.pb.executor.v1 import executor_pb2
from tests.integration.executor.conftest import Room

HELLO = "Welcome to the tea house, "
WHO = "What may we call you?"


async def test_a_dialogue_runs_to_its_end(room: Room) -> None:
    await room.say("hi")
    assert await room.state() == {
        "node": "who",
        "variables": {},
        "path": ["begin", "hello", "who"],
        "is_active": True,
    }
    await room.say("Ana")
    await room.say("3")
    assert room.said() == [HELLO, WHO, "How many pots?", "Ana, 3 pots are on their way"]
    assert await room.state() == {
        "node": None,
        "variables": {"guest": "Ana", "pots": "3"},
        "path": ["begin", "hello", "who", "pots", "bye"],
        "is_active": False,
    }


async def test_three_messages_of_one_batch_are_answered_in_their_order(room: Room) -> None:
    await room.say("hi", "Ana", "3")
    assert room.said() == [HELLO, WHO, "How many pots?", "Ana, 3 pots are on their way"]


async def test_a_repeated_event_changes_nothing(room: Room) -> None:
    event = room.event("hi")
    assert await room.submit(event, event) == [results_pb2.ITEM_OUTCOME_OK, results_pb2.ITEM_OUTCOME_DUPLICATE]
    await room.work()
    assert await room.submit(event) == [results_pb2.ITEM_OUTCOME_DUPLICATE]
    await room.work()
    assert room.said() == [HELLO, WHO]
    assert len(room.records()) == 4


async def test_a_message_after_the_end_starts_afresh(room: Room) -> None:
    await room.say("hi", "Ana", "3", "hello again")
    assert room.said()[-2:] == [HELLO, WHO]
    assert (await room.state())["variables"] == {}


async def test_an_event_without_ids_is_invalid_and_its_neighbour_is_taken(room: Room) -> None:
    bad = room.event("x", conversation_id="not a uuid")
    outcomes = await room.submit(bad, room.event("hi"))
    assert outcomes == [results_pb2.ITEM_OUTCOME_INVALID, results_pb2.ITEM_OUTCOME_OK]


async def test_a_person_owns_the_conversation_and_the_bot_is_silent_but_the_log_has_it(room: Room) -> None:
    await room.submit(room.event("is anybody there?", may_run_flow=False))
    await room.work()
    assert room.said() == []
    (record,) = room.records()
    assert (record.kind, record.text) == (analytics_pb2.RECORD_KIND_CONTACT_MESSAGE, "is anybody there?")


async def test_no_flow_means_a_log_entry_only(room: Room) -> None:
    room.flow_id = ""
    await room.say("hello?")
    assert room.said() == []
    assert len(room.records()) == 1


async def test_an_unpublished_flow_is_told_in_the_log(room: Room) -> None:
    room.flow_id = str(uuid4())
    await room.say("hello?")
    assert [record.text for record in room.records()] == ["hello?", "flow is not published"]


async def test_records_tell_the_dialogue_in_order(room: Room) -> None:
    await room.say("hi", "Ana", "many")
    told = [(record.kind, record.text) for record in room.records()]
    assert told == [
        (analytics_pb2.RECORD_KIND_CONTACT_MESSAGE, "hi"),
        (analytics_pb2.RECORD_KIND_FLOW_STARTED, "number"),
        (analytics_pb2.RECORD_KIND_BOT_MESSAGE, HELLO),
        (analytics_pb2.RECORD_KIND_BOT_MESSAGE, WHO),
        (analytics_pb2.RECORD_KIND_CONTACT_MESSAGE, "Ana"),
        (analytics_pb2.RECORD_KIND_BOT_MESSAGE, "How many pots?"),
        (analytics_pb2.RECORD_KIND_CONTACT_MESSAGE, "many"),
        (analytics_pb2.RECORD_KIND_INVALID_ANSWER, told[-2][1]),
        (analytics_pb2.RECORD_KIND_BOT_MESSAGE, told[-1][1]),
    ]


async def test_a_running_session_stays_on_its_version(room: Room) -> None:
    await room.say("hi")
    _, (document,) = await room.flows.list(organization_id=room.organization_id)
    nodes = [{"id": "s", "type": "start"}, {"id": "e", "type": "end", "data": {"content": "new"}}]
    changed = json.dumps({"name": "x", "nodes": nodes, "edges": [{"source": "s", "target": "e"}]}).encode()
    put = await room.flows.put(
        organization_id=room.organization_id, name=document.name, document=changed, publish=True, dry_run=False
    )
    assert put.published_version == 2
    await room.say("Ana", "3", "hi")
    assert room.said()[-2:] == ["Ana, 3 pots are on their way", "new"]


async def test_an_expired_session_starts_the_flow_again(room: Room) -> None:
    await room.say("hi")
    room.let_the_session_expire()
    await room.say("Ana")
    assert room.said() == [HELLO, WHO, HELLO, WHO]


async def test_the_expiry_timer_ends_a_quiet_session_once(room: Room) -> None:
    await room.say("hi")
    room.let_the_session_expire()
    room.as_superuser("UPDATE executor.timer SET fire_at = now() WHERE organization_id = %s", room.organization_id)
    assert await room.fire_timers() == 1
    await room.work()
    assert await room.fire_timers() == 0
    assert (await room.state())["is_active"] is False
    assert [record.text for record in room.records()][-1] == "expired"


async def test_the_expiry_timer_of_a_lively_session_is_set_again(room: Room) -> None:
    await room.say("hi")
    room.as_superuser("UPDATE executor.timer SET fire_at = now() WHERE organization_id = %s", room.organization_id)
    await room.fire_timers()
    await room.work()
    assert (await room.state())["is_active"] is True
    ((is_later,),) = room.as_superuser(
        "SELECT fire_at > now() + interval '23 hours' FROM executor.timer WHERE organization_id = %s",
        room.organization_id,
    )
    assert is_later


async def test_a_closed_session_is_not_resumed(room: Room) -> None:
    await room.say("hi")
    keeping = StateKeeping(room.states)
    await keeping.close(organization_id=room.organization_id, phone_number="4915100000007")
    with pytest.raises(FailedPrecondition, match="closed"):
        await keeping.close(organization_id=room.organization_id, phone_number="4915100000007")
    await room.say("Ana")
    assert room.said() == [HELLO, WHO, HELLO, WHO]


async def test_closing_an_unknown_number_says_so(room: Room) -> None:
    with pytest.raises(NotFound):
        await StateKeeping(room.states).close(organization_id=room.organization_id, phone_number="1")


async def test_a_worker_whose_lease_ended_changes_nothing(room: Room) -> None:
    await room.submit(room.event("hi"))
    zombie = await room.inbox.claim(which="fresh")
    room.as_superuser(
        "UPDATE executor.inbox_lane SET wake_at = now() - interval '1 s' WHERE organization_id = %s",
        room.organization_id,
    )
    rival = await room.inbox.claim(limit=1, which="suspect")
    await room.turns.work_off([decode(claim) for claim in rival])
    await room.turns.work_off([decode(claim) for claim in zombie])
    assert room.said() == [HELLO, WHO]


async def test_an_event_that_kills_the_process_again_and_again_is_dead_lettered_and_the_lane_goes_on(
    room: Room,
) -> None:
    await room.submit_again(room.event("hi"))
    await room.inbox.claim(which="fresh")
    for _ in range(4):
        room.as_superuser(
            "UPDATE executor.inbox_lane SET wake_at = now() WHERE organization_id = %s", room.organization_id
        )
        claims = await room.inbox.claim(limit=1, which="suspect")
    assert claims[0].solo == 4
    await room.turns.work_off([decode(claims[0])])
    (letter,) = [letter for letter in await room.inbox.dead_letters() if letter.group_id == room.organization_id]
    assert "died" in letter.error
    await room.say("hi")
    assert room.said() == [HELLO, WHO]
    assert await room.inbox.replay([letter.dead_id], room.audit) == 1
    await room.work()
    assert (await room.state())["node"] == "pots"


async def test_what_cannot_be_read_is_tried_eight_times_and_then_dead_lettered(room: Room) -> None:
    await room.submit(room.event("hi", start_flow_id="no uuid"))
    for _ in range(10):
        claims = await room.inbox.claim(which="fresh") or await room.inbox.claim(limit=1, which="suspect")
        await room.turns.work_off([decode(claim) for claim in claims])
        room.as_superuser(
            "UPDATE executor.inbox_lane SET wake_at = now() WHERE organization_id = %s AND head < tail",
            room.organization_id,
        )
    letters = [letter for letter in await room.inbox.dead_letters() if letter.group_id == room.organization_id]
    assert [letter.attempts for letter in letters] == [9]


async def test_a_turn_is_pending_until_it_is_worked_off(room: Room) -> None:
    keeping = StateKeeping(room.states)
    await room.submit_again(room.event("hi", event_id="api:1"))
    with pytest.raises(FailedPrecondition, match="ask again"):
        await keeping.turn(organization_id=room.organization_id, conversation_id=room.conversation_id, event_id="api:1")
    await room.work()
    turn = await keeping.turn(
        organization_id=room.organization_id, conversation_id=room.conversation_id, event_id="api:1"
    )
    assert len(turn.payloads) == 2
    assert turn.state is not None
    assert turn.state.standing.session.awaiting_input


async def test_a_lost_lease_is_an_error_of_the_finish(room: Room) -> None:
    await room.submit_again(room.event("hi"))
    (claim,) = await room.inbox.claim(which="fresh")
    room.as_superuser(
        "UPDATE executor.inbox_lane SET lease = gen_random_uuid() WHERE organization_id = %s", room.organization_id
    )
    with pytest.raises(LeaseLost):
        async with room.database.transaction([room.organization_id]) as connection:
            await room.inbox.finish(connection, [Finish(claim, claim.until)])


async def test_another_organization_sees_no_row(room: Room) -> None:
    await room.say("hi")
    with pytest.raises(NotFound):
        await StateKeeping(room.states).get(organization_id=uuid4(), phone_number="4915100000007")
    page = await StateKeeping(room.states).list(organization_id=uuid4(), skip=0, limit=10, flow_id="", is_active=None)
    assert (page.total, page.views, page.cursor_after(0)) == (0, [], "")


async def test_a_test_message_may_name_another_flow(room: Room) -> None:
    await room.say("hi")
    other = await room.publish("tea_house.json", name="other")
    await room.submit(
        room.event("go", start_flow_id=other, start_reason=executor_pb2.START_REASON_TEST, event_id="api:2")
    )
    await room.work()
    rows = room.as_superuser(
        "SELECT is_active, flow_id::text = %s FROM executor.conversation_states WHERE organization_id = %s ORDER BY 1",
        other,
        room.organization_id,
    )
    assert rows == [(False, False), (True, True)]


async def test_a_first_message_of_an_idle_conversation_is_answered_in_the_transaction_that_takes_it(room: Room) -> None:
    assert await room.submit(room.event("hi")) == [results_pb2.ITEM_OUTCOME_OK]

    assert room.said() == [HELLO, WHO]
    assert await room.inbox.claim() == []


async def test_a_repeat_of_what_was_taken_at_once_changes_nothing(room: Room) -> None:
    hi = room.event("hi")
    await room.submit(hi)

    assert await room.submit(hi, hi) == [results_pb2.ITEM_OUTCOME_DUPLICATE] * 2
    assert await room.submit_again(hi) == [results_pb2.ITEM_OUTCOME_DUPLICATE]
    await room.work()
    assert room.said() == [HELLO, WHO]


async def test_a_message_behind_one_that_waits_waits_too(room: Room) -> None:
    await room.submit_again(room.event("hi"))
    await room.submit(room.event("Ana"))
    assert room.said() == []

    await room.work()

    assert (await room.state())["node"] == "pots"
    assert (await room.state())["path"] == ["begin", "hello", "who", "pots"]


async def test_an_event_that_cannot_be_worked_off_at_once_waits_as_a_suspect_and_costs_its_neighbours_nothing(
    room: Room,
) -> None:
    elsewhere = str(uuid4())
    outcomes = await room.submit(
        room.event("hi", start_flow_id="no uuid", conversation_id=elsewhere, contact_id=elsewhere), room.event("hi")
    )

    assert outcomes == [results_pb2.ITEM_OUTCOME_OK] * 2
    assert room.said() == [HELLO, WHO]
    rows = room.as_superuser(
        "SELECT head, tail, attempts, last_error FROM executor.inbox_lane WHERE organization_id = %s AND lane_id = %s",
        room.organization_id,
        elsewhere,
    )
    ((head, tail, attempts, error),) = rows
    assert (head, tail, attempts) == (0, 1, 1)
    assert "cannot be read" in str(error)


async def test_a_state_that_somebody_changed_meanwhile_takes_nothing_in(room: Room) -> None:
    await room.say("hi")
    submission = submission_of(room.event("Ana"))

    async def close_and_save(passage: Passage) -> Save:
        await StateKeeping(room.states).close(organization_id=room.organization_id, phone_number="4915100000007")
        standings = list(passage.snapshot.standings[room.organization_id, room.conversation_id].values())
        return Save(frozenset({room.organization_id}), standings, (), (), (), (), ())

    with pytest.raises(StateChanged):
        await room.states.pass_on([submission.item], [], close_and_save)

    assert list(await room.turns.take([submission])) == [True]
    assert room.said() == [HELLO, WHO, HELLO, WHO]
