"""What counts where, told plainly: the log in memory counts so, and Postgres must come to the same."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar
from uuid import UUID

from services.analytics.domain.counting import NO_FLOW, Messages
from services.analytics.domain.record import Record, RecordKind

ConversationKey = tuple[UUID, UUID, UUID]
"""organization, flow, conversation"""
FlowKey = tuple[UUID, UUID]
"""organization, flow"""
NodeKey = tuple[UUID, UUID, str]
"""organization, flow, node"""

Key = TypeVar("Key")


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
