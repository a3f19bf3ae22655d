"""What people are shown of the records."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from uuid import UUID

from services.analytics.domain.counting import Messages
from services.analytics.domain.record import Record


class Speaker(Enum):
    """Who wrote a message of a transcript."""

    USER = "user"
    BOT = "bot"


@dataclass(frozen=True, slots=True)
class TranscriptMessage:
    """One message; `node_id` is the node that said it, or at which the contact stood."""

    record_id: str
    speaker: Speaker
    text: str
    occurred_at: datetime
    node_id: str


@dataclass(frozen=True, slots=True)
class Transcript:
    """A page of messages, oldest first, and how many fit the filters in all."""

    messages: Sequence[TranscriptMessage]
    total: int


@dataclass(frozen=True, slots=True)
class ConversationCount:
    """Messages of one conversation, in all flows or in the one asked for."""

    conversation_id: UUID
    messages: Messages


@dataclass(frozen=True, slots=True)
class FlowCount:
    """Messages of one flow."""

    flow_id: UUID
    messages: Messages


@dataclass(frozen=True, slots=True)
class NodeCount:
    """Messages at one node; `flow_id` is None for records outside any flow."""

    flow_id: UUID | None
    node_id: str
    messages: Messages


@dataclass(frozen=True, slots=True)
class Counts:
    """Counts of an organization; conversations are the busiest ones only."""

    conversations: Sequence[ConversationCount]
    flows: Sequence[FlowCount]
    nodes: Sequence[NodeCount]


@dataclass(frozen=True, slots=True)
class LogPlace:
    """A place in the log: behind the record of this moment and id; with an empty id, before all of the moment."""

    moment: datetime
    record_id: str


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which records: with a phone number only what that contact and the bot said, else all, or only what was said."""

    phone_number: str = ""
    only_messages: bool = False


EVERYTHING = Chosen()


@dataclass(frozen=True, slots=True)
class LogPage:
    """Records by time and id, and where those after them begin; None at the end."""

    records: Sequence[Record]
    following: LogPlace | None
