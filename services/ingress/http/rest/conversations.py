"""/api/v1/conversations: look, try a flow in a contact's name, take, release, close."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import AfterValidator

from services.ingress.conversations import Conversations
from services.ingress.domain.phone import WRITTEN_PHONE, international_form, read_phone
from services.ingress.http.rest.auth import Closer, Manager, Reader, Sender
from services.ingress.http.rest.models import (
    CloseRequest,
    CloseResponse,
    ConversationDetail,
    ConversationList,
    HandResponse,
    ReleaseRequest,
    SendRequest,
    SendResponse,
)
from services.ingress.http.rest.refusals import Documented, refusals

_LARGEST = 2**31 - 1
_LINKED: Documented = {
    200: {
        "headers": {
            "Link": {
                "description": "While there are more, the address of the next page.",
                "schema": {"type": "string"},
                "example": '</api/v1/conversations?limit=50&cursor=MTc3MjYzMDMxMQ>; rel="next"',
            }
        }
    }
}
_PLACES = frozenset({"skip", "cursor"})

Skip = Annotated[int, Query(ge=0, le=_LARGEST, description="How many to leave out.")]
Phone = Annotated[
    str,
    Path(
        description="Digits with the country code; +, spaces, dashes and brackets may be in between.",
        examples=["5511987654321"],
        json_schema_extra={"pattern": WRITTEN_PHONE},
    ),
    AfterValidator(read_phone),
]


class _Endpoints:
    """The six methods."""

    def __init__(self, conversations: Conversations) -> None:
        self._conversations = conversations

    async def page(
        self,
        organization_id: Reader,
        request: Request,
        response: Response,
        skip: Skip = 0,
        limit: Annotated[int, Query(ge=1, le=500, description="How many to give.")] = 50,
        flow_id: Annotated[UUID | None, Query(description="Only conversations in this flow.")] = None,
        is_active: Annotated[bool | None, Query(description="Only active ones, or only ended ones.")] = None,
        cursor: Annotated[
            str, Query(max_length=100, description="Of the page before, as its Link header has it.")
        ] = "",
    ) -> ConversationList:
        """Conversations of your organization, latest message first. Permission: conversations:read.

        While there are more, the header `Link` (RFC 8288) has the next page's address with rel="next": pages by cursor
        stay apart whatever is said meanwhile.
        """
        page = await self._conversations.page(
            organization_id=organization_id,
            skip=skip,
            limit=limit,
            flow_id=flow_id,
            is_active=is_active,
            cursor=cursor,
        )
        if page.cursor:
            following = [(name, value) for name, value in request.query_params.multi_items() if name not in _PLACES]
            query = urlencode([*following, ("cursor", page.cursor)])
            response.headers["link"] = f'<{request.url.path}?{query}>; rel="next"'
        return ConversationList.of(page)

    async def read(
        self,
        organization_id: Reader,
        phone: Phone,
        limit: Annotated[
            int, Query(ge=1, le=1000, description="How many messages to give; of very long ones fewer come.")
        ] = 100,
        skip: Skip = 0,
    ) -> ConversationDetail:
        """The active conversation of a contact, or else its latest, with its messages. Permission:
        conversations:read.

        States are exact. Messages come from the log, which is eventually consistent: what was said a moment ago may be
        missing for some seconds.
        """
        found = await self._conversations.read(
            organization_id=organization_id, phone_number=phone, skip=skip, limit=limit
        )
        return ConversationDetail.of(found)

    async def send(self, organization_id: Sender, phone: Phone, wanted: SendRequest) -> SendResponse:
        """Say something in the contact's name, to try a flow, and get what the flow answers. Permission: messages:send.

        The message takes the same road as one from WhatsApp, and the flow's answers really go to the contact.
        """
        turn = await self._conversations.send(
            organization_id=organization_id, phone_number=phone, text=wanted.message, flow_id=wanted.flow_id
        )
        return SendResponse.of(wanted.message, turn)

    async def close(self, organization_id: Closer, phone: Phone, _: CloseRequest | None = None) -> CloseResponse:
        """Close the active conversation; the contact's next message starts afresh. Permission: conversations:close."""
        closed_at = await self._conversations.close(organization_id=organization_id, phone_number=phone)
        return CloseResponse(phone_number=international_form(phone), closed_at=closed_at)

    async def take(self, organization_id: Manager, phone: Phone) -> HandResponse:
        """Give the conversation to people: the bot says nothing until they release it. Permission:
        conversations:manage.
        """
        conversation_id = await self._conversations.take(organization_id=organization_id, phone_number=phone)
        return HandResponse(
            status="taken", phone_number=international_form(phone), conversation_id=str(conversation_id)
        )

    async def release(
        self, organization_id: Manager, phone: Phone, wanted: ReleaseRequest | None = None
    ) -> HandResponse:
        """Give the conversation back to the bot: a flow that handed it over goes on. Permission:
        conversations:manage.
        """
        is_unattended = wanted is not None and wanted.is_unattended
        conversation_id = await self._conversations.release(
            organization_id=organization_id, phone_number=phone, is_unattended=is_unattended
        )
        return HandResponse(
            status="released", phone_number=international_form(phone), conversation_id=str(conversation_id)
        )


def conversation_routes(conversations: Conversations) -> APIRouter:
    """The routes, to be put under /api/v1."""
    endpoints = _Endpoints(conversations)
    routes = APIRouter(prefix="/conversations", tags=["conversations"])
    unknown = "Conversation not found: CONVERSATION_NOT_FOUND"
    routes.add_api_route("", endpoints.page, summary="List conversations", responses=refusals() | _LINKED)
    routes.add_api_route("/{phone}", endpoints.read, summary="Read a conversation", responses=refusals(on_404=unknown))
    routes.add_api_route(
        "/{phone}/send",
        endpoints.send,
        methods=["POST"],
        summary="Try a flow in the contact's name",
        responses=refusals(
            on_404="No flow could answer: FLOW_NOT_FOUND; no active number: NUMBER_NOT_FOUND",
            on_409="Conversation is closed: CONVERSATION_CLOSED",
            on_504="The message was taken, its turn has not ended yet; read it later: TURN_TOO_SLOW",
        ),
    )
    routes.add_api_route(
        "/{phone}/take",
        endpoints.take,
        methods=["POST"],
        summary="Take a conversation from the bot",
        responses=refusals(on_404=unknown),
    )
    routes.add_api_route(
        "/{phone}/release",
        endpoints.release,
        methods=["POST"],
        summary="Give a conversation back to the bot",
        responses=refusals(on_404=unknown),
    )
    routes.add_api_route(
        "/{phone}/close",
        endpoints.close,
        methods=["POST"],
        summary="Close a conversation",
        responses=refusals(on_404=unknown, on_409="Conversation is closed: CONVERSATION_CLOSED"),
    )
    return routes
