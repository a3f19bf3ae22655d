"""/api/v1/events: what becomes of messages and of conversations among people, as server-sent events.

HTML standard, section 9.2.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Annotated
from uuid import UUID

import orjson
from fastapi import APIRouter, Depends, Header, Query, Request
from fastapi.responses import StreamingResponse

from services.chassis.errors import PermissionDenied, Unauthenticated, Unavailable
from services.ingress.accounts.gate import Gate
from services.ingress.domain.accounts.facts import Caller
from services.ingress.domain.outgoing import ChangeView, DeskView, Told
from services.ingress.domain.people import Seen
from services.ingress.http.rest.auth import Credential, Permitted
from services.ingress.http.rest.conversations import Phone
from services.ingress.http.rest.inbox import InboxConversation
from services.ingress.http.rest.people_requests import TellsFields
from services.ingress.http.rest.refusals import Documented, refusals
from services.ingress.live import LiveEvents
from services.ingress.ports.people import Inbox

_PERMISSION = "conversations:read"
_BUSY = (
    "Too many listen; try again: RATE_LIMITED; the database or a service behind is out of reach: STORE_UNAVAILABLE or "
    "PEER_UNAVAILABLE"
)
_EXAMPLE = """retry: 1000

id: 12.0.7.3
event: message.delivered
data: {"event_id":"…","message_id":"…","conversation_id":"…","status":"delivered","error_code":null,"occurred_at":"…"}

