"""Whom executor calls: sender with what is said, analytics with what happened, router with orders of flows."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from uuid import UUID

from services.chassis.errors import PytakeError
from services.chassis.queue import StoredItem, deliver_bundles
from services.chassis.rpc import Peer
from services.executor.domain.lint import KnownTemplates, TemplateShape
from services.pb.analytics.v1 import analytics_pb2, analytics_pb2_grpc
from services.pb.common.v1 import results_pb2
from services.pb.router.v1 import router_pb2, router_pb2_grpc
from services.pb.sender.v1 import sender_pb2, sender_pb2_grpc

# Ends before the lanes' lease does (chassis.queue.lanes.LEASE_SECONDS).
CALL_SECONDS = 4.0
# Somebody waits for a flow to be stored.
_TEMPLATES_SECONDS = 2.0
_MOST_ORGANIZATIONS = 1024


class GrpcSender:
    """sender, as the outbox relay sees it."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer
        self._delivery = peer.stub(sender_pb2_grpc.DeliveryStub)

    async def enqueue(self, items: Sequence[StoredItem]) -> Sequence[results_pb2.ItemResult]:
        """Hand messages over; one result per item."""
        messages = [sender_pb2.OutboundMessage.FromString(item.payload) for item in items]
        request = sender_pb2.EnqueueRequest(messages=messages)
        response = await self._peer.call(self._delivery.Enqueue, request, seconds=CALL_SECONDS)
        return response.results


class GrpcTemplates:
    """sender's templates (ports.Templates); what was told last is kept, and asked for by its digest."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer
        self._templates = peer.stub(sender_pb2_grpc.TemplatesStub)
        self._told: OrderedDict[UUID, tuple[str, KnownTemplates | None]] = OrderedDict()

    async def known(self, *, organization_id: UUID) -> KnownTemplates | None:
        """See ports.Templates."""
        digest, told = self._told.get(organization_id, ("", None))
        try:
            response = await self._listed(organization_id, digest)
        except PytakeError:
            # Nobody waits with a flow for what only may be wrong with it; sender checks every message again.
            return None
        if not response.is_unchanged:
            told = _known(response) if response.is_synced else None
            self._told[organization_id] = (response.digest, told)
        self._told.move_to_end(organization_id)
        if len(self._told) > _MOST_ORGANIZATIONS:
            self._told.popitem(last=False)
        return told

    async def _listed(self, organization_id: UUID, digest: str) -> sender_pb2.ListTemplatesResponse:
        """What sender tells, with the templates of all pages: one that is missing would be taken for unknown."""
        request = sender_pb2.ListTemplatesRequest(organization_id=str(organization_id), known_digest=digest)
        whole = page = await self._peer.call(self._templates.ListTemplates, request, seconds=_TEMPLATES_SECONDS)
        while page.cursor:
            # A digest that still fits would be answered without templates.
            following = sender_pb2.ListTemplatesRequest(organization_id=str(organization_id), cursor=page.cursor)
            page = await self._peer.call(self._templates.ListTemplates, following, seconds=_TEMPLATES_SECONDS)
            whole.templates.extend(page.templates)
        return whole


def _known(response: sender_pb2.ListTemplatesResponse) -> KnownTemplates:
    approved: set[str] = set()
    stopped: dict[str, str] = {}
    shapes: dict[str, TemplateShape] = {}
    unclear: set[str] = set()
    for each in response.templates:
        key = f"{each.name}:{each.language}"
        if each.status == "APPROVED":
            approved.add(key)
        elif each.status in ("PAUSED", "DISABLED"):
            stopped[key] = each.status
        if each.HasField("shape"):
            shape = _shape(each.shape)
            if shapes.setdefault(key, shape) != shape:
                unclear.add(key)
    # What one account has stopped another may send; of two shapes nobody knows which is meant.
    return KnownTemplates(
        frozenset(approved),
        {key: status for key, status in stopped.items() if key not in approved},
        {key: shape for key, shape in shapes.items() if key not in unclear},
    )


def _shape(shape: sender_pb2.TemplateShape) -> TemplateShape:
    return TemplateShape(
        header=shape.header,
        header_values=shape.header_values,
        body_values=shape.body_values,
        body_names=tuple(shape.body_names),
        is_body_known=shape.is_body_known,
        buttons=tuple((button.text, button.needs_value) for button in shape.buttons),
        cards=tuple(_shape(card) for card in shape.cards),
    )


class GrpcAnalytics:
    """analytics, as the records relay sees it."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer
        self._recording = peer.stub(analytics_pb2_grpc.RecordingStub)

    async def ingest(self, items: Sequence[StoredItem]) -> Sequence[results_pb2.ItemResult]:
        """Hand records over; one result per item."""
        return await deliver_bundles(items, self._ingest)

    async def _ingest(self, payloads: Sequence[bytes]) -> Sequence[results_pb2.ItemResult]:
        records = [analytics_pb2.Record.FromString(payload) for payload in payloads]
        request = analytics_pb2.IngestRequest(records=records)
        response = await self._peer.call(self._recording.Ingest, request, seconds=CALL_SECONDS)
        return response.results


class GrpcRouter:
    """router, as the notices relay sees it."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer
        self._orders = peer.stub(router_pb2_grpc.OrdersStub)

    async def apply(self, items: Sequence[StoredItem]) -> Sequence[results_pb2.ItemResult]:
        """Hand orders over; one result per item."""
        request = router_pb2.ApplyOrdersRequest(orders=[router_pb2.Order.FromString(item.payload) for item in items])
        response = await self._peer.call(self._orders.ApplyOrders, request, seconds=CALL_SECONDS)
        return response.results
