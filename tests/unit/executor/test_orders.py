"""What flows order outside themselves, and what they know of the contact through it."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import orjson
import pytest

from services.chassis.queue import StoredItem
from services.executor.domain.advance import advance
from services.executor.domain.arrival import Arrival, Contact, TimerDue
from services.executor.domain.commands import ChangeContact, HandBack, HandOver, Order, StartEffect
from services.executor.domain.compile import CompiledFlow, compile_flow
from services.executor.domain.document import parse_document
from services.executor.domain.effects import Effects, Ordered, Rules
from services.executor.domain.events import InboundMessage, Released
from services.executor.domain.json_value import Json
from services.executor.domain.limits import Limits
from services.executor.domain.standing import Standing
from services.executor.ports import Hand
from services.executor.worker import encode_effect, encode_notice, hand_items, read_effect
from services.executor.worker.signals import profile_of
from services.pb.executor.v1 import executor_pb2
from services.pb.router.v1 import router_pb2

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
FLOW = "7d0f6d1e-6a43-4c3c-9a39-0f6b5a7c9a11"


class Talk:
    """A conversation with a flow of these nodes, taken event by event."""

    def __init__(self, *nodes: Mapping[str, Json]) -> None:
        named: list[Json] = [{"id": "s", "type": "start"}, *(dict(node) for node in nodes)]
        ids = ["s", *(str(node["id"]) for node in nodes)]
        edges: list[Json] = [{"source": a, "target": b} for a, b in itertools.pairwise(ids)]
        document: Json = {"schema": "pytake.flow/1", "name": "t", "nodes": named, "edges": edges}
        self.flow: CompiledFlow = compile_flow(parse_document(document), flow_id=FLOW, version=1)
        self.standings: dict[UUID, Standing] = {}
        self.now = NOW
        self.count = 0
        self.arrival = Arrival(
            organization_id=uuid4(), conversation_id=uuid4(), event_id="", phone_number_id="1",
            contact=Contact(uuid4(), "5511987654321", "", "Ana"), message=InboundMessage(), may_run_flow=True,
            start_flow_id=FLOW, start_reason="number", window_expires_at=0,
        )  # fmt: skip

    def hear(self, line: str, **profile: Json) -> Effects:
        return self._take(replace(self.arrival, message=InboundMessage(line), profile=profile))

    def released(self) -> Effects:
        return self._take(replace(self.arrival, signal=Released()))

    def timer(self, kind: str) -> Effects:
        """The timer of this kind fires at its moment."""
        (standing,) = self.standings.values()
        due_us = standing.session.timers[kind]
        self.now = datetime.fromtimestamp(due_us / 1e6, UTC)
        return self._take(replace(self.arrival, signal=TimerDue(kind, standing.state_id, due_us)))

    def _take(self, arrival: Arrival) -> Effects:
        self.count += 1
        rules = Rules(lambda *_: self.flow, Limits(), timedelta(hours=1), self.now, lambda: 0.0)
        effects = advance(replace(arrival, event_id=str(self.count)), self.standings, rules)
        self.standings.update(effects.standings)
        return effects


def orders(effects: Effects) -> list[type[Order]]:
    return [type(order.command) for order in effects.ordered]


HANDOFF: dict[str, Json] = {"id": "h", "type": "handoff", "data": {"timeoutSeconds": 60, "queueId": "q-7"}}
BYE: dict[str, Json] = {"id": "e", "type": "end", "data": {"content": "{{contact.attributes.size}}."}}


def test_a_handoff_that_times_out_gives_the_conversation_back_to_the_bot() -> None:
    talk = Talk(HANDOFF, BYE)

    assert orders(talk.hear("hi")) == [HandOver]
    assert orders(talk.hear("hello?")) == []
    assert orders(talk.timer("handoff")) == [HandBack]


def test_whoever_releases_has_told_router_already() -> None:
    talk = Talk(HANDOFF, BYE)
    talk.hear("hi")

    assert orders(talk.released()) == []


def test_orders_of_one_event_have_ids_of_their_own_that_stay_when_it_is_repeated() -> None:
    note: dict[str, Json] = {"id": "c", "type": "contact", "data": {"addTags": ["vip"]}}
    talk = Talk(note, {**note, "id": "d"}, BYE)
    standings = dict(talk.standings)
    first = talk.hear("hi")
    talk.standings, talk.count = standings, 0
    again = talk.hear("hi")

    ids = [order.order_id for order in first.ordered]
    assert len(set(ids)) == 2
    assert [order.order_id for order in again.ordered] == ids


def test_what_router_knows_of_the_contact_is_known_to_the_flow_in_timers_too() -> None:
    talk = Talk({"id": "d", "type": "delay", "data": {"seconds": 30}}, BYE)
    talk.hear("hi", attributes={"size": "M"}, tags=["vip"], language="pt_BR")
    (said,) = talk.timer("delay").said

    assert said.command == replace(said.command, text="M.")  # type: ignore[call-arg]


def notice(command: Order) -> router_pb2.Order:
    ordered = Ordered(uuid4(), Talk(BYE).arrival, FLOW, command)
    item = encode_notice(ordered)
    order = router_pb2.Order.FromString(item.payload)
    assert (item.lane_id, item.event_id) == (ordered.arrival.conversation_id, order.order_id)
    return order


def test_orders_travel_to_router_whole() -> None:
    change = notice(ChangeContact("n", {"size": "M"}, ("a",), ("b",), "pt", is_opted_in=False)).change_contact
    assert (orjson.loads(change.attributes), list(change.add_tags), list(change.remove_tags)) == (
        {"size": "M"},
        ["a"],
        ["b"],
    )
    assert (change.language, change.opt_in) == ("pt", router_pb2.OPT_IN_REFUSED)
    assert notice(ChangeContact("n", {})).change_contact.opt_in == router_pb2.OPT_IN_UNSPECIFIED
    hand = notice(HandOver("n", "q", "d", "a", 80, "c")).hand_over
    assert (hand.queue_id, hand.department, hand.agent, hand.priority, hand.context) == ("q", "d", "a", 80, "c")
    assert notice(HandOver("n", "", "", "", 0, "")).WhichOneof("order") == "hand_over"
    assert notice(HandBack("n")).WhichOneof("order") == "hand_back"


def test_a_call_is_read_as_it_was_ordered() -> None:
    command = StartEffect("n", "e1", "ai", {"model": "m"}, 30.0)
    item = encode_effect(Ordered(uuid4(), Talk(BYE).arrival, FLOW, command), command)
    read = read_effect(StoredItem(1, item.event_id, item.payload, NOW))

    assert (item.event_id, read.effect_id, read.kind, read.request, read.seconds) == (
        "e1",
        "e1",
        "ai",
        {"model": "m"},
        30,
    )


@pytest.mark.parametrize("payload", [b"\xff", executor_pb2.EffectOrder(kind="odd", request=b"{}").SerializeToString()])
def test_a_call_that_cannot_be_read_says_so(payload: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_effect(StoredItem(1, "e", payload, NOW))


def test_a_contact_without_a_profile_costs_nothing() -> None:
    assert profile_of(executor_pb2.ConversationEvent()) == {}
    event = executor_pb2.ConversationEvent(contact_attributes=b'{"a":1}', contact_tags=["t"], contact_language="pt")
    assert profile_of(event) == {"attributes": {"a": 1}, "tags": ["t"], "language": "pt"}


@pytest.mark.parametrize("agent", ["", "0d0a6f3e-4d2c-4f0e-9a51-7d1f7a1f0c22"])
def test_router_is_told_that_somebody_has_a_conversation_already_and_who_if_that_is_known(agent: str) -> None:
    event, order = hand_items(Hand(uuid4(), uuid4(), uuid4(), "hand:taken:1", "taken", agent))

    told = router_pb2.Order.FromString(order.payload)
    assert executor_pb2.ConversationEvent.FromString(event.payload).hand == executor_pb2.HAND_TAKEN
    assert (told.hand_over.is_taken, told.hand_over.agent) == (True, agent)


def test_a_flow_that_hands_over_says_that_people_are_to_be_found() -> None:
    assert not notice(HandOver("h", "", "Sales", "", 50, "seeds")).hand_over.is_taken
