"""One person, one conversation: who is written to under another phone number than Meta's is addressed under Meta's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from services.sender.ports.teams import AliasBook, Conversation, Conversations, NoConversation, Recipient


class MetasNames:
    """Conversations of the people whom Meta knows by another phone number (Brazil's ninth digit, Mexico's 1).

    What they write comes from Meta's number, so their wishes, windows and limits are kept under that one.
    """

    def __init__(self, book: AliasBook, conversations: Conversations) -> None:
        self._book = book
        self._conversations = conversations

    async def open(
        self, *, organization_id: UUID, recipients: Sequence[Recipient]
    ) -> list[Conversation | NoConversation]:
        """See ports.teams.Conversations."""
        numbers = [_digits(recipient.phone_number) for recipient in recipients]
        asked = [number for number in numbers if number]
        known = await self._book.wa_ids(organization_id=organization_id, phone_numbers=asked) if asked else {}
        named = [
            replace(recipient, phone_number=known.get(number, recipient.phone_number))
            for recipient, number in zip(recipients, numbers, strict=True)
        ]
        return await self._conversations.open(organization_id=organization_id, recipients=named)


def _digits(phone_number: str) -> str:
    return "".join(sign for sign in phone_number if sign.isascii() and sign.isdigit())
