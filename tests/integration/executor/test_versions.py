"""Versions on real Postgres: what becomes of people in older ones, some at a time, whatever happens in between."""

from __future__ import annotations

import copy
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from services.chassis.errors import AlreadyExists, FailedPrecondition, InvalidArgument, NotFound
from services.chassis.rpc import act_as
from services.executor.domain.publishing import NodePeople, Policy
from services.executor.ports import Passage, Save, StateChanged
from services.executor.store import PostgresFlows, PostgresMigrations, PostgresVersions
from services.executor.store.migrating import MOST_MOVED
from services.executor.usecases import Publishing, Taking
from services.executor.usecases.publishing import Published
from services.executor.worker import submission_of
from tests.integration.executor.conftest import FLOWS, Room

TEA: dict[str, Any] = json.loads((FLOWS / "tea_house.json").read_bytes())
HELLO = "Welcome to the tea house, "
WHO = "What may we call you?"


@dataclass
class Press:
    """Publishes a room's flow, and takes people along as the worker does."""

    room: Room
    publishing: Publishing
    migrations: PostgresMigrations

    async def draft(self, document: dict[str, Any]) -> None:
        """Put a draft and publish nothing."""
        await self.room.flows.put(
            organization_id=self.room.organization_id,
            name="tea",
            document=json.dumps(document).encode(),
            publish=False,
            dry_run=False,
        )

    async def publish(
        self, policy: Policy = "pin", *moves: tuple[str, str], note: str = "", expected_digest: str = ""
    ) -> Published:
        return await self.publishing.publish(
            organization_id=self.room.organization_id,
            flow_id=self.flow_id,
            taking=Taking(policy, moves, note),
            expected_digest=expected_digest,
        )

    async def rollback(self, version: int) -> Published:
        return await self.publishing.rollback(
            organization_id=self.room.organization_id, flow_id=self.flow_id, version=version, taking=_PINNED
        )

    async def go_on(self) -> int:
        """Go on until nothing is due; gives the number of steps."""
        steps = 0
        while await self.migrations.go_on():
            steps += 1
        return steps

    async def view(self, version: int) -> Any:
        _, view = await self.publishing.progress(
            organization_id=self.room.organization_id, flow_id=self.flow_id, version=version
        )
        return view

    @property
    def flow_id(self) -> UUID:
        return UUID(self.room.flow_id)


_PINNED = Taking("pin", (), "")


@pytest.fixture
def press(room: Room) -> Press:
    flows = PostgresFlows(room.database, room.audit)
    versions = PostgresVersions(room.database, room.audit, on_begun=lambda: None)
    migrations = PostgresMigrations(room.database, settle=timedelta(0))
    return Press(room, Publishing(flows, versions), migrations)


def tea(**renamed: str) -> dict[str, Any]:
    """The tea house with its nodes called otherwise, and with another farewell."""
    text = json.dumps(TEA).replace("are on their way", "follow")
    for old, new in renamed.items():
        text = text.replace(f'"{old}"', f'"{new}"')
    document: dict[str, Any] = json.loads(text)
    return document


def versions_of_people(room: Room) -> list[tuple[object, ...]]:
    return room.as_superuser(
        """SELECT flow_version, current_node_id, session ->> 'flow_version', session ->> 'current_node_id'
           FROM executor.conversation_states WHERE organization_id = %s""",
        room.organization_id,
    )


def crowd(room: Room, count: int) -> None:
    """So many people like the one who is there."""
    room.as_superuser(
        """INSERT INTO executor.conversation_states
             (organization_id, id, conversation_id, contact_id, flow_id, flow_version, current_node_id, variables,
              execution_path, is_active, session, last_message_at, session_expires_at, created_at, updated_at, revision)
           SELECT organization_id, gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), flow_id, flow_version,
              current_node_id, variables, execution_path, is_active, session, last_message_at, session_expires_at,
              created_at, updated_at, revision
           FROM executor.conversation_states, generate_series(1, %s) WHERE organization_id = %s""",
        count,
        room.organization_id,
    )


async def test_people_who_are_pinned_stay_and_others_begin_in_the_new_version(press: Press) -> None:
    room = press.room
    await room.say("hi", "Ana")
    await press.draft(tea())
    act_as("user:7")

    published = await press.publish("pin", note="a shorter farewell")
    await press.go_on()
    await room.say("3")

    assert room.said()[-1] == "Ana, 3 pots are on their way"
    view = published.view
    assert (view.version, view.author, view.note, view.rollback_of) == (2, "user:7", "a shorter farewell", 0)
    assert (published.is_changed, view.migration) == (True, None)
    await room.say("hi", "Bia", "2")
    assert room.said()[-1] == "Bia, 2 pots follow"


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
    others = PostgresMigrations(room.database, settle=timedelta(0))
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


