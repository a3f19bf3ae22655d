"""Whom ingress calls: router, with batches of what waits in its lanes."""

from __future__ import annotations

from collections.abc import Sequence

from services.chassis.queue import StoredItem
from services.chassis.rpc import Peer
from services.pb.common.v1 import events_pb2, results_pb2
from services.pb.router.v1 import router_pb2, router_pb2_grpc

# Ends before the lanes' lease does (chassis.queue.lanes.LEASE_SECONDS).
CALL_SECONDS = 4.0


class GrpcRouter:
    """router, as the relays see it."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer
        self._routing = peer.stub(router_pb2_grpc.RoutingStub)

    async def route_messages(self, items: Sequence[StoredItem]) -> Sequence[results_pb2.ItemResult]:
        """Hand messages over; one result per item."""
        messages = [events_pb2.InboundMessage.FromString(item.payload) for item in items]
        request = router_pb2.RouteMessagesRequest(messages=messages)
        response = await self._peer.call(self._routing.RouteMessages, request, seconds=CALL_SECONDS)
        return response.results

    async def route_statuses(self, items: Sequence[StoredItem]) -> Sequence[results_pb2.ItemResult]:
        """Hand statuses over; one result per item."""
        statuses = [events_pb2.MessageStatus.FromString(item.payload) for item in items]
        request = router_pb2.RouteStatusesRequest(statuses=statuses)
        response = await self._peer.call(self._routing.RouteStatuses, request, seconds=CALL_SECONDS)
        return response.results
