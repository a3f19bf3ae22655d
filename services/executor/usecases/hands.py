"""People take a conversation from the bot, and give it back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Literal
from uuid import UUID

from services.chassis.errors import InvalidArgument, NotFound
from services.executor.ports import Hand, Hands, States, StateView
from services.executor.usecases.state_keeping import StateKeeping
from services.pb.common.v1 import errors_pb2

LONGEST_KEY = 200


class HandKeeping:
    """Takes and releases conversations that flows know."""

    def __init__(self, states: States, keeping: StateKeeping, hands: Hands, new_key: Callable[[], str]) -> None:
        """`new_key` makes a key where the caller gives none."""
        self._states = states
        self._keeping = keeping
        self._hands = hands
        self._new_key = new_key

    async def give(
        self,
        *,
        organization_id: UUID,
        phone_number: str,
        conversation_id: UUID | None,
        key: str,
        outcome: Literal["taken", "released", "no_agent"],
        agent: str = "",
    ) -> tuple[UUID, bool]:
        """The conversation, and whether this is new; repeats under one key change nothing.

        Raises InvalidArgument, or NotFound when no flow has ever been in such a conversation.
        """
        if len(key) > LONGEST_KEY:
            raise InvalidArgument(f"key has {len(key)} characters; use {LONGEST_KEY} at most")
        if bool(phone_number) == (conversation_id is not None):
            raise InvalidArgument("set one of phone_number and conversation_id")
        view = await self._find(organization_id, phone_number, conversation_id)
        if view is None:
            raise NotFound("Conversation not found", reason=errors_pb2.ERROR_REASON_CONVERSATION_NOT_FOUND)
        standing = view.standing
        event_id = f"hand:{outcome}:{key or self._new_key()}"
        hand = Hand(organization_id, standing.conversation_id, standing.contact.contact_id, event_id, outcome, agent)
        return standing.conversation_id, await self._hands.give(hand)

    async def close(self, *, organization_id: UUID, phone_number: str) -> datetime:
        """Close the active session of a phone number; the bot has the conversation again. As StateKeeping.close."""
        view = await self._states.latest(organization_id=organization_id, phone_number=phone_number)
        closed_at = await self._keeping.close(organization_id=organization_id, phone_number=phone_number)
        if view is not None and view.standing.session.is_with_person:
            standing = view.standing
            event_id = f"hand:closed:{self._new_key()}"
            contact_id = standing.contact.contact_id
            await self._hands.give(Hand(organization_id, standing.conversation_id, contact_id, event_id, "closed"))
        return closed_at

    async def _find(self, organization_id: UUID, phone_number: str, conversation_id: UUID | None) -> StateView | None:
        if conversation_id is None:
            return await self._states.latest(organization_id=organization_id, phone_number=phone_number)
        return await self._states.of_conversation(organization_id=organization_id, conversation_id=conversation_id)
