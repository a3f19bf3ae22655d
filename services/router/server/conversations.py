"""router.v1.Conversations."""

from __future__ import annotations

from grpc import aio

from services.chassis.errors import InvalidArgument
from services.pb.router.v1 import router_pb2, router_pb2_grpc
from services.router.domain.conversation import Owner
from services.router.usecases import SetOwner
from services.router.usecases.fields import id_of

_OWNERS: dict[int, Owner] = {router_pb2.OWNER_BOT: "bot", router_pb2.OWNER_PERSON: "person"}


class ConversationsServer(router_pb2_grpc.ConversationsServicer):
    """Who owns conversations."""

    def __init__(self, set_owner: SetOwner) -> None:
        self._set_owner = set_owner

    async def SetOwner(
        self,
        request: router_pb2.SetOwnerRequest,
        context: aio.ServicerContext,  # type: ignore[type-arg]  # generic in stubs only
    ) -> router_pb2.SetOwnerResponse:
        """Hand over to bot or person."""
        owner = _OWNERS.get(request.owner)
        if owner is None:
            raise InvalidArgument("owner is not set; use OWNER_BOT or OWNER_PERSON")
        change = await self._set_owner.set(
            organization_id=id_of("organization_id", request.organization_id),
            contact=request.contact,
            phone_number_id=request.phone_number_id,
            owner=owner,
        )
        response = router_pb2.SetOwnerResponse(changed=change.changed)
        if change.changed_at is not None:
            response.changed_at.FromDatetime(change.changed_at)
        return response
