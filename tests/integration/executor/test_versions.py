"""Versions on real Postgres: published, gone back to, compared, and what deleting a flow means."""

from __future__ import annotations

import copy
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from services.chassis.errors import AlreadyExists, FailedPrecondition, InvalidArgument, NotFound
from services.chassis.rpc import act_as
from services.executor.domain.publishing import NodePeople
from services.executor.store.migrating import MOST_MOVED
from tests.integration.executor.press import HELLO, PINNED, TEA, WHO, Press, crowd, tea, versions_of_people


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
    # A repeat of a call whose answer was lost.
    assert await put(expected_digest=before.draft_digest) == after
    await press.draft(tea(hello="welcome"))
    with pytest.raises(FailedPrecondition):
        await put(expected_digest=before.draft_digest)

    given = await room.flows.get(organization_id=room.organization_id, flow_id=press.flow_id, version=0)
    assert len({given.digest, after, before.draft_digest}) == 3


async def test_another_organization_sees_and_changes_nothing_of_a_flow(press: Press) -> None:
    room, stranger = press.room, uuid4()
    calls: Sequence[Any] = (
        press.publishing.publish(organization_id=stranger, flow_id=press.flow_id, taking=PINNED),
        press.publishing.rollback(organization_id=stranger, flow_id=press.flow_id, version=1, taking=PINNED),
        press.publishing.impact(organization_id=stranger, flow_id=press.flow_id),
        press.publishing.version(organization_id=stranger, flow_id=press.flow_id, version=1),
        press.publishing.progress(organization_id=stranger, flow_id=press.flow_id, version=1),
        press.publishing.diff(organization_id=stranger, flow_id=press.flow_id, before=1, after=0),
        press.publishing.versions(organization_id=stranger, flow_id=press.flow_id, skip=0, limit=9),
        room.flows.get(organization_id=stranger, flow_id=press.flow_id, version=1),
        room.flows.delete(organization_id=stranger, flow_id=press.flow_id, force=True),
        room.flows.export(
            organization_id=stranger, flow_id=press.flow_id, version=0, form="native", now=datetime.now(UTC)
        ),
    )
    for call in calls:
        with pytest.raises(NotFound):
            await call
    assert (await press.view(1)).version == 1


async def test_a_flow_that_leads_to_one_that_is_not_published_is_published_with_a_warning(press: Press) -> None:
    """The other may follow later; a flow may lead to itself, by id or name."""
    document = tea()
    names = ("nobody", press.room.flow_id, "tea")
    document["nodes"] += [
        {"id": f"other {place}", "type": "subflow", "data": {"targetFlow": name}} for place, name in enumerate(names)
    ]
    await press.draft(document)

    findings = (await press.publish()).findings

    assert [finding.node_id for finding in findings if finding.code == "unknown_flow"] == ["other 0"]
