"""Each change that executor makes for people is noted once, without what was said."""

from uuid import UUID

import pytest

from services.chassis.errors import FailedPrecondition, InvalidArgument, NotFound
from services.chassis.rpc import act_as
from services.executor.store import PostgresFlows, PostgresVersions
from services.executor.usecases import Publishing, StateKeeping, Taking
from services.executor.worker import decode
from tests.fixtures.noted import everything_noted, noted
from tests.integration.executor.conftest import FLOWS, Room

PHONE = "4915100000007"


async def put(room: Room, document: bytes, *, publish: bool, dry_run: bool = False) -> bool:
    found = await room.flows.put(
        organization_id=room.organization_id, name="tea", document=document, publish=publish, dry_run=dry_run
    )
    return found.is_changed


async def test_a_flow_is_noted_when_its_draft_changes_and_when_it_is_published(room: Room) -> None:
    document = (FLOWS / "tea_house.json").read_bytes()
    changed = document.replace(b"How many pots?", b"How many cups?")
    assert changed != document

    assert not await put(room, document, publish=True)
    assert await put(room, changed, publish=True, dry_run=True)
    assert await put(room, changed, publish=False)
    assert not await put(room, changed, publish=False)
    act_as("user:7")
    assert await put(room, changed, publish=True)
    assert not await put(room, changed, publish=True)
    with pytest.raises(InvalidArgument):
        await put(room, b"no flow", publish=True)

    made, drafted, published = await noted(room.audit, room.organization_id)
    assert {record.object for record in (made, drafted, published)} == {f"flow:{room.flow_id}"}
    assert [record.action for record in (made, drafted, published)] == ["flow.publish", "flow.put", "flow.publish"]
    assert (made.before, drafted.before, published.before) == (None, made.after, drafted.after)
    assert (drafted.actor, published.actor) == ("service:executor", "user:7")


async def test_publishing_going_back_and_deleting_are_noted_when_they_change_something(room: Room) -> None:
    document = (FLOWS / "tea_house.json").read_bytes()
    await put(room, document.replace(b"How many pots?", b"How many cups?"), publish=False)
    flows = PostgresFlows(room.database, room.audit)
    publishing = Publishing(flows, PostgresVersions(room.database, room.audit, on_begun=lambda: None))
    whose = {"organization_id": room.organization_id, "flow_id": UUID(room.flow_id)}
    act_as("user:8")

    for policy in ("pin", "pin", "restart", "restart"):
        await publishing.publish(**whose, taking=Taking(policy, (), "secret plans"))
    for _ in range(2):
        await publishing.rollback(**whose, version=1, taking=Taking("pin", (), ""))
    await room.flows.delete(**whose, force=True)
    await room.flows.import_(organization_id=room.organization_id, name="", document=document, dry_run=False)

    records = (await noted(room.audit, room.organization_id))[2:]
    assert [record.action for record in records] == [
        "flow.publish",
        "flow.publish",
        "flow.rollback",
        "flow.archive",
        "flow.put",
    ]
    assert {record.actor for record in records} == {"user:8"}
    assert "secret plans" not in everything_noted(room.superuser_url, "executor")
    assert records[3].after is None


async def test_closing_a_conversation_is_noted_for_the_conversation_without_the_contacts_number(room: Room) -> None:
    states = StateKeeping(room.states)
    await room.say("hi")

    await states.close(organization_id=room.organization_id, phone_number=PHONE)
    with pytest.raises(FailedPrecondition):
        await states.close(organization_id=room.organization_id, phone_number=PHONE)
    with pytest.raises(NotFound):
        await states.close(organization_id=room.organization_id, phone_number="4915100000008")

    _, closed = await noted(room.audit, room.organization_id)
    assert (closed.action, closed.object) == ("conversation.close", f"conversation:{room.conversation_id}")
    assert closed.before != closed.after
    assert PHONE not in everything_noted(room.superuser_url, "executor")


async def test_a_dead_letter_put_back_is_noted_each_time_in_its_organizations_chain(room: Room) -> None:
    await room.submit(room.event("hi", start_flow_id="no uuid"))
    for _ in range(10):
        claims = await room.inbox.claim(which="fresh") or await room.inbox.claim(limit=1, which="suspect")
        await room.turns.work_off([decode(claim) for claim in claims])
        room.as_superuser(
            "UPDATE executor.inbox_lane SET wake_at = now() WHERE organization_id = %s AND head < tail",
            room.organization_id,
        )
    (letter,) = [letter for letter in await room.inbox.dead_letters() if letter.group_id == room.organization_id]

    for _ in range(2):
        assert await room.inbox.replay([letter.dead_id], room.audit) == 1
    assert await room.inbox.replay([letter.dead_id + 1000], room.audit) == 0

    _, first, second = await noted(room.audit, room.organization_id)
    assert {record.action for record in (first, second)} == {"dead_letter.replay"}
    assert {record.object for record in (first, second)} == {f"dead_letter:executor.inbox/{letter.dead_id}"}
    assert first.after == second.before
