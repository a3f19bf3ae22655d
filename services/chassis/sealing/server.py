"""The Sealing service every room with sealed values serves."""

from __future__ import annotations

from grpc import aio

from services.chassis.sealing.resealing import Resealing
from services.pb.common.v1 import sealing_pb2, sealing_pb2_grpc

MOST = 1000


class SealingServer(sealing_pb2_grpc.SealingServicer):
    """Counts this room's sealed values and moves them to the active key."""

    def __init__(self, resealing: Resealing) -> None:
        self._resealing = resealing

    async def GetSealing(
        self,
        request: sealing_pb2.GetSealingRequest,
        context: aio.ServicerContext,  # type: ignore[type-arg]
    ) -> sealing_pb2.GetSealingResponse:
        """Values by place and key."""
        counts = await self._resealing.count()
        active, *_ = key_ids = [key_id.hex() for key_id in self._resealing.key_ids]
        values = [
            sealing_pb2.SealedValues(place=count.place, key_id=count.key_id.hex(), count=count.count)
            for count in counts
        ]
        return sealing_pb2.GetSealingResponse(active_key_id=active, key_ids=key_ids, values=values)

    async def Reseal(
        self,
        request: sealing_pb2.ResealRequest,
        context: aio.ServicerContext,  # type: ignore[type-arg]
    ) -> sealing_pb2.ResealResponse:
        """Move values to the active key."""
        resealed = await self._resealing.reseal(most=MOST)
        return sealing_pb2.ResealResponse(resealed=resealed.moved, unopened=resealed.unopened)
