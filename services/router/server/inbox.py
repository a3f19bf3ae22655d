"""router.v1.Inbox."""

from __future__ import annotations

from grpc import aio

from services.pb.router.v1 import router_pb2, router_pb2_grpc
from services.router.domain.conversation import Owner
from services.router.domain.people import ConversationFilter, ConversationView, HandlingChange, Note
from services.router.server.people import cursor_of, place_of
from services.router.usecases.fields import id_of, id_or_none
from services.router.usecases.inbox import Inbox

_OWNERS: dict[int, Owner] = {router_pb2.OWNER_BOT: "bot", router_pb2.OWNER_PERSON: "person"}
_AS_OWNER: dict[Owner, router_pb2.Owner.ValueType] = {
    "bot": router_pb2.OWNER_BOT,
    "person": router_pb2.OWNER_PERSON,
}


class InboxServer(router_pb2_grpc.InboxServicer):
    """Conversations as people work them off."""

    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox

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
        if request.conversation_id:
            conversation_id = id_of("conversation_id", request.conversation_id)
            found = await self._inbox.one(organization_id=organization_id, conversation_id=conversation_id)
        else:
            found = await self._inbox.latest_of(organization_id=organization_id, contact=request.contact)
        return router_pb2.GetConversationResponse(conversation=_conversation(found))

    async def UpdateConversation(
        self,
        request: router_pb2.UpdateConversationRequest,
        context: aio.ServicerContext,  # type: ignore[type-arg]  # generic in stubs only
    ) -> router_pb2.UpdateConversationResponse:
        """Tag, note that it was read."""
        change = HandlingChange(add_tags=tuple(request.add_tags), remove_tags=tuple(request.remove_tags))
        found, is_changed = await self._inbox.change(
            organization_id=id_of("organization_id", request.organization_id),
            conversation_id=id_of("conversation_id", request.conversation_id),
            change=change,
            is_read=request.is_read,
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
        notes = await self._inbox.notes(
            organization_id=id_of("organization_id", request.organization_id),
            conversation_id=id_of("conversation_id", request.conversation_id),
        )
        return router_pb2.ListNotesResponse(notes=[_note(each) for each in notes])


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


def _note(note: Note) -> router_pb2.Note:
    message = router_pb2.Note(note_id=str(note.note_id), author=note.author, text=note.text)
    message.created_at.FromDatetime(note.created_at)
    return message
