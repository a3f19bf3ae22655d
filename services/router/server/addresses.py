"""router.v1.Addresses."""

from __future__ import annotations

from collections.abc import Mapping

from grpc import aio

from services.pb.router.v1 import router_pb2, router_pb2_grpc
from services.router.ports import Addressed
from services.router.usecases.addressing import Addressee, OpenConversations, Unaddressed
from services.router.usecases.fields import id_of, id_or_none

_OPT_IN: Mapping[bool | None, router_pb2.OptIn.ValueType] = {
    None: router_pb2.OPT_IN_UNSPECIFIED,
    True: router_pb2.OPT_IN_AGREED,
    False: router_pb2.OPT_IN_REFUSED,
}


class AddressesServer(router_pb2_grpc.AddressesServicer):
    """Conversations by name."""

    def __init__(self, conversations: OpenConversations) -> None:
        self._conversations = conversations

    async def OpenConversations(
        self,
        request: router_pb2.OpenConversationsRequest,
        context: aio.ServicerContext,  # type: ignore[type-arg]  # generic in stubs only
    ) -> router_pb2.OpenConversationsResponse:
        """Find or open."""
        opened = await self._conversations.open(
            organization_id=id_of("organization_id", request.organization_id),
            addressees=[
                Addressee(
                    conversation_id=id_or_none("conversation_id", each.conversation_id),
                    phone_number_id=each.phone_number_id,
                    phone_number=each.phone_number,
                    user_id=each.user_id,
                )
                for each in request.addressees
            ],
        )
        return router_pb2.OpenConversationsResponse(conversations=[_answer(each) for each in opened])


def _answer(opened: Addressed | Unaddressed) -> router_pb2.OpenConversation:
    if isinstance(opened, Unaddressed):
        return router_pb2.OpenConversation(reason=opened.reason, problem=opened.problem)
    return router_pb2.OpenConversation(
        conversation_id=str(opened.conversation_id),
        phone_number_id=opened.phone_number_id,
        wa_id=opened.wa_id,
        user_id=opened.user_id,
        window_expires_at=opened.window_expires_at,
        opt_in=_OPT_IN[opened.opted_in],
    )
