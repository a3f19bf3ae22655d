"""Each change that executor makes for people is noted once, without what was said."""

import os
from uuid import UUID

import pytest

from services.chassis.errors import FailedPrecondition, InvalidArgument, NotFound
from services.chassis.rpc import act_as
from services.chassis.sealing import Sealer
from services.executor.store import PostgresFlows, PostgresHands, PostgresSecrets, PostgresVersions
from services.executor.usecases import HandKeeping, Publishing, SecretKeeping, StateKeeping, Taking
from services.executor.worker import decode, hand_items
from services.pb.router.v1 import router_pb2
from tests.fakes.executor_templates import TemplatesToldOf
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
    flows = PostgresFlows(room.database, room.audit, room.starting)
    versions = PostgresVersions(room.database, room.audit, room.starting, on_begun=lambda: None)
    publishing = Publishing(flows, versions, TemplatesToldOf())
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


async def test_people_take_and_release_a_conversation_each_key_once_and_both_are_noted(room: Room) -> None:
    await room.say("hi")
    before = len(await noted(room.audit, room.organization_id))
    store = PostgresHands(
        room.database, room.inbox, room.notices, room.audit, encode=hand_items, on_queued=lambda: None
    )
    hands = HandKeeping(room.states, StateKeeping(room.states), store, lambda: "made")
    known = {"organization_id": room.organization_id, "phone_number": PHONE, "conversation_id": None}

    assert await hands.give(**known, key="k1", outcome="taken") == (room.conversation_id, True)
    assert await hands.give(**known, key="k1", outcome="taken") == (room.conversation_id, False)
    await room.work()
    await room.say("which?")
    assert (await room.state())["node"] == "who"
    by_id = {**known, "phone_number": "", "conversation_id": room.conversation_id}
    assert await hands.give(**by_id, key="", outcome="released") == (room.conversation_id, True)
    await room.work()
    await room.say("Ana")
    assert (await room.state())["node"] == "pots"

    lanes = [claim for claim in await room.notices.claim() if claim.lane_id == room.conversation_id]
    kinds = [router_pb2.Order.FromString(item.payload).WhichOneof("order") for claim in lanes for item in claim.items]
    assert kinds == ["hand_over", "hand_back"]
    taken, released = (await noted(room.audit, room.organization_id))[before:]
    assert (taken.action, released.action) == ("conversation.take", "conversation.release")
    assert {taken.object, released.object} == {f"conversation:{room.conversation_id}"}
    for wrong in ({**known, "phone_number": ""}, {**by_id, "phone_number": PHONE}):
        with pytest.raises(InvalidArgument):
            await hands.give(**wrong, key="", outcome="taken")
    with pytest.raises(NotFound):
        await hands.give(**{**known, "phone_number": "4915100000008"}, key="", outcome="taken")


async def test_secrets_of_flows_are_noted_by_name_when_they_change_and_when_they_go(room: Room) -> None:
    organization_id, value = room.organization_id, "willow-77-key"
    store = PostgresSecrets(room.database, Sealer((os.urandom(32),)), room.audit)
    secrets = SecretKeeping(store)
    before = len(await noted(room.audit, organization_id))

    assert await secrets.put(organization_id=organization_id, name="STOCK", value=value)
    assert not await secrets.put(organization_id=organization_id, name="STOCK", value=value)
    assert await secrets.put(organization_id=organization_id, name="STOCK", value="elder-78-key")
    assert [found.name for found in await secrets.names(organization_id=organization_id)] == ["STOCK"]
    assert await store.values(organization_id=organization_id, names=["STOCK", "OTHER"]) == {"STOCK": "elder-78-key"}
    for name, wrong in (("a b", "x"), ("A", ""), ("A", "x" * 8193), ("A", "line\nbreak"), ("A", "nul\0")):
        with pytest.raises(InvalidArgument):
            await secrets.put(organization_id=organization_id, name=name, value=wrong)
    assert await secrets.delete(organization_id=organization_id, name="STOCK")
    assert not await secrets.delete(organization_id=organization_id, name="STOCK")

    made, changed, gone = (await noted(room.audit, organization_id))[before:]
    assert [record.action for record in (made, changed, gone)] == ["secret.put", "secret.put", "secret.delete"]
    assert {record.object for record in (made, changed, gone)} == {"secret:STOCK"}
    assert (made.before, changed.before, gone.before, gone.after) == (None, made.after, changed.after, None)
    assert value not in everything_noted(room.superuser_url, "executor")


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
