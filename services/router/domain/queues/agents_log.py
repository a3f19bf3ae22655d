"""What agents did with a conversation, for analytics: read from what happened to its entry."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

_MICROSECOND = timedelta(microseconds=1)
# What says who has the conversation from then on; the words are those that records tell.
_WAYS = {
    "queued": "named", "pulled": "pulled", "routed": "routed", "assigned": "assigned", "taken": "taken",
    "transferred": "",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class EntryChange:
    """A change of an entry; `agent_id` is who has it after it, or had it when it ended."""

    change_id: int
    at: datetime
    kind: str
    agent_id: UUID | None
    is_recorded: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryStory:
    """An entry with all its changes, oldest first."""

    organization_id: UUID
    entry_id: UUID
    conversation_id: UUID
    phone_number_id: str
    wa_id: str
    time_zone: str
    end_reason: str
    changes: Sequence[EntryChange]


@dataclass(frozen=True, slots=True)
class AgentRecord:
    """An agent gets a conversation, or has it no more; `after_us` is how long it waited, or how long it was had."""

    change: EntryChange
    kind: Literal["assigned", "unassigned"]
    agent_id: UUID
    text: str
    is_first: bool
    after_us: int


def records_of(story: EntryStory) -> list[AgentRecord]:
    """What of the story is still to be told."""
    return [record for record in _all_of(story) if not record.change.is_recorded]


def _all_of(story: EntryStory) -> Iterator[AgentRecord]:
    agent_id: UUID | None = None
    since: datetime | None = None
    had_agent = False
    for change in story.changes:
        if change.kind != "ended" and change.kind not in _WAYS:
            continue
        following = None if change.kind == "ended" else change.agent_id
        if agent_id is not None and following != agent_id:
            text = _leaving(change, story.end_reason, following)
            yield AgentRecord(change, "unassigned", agent_id, text, False, _between(since, change.at))
        if following is not None and following != agent_id:
            waited = _between(since, change.at) if agent_id is None else 0
            yield AgentRecord(change, "assigned", following, _WAYS[change.kind], not had_agent, waited)
            had_agent = True
        if following != agent_id or since is None:
            since = change.at
        agent_id = following


def _leaving(change: EntryChange, end_reason: str, following: UUID | None) -> str:
    if change.kind == "ended":
        return end_reason or "released"
    return "transferred" if following is None else "reassigned"


def _between(since: datetime | None, until: datetime) -> int:
    return max(0, (until - since) // _MICROSECOND) if since else 0
