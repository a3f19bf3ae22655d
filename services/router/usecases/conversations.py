"""Who answers a conversation: the bot or a person."""

from __future__ import annotations

from uuid import UUID

from services.chassis.errors import NotFound
from services.pb.common.v1 import errors_pb2
from services.router.domain.conversation import Owner
from services.router.domain.identity import MOST_CHARACTERS, read_identity
from services.router.ports import ConversationStore, OwnerChange
from services.router.usecases.fields import number_id, text_of


class SetOwner:
    """Hands conversations over between bot and person."""

    def __init__(self, store: ConversationStore) -> None:
        self._store = store

    async def set(self, *, organization_id: UUID, contact: str, phone_number_id: str, owner: Owner) -> OwnerChange:
        """Give the contact's conversation with the number, or all of them, to `owner`. Raises NotFound."""
        text_of("contact", contact, most=MOST_CHARACTERS)
        if phone_number_id:
            number_id("phone_number_id", phone_number_id)
        identity = read_identity(organization_id, contact)
        change = await self._store.set_owner(identity=identity, phone_number_id=phone_number_id, owner=owner)
        if not change.found:
            raise NotFound(
                "contact has no conversation here; give the phone number with its country code, or the user id",
                reason=errors_pb2.ERROR_REASON_CONVERSATION_NOT_FOUND,
            )
        return change
