"""router's contacts, conversations and settings, and sender's access tokens, as the REST API sees them."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC
from uuid import UUID

from services.chassis.rpc import Peer
from services.ingress.domain.people import (
    ChatbotChange,
    ChatbotView,
    ContactChange,
    ContactFilter,
    ContactPage,
    ContactView,
    ConversationChange,
    ConversationFilter,
    ConversationPage,
    ConversationView,
    NewContact,
    NewNumber,
    NoteView,
    NumberChange,
    NumberView,
    OrganizationChange,
    OrganizationView,
    Owner,
    Seen,
    Unchanged,
)
from services.pb.router.v1 import router_pb2, router_pb2_grpc
from services.pb.sender.v1 import sender_pb2, sender_pb2_grpc

# A person waits for it; a change of consent is told to sender before it is answered.
_SECONDS = 6.0
# Router ends its streams before.
_WATCH_SECONDS = 60.0

_OPT_INS: Mapping[bool | None, router_pb2.OptIn.ValueType] = {
    None: router_pb2.OPT_IN_UNSPECIFIED,
    True: router_pb2.OPT_IN_AGREED,
    False: router_pb2.OPT_IN_REFUSED,
}
_OPTED_IN: Mapping[int, bool] = {router_pb2.OPT_IN_AGREED: True, router_pb2.OPT_IN_REFUSED: False}
_OWNERS: Mapping[Owner | None, router_pb2.Owner.ValueType] = {
    None: router_pb2.OWNER_UNSPECIFIED,
    "bot": router_pb2.OWNER_BOT,
    "person": router_pb2.OWNER_PERSON,
}


class GrpcContacts:
    """See ports.people.Contacts."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer
        self._people = peer.stub(router_pb2_grpc.PeopleStub)

    async def page(self, *, organization_id: UUID, chosen: ContactFilter, limit: int, cursor: str) -> ContactPage:
        """Contacts, newest first."""
        request = router_pb2.ListContactsRequest(
            organization_id=str(organization_id),
            search=chosen.search,
            phone_number=chosen.phone_number,
            tag=chosen.tag,
            limit=limit,
            cursor=cursor,
        )
        answer = await self._peer.call(self._people.ListContacts, request, seconds=_SECONDS)
        return ContactPage([_contact(each) for each in answer.contacts], answer.cursor)

    async def one(self, *, organization_id: UUID, contact_id: UUID) -> ContactView:
        """One contact."""
        request = router_pb2.GetContactRequest(organization_id=str(organization_id), contact_id=str(contact_id))
        return _contact((await self._peer.call(self._people.GetContact, request, seconds=_SECONDS)).contact)

    async def create(self, *, organization_id: UUID, wanted: NewContact) -> ContactView:
        """Make one."""
        change = wanted.change
        request = router_pb2.CreateContactRequest(
            organization_id=str(organization_id),
            phone_number=wanted.phone_number,
            user_id=wanted.user_id,
            name=change.name or "",
            attributes=_json(change.attributes or {}),
            tags=change.add_tags,
            language=change.language or "",
            opt_in=_OPT_INS[change.opted_in],
        )
        return _contact((await self._peer.call(self._people.CreateContact, request, seconds=_SECONDS)).contact)

    async def change(self, *, organization_id: UUID, contact_id: UUID, change: ContactChange) -> ContactView:
        """Change one."""
        request = router_pb2.UpdateContactRequest(
            organization_id=str(organization_id),
            contact_id=str(contact_id),
            name=change.name or "",
            attributes=b"" if change.attributes is None else _json(change.attributes),
            language=change.language or "",
            opt_in=_OPT_INS[change.opted_in],
            add_tags=change.add_tags,
            remove_tags=change.remove_tags,
        )
        given = {
            "name": change.name,
            "attributes": change.attributes,
            "language": change.language,
            "opt_in": change.opted_in,
        }
        request.update_mask.paths.extend(name for name, value in given.items() if value is not None)
        return _contact((await self._peer.call(self._people.UpdateContact, request, seconds=_SECONDS)).contact)

    async def merge(self, *, organization_id: UUID, contact_id: UUID, other_contact_id: UUID) -> ContactView:
        """Make one of two."""
        request = router_pb2.MergeContactsRequest(
            organization_id=str(organization_id), contact_id=str(contact_id), other_contact_id=str(other_contact_id)
        )
        return _contact((await self._peer.call(self._people.MergeContacts, request, seconds=_SECONDS)).contact)


