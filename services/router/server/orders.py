"""router.v1.Orders."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple
from uuid import UUID

import orjson
from grpc import aio

from services.chassis.errors import InvalidArgument, PytakeError
from services.pb.common.v1 import results_pb2
from services.pb.router.v1 import router_pb2, router_pb2_grpc
from services.router.domain.flow_triggers import FlowTrigger, FlowTriggers, TriggerKind, TriggerMatch
from services.router.domain.order import ContactChange, Fate, HandBack, HandOver, Order
from services.router.usecases import ApplyOrders, PutFlowTriggers
from services.router.usecases.fields import id_of

_OPT_INS = {router_pb2.OPT_IN_AGREED: True, router_pb2.OPT_IN_REFUSED: False}
_LONGEST_NAME, _LONGEST_PATTERN, _LONGEST_CONTEXT = 512, 1000, 4096
_KINDS: Mapping[int, TriggerKind] = {
    router_pb2.FLOW_TRIGGER_KIND_KEYWORD: "keyword",
    router_pb2.FLOW_TRIGGER_KIND_TEMPLATE_BUTTON: "template_button",
    router_pb2.FLOW_TRIGGER_KIND_REFERRAL: "referral",
    router_pb2.FLOW_TRIGGER_KIND_ANY: "any",
}
_MATCHES: Mapping[int, TriggerMatch] = {
    router_pb2.KEYWORD_MATCH_UNSPECIFIED: "exact",
    router_pb2.KEYWORD_MATCH_EXACT: "exact",
    router_pb2.KEYWORD_MATCH_STARTS_WITH: "starts_with",
    router_pb2.KEYWORD_MATCH_CONTAINS: "contains",
    router_pb2.KEYWORD_MATCH_REGEX: "regex",
}
_FATES: Mapping[Fate, results_pb2.ItemOutcome.ValueType] = {
    "applied": results_pb2.ITEM_OUTCOME_OK,
    "repeated": results_pb2.ITEM_OUTCOME_DUPLICATE,
    "gone": results_pb2.ITEM_OUTCOME_ERASED,
}


class _FlowOrder(NamedTuple):
    """An order about a flow."""

    organization_id: UUID
    flow: FlowTriggers


class OrdersServer(router_pb2_grpc.OrdersServicer):
    """What flows order; one bad order costs its neighbours nothing."""

    def __init__(self, orders: ApplyOrders, triggers: PutFlowTriggers) -> None:
        self._orders = orders
        self._triggers = triggers

    async def ApplyOrders(
        self,
        request: router_pb2.ApplyOrdersRequest,
        context: aio.ServicerContext,  # type: ignore[type-arg]  # generic in stubs only
    ) -> router_pb2.ApplyOrdersResponse:
        """Apply orders, in order within a conversation."""
        read = [_order(order) for order in request.orders]
        orders = [order for order in read if isinstance(order, Order)]
        fates = iter(await self._orders.apply(orders) if orders else ())
        told = [await self._put(order) if isinstance(order, _FlowOrder) else order for order in read]
        return router_pb2.ApplyOrdersResponse(results=[_result(each, fates) for each in told])

    async def _put(self, order: _FlowOrder) -> results_pb2.ItemResult | str:
        """What became of an order about a flow, or why it can never be applied."""
        try:
            fate = await self._triggers.put(organization_id=order.organization_id, flow=order.flow)
        except InvalidArgument as error:
            return error.sentence
        return results_pb2.ItemResult(outcome=_FATES[fate])


def _result(told: Order | results_pb2.ItemResult | str, fates: Iterator[Fate]) -> results_pb2.ItemResult:
    if isinstance(told, str):
        return results_pb2.ItemResult(outcome=results_pb2.ITEM_OUTCOME_INVALID, reason=told)
    return told if isinstance(told, results_pb2.ItemResult) else results_pb2.ItemResult(outcome=_FATES[next(fates)])


def _order(order: router_pb2.Order) -> Order | _FlowOrder | str:
    """The order, or why it can never be applied."""
    try:
        if order.WhichOneof("order") == "flow_triggers":
            return _FlowOrder(id_of("organization_id", order.organization_id), _flow(order.flow_triggers))
        change = _change(order)
        return Order(
            organization_id=id_of("organization_id", order.organization_id),
            order_id=id_of("order_id", order.order_id),
            contact_id=id_of("contact_id", order.contact_id),
            conversation_id=id_of("conversation_id", order.conversation_id),
            change=change,
        )
    except PytakeError as error:
        return error.sentence
    except ValueError as error:
        return str(error)


def _change(order: router_pb2.Order) -> ContactChange | HandOver | HandBack:
    """Raises ValueError."""
    match order.WhichOneof("order"):
        case "change_contact":
            change = order.change_contact
            return ContactChange(
                attributes=_attributes(change.attributes),
                add_tags=tuple(map(_text, change.add_tags)),
                remove_tags=tuple(map(_text, change.remove_tags)),
                language=_text(change.language),
                is_opted_in=_OPT_INS.get(change.opt_in),
            )
        case "hand_over":
            hand = order.hand_over
            return HandOver(
                queue_id=_text(hand.queue_id),
                department=_text(hand.department),
                agent=_text(hand.agent),
                priority=min(max(hand.priority, 0), 100),
                context=_text(hand.context, most=_LONGEST_CONTEXT),
                is_taken=hand.is_taken,
            )
        case "hand_back":
            return HandBack(order.hand_back.is_closed)
        case _:
            raise ValueError("the order says nothing that this version knows")


def _flow(told: router_pb2.FlowTriggers) -> FlowTriggers:
    """What of it this version knows."""
    known = (each for each in told.triggers if each.kind in _KINDS and each.match in _MATCHES)
    triggers = tuple(map(_trigger, known))
    return FlowTriggers(id_of("flow_id", told.flow_id), told.sequence, told.published_at_us, triggers)


def _trigger(told: router_pb2.FlowTrigger) -> FlowTrigger:
    return FlowTrigger(
        _KINDS[told.kind],
        _MATCHES[told.match],
        keywords=_texts(told.keywords),
        payloads=_texts(told.payloads),
        texts=_texts(told.texts),
        source_ids=_texts(told.source_ids),
        source_types=_texts(told.source_types),
        phone_number_ids=_texts(told.phone_number_ids),
    )


def _texts(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(_text(text, most=_LONGEST_PATTERN) for text in texts)


def _attributes(content: bytes) -> str:
    if not content:
        return ""
    value = orjson.loads(content)
    if not isinstance(value, dict):
        raise ValueError("attributes is no JSON object")
    # A NUL is escaped in JSON, where no jsonb takes it.
    return orjson.dumps(value).decode().replace("\\u0000", "")


def _text(text: str, *, most: int = _LONGEST_NAME) -> str:
    return text.replace("\0", "")[:most]