def set_in_session(room: Room, values: dict[str, Any]) -> None:
    room.as_superuser(
        "UPDATE executor.conversation_states SET session = session || %s::jsonb WHERE organization_id = %s",
        json.dumps(values),
        room.organization_id,
    )


def session_of(room: Room) -> dict[str, Any]:
    ((session,),) = room.as_superuser(
        "SELECT session FROM executor.conversation_states WHERE organization_id = %s", room.organization_id
    )
    assert isinstance(session, dict)
    return session


async def test_it_is_done_only_when_no_turn_of_before_can_still_be_stored(press: Press) -> None:
    room = press.room
    await room.say("hi", "Ana")
    await press.draft(tea())
    await press.publish("move")
    patient = PostgresMigrations(room.database)
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


def due_now(room: Room) -> None:
    room.as_superuser(
        "UPDATE executor.flow_migration_due SET due_at = now() WHERE organization_id = %s", room.organization_id
    )


async def test_publishing_what_is_published_makes_no_version_and_may_take_people_along_all_the_same(
    press: Press,
) -> None:
    room = press.room
    await room.say("hi", "Ana")
    await press.draft(tea())
    await press.publish("pin")

    again = await press.publish("pin")
    moving = await press.publish("move")
    repeated = await press.publish("move")
    await press.go_on()

    assert [each.is_changed for each in (again, moving, repeated)] == [False, False, False]
    assert [each.view.version for each in (again, moving, repeated)] == [2, 2, 2]
    assert moving.view.migration is not None
    assert repeated.view.migration == moving.view.migration
    assert versions_of_people(room) == [(2, "pots", "2", "pots")]


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


async def test_a_flow_with_errors_and_a_draft_that_was_changed_are_not_published(press: Press) -> None:
    broken = copy.deepcopy(TEA)
    broken["edges"][0]["target"] = "nowhere"
    await press.draft(broken)
    with pytest.raises(FailedPrecondition, match="nowhere") as refused:
        await press.publish()
    assert refused.value.code == "FLOW_INVALID"

    await press.draft(tea())
    with pytest.raises(FailedPrecondition, match="read it again") as changed:
        await press.publish(expected_digest="0" * 64)
    assert changed.value.code == "FLOW_CHANGED"
    with pytest.raises(InvalidArgument, match="note has 1001 characters"):
        await press.publish(note="x" * 1001)
    with pytest.raises(InvalidArgument, match="moves is for the policy that moves people"):
        await press.publish("restart", ("who", "who"))


async def test_rolling_back_publishes_an_old_document_as_a_new_version(press: Press) -> None:
    room = press.room
    await press.draft(tea())
    await press.publish()

    back = await press.rollback(1)

    assert (back.view.version, back.view.rollback_of, back.is_draft_changed) == (3, 1, True)
    one, three = await press.view(1), await press.view(3)
    assert (one.digest, one.rollback_of) == (three.digest, 0)
    await room.say("hi", "Ana", "3")
    assert room.said()[-1] == "Ana, 3 pots are on their way"
    again = await press.rollback(1)
    assert (again.view.version, again.is_changed, again.is_draft_changed) == (3, False, False)
    with pytest.raises(NotFound, match="no version 9"):
        await press.rollback(9)


async def test_rolling_back_leaves_a_draft_that_was_never_published(press: Press) -> None:
    room = press.room
    await press.draft(tea())
    await press.publish()
    await press.draft(tea(hello="welcome"))

    back = await press.rollback(1)

    assert back.is_draft_changed is False
    given = await room.flows.get(organization_id=room.organization_id, flow_id=press.flow_id, version=0)
    assert b'"welcome"' in given.document
    assert given.flow.draft_digest != given.flow.published_digest


async def test_the_impact_tells_where_people_stand_before_anything_is_published(press: Press) -> None:
    room = press.room
    await room.say("hi", "Ana")
    crowd(room, 2)
    other = uuid4()
    await room.submit(room.event("hi", conversation_id=str(other), contact_id=str(other)))
    changed = tea(pots="bags")
    changed["nodes"][2]["data"]["label"] = "Who are you?"
    await press.draft(changed)

    impact = await press.publishing.impact(organization_id=room.organization_id, flow_id=press.flow_id)

    assert list(impact.nodes) == [
        NodePeople(1, "pots", "question", 3, "goes"),
        NodePeople(1, "who", "question", 1, "changes"),
    ]
    assert dict(impact.unmapped) == {"pots": 3}
    assert (impact.flow.published_version, sorted({row[0] for row in versions_of_people(room)})) == (1, [1])


