"""/api/v1/organizations, /api/v1/whatsapp and /api/v1/chatbots: what an organization's own people set up."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Response

from services.chassis.errors import NotFound
from services.ingress.domain.accounts.facts import Caller
from services.ingress.domain.people import (
    ChatbotChange,
    NumberChange,
    OrganizationChange,
)
from services.ingress.http.rest.auth import ChatbotReader, ChatbotWriter, NumberReader, NumberWriter, Permitted
from services.ingress.http.rest.people_requests import TellsFields, given, given_id
from services.ingress.http.rest.refusals import refusals
from services.ingress.http.rest.settings_models import (
    Chatbot,
    ChatbotList,
    ChatbotPatch,
    ChatbotRequest,
    Number,
    NumberList,
    NumberPut,
    NumberRequest,
    Organization,
    OrganizationList,
    OrganizationPatch,
)
from services.ingress.ports import Flows
from services.ingress.ports.people import Credentials, Settings
from services.pb.common.v1 import errors_pb2

_NO_ORGANIZATION = "No organization of yours has this id: ORGANIZATION_NOT_FOUND"
_NO_NUMBER = "No number has this id: NUMBER_NOT_FOUND"
_NO_CHATBOT = "No chatbot has this id: CHATBOT_NOT_FOUND"
_NO_FLOW = "No flow has this id: FLOW_NOT_FOUND"

SettingsReader = Annotated[Caller, Depends(Permitted("settings:read"))]
SettingsWriter = Annotated[Caller, Depends(Permitted("settings:manage"))]
NumberId = Annotated[str, Path(alias="id", pattern="^[0-9]{1,32}$", description="Meta's id of the business number.")]


class _Organizations:
    """What one does with organizations."""

    def __init__(self, settings: Settings, flows: Flows) -> None:
        self._settings = settings
        self._flows = flows

    async def page(self, caller: SettingsReader) -> OrganizationList:
        """Your organization; with the permission organizations:read, all of the house. Permission: settings:read."""
        if "organizations:read" in caller.permissions:
            found = await self._settings.organizations()
        else:
            found = [await self._settings.organization(organization_id=caller.organization_id)]
        return OrganizationList(organizations=[Organization.of(each) for each in found])

    async def read(self, caller: SettingsReader, organization_id: UUID) -> Organization:
        """Your organization. Permission: settings:read."""
        own = _own(caller, organization_id)
        return Organization.of(await self._settings.organization(organization_id=own))

    async def change(self, caller: SettingsWriter, organization_id: UUID, wanted: OrganizationPatch) -> Organization:
        """Change your organization's fallback flow and time zone. Permission: settings:manage."""
        own = _own(caller, organization_id)
        if wanted.fallback_flow_id is not None:
            await self._flows.get(organization_id=own, flow_id=wanted.fallback_flow_id, version=0)
        change = OrganizationChange(
            fallback_flow_id=given_id(wanted, "fallback_flow_id"), time_zone=given(wanted, "time_zone")
        )
        return Organization.of(await self._settings.change_organization(organization_id=own, change=change))