class GrpcViews:
    """See ports.people.Views."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer
        self._inbox = peer.stub(router_pb2_grpc.InboxStub)

    async def watch(self, *, organization_id: UUID, conversation_id: str, cursor: str) -> AsyncIterator[Seen]:
        """The conversation as it is, and after each change."""
        request = router_pb2.WatchConversationRequest(
            organization_id=str(organization_id), conversation_id=conversation_id, cursor=cursor
        )
        async for answer in self._peer.stream(self._inbox.WatchConversation, request, seconds=_WATCH_SECONDS):
            yield Seen(answer.cursor, _conversation(answer.conversation))


class GrpcInbox:
    """See ports.people.Inbox."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer
        self._inbox = peer.stub(router_pb2_grpc.InboxStub)

    async def page(
        self, *, organization_id: UUID, chosen: ConversationFilter, limit: int, cursor: str
    ) -> ConversationPage:
        """Conversations, latest message first."""
        request = router_pb2.ListConversationsRequest(
            organization_id=str(organization_id),
            owner=_OWNERS[chosen.owner],
            agent_id=str(chosen.agent_id or ""),
            queue_id=str(chosen.queue_id or ""),
            department_id=str(chosen.department_id or ""),
            tag=chosen.tag,
            is_unread=chosen.is_unread,
            limit=limit,
            cursor=cursor,
        )
        answer = await self._peer.call(self._inbox.ListConversations, request, seconds=_SECONDS)
        return ConversationPage([_conversation(each) for each in answer.conversations], answer.cursor)

    async def latest_of(self, *, organization_id: UUID, phone_number: str) -> ConversationView:
        """The conversation in which a contact wrote last."""
        request = router_pb2.GetConversationRequest(organization_id=str(organization_id), contact=phone_number)
        answer = await self._peer.call(self._inbox.GetConversation, request, seconds=_SECONDS)
        return _conversation(answer.conversation)

    async def change(
        self, *, organization_id: UUID, conversation_id: str, change: ConversationChange
    ) -> ConversationView:
        """Change one."""
        request = router_pb2.UpdateConversationRequest(
            organization_id=str(organization_id),
            conversation_id=conversation_id,
            add_tags=change.add_tags,
            remove_tags=change.remove_tags,
            is_read=change.is_read,
        )
        answer = await self._peer.call(self._inbox.UpdateConversation, request, seconds=_SECONDS)
        return _conversation(answer.conversation)

    async def add_note(self, *, organization_id: UUID, conversation_id: str, text: str) -> NoteView:
        """Write a note."""
        request = router_pb2.AddNoteRequest(
            organization_id=str(organization_id), conversation_id=conversation_id, text=text
        )
        return _note((await self._peer.call(self._inbox.AddNote, request, seconds=_SECONDS)).note)

    async def notes(self, *, organization_id: UUID, conversation_id: str) -> Sequence[NoteView]:
        """Notes, oldest first."""
        request = router_pb2.ListNotesRequest(organization_id=str(organization_id), conversation_id=conversation_id)
        answer = await self._peer.call(self._inbox.ListNotes, request, seconds=_SECONDS)
        return [_note(each) for each in answer.notes]