"""
_EVENT = {
    "type": "object",
    "properties": {
        "id": {"type": "string", "description": "Where to go on after it."},
        "event": {"type": "string", "pattern": "^message\\.[a-z]+$"},
        "data": {"type": "string", "contentMediaType": "application/json"},
        "retry": {"type": "integer", "const": 1000},
    },
}
_STREAM: Documented = {
    200: {
        "description": "Events until the stream ends; ask again with the last id as Last-Event-ID",
        # As OpenAPI 3.2 has streams: what each event is.
        "content": {"text/event-stream": {"itemSchema": _EVENT, "example": _EXAMPLE}},
    },
}
_MOMENT = "%Y-%m-%dT%H:%M:%S.%fZ"
# A client that lost the stream comes back after so many milliseconds.
_HELLO = b"retry: 1000\n\n"

Listener = Annotated[Caller, Depends(Permitted(_PERMISSION))]
LastEventId = Annotated[
    str | None, Header(max_length=400, description="The id of the last event: what came after it is told first.")
]
CursorText = Annotated[str, Query(max_length=400, description="The same, for who cannot send the header.")]


class _Endpoints:
    """Streams."""

    def __init__(self, live: LiveEvents, inbox: Inbox) -> None:
        self._live = live
        self._inbox = inbox

    async def all(
        self,
        request: Request,
        caller: Listener,
        credential: Credential,
        conversation_id: Annotated[UUID | None, Query(description="Only of this conversation.")] = None,
        message_id: Annotated[UUID | None, Query(description="Only of this message.")] = None,
        cursor: CursorText = "",
        last_event_id: LastEventId = None,
    ) -> StreamingResponse:
        """Steps of messages as they happen: accepted, sent, delivered, read, played, failed; and of conversations among
        people: queued, assigned, released, sla_at_risk, sla_breached, overflowed. Permission: conversations:read.

        A step may be told twice after a stream was lost; `event_id` tells. Without an id it begins now; steps are kept
        for 9 days. Every few seconds a comment says that the stream lives.
        """
        return await self._stream(
            request, caller, credential, str(conversation_id or ""), str(message_id or ""), last_event_id or cursor
        )

    async def of_conversation(
        self,
        request: Request,
        caller: Listener,
        credential: Credential,
        phone: Phone,
        cursor: CursorText = "",
        last_event_id: LastEventId = None,
    ) -> StreamingResponse:
        """The same of the conversation in which a contact wrote last, and `conversation.changed` with the conversation
        as the inbox tells it: at once, and when the contact writes, or its owner, agent, tags or notes change.
        Permission: conversations:read.
        """
        found = await self._inbox.latest_of(organization_id=caller.organization_id, phone_number=phone)
        return await self._stream(
            request, caller, credential, found.conversation_id, "", last_event_id or cursor, is_viewed=True
        )

    async def _stream(
        self,
        request: Request,
        caller: Caller,
        credential: str,
        conversation_id: str,
        message_id: str,
        cursor: str,
        *,
        is_viewed: bool = False,
    ) -> StreamingResponse:
        gate: Gate = request.app.state.gate

        async def is_allowed() -> bool:
            """Tokens end and keys are revoked while somebody listens."""
            try:
                gate.require(await gate.identify(credential), _PERMISSION)
            except (Unauthenticated, PermissionDenied, Unavailable):
                return False
            return True

        told = self._live.listen(
            organization_id=caller.organization_id,
            conversation_id=conversation_id,
            message_id=message_id,
            cursor=cursor,
            is_allowed=is_allowed,
            is_viewed=is_viewed,
        )
        # The first news before the answer begins: what is wrong has an answer of its own.
        first = await anext(told, None)
        return StreamingResponse(_written(first, told), media_type="text/event-stream", headers=_HEADERS)


_HEADERS = {"x-accel-buffering": "no"}  # proxies pass pieces on as they come


def event_routes(live: LiveEvents, inbox: Inbox) -> APIRouter:
    """The routes, to be put under /api/v1."""
    endpoints = _Endpoints(live, inbox)
    routes = APIRouter(tags=["events"], route_class=TellsFields)
    routes.add_api_route(
        "/events",
        endpoints.all,
        response_class=StreamingResponse,
        summary="Listen to what becomes of messages",
        responses=refusals(on_503=_BUSY) | _STREAM,
    )
    routes.add_api_route(
        "/conversations/{phone}/events",
        endpoints.of_conversation,
        response_class=StreamingResponse,
        summary="Listen to a conversation",
        responses=refusals(on_404="Conversation not found: CONVERSATION_NOT_FOUND", on_503=_BUSY) | _STREAM,
    )
    return routes


async def _written(first: Told | Seen | None, following: AsyncIterator[Told | Seen]) -> AsyncIterator[bytes]:
    yield _HELLO
    if first is not None:
        yield _news(first)
    # The answer has begun: whoever listens finds out by its end, and comes back.
    with suppress(Unavailable):
        async for told in following:
            yield _news(told)


def _news(told: Told | Seen) -> bytes:
    """Events; the last one alone has the id, for a stream that breaks off before it must be told all of them again.

    A conversation has none: it is told as it is whenever somebody comes back.
    """
    if isinstance(told, Seen):
        view = InboxConversation.of(told.conversation).model_dump_json()
        return f"event: conversation.changed\ndata: {view}\n\n".encode()
    if not told.changes:
        return f": alive\nid: {told.cursor}\n\n".encode()
    pieces = [_event(change) for change in told.changes]
    return b"\n\n".join([*pieces[:-1], f"id: {told.cursor}\n".encode() + pieces[-1]]) + b"\n\n"


def _event(change: ChangeView | DeskView) -> bytes:
    if isinstance(change, DeskView):
        return f"event: {change.event}\ndata: ".encode() + orjson.dumps(_desk(change))
    data = {
        "event_id": change.event_id,
        "message_id": change.message_id,
        "conversation_id": change.conversation_id,
        "status": change.status,
        "error_code": change.error_code or None,
        "occurred_at": change.occurred_at.strftime(_MOMENT),
    }
    return f"event: message.{change.status}\ndata: ".encode() + orjson.dumps(data)


def _desk(event: DeskView) -> dict[str, str | None]:
    return {
        "event_id": event.event_id,
        "conversation_id": event.conversation_id,
        "phone_number_id": event.phone_number_id,
        "entry_id": event.entry_id,
        "queue_id": event.queue_id or None,
        "department_id": event.department_id or None,
        "from_queue_id": event.from_queue_id or None,
        "agent_id": event.agent_id or None,
        "how": event.how,
        "sla_due_at": event.sla_due_at.strftime(_MOMENT) if event.sla_due_at else None,
        "occurred_at": event.occurred_at.strftime(_MOMENT),
    }
