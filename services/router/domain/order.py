"""What flows order of router: a change of what is known of a contact, or of who has a conversation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal
from uuid import UUID


@dataclass(frozen=True, slots=True)
class ContactChange:
    """What changes; what is empty stays. `attributes` is a JSON object as text, in which null takes a name away."""

    attributes: str
    add_tags: tuple[str, ...]
    remove_tags: tuple[str, ...]
    language: str
    is_opted_in: bool | None


@dataclass(frozen=True, slots=True)
class HandOver:
    """People are to have the conversation; every part may be empty. `priority` is 0 to 100.

    When it `is_taken` somebody has it already, `agent` if that is known.
    """

    queue_id: str
    department: str
    agent: str
    priority: int
    context: str
    is_taken: bool = False


@dataclass(frozen=True, slots=True)
class HandBack:
    """The bot is to have the conversation again; when it `is_closed`, because people closed it."""

    is_closed: bool = False


@dataclass(frozen=True, slots=True)
class Order:
    """One order; it counts once under its id."""

    organization_id: UUID
    order_id: UUID
    contact_id: UUID
    conversation_id: UUID
    change: ContactChange | HandOver | HandBack


Fate = Literal["applied", "repeated", "gone"]
"""What became of an order; gone when its contact, conversation or organization is."""
