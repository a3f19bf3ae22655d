"""Campaigns, as people's programs see them over REST."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Verb = Literal["start", "pause", "resume", "cancel"]


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedCampaign:
    """A campaign to be made. `content` is the contract's Content as a JSON object; 0 and empty are the defaults."""

    key: str
    name: str
    phone_number_id: str
    content: Mapping[str, object]
    audience: str
    tags: Sequence[str]
    attributes: Mapping[str, str]
    messages_per_hour: int
    respect_opt_out: bool
    skip_active_conversations: bool
    max_tries: int
    time_zone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignView:
    """A campaign as it is; `figures` by name, empty when they were not asked for."""

    campaign_id: str
    name: str
    phone_number_id: str
    state: str
    note: str
    audience: str
    messages_per_hour: int
    recipients: int
    done: int
    time_zone: str
    starts_at: datetime | None
    created_at: datetime
    ended_at: datetime | None
    figures: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedRecipient:
    """A recipient to be added."""

    phone_number: str
    user_id: str
    parameters: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class AddedRecipients:
    """What adding did; `refused` are places in the request and what is wrong there."""

    added: int
    repeated: int
    refused: Sequence[tuple[int, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipientView:
    """A recipient and what became of it."""

    place: int
    recipient: str
    state: str
    reason: str
    tries: int
    message_id: str
