"""What people say about messages as such: told to sender before the message goes on, then noted with the contact."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID, uuid5

from services.router.domain.opt_out import Confirmation, Consent
from services.router.ports import RoutedMessage, RoutingStore, Sender
from services.router.usecases.handover import hand_over


class NoteConsents:
    """Hears stop and start words in messages."""

    def __init__(self, store: RoutingStore, sender: Sender) -> None:
        self._store = store
        self._sender = sender

    async def note(self, letters: Sequence[RoutedMessage]) -> set[UUID]:
        """Tell sender and note with contacts; gives the conversations whose word could not be told.

        Sender has the word durably before executor has the message: what a flow says to it meets the word. Raises
        Unavailable. Safe to repeat: of two words the later one holds, and a confirmation counts once.
        """
        said = [(letter, consent_in(letter)) for letter in letters if letter.word is not None]
        if not said:
            return set()
        consents = [consent for _, consent in said]
        outcomes = await hand_over(consents, self._sender.apply_notices, lane_of=_person)
        untold = {
            letter.conversation.conversation_id
            for (letter, _), outcome in zip(said, outcomes, strict=True)
            if outcome.kind == "retry"
        }
        noted = [
            (consent.organization_id, consent.wa_id, consent.user_id, not consent.is_out)
            for letter, consent in said
            if letter.conversation.conversation_id not in untold
        ]
        if noted:
            await self._store.note_consents(noted)
        return untold


def consent_in(letter: RoutedMessage) -> Consent:
    """What a stop or start word tells sender."""
    message, contact, conversation, word = letter.message, letter.contact, letter.conversation, letter.word
    if word is None:
        raise ValueError("the message holds no stop or start word")
    confirmation = None
    if word.answer:
        confirmation = Confirmation(
            uuid5(conversation.conversation_id, f"consent:{message.event_id}"),
            conversation.conversation_id,
            conversation.phone_number_id,
            conversation.window_expires_at,
            word.answer,
        )
    return Consent(
        organization_id=conversation.organization_id,
        wa_id=contact.wa_id,
        user_id=contact.user_id,
        kind="all",
        is_out=word.is_out,
        said_at_ms=letter.said_at * 1000,
        source="word",
        confirmation=confirmation,
    )


def _person(consent: Consent) -> tuple[UUID, str, str]:
    return consent.organization_id, consent.wa_id, consent.user_id
