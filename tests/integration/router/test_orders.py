"""Orders of flows on real Postgres: what is known of a contact, and who has a conversation, each order once."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest

from services.chassis.audit import AuditLog
from services.chassis.db import Database, fetch_all
from services.chassis.errors import Unavailable
from services.chassis.sealing import NameHasher
from services.pb.common.v1 import results_pb2
from services.pb.router.v1 import router_pb2
from services.router.domain.contacts import Contact, ContactBook
from services.router.domain.conversation import Touch
from services.router.domain.identity import Identity, contact_id_of, conversation_id_of
from services.router.domain.message import Message
from services.router.domain.opt_out import Consent
from services.router.domain.organization import Number
from services.router.ports import Guess
from services.router.server import OrdersServer
from services.router.store import PostgresDirectory, PostgresOrders, PostgresPrivacy, PostgresRouting
from services.router.usecases import ApplyOrders, PutFlowTriggers
from tests.fakes.router_peers import FakeSender
from tests.fixtures import servers

OK, DUPLICATE = results_pb2.ITEM_OUTCOME_OK, results_pb2.ITEM_OUTCOME_DUPLICATE
INVALID, ERASED = results_pb2.ITEM_OUTCOME_INVALID, results_pb2.ITEM_OUTCOME_ERASED
NUMBER, PHONE = "810000000000042", "5581900000042"
NAMES = NameHasher(bytes(32))
NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)


@dataclass
class Room:
    """A router with an organization, a contact and a conversation."""

    database: Database
    organization_id: UUID = field(default_factory=uuid4)
    number: str = ""
    sender: FakeSender = field(default_factory=FakeSender)

    @property
    def identity(self) -> Identity:
        return Identity(self.organization_id, "wa_id", PHONE)

    @property
    def contact_id(self) -> UUID:
        return contact_id_of(self.identity)

    @property
    def conversation_id(self) -> UUID:
        return conversation_id_of(self.contact_id, self.number)

    async def begin(self) -> None:
        directory = PostgresDirectory(self.database, AuditLog("router", self.database))
        self.number = f"81{self.organization_id.int % 10**13:013d}"
        await directory.put_organization(
            organization_id=self.organization_id, name=str(self.organization_id), fallback_flow_id=None,
            time_zone="UTC", replace=False,
        )  # fmt: skip
        number = Number(self.number, "", None, None, "", is_active=True)
        await directory.put_number(organization_id=self.organization_id, number=number)
        await self.write()

    async def write(self) -> None:
        """The contact writes."""
        async with PostgresRouting(self.database, NAMES).routing([self.organization_id]) as work:
            book = ContactBook(*await work.contacts_of([self.identity]))
            message = Message(event_id="e", phone_number_id=self.number, wa_id=PHONE, profile_name="Iara")
            contact_id = book.admit(message, [self.identity], None)
            await work.save_contacts(book.changes())
            await work.touch([self.touch(contact_id)])

    def touch(self, contact_id: UUID) -> Touch:
        now = int(time.time())
        conversation_id = conversation_id_of(contact_id, self.number)
        return Touch(self.organization_id, conversation_id, contact_id, self.number, now, now + 60)

    async def contact(self) -> Contact:
        async with PostgresRouting(self.database, NAMES).routing([self.organization_id]) as work:
            return (await work.contacts_of([self.identity])).contacts[self.identity]

    def order(self, **what: Any) -> router_pb2.Order:
        ids = {"order_id": str(uuid4()), "contact_id": str(self.contact_id)}
        values = {"organization_id": str(self.organization_id), "conversation_id": str(self.conversation_id)}
        return router_pb2.Order(**{**values, **ids, **what})

    def change(self, *, attributes: object = None, **what: Any) -> router_pb2.Order:
        content = orjson.dumps(attributes) if attributes is not None else b""
        return self.order(change_contact=router_pb2.ContactChange(attributes=content, **what))

    async def apply(self, *orders: router_pb2.Order) -> list[int]:
        directory = PostgresDirectory(self.database, AuditLog("router", self.database))
        applying = ApplyOrders(PostgresOrders(self.database), self.sender, lambda: NOON)
        server = OrdersServer(applying, PutFlowTriggers(directory))
        context: Any = None
        response = await server.ApplyOrders(router_pb2.ApplyOrdersRequest(orders=orders), context)
        return [result.outcome for result in response.results]

    async def owner(self) -> tuple[str, Any]:
        async with self.database.transaction([self.organization_id]) as connection:
            rows = await fetch_all(
                connection,
                "SELECT owner, handover FROM router.conversation WHERE conversation_id = %s",
                (self.conversation_id,),
            )
        return rows[0][0], rows[0][1]

    async def is_still_so(self, contact: Contact) -> bool:
        """Whether what was remembered of the contact is believed without looking it up."""
        guess = Guess(self.touch(contact.contact_id), contact, await self._version())
        return bool(await PostgresRouting(self.database, NAMES).touch_guessed([guess]))

    async def _version(self) -> int:
        owners = await PostgresRouting(self.database, NAMES).owners_of([self.number])
        return owners[self.number].config_version


@pytest.fixture
async def room(module_database: servers.Database) -> AsyncIterator[Room]:
    database = await Database.open(module_database.url_of("router"), size=3, name="router")
    room = Room(database)
    await room.begin()
    yield room
    await database.close()


async def test_a_change_is_kept_and_read_with_the_contact(room: Room) -> None:
    assert (await room.contact()).profile.version == 0
    change = room.change(
        attributes={"size": "M", "visits": 3},
        add_tags=["vip", "new"],
        language="pt_BR",
        opt_in=router_pb2.OPT_IN_AGREED,
    )
    assert await room.apply(change) == [OK]
    assert await room.apply(room.change(attributes={"size": None}, add_tags=["old"], remove_tags=["new"])) == [OK]

    profile = (await room.contact()).profile
    assert orjson.loads(profile.attributes) == {"visits": 3}
    assert (profile.tags, profile.language, profile.version) == (("vip", "old"), "pt_BR", 2)


async def test_an_order_that_comes_again_changes_nothing_though_others_came_between(room: Room) -> None:
    first, second = room.change(attributes={"size": "M"}), room.change(attributes={"size": "L"})
    assert await room.apply(first, first, second) == [OK, DUPLICATE, OK]
    assert await room.apply(first, second) == [DUPLICATE, DUPLICATE]

    assert orjson.loads((await room.contact()).profile.attributes) == {"size": "L"}


async def test_orders_of_a_conversation_are_applied_in_their_order(room: Room) -> None:
    changes = [room.change(attributes={"n": number}) for number in range(20)]
    assert await room.apply(*changes) == [OK] * 20

    assert orjson.loads((await room.contact()).profile.attributes) == {"n": 19}


async def test_a_conversation_is_handed_over_and_back(room: Room) -> None:
    hand = router_pb2.HandOver(queue_id="q-1", department="sales", priority=80, context="wants seeds")
    assert await room.apply(room.order(hand_over=hand)) == [OK]
    owner, handover = await room.owner()
    assert owner == "person"
    assert (handover["queue_id"], handover["priority"], handover["context"]) == ("q-1", 80, "wants seeds")

    assert await room.apply(room.order(hand_back=router_pb2.HandBack())) == [OK]
    assert await room.owner() == ("bot", None)


async def test_a_remembered_contact_is_looked_up_again_after_a_change(room: Room) -> None:
    remembered = await room.contact()
    assert await room.is_still_so(remembered)
    await room.apply(room.change(add_tags=["vip"]))

    assert not await room.is_still_so(remembered)
    assert await room.is_still_so(await room.contact())


async def test_a_bad_order_costs_its_neighbours_nothing(room: Room) -> None:
    bad = [
        room.order(),
        room.order(order_id="x", hand_back=router_pb2.HandBack()),
        room.order(change_contact=router_pb2.ContactChange(attributes=b"[1]")),
        room.order(change_contact=router_pb2.ContactChange(attributes=b"{")),
    ]
    assert await room.apply(*bad, room.change(add_tags=["a\0b"])) == [INVALID] * 4 + [OK]
    assert (await room.contact()).profile.tags == ("ab",)


async def test_what_is_about_somebody_who_is_gone_is_to_be_forgotten(room: Room) -> None:
    stranger, elsewhere = str(uuid4()), str(uuid4())
    orders = [room.change(), room.order(conversation_id=elsewhere, hand_back=router_pb2.HandBack())]
    orders[0].contact_id = stranger

    assert await room.apply(*orders) == [ERASED, ERASED]


async def test_another_organizations_contact_is_not_changed(room: Room) -> None:
    other = Room(room.database)
    await other.begin()
    change = other.change(attributes={"x": 1})
    change.contact_id = str(room.contact_id)

    assert await room.apply(change) == [ERASED]
    assert (await room.contact()).profile.version == 0


async def test_what_a_flow_says_of_messages_is_told_to_sender(room: Room) -> None:
    refused, agreed = (room.change(opt_in=each) for each in (router_pb2.OPT_IN_REFUSED, router_pb2.OPT_IN_AGREED))
    assert await room.apply(refused, agreed, room.change(add_tags=["vip"])) == [OK, OK, OK]
    told = [each for each in room.sender.heard if isinstance(each, Consent)]
    assert [(each.wa_id, each.kind, each.is_out) for each in told] == [
        (PHONE, "marketing", True), (PHONE, "all", False),
    ]  # fmt: skip


async def test_orders_wait_while_sender_cannot_be_told(room: Room) -> None:
    room.sender.is_away = True
    with pytest.raises(Unavailable):
        await room.apply(room.change(opt_in=router_pb2.OPT_IN_REFUSED))
    assert (await room.contact()).profile.opted_in is None


async def test_attributes_and_tags_have_an_end(room: Room) -> None:
    await room.apply(room.change(attributes={"kept": 1}))
    assert await room.apply(room.change(attributes={"long": "x" * 17_000})) == [OK]
    assert await room.apply(room.change(add_tags=[f"tag {number}" for number in range(150)])) == [OK]

    profile = (await room.contact()).profile
    assert orjson.loads(profile.attributes) == {"kept": 1}
    assert len(profile.tags) == 100


async def test_what_is_known_goes_with_the_contact_in_an_export(room: Room) -> None:
    await room.apply(room.change(attributes={"size": "M"}, add_tags=["vip"]))
    privacy = PostgresPrivacy(room.database, NAMES, AuditLog("router", room.database))
    rows = await privacy.rows(organization_id=room.organization_id, contact_ids=[room.contact_id])

    (contact,) = [str(row) for row in rows if "parent_user_id" in str(row)]
    assert "'size': 'M'" in contact or '"size": "M"' in contact