class GrpcSettings:
    """See ports.people.Settings."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer
        self._directory = peer.stub(router_pb2_grpc.DirectoryStub)
        self._settings = peer.stub(router_pb2_grpc.SettingsStub)

    async def organizations(self) -> Sequence[OrganizationView]:
        """All organizations of the house by name."""
        request = router_pb2.ListOrganizationsRequest()
        answer = await self._peer.call(self._directory.ListOrganizations, request, seconds=_SECONDS)
        return [_organization(each) for each in answer.organizations]

    async def organization(self, *, organization_id: UUID) -> OrganizationView:
        """One organization."""
        request = router_pb2.GetOrganizationRequest(organization_id=str(organization_id))
        answer = await self._peer.call(self._settings.GetOrganization, request, seconds=_SECONDS)
        return _organization(answer.organization)

    async def change_organization(self, *, organization_id: UUID, change: OrganizationChange) -> OrganizationView:
        """Change it."""
        request = router_pb2.UpdateOrganizationRequest(organization_id=str(organization_id))
        if not isinstance(change.fallback_flow_id, Unchanged):
            request.update_mask.paths.append("fallback_flow_id")
            request.fallback_flow_id = str(change.fallback_flow_id or "")
        if not isinstance(change.time_zone, Unchanged):
            request.update_mask.paths.append("time_zone")
            request.time_zone = change.time_zone
        answer = await self._peer.call(self._settings.UpdateOrganization, request, seconds=_SECONDS)
        return _organization(answer.organization)

    async def numbers(self, *, organization_id: UUID) -> Sequence[NumberView]:
        """Numbers by phone_number_id."""
        request = router_pb2.ListOwnNumbersRequest(organization_id=str(organization_id))
        answer = await self._peer.call(self._settings.ListOwnNumbers, request, seconds=_SECONDS)
        return [_number(each) for each in answer.numbers]

    async def number(self, *, organization_id: UUID, phone_number_id: str) -> NumberView:
        """One number."""
        request = router_pb2.GetNumberRequest(organization_id=str(organization_id), phone_number_id=phone_number_id)
        return _number((await self._peer.call(self._settings.GetNumber, request, seconds=_SECONDS)).number)

    async def create_number(self, *, organization_id: UUID, wanted: NewNumber) -> NumberView:
        """Make one."""
        request = router_pb2.CreateNumberRequest(
            organization_id=str(organization_id),
            phone_number_id=wanted.phone_number_id,
            display_phone_number=wanted.display_phone_number,
            chatbot_id=str(wanted.chatbot_id or ""),
            default_flow_id=str(wanted.default_flow_id or ""),
            app=f"{organization_id}/{wanted.app}" if wanted.app else "",
            waba_id=wanted.waba_id,
            is_inactive=not wanted.is_active,
            access_token=wanted.access_token,
        )
        return _number((await self._peer.call(self._settings.CreateNumber, request, seconds=_SECONDS)).number)

    async def change_number(self, *, organization_id: UUID, phone_number_id: str, change: NumberChange) -> NumberView:
        """Change one."""
        request = router_pb2.UpdateNumberRequest(organization_id=str(organization_id), phone_number_id=phone_number_id)
        mask = request.update_mask.paths
        if not isinstance(change.display_phone_number, Unchanged):
            mask.append("display_phone_number")
            request.display_phone_number = change.display_phone_number
        if not isinstance(change.chatbot_id, Unchanged):
            mask.append("chatbot_id")
            request.chatbot_id = str(change.chatbot_id or "")
        if not isinstance(change.default_flow_id, Unchanged):
            mask.append("default_flow_id")
            request.default_flow_id = str(change.default_flow_id or "")
        if not isinstance(change.is_active, Unchanged):
            mask.append("is_active")
            request.is_active = change.is_active
        if not isinstance(change.waba_id, Unchanged):
            mask.append("waba_id")
            request.waba_id = change.waba_id
        return _number((await self._peer.call(self._settings.UpdateNumber, request, seconds=_SECONDS)).number)

    async def chatbots(self, *, organization_id: UUID) -> Sequence[ChatbotView]:
        """Chatbots by name."""
        request = router_pb2.ListChatbotsRequest(organization_id=str(organization_id))
        answer = await self._peer.call(self._settings.ListChatbots, request, seconds=_SECONDS)
        return [_chatbot(each) for each in answer.chatbots]

    async def chatbot(self, *, organization_id: UUID, chatbot_id: UUID) -> ChatbotView:
        """One chatbot."""
        request = router_pb2.GetChatbotRequest(organization_id=str(organization_id), chatbot_id=str(chatbot_id))
        return _chatbot((await self._peer.call(self._settings.GetChatbot, request, seconds=_SECONDS)).chatbot)

    async def create_chatbot(
        self, *, organization_id: UUID, name: str, main_flow_id: UUID | None, is_active: bool
    ) -> ChatbotView:
        """Make one."""
        request = router_pb2.CreateChatbotRequest(
            organization_id=str(organization_id),
            name=name,
            main_flow_id=str(main_flow_id or ""),
            is_inactive=not is_active,
        )
        return _chatbot((await self._peer.call(self._settings.CreateChatbot, request, seconds=_SECONDS)).chatbot)

    async def change_chatbot(self, *, organization_id: UUID, chatbot_id: UUID, change: ChatbotChange) -> ChatbotView:
        """Change one."""
        request = router_pb2.UpdateChatbotRequest(organization_id=str(organization_id), chatbot_id=str(chatbot_id))
        if not isinstance(change.main_flow_id, Unchanged):
            request.update_mask.paths.append("main_flow_id")
            request.main_flow_id = str(change.main_flow_id or "")
        if not isinstance(change.is_active, Unchanged):
            request.update_mask.paths.append("is_active")
            request.is_active = change.is_active
        return _chatbot((await self._peer.call(self._settings.UpdateChatbot, request, seconds=_SECONDS)).chatbot)

    async def delete_chatbot(self, *, organization_id: UUID, chatbot_id: UUID) -> None:
        """Remove one."""
        request = router_pb2.DeleteChatbotRequest(organization_id=str(organization_id), chatbot_id=str(chatbot_id))
        await self._peer.call(self._settings.DeleteChatbot, request, seconds=_SECONDS)


class GrpcCredentials:
    """See ports.people.Credentials."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer
        self._credentials = peer.stub(sender_pb2_grpc.CredentialsStub)

    async def put(self, *, organization_id: UUID, phone_number_id: str, access_token: str) -> None:
        """Store a number's token."""
        request = sender_pb2.PutCredentialRequest(
            organization_id=str(organization_id), phone_number_id=phone_number_id, access_token=access_token
        )
        await self._peer.call(self._credentials.PutCredential, request, seconds=_SECONDS)


