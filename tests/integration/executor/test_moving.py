"""People who are taken along to another version: some at a time, each once, whatever happens in between."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import psycopg
import pytest

from services.chassis.errors import FailedPrecondition, InvalidArgument
from services.executor.ports import Passage, Save, StateChanged
from services.executor.store.migrating import MOST_MOVED
from services.executor.worker import submission_of
from services.pb.analytics.v1 import analytics_pb2
from tests.integration.executor.press import (
    HELLO,
    WHO,
    Press,
    crowd,
    due_now,
    mover,
    session_of,
    set_in_session,
    tea,
    versions_of_people,
)


async def test_people_who_are_moved_go_on_where_they_stand(press: Press) -> None:
    room = press.room
    await room.say("hi", "Ana")
    changed = tea()
    changed["variables"] = {"guest": "nobody", "tray": "blue", "contact.name": "sample"}
    await press.draft(changed)

    await press.publish("move")
    assert (await press.view(2)).migration.people_left == 1
    await press.go_on()

    assert versions_of_people(room) == [(2, "pots", "2", "pots")]
    assert (await room.state())["variables"] == {"guest": "Ana", "tray": "blue"}
    migration = (await press.view(2)).migration
    assert (migration.policy, migration.people_moved, migration.people_left) == ("move", 1, 0)
    assert migration.done_at is not None
    await room.say("3")
    assert room.said()[-1] == "Ana, 3 pots follow"


async def test_people_on_a_node_that_goes_need_a_move_and_are_named_before_anything_is_published(press: Press) -> None:
    room = press.room
    await room.say("hi", "Ana", "many")
    await press.draft(tea(pots="bags"))

    with pytest.raises(FailedPrecondition, match=r"pots \(1 person\)$"):
        await press.publish("move")
    with pytest.raises(InvalidArgument, match="pots leads to gone, which the new version does not have"):
        await press.publish("move", ("pots", "gone"))
    with pytest.raises(InvalidArgument, match="names a node twice"):
        await press.publish("move", ("pots", "bags"), ("pots", "who"))
    _, flows = await room.flows.list(organization_id=room.organization_id)
    assert [flow.published_version for flow in flows] == [1]
    assert versions_of_people(room) == [(1, "pots", "1", "pots")]

    await press.publish("move", ("pots", "bags"))
    await press.go_on()

    assert versions_of_people(room) == [(2, "bags", "2", "bags")]
    # Wrong answers to the node that was left do not count at the new one.
    assert room.as_superuser(
        "SELECT session -> 'attempts' FROM executor.conversation_states WHERE organization_id = %s",
        room.organization_id,
    ) == [(0,)]
    await room.say("3")
    assert (await room.state())["variables"] == {"guest": "Ana", "bags": "3"}
    assert (await room.state())["is_active"] is False


async def test_people_who_are_restarted_begin_at_the_start_with_their_next_message(press: Press) -> None:
    room = press.room
    await room.say("hi", "Ana")
    await press.draft(tea(pots="bags"))

    await press.publish("restart")
    await press.go_on()
    assert versions_of_people(room) == [(2, None, "2", None)]
    assert (await room.state())["is_active"] is True
    # Whatever router would start for somebody who is in no flow.
    room.flow_id = str(uuid4())
    await room.say("3")

    assert room.said()[-2:] == [HELLO, WHO]
    assert await room.state() == {
        "node": "who",
        "variables": {},
        "path": ["begin", "hello", "who"],
        "is_active": True,
    }


async def test_people_who_are_gone_or_expired_are_left_alone(press: Press) -> None:
    room = press.room
    await room.say("hi", "Ana")
    room.let_the_session_expire()
    before = versions_of_people(room)
    await press.draft(tea(pots="bags"))

    await press.publish("restart")
    await press.go_on()

    assert versions_of_people(room) == before
    assert (await press.view(2)).migration.people_moved == 0


async def test_many_people_are_moved_some_at_a_time_and_each_once(press: Press) -> None:
    room = press.room
    await room.say("hi", "Ana")
    crowd(room, 2 * MOST_MOVED + 100)
    await press.draft(tea())
    await press.publish("move")

    moved = []
    while await press.migrations.go_on():
        moved.append((await press.view(2)).migration.people_moved)

    assert max(later - earlier for earlier, later in zip([0, *moved], moved, strict=False)) <= MOST_MOVED
    assert moved[-1] == 2 * MOST_MOVED + 101
    rows = room.as_superuser(
        "SELECT DISTINCT flow_version, revision FROM executor.conversation_states WHERE organization_id = %s "
        "AND id <> (SELECT id FROM executor.conversation_states WHERE phone_number = '4915100000007' LIMIT 1)",
        room.organization_id,
    )
    assert {row[0] for row in rows} == {2}
    assert len(rows) == 1


async def test_two_movers_at_once_move_nobody_twice(press: Press) -> None:
    room = press.room
    await room.say("hi", "Ana")
    crowd(room, MOST_MOVED)
    await press.draft(tea())
    await press.publish("move")
    others = mover(room, settle=timedelta(0))
    with psycopg.connect(room.superuser_url) as rival:
        rival.execute(
            "SELECT 1 FROM executor.flow_migration_due WHERE organization_id = %s FOR UPDATE", (room.organization_id,)
        )

        assert await others.go_on() is False

    await press.go_on()
    assert (await press.view(2)).migration.people_moved == MOST_MOVED + 1


async def test_a_turn_that_read_the_state_before_begins_again_in_the_new_version(press: Press) -> None:
    room = press.room
    await room.say("hi", "Ana")
    await press.draft(tea())
    submission = submission_of(room.event("3"))

    async def move_and_save(passage: Passage) -> Save:
        await press.publish("move")
        await press.go_on()
        standings = list(passage.snapshot.standings[room.organization_id, room.conversation_id].values())
        return Save(frozenset({room.organization_id}), standings, (), (), (), (), ())

    with pytest.raises(StateChanged):
        await room.states.pass_on([submission.item], [], move_and_save)
    assert list(await room.turns.take([submission])) == [True]

    assert room.said()[-1] == "Ana, 3 pots follow"


async def test_somebody_who_is_in_the_middle_of_a_turn_is_passed_over_and_found_again(press: Press) -> None:
    room = press.room
    await room.say("hi", "Ana")
    await press.draft(tea())
    await press.publish("move")

    with psycopg.connect(room.superuser_url) as turn:
        turn.execute(
            "SELECT 1 FROM executor.conversation_states WHERE organization_id = %s FOR UPDATE", (room.organization_id,)
        )
        await press.go_on()
        migration = (await press.view(2)).migration
        assert (migration.people_moved, migration.people_left, migration.done_at) == (0, 1, None)
    due_now(room)
    await press.go_on()

    migration = (await press.view(2)).migration
    assert (migration.people_moved, migration.people_left) == (1, 0)
    assert migration.done_at is not None


async def test_somebody_whose_messages_are_being_gathered_is_moved_when_they_have_become_an_answer(
    press: Press,
) -> None:
    room = press.room
    await room.say("hi", "Ana")
    await press.draft(tea(pots="bags"))
    await press.publish("move", ("pots", "bags"))
    set_in_session(room, {"gathered": [{"kind": "text", "text": "3"}]})

    await press.go_on()
    assert versions_of_people(room) == [(1, "pots", "1", "pots")]
    assert (await press.view(2)).migration.people_left == 1

    room.as_superuser(
        "UPDATE executor.conversation_states SET session = session - 'gathered' WHERE organization_id = %s",
        room.organization_id,
    )
    due_now(room)
    await press.go_on()
    assert versions_of_people(room) == [(2, "bags", "2", "bags")]


async def test_what_belongs_to_the_node_that_is_left_ends_with_it_and_people_who_have_it_keep_it(press: Press) -> None:
    room = press.room
    await room.say("hi", "Ana")
    held = {"timers": {"no_reply": 1}, "effect_id": "7", "is_blocked": True, "is_taken": True, "memo": {"a": 1}}
    set_in_session(room, held)
    room.let_the_session_expire()
    await press.draft(tea())
    await press.publish("move")
    await press.go_on()
    assert held.items() <= session_of(room).items()

    await press.draft(tea(pots="bags"))
    await press.publish("move", ("pots", "bags"))
    await press.go_on()
    assert versions_of_people(room) == [(3, "bags", "3", "bags")]
    assert session_of(room).keys() & held.keys() == {"is_taken", "memo"}

    await press.draft(tea())
    await press.publish("restart")
    await press.go_on()
    assert session_of(room).keys() & held.keys() == set()


async def test_it_is_done_only_when_no_turn_of_before_can_still_be_stored(press: Press) -> None:
    room = press.room
    await room.say("hi", "Ana")
    await press.draft(tea())
    await press.publish("move")
    patient = mover(room)
    while await patient.go_on():
        continue
    assert (await press.view(2)).migration.done_at is None
    # A turn that had read of version 1 before, and is stored now.
    crowd(room, 1)
    room.as_superuser(
        """UPDATE executor.conversation_states SET flow_version = 1
           WHERE organization_id = %s AND phone_number = ''""",
        room.organization_id,
    )
    room.as_superuser(
        "UPDATE executor.flow_migration SET begun_at = begun_at - interval '1 minute' WHERE organization_id = %s",
        room.organization_id,
    )
    due_now(room)

    while await patient.go_on():
        continue
    due_now(room)
    while await patient.go_on():
        continue

    migration = (await press.view(2)).migration
    assert (migration.people_moved, migration.done_at is not None) == (2, True)


async def test_people_of_any_older_version_are_moved_and_those_of_a_newer_one_are_not(press: Press) -> None:
    room = press.room
    await room.say("hi", "Ana")
    await press.draft(tea())
    await press.publish("move")
    await press.draft(tea(hello="welcome"))
    await press.publish("pin")

    other = uuid4()
    await room.submit(room.event("hi", conversation_id=str(other), contact_id=str(other)))
    await press.go_on()

    assert sorted(versions_of_people(room)) == [(2, "pots", "2", "pots"), (3, "who", "3", "who")]
    await press.publish("move")
    await press.go_on()
    assert sorted(versions_of_people(room)) == [(3, "pots", "3", "pots"), (3, "who", "3", "who")]


async def test_the_log_tells_that_sessions_end_with_a_flow_that_is_deleted_by_force(press: Press) -> None:
    room = press.room
    await room.say("hi", "Ana")
    crowd(room, MOST_MOVED)

    await room.flows.delete(organization_id=room.organization_id, flow_id=press.flow_id, force=True)
    await press.go_on()

    ends = [each for each in room.records() if each.kind == analytics_pb2.RECORD_KIND_FLOW_ENDED]
    assert {(each.text, each.flow_id, each.flow_version, each.node_id) for each in ends} == {
        ("flow_deleted", room.flow_id, 1, "pots")
    }
    assert len({each.conversation_id for each in ends}) == len(ends) == MOST_MOVED + 1


async def test_the_log_tells_that_a_session_is_restarted_and_begins_in_the_new_version(press: Press) -> None:
    room = press.room
    await room.say("hi", "Ana")
    await press.draft(tea(pots="bags"))

    await press.publish("restart")
    await press.go_on()
    await room.say("3")

    marks = (analytics_pb2.RECORD_KIND_FLOW_STARTED, analytics_pb2.RECORD_KIND_FLOW_ENDED)
    told = [each for each in room.records() if each.kind in marks]
    assert [(each.kind, each.text, each.flow_version) for each in told[-2:]] == [
        (analytics_pb2.RECORD_KIND_FLOW_ENDED, "restarted", 1),
        (analytics_pb2.RECORD_KIND_FLOW_STARTED, "restarted", 2),
    ]
    assert len(told) == 3


async def test_nothing_ends_for_people_who_are_moved(press: Press) -> None:
    room = press.room
    await room.say("hi", "Ana")
    await press.draft(tea())

    await press.publish("move")
    await press.go_on()

    assert [each for each in room.records() if each.kind == analytics_pb2.RECORD_KIND_FLOW_ENDED] == []
