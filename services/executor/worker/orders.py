"""What flows order outside themselves: from the domain's words to protobuf and back."""

from __future__ import annotations

import orjson
from google.protobuf.message import DecodeError

from services.chassis.queue import Item, StoredItem
from services.executor.domain.commands import EffectKind, StartEffect
from services.executor.domain.effects import Ordered
from services.executor.domain.events import EffectDone
from services.executor.domain.identifiers import written_id
from services.executor.domain.requests import EffectRequest
from services.executor.ports import EffectDue
from services.pb.executor.v1 import executor_pb2

_KINDS: dict[str, EffectKind] = {"http": "http", "ai": "ai"}
_OUTCOMES = {
    "ok": executor_pb2.EFFECT_OUTCOME_OK,
    "failed": executor_pb2.EFFECT_OUTCOME_FAILED,
    "timeout": executor_pb2.EFFECT_OUTCOME_TIMEOUT,
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
