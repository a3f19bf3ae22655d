"""router.v1.People."""

from __future__ import annotations

from collections.abc import Sequence

from grpc import aio

from services.chassis.errors import InvalidArgument
from services.chassis.rpc.masks import fields_meant
from services.pb.router.v1 import router_pb2, router_pb2_grpc
from services.router.domain.people import (
    ContactView,
    DetailsChange,
    Place,
    attributes_as_text,
    attributes_in,
    read_place,
    written_place,
)
from services.router.usecases.fields import id_of
from services.router.usecases.people import People

_AS_OPT_IN: dict[bool | None, router_pb2.OptIn.ValueType] = {
    None: router_pb2.OPT_IN_UNSPECIFIED,
    True: router_pb2.OPT_IN_AGREED,
    False: router_pb2.OPT_IN_REFUSED,
}
_OPT_INS: dict[int, bool] = {router_pb2.OPT_IN_AGREED: True, router_pb2.OPT_IN_REFUSED: False}


class PeopleServer(router_pb2_grpc.PeopleServicer):
    """Contacts."""

    def __init__(self, people: People) -> None:
        self._people = people

    async def ListContacts(
        self,
        request: router_pb2.ListContactsRequest,
        context: aio.ServicerContext,  # type: ignore[type-arg]  # generic in stubs only
    ) -> router_pb2.ListContactsResponse:
        """Newest first."""
        contacts, place = await self._people.page(
            organization_id=id_of("organization_id", request.organization_id),
            search=request.search,
            phone=request.phone_number,
            tag=request.tag,
            after=place_of(request.cursor),
            limit=request.limit,
        )
        return router_pb2.ListContactsResponse(contacts=_contacts(contacts), cursor=cursor_of(place))

    async def GetContact(
        self,
        request: router_pb2.GetContactRequest,
        context: aio.ServicerContext,  # type: ignore[type-arg]  # generic in stubs only
    ) -> router_pb2.GetContactResponse:
        """One contact."""
        found = await self._people.one(
            organization_id=id_of("organization_id", request.organization_id),
            contact_id=id_of("contact_id", request.contact_id),
        )
        return router_pb2.GetContactResponse(contact=_contact(found))

    async def CreateContact(
        self,
        request: router_pb2.CreateContactRequest,
        context: aio.ServicerContext,  # type: ignore[type-arg]  # generic in stubs only
    ) -> router_pb2.CreateContactResponse:
        """Make one who has not written yet."""
        made = await self._people.create(
            organization_id=id_of("organization_id", request.organization_id),
            phone=request.phone_number,
            user_id=request.user_id,
            change=DetailsChange(
                given_name=request.name,
                attributes=_attributes(request.attributes),
                language=request.language,
                is_opted_in=_OPT_INS.get(request.opt_in),
                add_tags=tuple(request.tags),
            ),
        )
        return router_pb2.CreateContactResponse(contact=_contact(made))

    async def UpdateContact(
        self,
        request: router_pb2.UpdateContactRequest,
        context: aio.ServicerContext,  # type: ignore[type-arg]  # generic in stubs only
    ) -> router_pb2.UpdateContactResponse:
        """Change what the mask names, and tags."""
        meant = fields_meant(request, "name", "attributes", "language", "opt_in")
        if "opt_in" in meant and request.opt_in not in _OPT_INS:
            raise InvalidArgument("opt_in is not set; use OPT_IN_AGREED or OPT_IN_REFUSED")
        change = DetailsChange(
            given_name=request.name if "name" in meant else None,
            attributes=_attributes(request.attributes) if "attributes" in meant else None,
            language=request.language if "language" in meant else None,
            is_opted_in=_OPT_INS[request.opt_in] if "opt_in" in meant else None,
            add_tags=tuple(request.add_tags),
            remove_tags=tuple(request.remove_tags),
        )
        found, is_changed = await self._people.change(
            organization_id=id_of("organization_id", request.organization_id),
            contact_id=id_of("contact_id", request.contact_id),
            change=change,
        )
        return router_pb2.UpdateContactResponse(contact=_contact(found), is_changed=is_changed)

    async def MergeContacts(
        self,
        request: router_pb2.MergeContactsRequest,
        context: aio.ServicerContext,  # type: ignore[type-arg]  # generic in stubs only
    ) -> router_pb2.MergeContactsResponse:
        """Two become one."""
        merged = await self._people.merge(
            organization_id=id_of("organization_id", request.organization_id),
            contact_id=id_of("contact_id", request.contact_id),
            other_contact_id=id_of("other_contact_id", request.other_contact_id),
        )
        return router_pb2.MergeContactsResponse(contact=_contact(merged))


def place_of(cursor: str) -> Place:
    """Where a page begins. Raises InvalidArgument."""
    try:
        return read_place(cursor)
    except ValueError:
        raise InvalidArgument("cursor is none that was given out; begin without one") from None


def cursor_of(place: Place | None) -> str:
    """Where the next page begins; empty after the last."""
    return written_place(place) if place else ""


def _attributes(content: bytes) -> dict[str, object]:
    if not content:
        return {}
    try:
        return attributes_in(content)
    except ValueError as error:
        raise InvalidArgument(f"attributes {error}") from None


def _contacts(contacts: Sequence[ContactView]) -> list[router_pb2.Contact]:
    return [_contact(each) for each in contacts]


def _contact(contact: ContactView) -> router_pb2.Contact:
    details = contact.details
    message = router_pb2.Contact(
        contact_id=str(contact.contact_id),
        name=contact.name,
        whatsapp_name=contact.whatsapp_name,
        phone_number=contact.wa_id,
        user_id=contact.user_id,
        attributes=attributes_as_text(details.attributes).encode(),
        tags=details.tags,
        language=details.language,
        opt_in=_AS_OPT_IN[details.is_opted_in],
    )
    message.created_at.FromDatetime(contact.created_at)
    return message
