"""router.v1.Settings."""

from __future__ import annotations

from grpc import aio

from services.pb.router.v1 import router_pb2, router_pb2_grpc
from services.router.domain.organization import Chatbot, Number
from services.router.server.directory import as_number, as_organization
from services.router.server.masks import fields_meant
from services.router.usecases.fields import id_of, id_or_none
from services.router.usecases.own_settings import (
    UNCHANGED,
    ChatbotChange,
    NumberChange,
    OrganizationChange,
    OwnSettings,
)


class SettingsServer(router_pb2_grpc.SettingsServicer):
    """What an organization's own people set up."""

    def __init__(self, settings: OwnSettings) -> None:
        self._settings = settings

    async def GetOrganization(
        self,
        request: router_pb2.GetOrganizationRequest,
        context: aio.ServicerContext,  # type: ignore[type-arg]  # generic in stubs only
    ) -> router_pb2.GetOrganizationResponse:
        """The organization."""
        found = await self._settings.organization(organization_id=id_of("organization_id", request.organization_id))
        return router_pb2.GetOrganizationResponse(organization=as_organization(found))

    async def UpdateOrganization(
        self,
        request: router_pb2.UpdateOrganizationRequest,
        context: aio.ServicerContext,  # type: ignore[type-arg]  # generic in stubs only
    ) -> router_pb2.UpdateOrganizationResponse:
        """Change what the mask names."""
        meant = fields_meant(request, "fallback_flow_id", "time_zone")
        fallback = id_or_none("fallback_flow_id", request.fallback_flow_id)
        found, is_changed = await self._settings.change_organization(
            organization_id=id_of("organization_id", request.organization_id),
            change=OrganizationChange(
                fallback_flow_id=fallback if "fallback_flow_id" in meant else UNCHANGED,
                time_zone=request.time_zone if "time_zone" in meant else UNCHANGED,
            ),
        )
        return router_pb2.UpdateOrganizationResponse(organization=as_organization(found), is_changed=is_changed)

    async def ListOwnNumbers(
        self,
        request: router_pb2.ListOwnNumbersRequest,
        context: aio.ServicerContext,  # type: ignore[type-arg]  # generic in stubs only
    ) -> router_pb2.ListOwnNumbersResponse:
        """By phone_number_id."""
        found = await self._settings.numbers(organization_id=id_of("organization_id", request.organization_id))
        return router_pb2.ListOwnNumbersResponse(numbers=[as_number(each) for each in found])

    async def GetNumber(
        self,
        request: router_pb2.GetNumberRequest,
        context: aio.ServicerContext,  # type: ignore[type-arg]  # generic in stubs only
    ) -> router_pb2.GetNumberResponse:
        """One number."""
        found = await self._settings.number(
            organization_id=id_of("organization_id", request.organization_id), phone_number_id=request.phone_number_id
        )
        return router_pb2.GetNumberResponse(number=as_number(found))

    async def CreateNumber(
        self,
        request: router_pb2.CreateNumberRequest,
        context: aio.ServicerContext,  # type: ignore[type-arg]  # generic in stubs only
    ) -> router_pb2.CreateNumberResponse:
        """Make a number."""
        number = Number(
            request.phone_number_id,
            request.display_phone_number,
            id_or_none("chatbot_id", request.chatbot_id),
            id_or_none("default_flow_id", request.default_flow_id),
            request.app,
            not request.is_inactive,
            request.waba_id,
        )
        made = await self._settings.create_number(
            organization_id=id_of("organization_id", request.organization_id),
            number=number,
            access_token=request.access_token,
        )
        return router_pb2.CreateNumberResponse(number=as_number(made))

    async def UpdateNumber(
        self,
        request: router_pb2.UpdateNumberRequest,
        context: aio.ServicerContext,  # type: ignore[type-arg]  # generic in stubs only
    ) -> router_pb2.UpdateNumberResponse:
        """Change what the mask names."""
        meant = fields_meant(request, "display_phone_number", "chatbot_id", "default_flow_id", "is_active", "waba_id")
        chatbot_id = id_or_none("chatbot_id", request.chatbot_id)
        flow_id = id_or_none("default_flow_id", request.default_flow_id)
        found, is_changed = await self._settings.change_number(
            organization_id=id_of("organization_id", request.organization_id),
            phone_number_id=request.phone_number_id,
            change=NumberChange(
                display_phone_number=request.display_phone_number if "display_phone_number" in meant else UNCHANGED,
                chatbot_id=chatbot_id if "chatbot_id" in meant else UNCHANGED,
                default_flow_id=flow_id if "default_flow_id" in meant else UNCHANGED,
                is_active=request.is_active if "is_active" in meant else UNCHANGED,
                waba_id=request.waba_id if "waba_id" in meant else UNCHANGED,
            ),
        )
        return router_pb2.UpdateNumberResponse(number=as_number(found), is_changed=is_changed)

    async def ListChatbots(
        self,
        request: router_pb2.ListChatbotsRequest,
        context: aio.ServicerContext,  # type: ignore[type-arg]  # generic in stubs only
    ) -> router_pb2.ListChatbotsResponse:
        """By name."""
        found = await self._settings.chatbots(organization_id=id_of("organization_id", request.organization_id))
        return router_pb2.ListChatbotsResponse(chatbots=[_chatbot(each) for each in found])

    async def GetChatbot(
        self,
        request: router_pb2.GetChatbotRequest,
        context: aio.ServicerContext,  # type: ignore[type-arg]  # generic in stubs only
    ) -> router_pb2.GetChatbotResponse:
        """One chatbot."""
        found = await self._settings.chatbot(
            organization_id=id_of("organization_id", request.organization_id),
            chatbot_id=id_of("chatbot_id", request.chatbot_id),
        )
        return router_pb2.GetChatbotResponse(chatbot=_chatbot(found))

    async def CreateChatbot(
        self,
        request: router_pb2.CreateChatbotRequest,
        context: aio.ServicerContext,  # type: ignore[type-arg]  # generic in stubs only
    ) -> router_pb2.CreateChatbotResponse:
        """Make a chatbot."""
        made = await self._settings.create_chatbot(
            organization_id=id_of("organization_id", request.organization_id),
            name=request.name,
            main_flow_id=id_or_none("main_flow_id", request.main_flow_id),
            is_active=not request.is_inactive,
        )
        return router_pb2.CreateChatbotResponse(chatbot=_chatbot(made))

    async def UpdateChatbot(
        self,
        request: router_pb2.UpdateChatbotRequest,
        context: aio.ServicerContext,  # type: ignore[type-arg]  # generic in stubs only
    ) -> router_pb2.UpdateChatbotResponse:
        """Change what the mask names."""
        meant = fields_meant(request, "main_flow_id", "is_active")
        flow_id = id_or_none("main_flow_id", request.main_flow_id)
        found, is_changed = await self._settings.change_chatbot(
            organization_id=id_of("organization_id", request.organization_id),
            chatbot_id=id_of("chatbot_id", request.chatbot_id),
            change=ChatbotChange(
                main_flow_id=flow_id if "main_flow_id" in meant else UNCHANGED,
                is_active=request.is_active if "is_active" in meant else UNCHANGED,
            ),
        )
        return router_pb2.UpdateChatbotResponse(chatbot=_chatbot(found), is_changed=is_changed)

    async def DeleteChatbot(
        self,
        request: router_pb2.DeleteChatbotRequest,
        context: aio.ServicerContext,  # type: ignore[type-arg]  # generic in stubs only
    ) -> router_pb2.DeleteChatbotResponse:
        """Remove a chatbot."""
        await self._settings.delete_chatbot(
            organization_id=id_of("organization_id", request.organization_id),
            chatbot_id=id_of("chatbot_id", request.chatbot_id),
        )
        return router_pb2.DeleteChatbotResponse()


def _chatbot(chatbot: Chatbot) -> router_pb2.Chatbot:
    return router_pb2.Chatbot(
        chatbot_id=str(chatbot.chatbot_id),
        name=chatbot.name,
        main_flow_id=str(chatbot.main_flow_id or ""),
        is_active=chatbot.is_active,
    )
