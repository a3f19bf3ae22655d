"""What flows order outside themselves: from the domain's words to protobuf and back."""

from __future__ import annotations

import orjson
from google.protobuf.message import DecodeError

from services.chassis.queue import Item, StoredItem
from services.executor.domain.commands import ChangeContact, EffectKind, HandOver, StartEffect
from services.executor.domain.effects import Ordered
from services.executor.domain.events import EffectDone
from services.executor.domain.identifiers import derived_id, written_id
from services.executor.domain.requests import EffectRequest
from services.executor.ports import EffectDue, Hand
from services.pb.executor.v1 import executor_pb2
from services.pb.router.v1 import router_pb2

_KINDS: dict[str, EffectKind] = {"http": "http", "ai": "ai"}
_OUTCOMES = {
    "ok": executor_pb2.EFFECT_OUTCOME_OK,
    "failed": executor_pb2.EFFECT_OUTCOME_FAILED,
    "timeout": executor_pb2.EFFECT_OUTCOME_TIMEOUT,
}
_OPT_INS = {
    None: router_pb2.OPT_IN_UNSPECIFIED,
    True: router_pb2.OPT_IN_AGREED,
    False: router_pb2.OPT_IN_REFUSED,
}
_HANDS = {
    "taken": executor_pb2.HAND_TAKEN,
    "released": executor_pb2.HAND_RELEASED,
    "no_agent": executor_pb2.HAND_NO_AGENT,
    # The flow has ended; the event finds nothing, and router hears who has the conversation.
    "closed": executor_pb2.HAND_RELEASED,
}


def encode_effect(ordered: Ordered, command: StartEffect) -> Item:
    """A call outside; its lane is the conversation, and its id makes it count once."""
    order = executor_pb2.EffectOrder(
        effect_id=command.effect_id,
        kind=command.kind,
        request=orjson.dumps(dict(command.request)),
        seconds=command.seconds,
    )
    arrival = ordered.arrival
    return Item(arrival.organization_id, arrival.conversation_id, command.effect_id, order.SerializeToString())


def encode_notice(ordered: Ordered) -> Item:
    """An order for router; its lane is the conversation."""
    arrival, command, order_id = ordered.arrival, ordered.command, str(ordered.order_id)
    order = router_pb2.Order(
        organization_id=written_id(arrival.organization_id),
        order_id=order_id,
        contact_id=written_id(arrival.contact.contact_id),
        conversation_id=written_id(arrival.conversation_id),
    )
    if isinstance(command, ChangeContact):
        change = order.change_contact
        change.attributes = orjson.dumps(dict(command.attributes)) if command.attributes else b""
        change.add_tags.extend(command.add_tags)
        change.remove_tags.extend(command.remove_tags)
        change.language, change.opt_in = command.language, _OPT_INS[command.is_opted_in]
    elif isinstance(command, HandOver):
        hand = order.hand_over
        hand.queue_id, hand.department, hand.agent = command.queue_id, command.department, command.agent
        hand.priority, hand.context = command.priority, command.context
        hand.SetInParent()
    else:
        order.hand_back.SetInParent()
    return Item(arrival.organization_id, arrival.conversation_id, order_id, order.SerializeToString())


def hand_items(hand: Hand) -> tuple[Item, Item]:
    """People take a conversation or give it back: an event for the conversation, and an order for router."""
    organization_id, conversation_id = written_id(hand.organization_id), written_id(hand.conversation_id)
    event = executor_pb2.ConversationEvent(
        organization_id=organization_id,
        conversation_id=conversation_id,
        event_id=hand.event_id,
        hand=_HANDS[hand.outcome],
    )
    order_id = str(derived_id(hand.conversation_id, hand.event_id))
    order = router_pb2.Order(
        organization_id=organization_id, order_id=order_id, contact_id=written_id(hand.contact_id),
        conversation_id=conversation_id,
    )  # fmt: skip
    if hand.outcome == "taken":
        order.hand_over.is_taken, order.hand_over.agent = True, hand.agent
    else:
        order.hand_back.SetInParent()
        order.hand_back.is_closed = hand.outcome == "closed"
    return (
        Item(hand.organization_id, hand.conversation_id, hand.event_id, event.SerializeToString()),
        Item(hand.organization_id, hand.conversation_id, order_id, order.SerializeToString()),
    )


def read_effect(item: StoredItem) -> EffectRequest:
    """Read a call outside. Raises ValueError."""
    try:
        order = executor_pb2.EffectOrder.FromString(item.payload)
    except DecodeError as error:
        raise ValueError(str(error)) from None
    request = orjson.loads(order.request)
    if order.kind not in _KINDS or not isinstance(request, dict):
        raise ValueError(f"it is of the unknown kind {order.kind!r}, or its request is no object")
    return EffectRequest(order.effect_id, _KINDS[order.kind], request, order.seconds)


def result_item(due: EffectDue, done: EffectDone) -> Item:
    """What a conversation is told of its call, as an event of its own.

    The key is the item's, which a dead letter that is replayed has anew.
    """
    claim = due.claim
    event_id = f"effect:{due.item.event_id}"
    event = executor_pb2.ConversationEvent(
        organization_id=written_id(claim.group_id),
        conversation_id=written_id(claim.lane_id),
        event_id=event_id,
        effect=executor_pb2.EffectResult(
            effect_id=done.effect_id,
            outcome=_OUTCOMES[done.outcome],
            status=done.status,
            body=orjson.dumps(done.body) if done.body is not None else b"",
            error=done.error,
        ),
    )
    return Item(claim.group_id, claim.lane_id, event_id, event.SerializeToString())
