"""Conversations as the REST API shows them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """A contact's place in a flow; `phone_number` is digits and may be empty, times are aware UTC."""

    id: str
    phone_number: str
    flow_id: str
    flow_name: str
    current_node_id: str | None
    variables: Mapping[str, object]
    execution_path: tuple[str, ...]
    is_active: bool
    is_closed: bool
    messages_count: int
    last_message_at: datetime | None
    created_at: datetime | None
    session_expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class StatePage:
    """Some states, and how many fit the question; `cursor` is empty after the last."""

    states: tuple[State, ...]
    total: int
    cursor: str = ""


@dataclass(frozen=True, slots=True)
class Turn:
    """What one message brought about; without a state no flow ran."""

    bot_responses: tuple[str, ...]
    state: State | None
    is_awaiting_input: bool


@dataclass(frozen=True, slots=True)
class Line:
    """One message of a transcript."""

    id: str
    speaker: Literal["user", "bot"]
    text: str
    timestamp: datetime
    node_id: str | None


@dataclass(frozen=True, slots=True)
class Transcript:
    """Some lines, oldest first, and how many there are."""

    lines: tuple[Line, ...]
    total: int


@dataclass(frozen=True, slots=True)
class Conversation:
    """A contact's latest state with what was said."""

    state: State
    transcript: Transcript


@dataclass(frozen=True, slots=True)
class Flow:
    """A flow without its document; version 0 means that none is published."""

    id: str
    name: str
    published_version: int
    updated_at: datetime | None
    created_at: datetime | None = None
    draft_digest: str = ""
    has_unpublished_changes: bool = False