async def test_versions_are_compared_with_each_other_and_with_the_draft(press: Press) -> None:
    room = press.room
    await press.draft(tea())
    await press.publish()
    await press.draft(tea(pots="bags"))

    async def fields(before: int, after: int) -> list[str]:
        compared = await press.publishing.diff(
            organization_id=room.organization_id, flow_id=press.flow_id, before=before, after=after
        )
        return [node.node_id for node in (*compared.difference.changed_nodes, *compared.difference.added_nodes)]

    assert await fields(1, 2) == ["bye"]
    assert await fields(2, 0) == await fields(0, 0) == ["bags"]
    assert await fields(2, 2) == []


async def test_a_flow_with_people_in_it_is_deleted_only_with_force_which_ends_their_sessions(press: Press) -> None:
    room = press.room
    await room.say("hi", "Ana")
    crowd(room, MOST_MOVED)
    with pytest.raises(FailedPrecondition, match=f"{MOST_MOVED + 1} people are in this flow") as refused:
        await room.flows.delete(organization_id=room.organization_id, flow_id=press.flow_id, force=False)
    assert refused.value.code == "FLOW_IN_USE"

    people = await room.flows.delete(organization_id=room.organization_id, flow_id=press.flow_id, force=True)
    await press.go_on()

    assert people == MOST_MOVED + 1
    assert await room.flows.list(organization_id=room.organization_id) == (0, [])
    with pytest.raises(NotFound):
        await room.flows.get(organization_id=room.organization_id, flow_id=press.flow_id, version=0)
    assert room.as_superuser(
        """SELECT DISTINCT is_active, current_node_id, session -> 'is_active', closed_at
           FROM executor.conversation_states WHERE organization_id = %s""",
        room.organization_id,
    ) == [(False, None, False, None)]
    said = len(room.said())
    await room.say("3")
    assert len(room.said()) == said
    assert room.records()[-1].text == "flow is not published"
    # What people said there is still told.
    assert (await room.state())["variables"] == {"guest": "Ana"}


async def test_a_deleted_flow_comes_back_with_its_name_and_goes_on_counting(press: Press) -> None:
    room = press.room
    await press.draft(tea())
    await press.publish()
    await room.flows.delete(organization_id=room.organization_id, flow_id=press.flow_id, force=False)
    with pytest.raises(NotFound):
        await press.publish()
    with pytest.raises(NotFound):
        await room.flows.delete(organization_id=room.organization_id, flow_id=press.flow_id, force=True)

    assert await room.publish("tea_house.json") == room.flow_id

    _, total, views = await press.publishing.versions(
        organization_id=room.organization_id, flow_id=press.flow_id, skip=0, limit=0
    )
    assert (total, [view.version for view in views]) == (3, [3, 2, 1])
    await room.say("hi")
    assert room.said() == [HELLO, WHO]


async def test_a_flow_that_must_be_new_or_unchanged_is_not_written_over(press: Press) -> None:
    room = press.room

    async def put(**more: Any) -> str:
        put = await room.flows.put(
            organization_id=room.organization_id,
            name="tea",
            document=json.dumps(tea()).encode(),
            publish=False,
            dry_run=False,
            **more,
        )
        return put.draft_digest

    (before,) = (await room.flows.list(organization_id=room.organization_id))[1]
    with pytest.raises(AlreadyExists):
        await put(must_be_new=True)
    with pytest.raises(FailedPrecondition, match="changed meanwhile"):
        await put(expected_digest="0" * 64)
    after = await put(expected_digest=before.draft_digest, flow_id=press.flow_id)
    with pytest.raises(FailedPrecondition):
        await put(expected_digest=before.draft_digest)

    given = await room.flows.get(organization_id=room.organization_id, flow_id=press.flow_id, version=0)
    assert given.digest == after != before.draft_digest


async def test_another_organization_sees_and_changes_nothing_of_a_flow(press: Press) -> None:
    room, stranger = press.room, uuid4()
    calls: Sequence[Any] = (
        press.publishing.publish(organization_id=stranger, flow_id=press.flow_id, taking=_PINNED),
        press.publishing.rollback(organization_id=stranger, flow_id=press.flow_id, version=1, taking=_PINNED),
        press.publishing.impact(organization_id=stranger, flow_id=press.flow_id),
        press.publishing.version(organization_id=stranger, flow_id=press.flow_id, version=1),
        press.publishing.progress(organization_id=stranger, flow_id=press.flow_id, version=1),
        press.publishing.diff(organization_id=stranger, flow_id=press.flow_id, before=1, after=0),
        press.publishing.versions(organization_id=stranger, flow_id=press.flow_id, skip=0, limit=9),
        room.flows.get(organization_id=stranger, flow_id=press.flow_id, version=1),
        room.flows.delete(organization_id=stranger, flow_id=press.flow_id, force=True),
        room.flows.export(organization_id=stranger, flow_id=press.flow_id, version=0),
    )
    for call in calls:
        with pytest.raises(NotFound):
            await call
    assert (await press.view(1)).version == 1
