"""One suite for router's store: the fake in memory and Postgres with the room's own role."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from uuid import UUID, uuid4

import pytest

from services.chassis.audit import AuditLog
from services.chassis.db import Database
from services.chassis.errors import AlreadyExists, InvalidArgument, NotFound
from services.chassis.sealing import NameHasher
from services.router.domain.contacts import Contact, ContactChanges, Merge
from services.router.domain.conversation import Touch, combine
from services.router.domain.flow_triggers import MOST_WORDS, FlowTrigger, FlowTriggers
from services.router.domain.identity import Identity, contact_id_of, conversation_id_of
from services.router.domain.organization import Chatbot, Number, Trigger
from services.router.ports import ConversationStore, DirectoryStore, PrivacyStore, Raced, RoutingStore
from services.router.store import PostgresConversations, PostgresDirectory, PostgresPrivacy, PostgresRouting
from tests.fakes.router import FakeStore
from tests.fakes.router_people import FakePeople

FLOW = UUID("6a1c0c9e-3d5e-4a65-9a57-0a4f2b1d7e10")


@dataclass(frozen=True)
class Stores:
    routing: RoutingStore
    directory: DirectoryStore
    conversations: ConversationStore
    privacy: PrivacyStore


@pytest.fixture(params=["fake", "postgres"])
async def stores(request: pytest.FixtureRequest) -> AsyncIterator[Stores]:
    if request.param == "fake":
        fake = FakeStore()
        yield Stores(fake, fake, fake, FakePeople(fake))
        return
    url = request.getfixturevalue("module_database").url_of("router")
    database = await Database.open(url, size=3, name="router-conformance")
    names, audit = NameHasher(b"names of the erased are hashed so"), AuditLog("router", database)
    yield Stores(
        PostgresRouting(database, names),
        PostgresDirectory(database, audit),
        PostgresConversations(database, audit),
        PostgresPrivacy(database, names, audit),
    )
    await database.close()


async def new_organization(stores: Stores) -> UUID:
    name = f"Loja {uuid4()}"
    organization_id, _ = await stores.directory.put_organization(
        organization_id=uuid4(), name=name, fallback_flow_id=None, time_zone="America/Recife", replace=False
    )
    return organization_id


def number(phone_number_id: str, **changes) -> Number:
    fields = {"chatbot_id": None, "default_flow_id": None, "app": "", "is_active": True} | changes
    return Number(phone_number_id, "+55 81 3000-0000", **fields)


async def new_number(stores: Stores, organization_id: UUID) -> str:
    phone_number_id = str(uuid4().int)[:15]
    await stores.directory.put_number(organization_id=organization_id, number=number(phone_number_id))
    return phone_number_id


def contact_of(identity: Identity, name: str = "") -> Contact:
    return Contact(identity.organization_id, contact_id_of(identity), name=name, wa_id=identity.value)


async def create(stores: Stores, *identities: Identity) -> None:
    """One contact per identity, each in a transaction of its own, so that the first is the oldest."""
    for identity in identities:
        contact = contact_of(identity)
        async with stores.routing.routing([identity.organization_id]) as work:
            await work.save_contacts(ContactChanges([contact], [(identity, contact.contact_id)]))


async def save(stores: Stores, organization_id: UUID, changes: ContactChanges) -> None:
    """Write changes in a transaction of their own."""
    async with stores.routing.routing([organization_id]) as work:
        await work.save_contacts(changes)


async def version_of(stores: Stores, organization_id: UUID) -> int:
    async with stores.routing.routing([organization_id]) as work:
        return (await work.setup_of(organization_id)).organization.config_version


def touch_of(identity: Identity, phone_number_id: str, at: int, window: int, owner="bot") -> Touch:
    contact_id = contact_id_of(identity)
    conversation_id = conversation_id_of(contact_id, phone_number_id)
    return Touch(identity.organization_id, conversation_id, contact_id, phone_number_id, at, window, owner)


async def test_an_organization_is_created_once_and_found_by_name(stores):
    wanted = {"name": f"Casa {uuid4()}", "fallback_flow_id": None, "time_zone": "America/Bahia", "replace": False}
    first = await stores.directory.put_organization(organization_id=uuid4(), **wanted)
    again = await stores.directory.put_organization(organization_id=uuid4(), **wanted)
    assert first[1]
    assert again == (first[0], False)


async def test_an_organization_is_replaced_only_on_request_and_only_when_it_differs(stores):
    wanted = {"name": f"Casa {uuid4()}", "fallback_flow_id": None, "time_zone": "America/Bahia"}
    organization_id, _ = await stores.directory.put_organization(organization_id=uuid4(), replace=False, **wanted)
    wanted["fallback_flow_id"] = FLOW
    changes = [
        (await stores.directory.put_organization(organization_id=uuid4(), replace=replace, **wanted))[1]
        for replace in (False, True, True)
    ]
    (listed,) = await stores.directory.list_organizations(name=wanted["name"])
    assert changes == [False, True, False]
    assert (listed.organization_id, listed.fallback_flow_id, listed.config_version) == (organization_id, FLOW, 2)


async def test_every_change_of_the_setup_raises_the_version_and_no_repeat_does(stores):
    organization_id = await new_organization(stores)
    chatbot = Chatbot(uuid4(), "Atendente", FLOW, True)
    phone = str(uuid4().int)[:15]
    trigger = Trigger("cardápio", "contains", FLOW, phone)
    answers = []
    for _ in range(2):
        answers += [
            await stores.directory.put_chatbot(organization_id=organization_id, chatbot=chatbot),
            await stores.directory.put_number(
                organization_id=organization_id, number=number(phone, chatbot_id=chatbot.chatbot_id)
            ),
            await stores.directory.put_triggers(organization_id=organization_id, triggers=[trigger]),
        ]
    assert answers == [True] * 3 + [False] * 3
    assert await version_of(stores, organization_id) == 4


async def test_the_setup_is_read_as_it_was_put_and_in_order(stores):
    organization_id = await new_organization(stores)
    phone = await new_number(stores, organization_id)
    chatbot = Chatbot(uuid4(), "Atendente", None, False)
    triggers = [Trigger("oi", "exact", FLOW), Trigger("a", "starts_with", FLOW, phone), Trigger("b", "contains", FLOW)]
    await stores.directory.put_chatbot(organization_id=organization_id, chatbot=chatbot)
    await stores.directory.put_triggers(organization_id=organization_id, triggers=triggers)
    async with stores.routing.routing([organization_id]) as work:
        setup = await work.setup_of(organization_id)
    assert list(setup.triggers) == triggers
    assert list(setup.chatbots) == [chatbot]
    assert (
        list(setup.numbers)
        == [number(phone)]
        == list(await stores.directory.list_numbers(organization_id=organization_id))
    )


async def test_what_a_flow_starts_by_is_replaced_by_what_is_newer_only(stores):
    organization_id = await new_organization(stores)
    flow = FlowTriggers(FLOW, 4, 1_700_000, (FlowTrigger("keyword", "regex", ("^oi\\b",), phone_number_ids=("7",)),))
    newer = FlowTriggers(FLOW, 6, 1_800_000, (FlowTrigger("any"), FlowTrigger("referral", source_types=("ad",))))
    gone = FlowTriggers(FLOW, 7, 1_800_000)
    answers, versions, seen = [], [], []
    for each in (flow, flow, newer, flow, gone, newer, gone):
        answers.append(await stores.directory.put_flow_triggers(organization_id=organization_id, flow=each))
        versions.append(await version_of(stores, organization_id))
        async with stores.routing.routing([organization_id]) as work:
            seen.append(list((await work.setup_of(organization_id)).flows))
    assert answers == [True, False, True, False, True, False, False]
    assert versions == [2, 2, 3, 3, 4, 4, 4]
    assert seen == [[flow], [flow], [newer], [newer], [], [], []]


async def test_a_flow_that_starts_by_nothing_changes_nothing_but_is_known(stores):
    organization_id = await new_organization(stores)
    nothing, late = FlowTriggers(FLOW, 4, 1), FlowTriggers(FLOW, 2, 1, (FlowTrigger("any"),))
    assert await stores.directory.put_flow_triggers(organization_id=organization_id, flow=nothing)
    assert not await stores.directory.put_flow_triggers(organization_id=organization_id, flow=late)
    assert await version_of(stores, organization_id) == 1


async def test_flows_of_an_organization_start_by_so_much_and_no_more(stores):
    organization_id = await new_organization(stores)
    words = FlowTrigger("keyword", "exact", tuple(map(str, range(MOST_WORDS))))
    full = FlowTriggers(FLOW, 2, 1, (words,))
    other = FlowTriggers(uuid4(), 2, 1, (FlowTrigger("any"),))
    for _ in range(2):
        await stores.directory.put_flow_triggers(organization_id=organization_id, flow=full)
        with pytest.raises(InvalidArgument):
            await stores.directory.put_flow_triggers(organization_id=organization_id, flow=other)
    # There is room again: what was refused is as new as it was.
    assert await stores.directory.put_flow_triggers(organization_id=organization_id, flow=FlowTriggers(FLOW, 4, 2))
    assert await stores.directory.put_flow_triggers(organization_id=organization_id, flow=other)


async def test_a_number_belongs_to_one_organization_in_the_whole_house(stores):
    first, second = await new_organization(stores), await new_organization(stores)
    phone = await new_number(stores, first)
    with pytest.raises(AlreadyExists, match="phone_number_id"):
        await stores.directory.put_number(organization_id=second, number=number(phone))
    assert await stores.routing.owners_of([phone, "404", "\0"]) == {phone: (first, 2)}
    async with stores.routing.routing([]) as work:
        assert await work.look_up([phone, "404"], []) == ({phone: (first, 2)}, ({}, {}))


async def test_what_is_put_must_name_what_exists(stores):
    organization_id = await new_organization(stores)
    directory = stores.directory
    with pytest.raises(NotFound, match="organization"):
        await directory.put_chatbot(organization_id=uuid4(), chatbot=Chatbot(uuid4(), "X", None, True))
    with pytest.raises(NotFound, match="organization"):
        await directory.list_numbers(organization_id=uuid4())
    with pytest.raises(NotFound, match="chatbot"):
        await directory.put_number(organization_id=organization_id, number=number("1", chatbot_id=uuid4()))
    with pytest.raises(NotFound, match="number"):
        await directory.put_triggers(organization_id=organization_id, triggers=[Trigger("a", "exact", FLOW, "404")])
    with pytest.raises(NotFound, match="organization"):
        await directory.put_flow_triggers(organization_id=uuid4(), flow=FlowTriggers(FLOW, 2, 1))


async def test_a_contact_is_found_by_each_of_its_identities(stores):
    organization_id = await new_organization(stores)
    phone, user = Identity(organization_id, "wa_id", "5581900000001"), Identity(organization_id, "user_id", "BR.a1")
    contact = contact_of(phone, "Ana")
    await save(
        stores, organization_id, ContactChanges([contact], [(phone, contact.contact_id), (user, contact.contact_id)])
    )
    async with stores.routing.routing([organization_id]) as work:
        found = (await work.contacts_of([phone, user, Identity(organization_id, "wa_id", "404")])).contacts
    assert found.keys() == {phone, user}
    assert {each.contact_id for each in found.values()} == {contact.contact_id}
    assert found[user].name == "Ana"


async def test_contacts_of_an_organization_the_transaction_did_not_name_are_not_seen(stores):
    organization_id, other = await new_organization(stores), await new_organization(stores)
    identity = Identity(organization_id, "wa_id", "5581900000002")
    await create(stores, identity)
    async with stores.routing.routing([other]) as work:
        unseen = (await work.contacts_of([identity])).contacts
        work.work_for([organization_id])
        seen = (await work.contacts_of([identity])).contacts
    assert not unseen
    assert seen.keys() == {identity}


async def test_whoever_creates_a_contact_second_loses_the_race_and_leaves_nothing(stores):
    organization_id = await new_organization(stores)
    phone, user = Identity(organization_id, "wa_id", "5581900000003"), Identity(organization_id, "user_id", "BR.b2")
    await create(stores, phone)
    orphan = contact_of(user)
    changes = ContactChanges([orphan], [(user, orphan.contact_id), (phone, orphan.contact_id)])
    with pytest.raises(Raced):
        await save(stores, organization_id, changes)
    async with stores.routing.routing([organization_id]) as work:
        assert (await work.contacts_of([phone, user])).contacts.keys() == {phone}


async def test_a_profile_is_updated(stores):
    organization_id = await new_organization(stores)
    identity = Identity(organization_id, "wa_id", "5581900000004")
    await create(stores, identity)
    contact = Contact(organization_id, contact_id_of(identity), 0, "Bia", "5581900000004", "BR.c3", "BR.ENT.c3")
    await save(stores, organization_id, ContactChanges(updated=[contact]))
    async with stores.routing.routing([organization_id]) as work:
        (found,) = (await work.contacts_of([identity])).contacts.values()
    assert (found.name, found.user_id, found.parent_user_id) == ("Bia", "BR.c3", "BR.ENT.c3")


async def test_a_merge_moves_identities_and_what_the_loser_conversations_knew(stores):
    organization_id = await new_organization(stores)
    number_id = await new_number(stores, organization_id)
    old, young = Identity(organization_id, "wa_id", "5581900000005"), Identity(organization_id, "user_id", "BR.d4")
    await create(stores, old, young)
    async with stores.routing.routing([organization_id]) as work:
        await work.touch([touch_of(young, number_id, 2000, 90_000, "person")])
    merge = Merge(organization_id, contact_id_of(young), contact_id_of(old))
    await save(stores, organization_id, ContactChanges(merged=[merge]))
    async with stores.routing.routing([organization_id]) as work:
        found = (await work.contacts_of([old, young])).contacts
        kept = await work.latest_conversation(organization_id=organization_id, contact_id=contact_id_of(old))
    assert {each.contact_id for each in found.values()} == {contact_id_of(old)}
    assert kept is not None
    assert (kept.owner, kept.last_inbound_at, kept.window_expires_at) == ("person", 2000, 90_000)


async def test_contacts_merged_one_after_the_other_all_end_at_the_oldest(stores):
    organization_id = await new_organization(stores)
    first, second, third = (Identity(organization_id, "wa_id", f"55819000000{n}") for n in (11, 12, 13))
    await create(stores, first, second, third)
    for loser, winner in ((third, second), (second, first)):
        merge = Merge(organization_id, contact_id_of(loser), contact_id_of(winner))
        await save(stores, organization_id, ContactChanges(merged=[merge]))
    async with stores.routing.routing([organization_id]) as work:
        found = (await work.contacts_of([first, second, third])).contacts
    assert {each.contact_id for each in found.values()} == {contact_id_of(first)}


async def test_a_merge_of_a_contact_that_is_merged_already_loses_the_race(stores):
    organization_id = await new_organization(stores)
    first, second, third = (Identity(organization_id, "wa_id", f"55819000000{n}") for n in (21, 22, 23))
    await create(stores, first, second, third)
    ids = [contact_id_of(identity) for identity in (first, second, third)]
    await save(stores, organization_id, ContactChanges(merged=[Merge(organization_id, ids[1], ids[0])]))
    with pytest.raises(Raced):
        await save(stores, organization_id, ContactChanges(merged=[Merge(organization_id, ids[2], ids[1])]))


async def test_times_of_a_conversation_only_grow(stores):
    organization_id = await new_organization(stores)
    number_id = await new_number(stores, organization_id)
    identity = Identity(organization_id, "wa_id", "5581900000006")
    await create(stores, identity)
    seen = []
    for at, window in ((1000, 0), (3000, 5000), (2000, 4000), (3500, 0)):
        async with stores.routing.routing([organization_id]) as work:
            (conversation,) = (await work.touch([touch_of(identity, number_id, at, window)])).values()
        seen.append((conversation.last_inbound_at, conversation.window_expires_at))
    assert seen == [(1000, 0), (3000, 5000), (3000, 5000), (3500, 5000)]


async def test_an_inbound_message_never_gives_a_persons_conversation_back_to_the_bot(stores):
    organization_id = await new_organization(stores)
    number_id = await new_number(stores, organization_id)
    identity = Identity(organization_id, "wa_id", "5581900000007")
    await create(stores, identity)
    async with stores.routing.routing([organization_id]) as work:
        await work.touch([touch_of(identity, number_id, 1000, 2000)])
    first = await stores.conversations.set_owner(identity=identity, phone_number_id="", owner="person")
    again = await stores.conversations.set_owner(identity=identity, phone_number_id=number_id, owner="person")
    async with stores.routing.routing([organization_id]) as work:
        (conversation,) = (await work.touch([touch_of(identity, number_id, 3000, 4000)])).values()
    assert (first.found, first.changed) == (1, 1)
    assert (again.found, again.changed, again.changed_at) == (1, 0, first.changed_at)
    assert conversation.owner == "person"


async def test_an_owner_is_set_on_one_number_or_on_all(stores):
    organization_id = await new_organization(stores)
    numbers = [await new_number(stores, organization_id) for _ in range(2)]
    identity = Identity(organization_id, "wa_id", "5581900000008")
    await create(stores, identity)
    async with stores.routing.routing([organization_id]) as work:
        await work.touch(combine([touch_of(identity, number_id, 1000, 2000) for number_id in numbers]))
    stranger = Identity(organization_id, "wa_id", "404")
    changes = [
        await stores.conversations.set_owner(identity=who, phone_number_id=where, owner="person")
        for who, where in ((identity, numbers[0]), (identity, ""), (stranger, ""))
    ]
    assert [(change.found, change.changed) for change in changes] == [(1, 1), (2, 1), (0, 0)]
