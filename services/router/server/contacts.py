"""router.v1.Contacts."""

from __future__ import annotations

import orjson
from grpc import aio

from services.pb.router.v1 import router_pb2, router_pb2_grpc
from services.router.usecases.audiences import ListContacts
from services.router.usecases.fields import id_of


class ContactsServer(router_pb2_grpc.ContactsServicer):
    """Contacts as audiences."""

    def __init__(self, contacts: ListContacts) -> None:
        self._contacts = contacts

    async def ListByFilter(
        self,
        request: router_pb2.ListByFilterRequest,
        context: aio.ServicerContext,  # type: ignore[type-arg]  # generic in stubs only
    ) -> router_pb2.ListByFilterResponse:
        """One page of them."""
        page = await self._contacts.page(
            organization_id=id_of("organization_id", request.organization_id),
            tags=list(request.tags),
            attributes=dict(request.attributes),
            cursor=request.cursor,
            limit=request.limit,
        )
        contacts = [
            router_pb2.AudienceContact(
                contact_id=str(each.contact_id),
                wa_id=each.wa_id,
                user_id=each.user_id,
                name=each.name,
                attributes=orjson.dumps(each.attributes),
            )
            for each in page.contacts
        ]
        return router_pb2.ListByFilterResponse(contacts=contacts, cursor=page.cursor)

    async def CountReplies(
        self,
        request: router_pb2.CountRepliesRequest,
        context: aio.ServicerContext,  # type: ignore[type-arg]  # generic in stubs only
    ) -> router_pb2.CountRepliesResponse:
        """Counts who wrote."""
        awaited = {id_of("conversation_id", each.conversation_id): each.since for each in request.awaited}
        organization_id = id_of("organization_id", request.organization_id)
        return router_pb2.CountRepliesResponse(
            replies=await self._contacts.replies(organization_id=organization_id, awaited=awaited)
        )
