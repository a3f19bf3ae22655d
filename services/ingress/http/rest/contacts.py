"""/api/v1/contacts: find, make, change, tag and merge contacts."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from services.ingress.domain.people import ContactChange, ContactFilter, ContactPage, ContactView, NewContact
from services.ingress.domain.phone import international_form, national_form
from services.ingress.http.rest.auth import ContactReader, ContactWriter
from services.ingress.http.rest.models import DisplayPhone, PhoneNumber, Time
from services.ingress.http.rest.people_requests import Cursor, Limit, Tag, TagsChange, TellsFields, Words
from services.ingress.http.rest.refusals import refusals
from services.ingress.http.rest.rules import Flag, either
from services.ingress.ports.people import Contacts

_ID = "3f0c1f5e-5a0b-5d8e-9a54-2f7b1a1c0d11"
_NAME_EXAMPLE = "Bia"
_ATTRIBUTES: dict[str, Any] = {"city": "Olinda", "points": 12}
_UNKNOWN = "No contact has this id: CONTACT_NOT_FOUND"

Name = Annotated[str, Field(max_length=256, examples=[_NAME_EXAMPLE])]
Attributes = Annotated[dict[str, Any], Field(description="Values by name, 16 KiB together.", examples=[_ATTRIBUTES])]
Language = Annotated[str, Field(max_length=40, examples=["pt_BR"])]


class Contact(BaseModel):
    """A contact."""

    id: str = Field(examples=[_ID])
    name: str = Field(
        description="What people call the contact; where nobody said it, what WhatsApp does.", examples=[_NAME_EXAMPLE]
    )
    whatsapp_name: str = Field(description="The name of the WhatsApp profile; may be empty.", examples=["bia 🌻"])
    phone_number: PhoneNumber = Field(examples=["+55 11 98765-4321"])
    display_phone: DisplayPhone = Field(examples=["11 98765-4321"])
    user_id: str | None = Field(description="The business-scoped user id, if it is known.", examples=[None])
    attributes: Attributes
    tags: list[str] = Field(examples=[["vip"]])
    language: str = Field(description="May be empty.", examples=["pt_BR"])
    opted_in: bool | None = Field(description="Whether the contact agreed to messages; null if unknown.")
    created_at: Time = Field(examples=["2026-03-04T13:18:30Z"])

    @classmethod
    def of(cls, contact: ContactView) -> Contact:
        """From a contact."""
        return cls(
            id=contact.id,
            name=contact.name,
            whatsapp_name=contact.whatsapp_name,
            phone_number=international_form(contact.phone_number),
            display_phone=national_form(contact.phone_number),
            user_id=contact.user_id or None,
            attributes=dict(contact.attributes),
            tags=list(contact.tags),
            language=contact.language,
            opted_in=contact.opted_in,
            created_at=contact.created_at,
        )


class ContactList(BaseModel):
    """A page of contacts, newest first."""

    contacts: list[Contact]
    next: str | None = Field(description="`cursor` of the next page; null after the last.", examples=[None])

    @classmethod
    def of(cls, page: ContactPage) -> ContactList:
        """From a page."""
        return cls(contacts=[Contact.of(each) for each in page.contacts], next=page.cursor or None)


class ContactRequest(BaseModel):
    """A contact to be made: with a phone number or a user id, and what is known."""

    model_config = ConfigDict(json_schema_extra=either("phone_number", "user_id"))

    phone_number: str = Field(default="", max_length=40, examples=["+55 11 98765-4321"])
    user_id: str = Field(default="", max_length=256, examples=[""])
    name: Name = ""
    attributes: Attributes = {}
    tags: list[Tag] = Field(default=[], max_length=100, examples=[["vip"]])
    language: Language = ""
    opted_in: Flag | None = Field(default=None, description="Whether the contact agreed to messages.")

    def read(self) -> NewContact:
        """As the service behind takes it."""
        change = ContactChange(
            name=self.name,
            attributes=self.attributes,
            language=self.language,
            opted_in=self.opted_in,
            add_tags=self.tags,
        )
        return NewContact(phone_number=self.phone_number, user_id=self.user_id, change=change)


class ContactPatch(BaseModel):
    """What changes; what is left out, or null, stays."""

    name: Name | None = Field(default=None, description="Empty gives it the name of the WhatsApp profile again.")
    attributes: Attributes | None = Field(
        default=None, description="A value of null takes a name away; names that are not in it stay."
    )
    language: Language | None = None
    opted_in: Flag | None = Field(default=None, description="It cannot be made unknown again.")

    def read(self) -> ContactChange:
        """As the service behind takes it."""
        return ContactChange(name=self.name, attributes=self.attributes, language=self.language, opted_in=self.opted_in)


class MergeRequest(BaseModel):
    """The contact that goes into this one."""

    other_contact_id: UUID = Field(examples=["5b2d8f6e-7a1c-5c3d-8e44-1d6a0b9c2e33"])


class _Endpoints:
    """What one does with contacts."""

    def __init__(self, contacts: Contacts) -> None:
        self._contacts = contacts

    async def page(
        self,
        organization_id: ContactReader,
        search: Annotated[Words, Query(description="Only those whose name or phone number has this in it.")] = "",
        phone_number: Annotated[str, Query(max_length=40, description="Only the one with this phone number.")] = "",
        tag: Annotated[str, Query(max_length=512, description="Only those with this tag.")] = "",
        limit: Limit = 50,
        cursor: Cursor = "",
    ) -> ContactList:
        """Contacts of your organization, newest first. Permission: contacts:read."""
        chosen = ContactFilter(search=search, phone_number=phone_number, tag=tag)
        page = await self._contacts.page(organization_id=organization_id, chosen=chosen, limit=limit, cursor=cursor)
        return ContactList.of(page)

    async def read(self, organization_id: ContactReader, contact_id: UUID) -> Contact:
        """One contact; of one that was merged away the contact that took its place. Permission: contacts:read."""
        return Contact.of(await self._contacts.one(organization_id=organization_id, contact_id=contact_id))

    async def create(self, organization_id: ContactWriter, wanted: ContactRequest, response: Response) -> Contact:
        """Make a contact who has not written yet. Permission: contacts:manage."""
        made = await self._contacts.create(organization_id=organization_id, wanted=wanted.read())
        response.headers["location"] = f"/api/v1/contacts/{made.id}"
        return Contact.of(made)

    async def change(self, organization_id: ContactWriter, contact_id: UUID, wanted: ContactPatch) -> Contact:
        """Change what is known of a contact. Permission: contacts:manage."""
        changed = await self._contacts.change(
            organization_id=organization_id, contact_id=contact_id, change=wanted.read()
        )
        return Contact.of(changed)

    async def tag(self, organization_id: ContactWriter, contact_id: UUID, wanted: TagsChange) -> Contact:
        """Put tags on and take tags off. Permission: contacts:manage."""
        change = ContactChange(add_tags=wanted.add, remove_tags=wanted.remove)
        return Contact.of(
            await self._contacts.change(organization_id=organization_id, contact_id=contact_id, change=change)
        )

    async def merge(self, organization_id: ContactWriter, contact_id: UUID, wanted: MergeRequest) -> Contact:
        """Make one contact of two that are one person; it cannot be taken back. Permission: contacts:manage.

        The other one's names, attributes, tags and conversations become this one's; of two values this one's stays.
        """
        merged = await self._contacts.merge(
            organization_id=organization_id, contact_id=contact_id, other_contact_id=wanted.other_contact_id
        )
        return Contact.of(merged)


def contact_routes(contacts: Contacts) -> APIRouter:
    """The routes, to be put under /api/v1."""
    endpoints = _Endpoints(contacts)
    routes = APIRouter(prefix="/contacts", tags=["contacts"], route_class=TellsFields)
    known = refusals(on_404=_UNKNOWN)
    routes.add_api_route("", endpoints.page, summary="List contacts", responses=refusals())
    routes.add_api_route(
        "",
        endpoints.create,
        methods=["POST"],
        status_code=201,
        summary="Make a contact",
        responses=refusals(on_409="A contact has this phone number or user id already: CONTACT_EXISTS"),
    )
    routes.add_api_route("/{contact_id}", endpoints.read, summary="Read a contact", responses=known)
    routes.add_api_route(
        "/{contact_id}", endpoints.change, methods=["PATCH"], summary="Change a contact", responses=known
    )
    routes.add_api_route(
        "/{contact_id}/tags", endpoints.tag, methods=["POST"], summary="Change a contact's tags", responses=known
    )
    routes.add_api_route(
        "/{contact_id}/merge", endpoints.merge, methods=["POST"], summary="Merge two contacts", responses=known
    )
    return routes
