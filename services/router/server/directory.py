"""router.v1.Directory."""

from __future__ import annotations

from grpc import aio

from services.chassis.errors import InvalidArgument
from services.pb.router.v1 import router_pb2, router_pb2_grpc
from services.router.domain.opt_out import Language
from services.router.domain.organization import KeywordMatch, Number, Organization, Trigger
from services.router.usecases import Directory
from services.router.usecases.fields import id_of, id_or_none

_MATCHES: dict[int, KeywordMatch] = {
    router_pb2.KEYWORD_MATCH_CONTAINS: "contains",
    router_pb2.KEYWORD_MATCH_STARTS_WITH: "starts_with",
}


class DirectoryServer(router_pb2_grpc.DirectoryServicer):
    """Organizations, chatbots, numbers, triggers."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory

    async def PutOrganization(
        self,
        request: router_pb2.PutOrganizationRequest,
        context: aio.ServicerContext,  # type: ignore[type-arg]  # generic in stubs only
    ) -> router_pb2.PutOrganizationResponse:
        """Create or find by name."""
        organization_id, is_changed = await self._directory.put_organization(
            name=request.name,
            fallback_flow_id=id_or_none("fallback_flow_id", request.fallback_flow_id),
            zone=request.time_zone,
            replace_settings=request.replace,
        )
        return router_pb2.PutOrganizationResponse(organization_id=str(organization_id), is_changed=is_changed)

    async def ListOrganizations(
        self,
        request: router_pb2.ListOrganizationsRequest,
        context: aio.ServicerContext,  # type: ignore[type-arg]  # generic in stubs only
    ) -> router_pb2.ListOrganizationsResponse:
        """By name."""
        found = await self._directory.list_organizations(name=request.name)
        return router_pb2.ListOrganizationsResponse(organizations=[_as_organization(each) for each in found])

    async def PutChatbot(
        self,
        request: router_pb2.PutChatbotRequest,
        context: aio.ServicerContext,  # type: ignore[type-arg]  # generic in stubs only
    ) -> router_pb2.PutChatbotResponse:
        """Create or replace by name."""
        chatbot_id, is_changed = await self._directory.put_chatbot(
            organization_id=id_of("organization_id", request.organization_id),
            name=request.name,
            main_flow_id=id_or_none("main_flow_id", request.main_flow_id),
            is_active=request.is_active,
        )
        return router_pb2.PutChatbotResponse(chatbot_id=str(chatbot_id), is_changed=is_changed)

    async def PutNumber(
        self,
        request: router_pb2.PutNumberRequest,
        context: aio.ServicerContext,  # type: ignore[type-arg]  # generic in stubs only
    ) -> router_pb2.PutNumberResponse:
        """Create or replace by phone_number_id."""
        number = Number(
            request.phone_number_id,
            request.display_phone_number,
            id_or_none("chatbot_id", request.chatbot_id),
            id_or_none("default_flow_id", request.default_flow_id),
            request.app,
            request.is_active,
            request.waba_id,
        )
        is_changed = await self._directory.put_number(
            organization_id=id_of("organization_id", request.organization_id), number=number
        )
        return router_pb2.PutNumberResponse(is_changed=is_changed)

    async def ListNumbers(
        self,
        request: router_pb2.ListNumbersRequest,
        context: aio.ServicerContext,  # type: ignore[type-arg]  # generic in stubs only
    ) -> router_pb2.ListNumbersResponse:
        """By phone_number_id."""
        found = await self._directory.list_numbers(organization_id=id_of("organization_id", request.organization_id))
        return router_pb2.ListNumbersResponse(numbers=[_as_number(each) for each in found])

    async def PutOptOutWords(
        self,
        request: router_pb2.PutOptOutWordsRequest,
        context: aio.ServicerContext,  # type: ignore[type-arg]  # generic in stubs only
    ) -> router_pb2.PutOptOutWordsResponse:
        """Replace the words."""
        languages = [
            (
                each.language,
                Language(tuple(each.stop_words), tuple(each.start_words), each.stopped_text, each.started_text),
            )
            for each in request.languages
        ]
        is_changed = await self._directory.put_opt_out_words(
            organization_id=id_of("organization_id", request.organization_id),
            languages=languages,
            is_off=request.is_off,
        )
        return router_pb2.PutOptOutWordsResponse(is_changed=is_changed)

    async def PutTriggers(
        self,
        request: router_pb2.PutTriggersRequest,
        context: aio.ServicerContext,  # type: ignore[type-arg]  # generic in stubs only
    ) -> router_pb2.PutTriggersResponse:
        """Replace all."""
        is_changed = await self._directory.put_triggers(
            organization_id=id_of("organization_id", request.organization_id),
            triggers=[_read_trigger(place, trigger) for place, trigger in enumerate(request.triggers)],
        )
        return router_pb2.PutTriggersResponse(is_changed=is_changed)


def _as_organization(organization: Organization) -> router_pb2.Organization:
    return router_pb2.Organization(
        organization_id=str(organization.organization_id),
        name=organization.name,
        fallback_flow_id=str(organization.fallback_flow_id or ""),
        time_zone=organization.time_zone,
    )


def _as_number(number: Number) -> router_pb2.Number:
    return router_pb2.Number(
        phone_number_id=number.phone_number_id,
        display_phone_number=number.display_phone_number,
        chatbot_id=str(number.chatbot_id or ""),
        default_flow_id=str(number.default_flow_id or ""),
        app=number.app,
        is_active=number.is_active,
        waba_id=number.waba_id,
    )


def _read_trigger(place: int, trigger: router_pb2.Trigger) -> Trigger:
    if trigger.match == router_pb2.KEYWORD_MATCH_REGEX:
        raise InvalidArgument(f"triggers[{place}].match is REGEX; patterns stand in the start nodes of flows only")
    flow_id = id_of(f"triggers[{place}].flow_id", trigger.flow_id)
    return Trigger(trigger.keyword, _MATCHES.get(trigger.match, "exact"), flow_id, trigger.phone_number_id)
