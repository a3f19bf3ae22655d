"""What flows start by, as executor tells it: applied once, newest last, noted, and used by the next message."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.chassis.audit import AuditLog
from services.chassis.db import Database
from services.chassis.sealing import NameHasher
from services.pb.common.v1 import events_pb2, results_pb2
from services.pb.router.v1 import router_pb2
from services.router.cache import ContactCache, PlanCache
from services.router.domain.organization import Number
from services.router.server import OrdersServer
from services.router.server.routing import read_message
from services.router.store import PostgresDirectory, PostgresOrders, PostgresRouting
from services.router.usecases import ApplyOrders, LearnAccounts, NoteConsents, PutFlowTriggers, RouteMessages
from tests.fakes.router_peers import FakeExecutor, FakeSender
from tests.fixtures import servers
from tests.fixtures.noted import noted

OK, DUPLICATE = results_pb2.ITEM_OUTCOME_OK, results_pb2.ITEM_OUTCOME_DUPLICATE
INVALID, ERASED = results_pb2.ITEM_OUTCOME_INVALID, results_pb2.ITEM_OUTCOME_ERASED
NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
DEFAULT = UUID("6a1c0c9e-3d5e-4a65-9a57-0a4f2b1d7e77")
WORD = router_pb2.FlowTrigger(kind=router_pb2.FLOW_TRIGGER_KIND_KEYWORD, keywords=["menu"])
PATTERN = router_pb2.FlowTrigger(
    kind=router_pb2.FLOW_TRIGGER_KIND_KEYWORD, match=router_pb2.KEYWORD_MATCH_REGEX, keywords=["(?i)^pedido [0-9]+$"]
)
BUTTON = router_pb2.FlowTrigger(kind=router_pb2.FLOW_TRIGGER_KIND_TEMPLATE_BUTTON, payloads=["YES"])
AD = router_pb2.FlowTrigger(kind=router_pb2.FLOW_TRIGGER_KIND_REFERRAL, source_types=["ad"])
ANY = router_pb2.FlowTrigger(kind=router_pb2.FLOW_TRIGGER_KIND_ANY)


@dataclass
class Room:
    """A router with an organization whose number has a default flow; it remembers what it has read."""

    database: Database
    organization_id: UUID = field(default_factory=uuid4)
    flow_id: UUID = field(default_factory=uuid4)
    executor: FakeExecutor = field(default_factory=FakeExecutor)

    def __post_init__(self) -> None:
        self.number = f"82{self.organization_id.int % 10**13:013d}"
        self.audit = AuditLog("router", self.database)
        self.directory = PostgresDirectory(self.database, self.audit)
        store, sender = PostgresRouting(self.database, NameHasher(bytes(32))), FakeSender()
        consents, accounts = NoteConsents(store, sender), LearnAccounts(store)
        cache, contacts = PlanCache(), ContactCache()
        self.messages = RouteMessages(store, self.executor, consents, accounts, cache, contacts, lambda: NOON)
        orders = ApplyOrders(PostgresOrders(self.database), sender, lambda: NOON)
        self.server = OrdersServer(orders, PutFlowTriggers(self.directory))

    async def begin(self) -> None:
        await self.directory.put_organization(
            organization_id=self.organization_id, name=str(self.organization_id), fallback_flow_id=None,
            time_zone="UTC", replace=False,
        )  # fmt: skip
        number = Number(self.number, "", None, DEFAULT, "", is_active=True)
        await self.directory.put_number(organization_id=self.organization_id, number=number)

    def order(self, sequence: int, *triggers: router_pb2.FlowTrigger, **changes: Any) -> router_pb2.Order:
        told = {"flow_id": str(self.flow_id), "sequence": sequence, "published_at_us": sequence, "triggers": triggers}
        return router_pb2.Order(
            organization_id=changes.pop("organization_id", str(self.organization_id)),
            order_id=str(uuid4()),
            flow_triggers=router_pb2.FlowTriggers(**{**told, **changes}),
        )

    async def apply(self, *orders: router_pb2.Order) -> list[int]:
        context: Any = None
        response = await self.server.ApplyOrders(router_pb2.ApplyOrdersRequest(orders=orders), context)
        return [result.outcome for result in response.results]

    async def started_by(self, text: str = "oi", **fields: Any) -> tuple[str, str]:
        """What the flow that a message would start is, and why it would."""
        message = events_pb2.InboundMessage(
            event_id=f"message:{uuid4()}", phone_number_id=self.number, kind=fields.pop("kind", "text"), text=text,
            wa_id="5581900000077", is_flow_input=True, sent_at=int(NOON.timestamp()), **fields,
        )  # fmt: skip
        (outcome,) = await self.messages.route([read_message(message)], is_repeat=False)
        assert outcome.kind == "ok"
        choice = self.executor.taken[-1].choice
        return {self.flow_id: "flow", DEFAULT: "default"}.get(choice.flow_id, "other"), choice.reason  # type: ignore[arg-type]


@pytest.fixture
async def room(module_database: servers.Database) -> AsyncIterator[Room]:
    database = await Database.open(module_database.url_of("router"), size=3, name="router")
    room = Room(database)
    await room.begin()
    yield room
    await database.close()


async def test_the_next_message_starts_what_was_published_though_the_setup_was_remembered(room: Room) -> None:
    assert await room.started_by("Menu") == ("default", "number")
    assert await room.apply(room.order(2, WORD)) == [OK]
    assert await room.started_by("Menu") == ("flow", "keyword")
    assert await room.apply(room.order(3)) == [OK]
    assert await room.started_by("Menu") == ("default", "number")


async def test_patterns_buttons_ads_and_any_message_start_the_flow(room: Room) -> None:
    tap = {"kind": "button", "reply": events_pb2.Reply(kind="template_button", id="YES", title="Sim")}
    ad = {"kind": "image", "referral": events_pb2.Referral(source_id="120", source_type="ad")}
    assert await room.apply(room.order(2, PATTERN, BUTTON, AD)) == [OK]
    assert await room.started_by("PEDIDO 12") == ("flow", "keyword")
    assert await room.started_by("Sim", **tap) == ("flow", "template_button")
    assert await room.started_by("", **ad) == ("flow", "referral")
    assert await room.started_by("oi") == ("default", "number")
    assert await room.apply(room.order(4, ANY)) == [OK]
    assert await room.started_by("oi") == ("flow", "any")


async def test_what_comes_again_or_late_changes_nothing(room: Room) -> None:
    first, second, gone = room.order(2, WORD), room.order(4, PATTERN), room.order(5)
    assert await room.apply(first, first, second) == [OK, DUPLICATE, OK]
    assert await room.apply(first, second) == [DUPLICATE, DUPLICATE]
    assert await room.started_by("menu") == ("default", "number")
    assert await room.apply(gone, second, gone) == [OK, DUPLICATE, DUPLICATE]
    assert await room.started_by("pedido 1") == ("default", "number")


async def test_each_change_is_noted_and_no_repeat_is(room: Room) -> None:
    before = len(await noted(room.audit, room.organization_id))
    await room.apply(room.order(2), room.order(4, WORD), room.order(4, WORD), room.order(2, ANY), room.order(5))
    made, gone = (await noted(room.audit, room.organization_id))[before:]
    assert {each.object for each in (made, gone)} == {f"flow_triggers:{room.flow_id}"}
    assert {each.action for each in (made, gone)} == {"flow_triggers.put"}
    assert (made.before, gone.before, gone.after) == (None, made.after, None)
    assert "menu" not in made.entry


async def test_a_bad_order_and_an_unknown_organization_cost_their_neighbours_nothing(room: Room) -> None:
    too_much = [
        router_pb2.FlowTrigger(kind=router_pb2.FLOW_TRIGGER_KIND_KEYWORD, keywords=map(str, range(5_001))),
    ]
    orders = [
        room.order(2, WORD, flow_id="x"),
        room.order(2, WORD, organization_id=str(uuid4())),
        room.order(2, *too_much, flow_id=str(uuid4())),
        room.order(2, router_pb2.FlowTrigger(kind=router_pb2.FLOW_TRIGGER_KIND_KEYWORD, keywords=["a\0b"]), WORD),
    ]
    assert await room.apply(*orders) == [INVALID, ERASED, INVALID, OK]
    assert await room.started_by("menu") == ("flow", "keyword")


async def test_triggers_that_this_version_does_not_know_are_passed_over(room: Room) -> None:
    unknown = [router_pb2.FlowTrigger(keywords=["menu"]), router_pb2.FlowTrigger()]
    later = router_pb2.FlowTrigger()
    later.ParseFromString(b"\x08\x63\x1a\x04menu")
    sounding = router_pb2.FlowTrigger(kind=router_pb2.FLOW_TRIGGER_KIND_KEYWORD, keywords=["menu"])
    sounding.MergeFromString(b"\x10\x63")
    assert await room.apply(room.order(2, *unknown, later, sounding, PATTERN)) == [OK]
    assert await room.started_by("menu") == ("default", "number")
    assert await room.started_by("pedido 1") == ("flow", "keyword")


async def test_flows_of_one_organization_start_nothing_in_another(room: Room) -> None:
    other = Room(room.database)
    await other.begin()
    await room.apply(room.order(2, ANY))
    assert await other.started_by("oi") == ("default", "number")
    assert await room.started_by("oi") == ("flow", "any")
