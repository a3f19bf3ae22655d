"""Contacts and conversations as people see and change them, and where a page of either ends."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from services.router.domain.conversation import Owner

MOST_ATTRIBUTES = 16 * 1024
"""Characters of a contact's attributes together, as JSON."""
MOST_TAGS = 100

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Place(NamedTuple):
    """Where a page of a list ends that has its latest first: a moment, and an id among those of that moment."""

    moment: datetime
    id: UUID


FIRST_PLACE = Place(datetime(9999, 12, 31, tzinfo=UTC), UUID(int=2**128 - 1))
"""Before everything."""


def written_place(place: Place) -> str:
    """What `read_place` reads."""
    return f"{(place.moment - _EPOCH) // _MICROSECOND}.{place.id.hex}"


def read_place(text: str) -> Place:
    """A place as it was given out; an empty text is the first. Raises ValueError."""
    if not text:
        return FIRST_PLACE
    moment, _, name = text.partition(".")
    try:
        return Place(_EPOCH + int(moment) * _MICROSECOND, UUID(name))
    except OverflowError:
        raise ValueError("the moment is none") from None


class TooMuch(ValueError):
    """A contact or conversation would have more than it may; the text names field and mend."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Details:
    """What people may say of a contact. `given_name` is empty while the WhatsApp profile's name will do.

    `is_opted_in` is whether the contact wants messages, as far as it is known.
    """

    given_name: str = ""
    attributes: Mapping[str, object] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    language: str = ""
    is_opted_in: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DetailsChange:
    """What changes; None stays. Of `attributes` null takes a name away, and names that are not in it stay."""

    given_name: str | None = None
    attributes: Mapping[str, object] | None = None
    language: str | None = None
    is_opted_in: bool | None = None
    add_tags: tuple[str, ...] = ()
    remove_tags: tuple[str, ...] = ()

    def applied_to(self, before: Details) -> Details:
        """The details with the change. Raises TooMuch."""
        attributes = before.attributes
        if self.attributes is not None:
            merged = {**before.attributes, **self.attributes}
            attributes = {name: value for name, value in merged.items() if value is not None}
            if len(attributes_as_text(attributes)) > MOST_ATTRIBUTES:
                raise TooMuch(f"attributes would have more than {MOST_ATTRIBUTES} characters; take some away")
        return replace(
            before,
            given_name=before.given_name if self.given_name is None else self.given_name,
            attributes=attributes,
            tags=retagged(before.tags, self.add_tags, self.remove_tags),
            language=before.language if self.language is None else self.language,
            is_opted_in=before.is_opted_in if self.is_opted_in is None else self.is_opted_in,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactView:
    """A contact as people see it."""

    contact_id: UUID
    whatsapp_name: str
    wa_id: str
    user_id: str
    created_at: datetime
    details: Details

    @property
    def name(self) -> str:
        """What people call the contact; where nobody said it, what WhatsApp does."""
        return self.details.given_name or self.whatsapp_name


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactFilter:
    """Which contacts; what is empty leaves out nobody. `digits` are part of a phone number."""

    text: str = ""
    digits: str = ""
    tag: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Handling:
    """What people note of a conversation."""

    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class HandlingChange:
    """What changes."""

    add_tags: tuple[str, ...] = ()
    remove_tags: tuple[str, ...] = ()

    def applied_to(self, before: Handling) -> Handling:
        """The handling with the change. Raises TooMuch."""
        return Handling(tags=retagged(before.tags, self.add_tags, self.remove_tags))


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationView:
    """A conversation as people work it off.

    `agent_id` is the agent it is assigned to (domain.queues), `queue_id` the queue that it waits in or was given from.
    `window_expires_at` is None when no window was ever open.
    """

    conversation_id: UUID
    contact_id: UUID
    contact_name: str
    wa_id: str
    user_id: str
    phone_number_id: str
    owner: Owner
    agent_id: UUID | None
    queue_id: UUID | None
    handling: Handling
    is_unread: bool
    last_inbound_at: datetime
    window_expires_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationFilter:
    """Which conversations; None, empty and False leave out nothing."""

    owner: Owner | None = None
    agent_id: UUID | None = None
    queue_id: UUID | None = None
    department_id: UUID | None = None
    tag: str = ""
    is_unread: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A note of an organization's people; `author` as the audit log names them."""

    note_id: UUID
    author: str
    text: str
    created_at: datetime


def retagged(tags: Sequence[str], added: Sequence[str], removed: Sequence[str]) -> tuple[str, ...]:
    """Tags in the order in which they were put on. Raises TooMuch."""
    kept = tuple(tag for tag in dict.fromkeys((*tags, *added)) if tag not in removed)
    if len(kept) > MOST_TAGS and len(kept) > len(tags):
        raise TooMuch(f"tags would be {len(kept)}; use at most {MOST_TAGS}")
    return kept


def attributes_as_text(attributes: Mapping[str, object]) -> str:
    """What `attributes_in` reads. Raises ValueError for what is no JSON."""
    return json.dumps(attributes, ensure_ascii=False, allow_nan=False)


def attributes_in(content: bytes | str) -> dict[str, object]:
    """A JSON object that Postgres can keep. Raises ValueError with what is wrong."""
    try:
        value = json.loads(content)
        text = attributes_as_text(value)
        text.encode()
    except (ValueError, RecursionError):
        raise ValueError("is no JSON that can be kept") from None
    if not isinstance(value, dict):
        raise ValueError("is no JSON object")
    if "\\u0000" in text:
        raise ValueError("holds a NUL character; remove it")
    return value
