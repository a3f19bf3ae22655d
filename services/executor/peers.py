"""Whom executor calls: sender with what is to be said, analytics with what happened, router with orders of flows."""

from __future__ import annotations

from collections.abc import Sequence

from services.chassis.queue import StoredItem, deliver_bundles
from services.chassis.rpc import Peer
from services.pb.analytics.v1 import analytics_pb2, analytics_pb2_grpc
from services.pb.common.v1 import results_pb2
from services.pb.router.v1 import router_pb2, router_pb2_grpc
from services.pb.sender.v1 import sender_pb2, sender_pb2_grpc

# Ends before the lanes' lease does (chassis.queue.lanes.LEASE_SECONDS).
CALL_SECONDS = 4.0


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