class _Numbers:
    """What one does with numbers."""

    def __init__(self, settings: Settings, flows: Flows, credentials: Credentials) -> None:
        self._settings = settings
        self._flows = flows
        self._credentials = credentials

    async def page(self, organization_id: NumberReader) -> NumberList:
        """Numbers of your organization. Permission: whatsapp:read."""
        found = await self._settings.numbers(organization_id=organization_id)
        return NumberList(numbers=[Number.of(each) for each in found])

    async def read(self, organization_id: NumberReader, number_id: NumberId) -> Number:
        """One number. Permission: whatsapp:read."""
        return Number.of(await self._settings.number(organization_id=organization_id, phone_number_id=number_id))

    async def create(self, organization_id: NumberWriter, wanted: NumberRequest, response: Response) -> Number:
        """Make a number. One that anybody in the house has is refused. Permission: whatsapp:manage."""
        await self._need_flow(organization_id, wanted.default_flow_id)
        made = await self._settings.create_number(organization_id=organization_id, wanted=wanted.read())
        await self._keep_token(organization_id, made.phone_number_id, wanted.access_token)
        response.headers["location"] = f"/api/v1/whatsapp/{made.phone_number_id}"
        return Number.of(made)

    async def change(self, organization_id: NumberWriter, number_id: NumberId, wanted: NumberPut) -> Number:
        """Change a number: what the body gives, such as default_chatbot_id. Permission: whatsapp:manage."""
        await self._need_flow(organization_id, wanted.default_flow_id)
        number = await self._settings.change_number(
            organization_id=organization_id, phone_number_id=number_id, change=wanted.read()
        )
        await self._keep_token(organization_id, number_id, wanted.access_token)
        return Number.of(number)

    async def deactivate(self, organization_id: NumberWriter, number_id: NumberId) -> None:
        """Take a number out of service; its conversations stay, and PUT takes it back. Permission: whatsapp:manage."""
        await self._settings.change_number(
            organization_id=organization_id, phone_number_id=number_id, change=NumberChange(is_active=False)
        )

    async def _need_flow(self, organization_id: UUID, flow_id: UUID | None) -> None:
        if flow_id is not None:
            await self._flows.get(organization_id=organization_id, flow_id=flow_id, version=0)

    async def _keep_token(self, organization_id: UUID, phone_number_id: str, access_token: str) -> None:
        if access_token:
            await self._credentials.put(
                organization_id=organization_id, phone_number_id=phone_number_id, access_token=access_token
            )


class _Chatbots:
    """What one does with chatbots."""

    def __init__(self, settings: Settings, flows: Flows) -> None:
        self._settings = settings
        self._flows = flows

    async def page(self, organization_id: ChatbotReader) -> ChatbotList:
        """Chatbots of your organization. Permission: chatbots:read."""
        found = await self._settings.chatbots(organization_id=organization_id)
        return ChatbotList(chatbots=[Chatbot.of(each) for each in found])

    async def read(self, organization_id: ChatbotReader, chatbot_id: UUID) -> Chatbot:
        """One chatbot. Permission: chatbots:read."""
        return Chatbot.of(await self._settings.chatbot(organization_id=organization_id, chatbot_id=chatbot_id))

    async def create(self, organization_id: ChatbotWriter, wanted: ChatbotRequest, response: Response) -> Chatbot:
        """Make a chatbot. Permission: chatbots:manage."""
        await self._need_flow(organization_id, wanted.main_flow_id)
        made = await self._settings.create_chatbot(
            organization_id=organization_id,
            name=wanted.name,
            main_flow_id=wanted.main_flow_id,
            is_active=wanted.is_active,
        )
        response.headers["location"] = f"/api/v1/chatbots/{made.id}"
        return Chatbot.of(made)

    async def change(self, organization_id: ChatbotWriter, chatbot_id: UUID, wanted: ChatbotPatch) -> Chatbot:
        """Change a chatbot. Permission: chatbots:manage."""
        await self._need_flow(organization_id, wanted.main_flow_id)
        change = ChatbotChange(main_flow_id=given_id(wanted, "main_flow_id"), is_active=given(wanted, "is_active"))
        return Chatbot.of(
            await self._settings.change_chatbot(organization_id=organization_id, chatbot_id=chatbot_id, change=change)
        )

    async def delete(self, organization_id: ChatbotWriter, chatbot_id: UUID) -> None:
        """Remove a chatbot; numbers that named it have none. Permission: chatbots:manage."""
        await self._settings.delete_chatbot(organization_id=organization_id, chatbot_id=chatbot_id)

    async def _need_flow(self, organization_id: UUID, flow_id: UUID | None) -> None:
        if flow_id is not None:
            await self._flows.get(organization_id=organization_id, flow_id=flow_id, version=0)


