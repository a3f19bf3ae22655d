"""How often the two sides wrote; the store counts while it keeps."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

# Records outside any flow are counted under this flow, since a primary key holds no NULL.
NO_FLOW = UUID(int=0)


@dataclass(frozen=True, slots=True)
class Messages:
    """Messages of the contact and of the bot."""

    contact: int = 0
    bot: int = 0

    def __add__(self, other: Messages) -> Messages:
        return Messages(self.contact + other.contact, self.bot + other.bot)
