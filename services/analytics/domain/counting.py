"""How often the two sides wrote; the store counts while it keeps."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

# Records outside any flow are counted under this flow, since a primary key holds no NULL.
NO_FLOW = UUID(int=0)
# Under this one those who wrote anywhere are counted once.
EVERY_FLOW = UUID(int=2**128 - 1)

# A conversation that is over has finished when its flow came to an end of its own; else it was dropped.
FINISHES = ("end_node", "no_edge", "returned", "jumped")
# Messages of a contact in a flow from which on he is active, and one of those who use it most.
ACTIVE_MESSAGES, POWER_MESSAGES = 5, 20


@dataclass(frozen=True, slots=True)
class Messages:
    """Messages of the contact and of the bot."""

    contact: int = 0
    bot: int = 0

    def __add__(self, other: Messages) -> Messages:
        return Messages(self.contact + other.contact, self.bot + other.bot)
