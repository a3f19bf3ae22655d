"""How often the two sides wrote, per conversation, flow and node."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar
from uuid import UUID

from services.analytics.domain.record import Record, RecordKind

# Records outside any flow are counted under this flow, since a primary key holds no NULL.
NO_FLOW = UUID(int=0)

ConversationKey = tuple[UUID, UUID, UUID]
"""organization, flow, conversation"""
FlowKey = tuple[UUID, UUID]
"""organization, flow"""
NodeKey = tuple[UUID, UUID, str]
"""organization, flow, node"""

Key = TypeVar("Key")


@dataclass(frozen=True, slots=True)
class Messages:
    """Messages of the contact and of the bot."""

    contact: int = 0
    bot: int = 0

    def __add__(self, other: Messages) -> Messages:
        return Messages(self.contact + other.contact, self.bot + other.bot)


@dataclass(frozen=True, slots=True)
class Tally:
    """What some records add to the counts. Keys without a message are left out."""

    conversations: Mapping[ConversationKey, Messages] = field(default_factory=dict)
    flows: Mapping[FlowKey, Messages] = field(default_factory=dict)
    nodes: Mapping[NodeKey, Messages] = field(default_factory=dict)


def tally_of(records: Iterable[Record]) -> Tally:
    """Count the messages among the records; the other kinds count nowhere."""
    conversations: dict[ConversationKey, Messages] = {}
    flows: dict[FlowKey, Messages] = {}
    nodes: dict[NodeKey, Messages] = {}
    for record in records:
        messages = _messages_in(record)
        if messages is None:
            continue
        flow_id = record.flow_id or NO_FLOW
        _add(conversations, (record.organization_id, flow_id, record.conversation_id), messages)
        if record.flow_id is not None:
            _add(flows, (record.organization_id, flow_id), messages)
        if record.node_id:
            _add(nodes, (record.organization_id, flow_id, record.node_id), messages)
    return Tally(conversations, flows, nodes)


def _messages_in(record: Record) -> Messages | None:
    if record.kind is RecordKind.CONTACT_MESSAGE:
        return Messages(contact=1)
    if record.kind is RecordKind.BOT_MESSAGE:
        return Messages(bot=1)
    return None


def _add(counts: dict[Key, Messages], key: Key, messages: Messages) -> None:
    counts[key] = counts.get(key, Messages()) + messages