def _json(attributes: Mapping[str, object]) -> bytes:
    # Half characters pass as escapes: router says that they cannot be kept.
    return json.dumps(dict(attributes)).encode()


def _contact(contact: router_pb2.Contact) -> ContactView:
    return ContactView(
        id=contact.contact_id,
        name=contact.name,
        whatsapp_name=contact.whatsapp_name,
        phone_number=contact.phone_number,
        user_id=contact.user_id,
        attributes=json.loads(contact.attributes or b"{}"),
        tags=list(contact.tags),
        language=contact.language,
        opted_in=_OPTED_IN.get(contact.opt_in),
        created_at=contact.created_at.ToDatetime(UTC),
    )


def _conversation(conversation: router_pb2.Conversation) -> ConversationView:
    has_window = conversation.HasField("window_expires_at")
    return ConversationView(
        conversation_id=conversation.conversation_id,
        contact_id=conversation.contact_id,
        contact_name=conversation.contact_name,
        phone_number=conversation.phone_number,
        user_id=conversation.user_id,
        phone_number_id=conversation.phone_number_id,
        owner="person" if conversation.owner == router_pb2.OWNER_PERSON else "bot",
        agent_id=conversation.agent_id,
        queue_id=conversation.queue_id,
        tags=list(conversation.tags),
        is_unread=conversation.is_unread,
        last_inbound_at=conversation.last_inbound_at.ToDatetime(UTC),
        window_expires_at=conversation.window_expires_at.ToDatetime(UTC) if has_window else None,
    )


def _note(note: router_pb2.Note) -> NoteView:
    return NoteView(id=note.note_id, author=note.author, text=note.text, created_at=note.created_at.ToDatetime(UTC))


def _organization(organization: router_pb2.Organization) -> OrganizationView:
    return OrganizationView(
        id=organization.organization_id,
        name=organization.name,
        fallback_flow_id=organization.fallback_flow_id,
        time_zone=organization.time_zone,
    )


def _number(number: router_pb2.Number) -> NumberView:
    return NumberView(
        phone_number_id=number.phone_number_id,
        display_phone_number=number.display_phone_number,
        chatbot_id=number.chatbot_id,
        default_flow_id=number.default_flow_id,
        app=number.app,
        is_active=number.is_active,
        waba_id=number.waba_id,
    )


def _chatbot(chatbot: router_pb2.Chatbot) -> ChatbotView:
    return ChatbotView(
        id=chatbot.chatbot_id, name=chatbot.name, main_flow_id=chatbot.main_flow_id, is_active=chatbot.is_active
    )
