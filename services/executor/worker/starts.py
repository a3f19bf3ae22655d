"""What starts a flow, as router is told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from services.chassis.queue import Item
from services.executor.domain.identifiers import derived_id
from services.executor.domain.triggers import Trigger
from services.executor.ports import FlowStarts
from services.pb.router.v1 import router_pb2

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_KINDS = {
    "keyword": router_pb2.FLOW_TRIGGER_KIND_KEYWORD,
    "template_button": router_pb2.FLOW_TRIGGER_KIND_TEMPLATE_BUTTON,
    "referral": router_pb2.FLOW_TRIGGER_KIND_REFERRAL,
    "any": router_pb2.FLOW_TRIGGER_KIND_ANY,
}
_MATCHES = {
    "exact": router_pb2.KEYWORD_MATCH_EXACT,
    "starts_with": router_pb2.KEYWORD_MATCH_STARTS_WITH,
    "contains": router_pb2.KEYWORD_MATCH_CONTAINS,
    "regex": router_pb2.KEYWORD_MATCH_REGEX,
}


def encode_starts(starts: FlowStarts) -> Item:
    """An order for router; its lane is the flow, and its id follows from what it tells of."""
    order_id = str(derived_id(starts.flow_id, f"triggers:{starts.sequence}"))
    order = router_pb2.Order(
        organization_id=str(starts.organization_id),
        order_id=order_id,
        flow_triggers=router_pb2.FlowTriggers(
            flow_id=str(starts.flow_id),
            sequence=starts.sequence,
            published_at_us=(starts.published_at - _EPOCH) // _MICROSECOND,
            triggers=map(_trigger, starts.triggers),
        ),
    )
    return Item(starts.organization_id, starts.flow_id, order_id, order.SerializeToString())


def _trigger(trigger: Trigger) -> router_pb2.FlowTrigger:
    return router_pb2.FlowTrigger(
        kind=_KINDS[trigger.kind],
        match=_MATCHES[trigger.match],
        keywords=trigger.keywords,
        payloads=trigger.payloads,
        texts=trigger.texts,
        source_ids=trigger.source_ids,
        source_types=trigger.source_types,
        phone_number_ids=trigger.numbers,
    )
