"""router.v1.Inbox."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import datetime
from uuid import UUID

from grpc import aio

from services.chassis.clock import Now
from services.chassis.rpc import current_principal
from services.chassis.rpc.masks import fields_meant
from services.chassis.rpc.pages import page_limit, page_of, place_at, read_place_at
from services.pb.router.v1 import router_pb2, router_pb2_grpc
from services.router.domain.conversation import Owner
from services.router.domain.people import ConversationFilter, ConversationView, HandlingChange, Note
from services.router.server.people import cursor_of, place_of
from services.router.server.queue_forms import entry_form
from services.router.usecases.fields import id_of, id_or_none
from services.router.usecases.inbox import MOST_NOTES, Inbox
from services.router.usecases.watching import Seen, WatchConversations

_OWNERS: dict[int, Owner] = {router_pb2.OWNER_BOT: "bot", router_pb2.OWNER_PERSON: "person"}
_AS_OWNER: dict[Owner, router_pb2.Owner.ValueType] = {
    "bot": router_pb2.OWNER_BOT,
    "person": router_pb2.OWNER_PERSON,
}


class InboxServer(router_pb2_grpc.InboxServicer):
    """Conversations as people work them off."""

    def __init__(self, inbox: Inbox, watching: WatchConversations, now: Now) -> None:
        self._inbox = inbox
        self._watching = watching
        self._now = now

    async def ListConversations(
        self,
        request: router_pb2.ListConversationsRequest,
        context: aio.ServicerContext,  # type: ignore[type-arg]  # generic in stubs only
    ) -> router_pb2.ListConversationsResponse:
        """Latest message first."""
        chosen = ConversationFilter(
            owner=_OWNERS.get(request.owner),
            agent_id=id_or_none("agent_id", request.agent_id),
            queue_id=id_or_none("queue_id", request.queue_id),
            department_id=id_or_none("department_id", request.department_id),
            tag=request.tag,
            is_unread=request.is_unread,
        )
        found, place = await self._inbox.page(
            organization_id=id_of("organization_id", request.organization_id),
            chosen=chosen,
            after=place_of(request.cursor),
            limit=request.limit,
        )
        return router_pb2.ListConversationsResponse(
            conversations=[_conversation(each) for each in found], cursor=cursor_of(place)
        )

    async def GetConversation(
        self,
        request: router_pb2.GetConversationRequest,
        context: aio.ServicerContext,  # type: ignore[type-arg]  # generic in stubs only
    ) -> router_pb2.GetConversationResponse:
        """By id, or the latest of a contact."""
        organization_id = id_of("organization_id", request.organization_id)
        found = await self._named(organization_id, request.conversation_id, request.contact)
        return router_pb2.GetConversationResponse(conversation=_conversation(found))

    async def WatchConversation(
        self,
        request: router_pb2.WatchConversationRequest,
        context: aio.ServicerContext,  # type: ignore[type-arg]  # generic in stubs only
    ) -> AsyncGenerator[router_pb2.WatchConversationResponse, None]:
        """As it is, and again after each change."""
        organization_id = id_of("organization_id", request.organization_id)
        found = await self._named(organization_id, request.conversation_id, request.contact)
        now = self._now()
        watched = self._watching.watch(
            organization_id=organization_id,
            conversation_id=found.conversation_id,
            cursor=request.cursor,
            seconds=current_principal().expires_at - now.timestamp(),
        )
        async with aclosing(watched):
            async for seen in watched:
                yield _seen(seen, self._now())

    async def _named(self, organization_id: UUID, conversation_id: str, contact: str) -> ConversationView:
        """By its id, or by who wrote in it last."""
        if not conversation_id:
            return await self._inbox.latest_of(organization_id=organization_id, contact=contact)
        return await self._inbox.one(
            organization_id=organization_id, conversation_id=id_of("conversation_id", conversation_id)
        )

    async def UpdateConversation(
        self,
        request: router_pb2.UpdateConversationRequest,
        context: aio.ServicerContext,  # type: ignore[type-arg]  # generic in stubs only
    ) -> router_pb2.UpdateConversationResponse:
        """Tag, note that it was read."""
        meant = fields_meant(request, "add_tags", "remove_tags", "is_read")
        change = HandlingChange(
            add_tags=tuple(request.add_tags) if "add_tags" in meant else (),
            remove_tags=tuple(request.remove_tags) if "remove_tags" in meant else (),
        )
        found, is_changed = await self._inbox.change(
            organization_id=id_of("organization_id", request.organization_id),
            conversation_id=id_of("conversation_id", request.conversation_id),
            change=change,
            is_read=request.is_read and "is_read" in meant,
        )
        return router_pb2.UpdateConversationResponse(conversation=_conversation(found), is_changed=is_changed)

    async def AddNote(
        self,
        request: router_pb2.AddNoteRequest,
        context: aio.ServicerContext,  # type: ignore[type-arg]  # generic in stubs only
    ) -> router_pb2.AddNoteResponse:
        """Write a note."""
        note = await self._inbox.add_note(
            organization_id=id_of("organization_id", request.organization_id),
            conversation_id=id_of("conversation_id", request.conversation_id),
            text=request.text,
        )
        return router_pb2.AddNoteResponse(note=_note(note))

    async def ListNotes(
        self,
        request: router_pb2.ListNotesRequest,
        context: aio.ServicerContext,  # type: ignore[type-arg]  # generic in stubs only
    ) -> router_pb2.ListNotesResponse:
        """Oldest first."""
        limit = page_limit(request.limit) or MOST_NOTES
        found = await self._inbox.notes(
            organization_id=id_of("organization_id", request.organization_id),
            conversation_id=id_of("conversation_id", request.conversation_id),
            limit=limit + 1,
            after=read_place_at(request.cursor),
        )
        notes, cursor = page_of(found, _note, lambda note: place_at(note.created_at, note.note_id), limit)
        return router_pb2.ListNotesResponse(notes=notes, cursor=cursor)


def _conversation(conversation: ConversationView) -> router_pb2.Conversation:
    message = router_pb2.Conversation(
        conversation_id=str(conversation.conversation_id),
        contact_id=str(conversation.contact_id),
        contact_name=conversation.contact_name,
        phone_number=conversation.wa_id,
        user_id=conversation.user_id,
        phone_number_id=conversation.phone_number_id,
        owner=_AS_OWNER[conversation.owner],
        agent_id=str(conversation.agent_id or ""),
        queue_id=str(conversation.queue_id or ""),
        tags=conversation.handling.tags,
        is_unread=conversation.is_unread,
    )
    message.last_inbound_at.FromDatetime(conversation.last_inbound_at)
    if conversation.window_expires_at is not None:
        message.window_expires_at.FromDatetime(conversation.window_expires_at)
    return message


def _seen(seen: Seen, now: datetime) -> router_pb2.WatchConversationResponse:
    return router_pb2.WatchConversationResponse(
        cursor=seen.cursor,
        conversation=_conversation(seen.conversation),
        entry=entry_form(seen.entry, now) if seen.entry else None,
        notes=seen.notes,
    )


def _note(note: Note) -> router_pb2.Note:
    message = router_pb2.Note(note_id=str(note.note_id), author=note.author, text=note.text)
    message.created_at.FromDatetime(note.created_at)
    return message