def organization_routes(settings: Settings, flows: Flows) -> APIRouter:
    """The routes of organizations, to be put under /api/v1."""
    endpoints = _Organizations(settings, flows)
    routes = APIRouter(prefix="/organizations", tags=["organizations"], route_class=TellsFields)
    one = "/{organization_id}"
    routes.add_api_route("", endpoints.page, summary="List organizations", responses=refusals())
    routes.add_api_route(
        one, endpoints.read, summary="Read your organization", responses=refusals(on_404=_NO_ORGANIZATION)
    )
    routes.add_api_route(
        one,
        endpoints.change,
        methods=["PATCH"],
        summary="Change your organization",
        responses=refusals(on_404=f"{_NO_ORGANIZATION}; {_NO_FLOW}"),
    )
    return routes


def number_routes(settings: Settings, flows: Flows, credentials: Credentials) -> APIRouter:
    """The routes of numbers, to be put under /api/v1; the product contract writes the list with a slash."""
    endpoints = _Numbers(settings, flows, credentials)
    routes = APIRouter(prefix="/whatsapp", tags=["numbers"], route_class=TellsFields)
    taken = "The organization has it already: NUMBER_EXISTS; another one has it: NUMBER_TAKEN"
    missing = f"{_NO_CHATBOT}; {_NO_FLOW}"
    routes.add_api_route("/", endpoints.page, summary="List numbers", responses=refusals())
    routes.add_api_route(
        "/",
        endpoints.create,
        methods=["POST"],
        status_code=201,
        summary="Make a number",
        responses=refusals(on_404=missing, on_409=taken),
    )
    known = refusals(on_404=_NO_NUMBER)
    routes.add_api_route("/{id}", endpoints.read, summary="Read a number", responses=known)
    routes.add_api_route(
        "/{id}",
        endpoints.change,
        methods=["PUT"],
        summary="Change a number",
        responses=refusals(on_404=f"{_NO_NUMBER}; {missing}"),
    )
    routes.add_api_route(
        "/{id}",
        endpoints.deactivate,
        methods=["DELETE"],
        status_code=204,
        summary="Take a number out of service",
        responses=known,
    )
    return routes


def chatbot_routes(settings: Settings, flows: Flows) -> APIRouter:
    """The routes of chatbots, to be put under /api/v1."""
    endpoints = _Chatbots(settings, flows)
    routes = APIRouter(prefix="/chatbots", tags=["chatbots"], route_class=TellsFields)
    known = refusals(on_404=_NO_CHATBOT)
    routes.add_api_route("", endpoints.page, summary="List chatbots", responses=refusals())
    routes.add_api_route(
        "",
        endpoints.create,
        methods=["POST"],
        status_code=201,
        summary="Make a chatbot",
        responses=refusals(on_404=_NO_FLOW, on_409="A chatbot has this name already: CHATBOT_EXISTS"),
    )
    routes.add_api_route("/{chatbot_id}", endpoints.read, summary="Read a chatbot", responses=known)
    routes.add_api_route(
        "/{chatbot_id}",
        endpoints.change,
        methods=["PATCH"],
        summary="Change a chatbot",
        responses=refusals(on_404=f"{_NO_CHATBOT}; {_NO_FLOW}"),
    )
    routes.add_api_route(
        "/{chatbot_id}",
        endpoints.delete,
        methods=["DELETE"],
        status_code=204,
        summary="Delete a chatbot",
        responses=known,
    )
    return routes


def _own(caller: Caller, organization_id: UUID) -> UUID:
    """The organization, if it is the caller's. Raises NotFound: of others nothing is told, not even that they are."""
    if organization_id != caller.organization_id:
        raise NotFound(
            "no organization of yours has this id; GET /api/v1/organizations lists them",
            reason=errors_pb2.ERROR_REASON_ORGANIZATION_NOT_FOUND,
        )
    return organization_id
