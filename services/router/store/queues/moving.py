"""The steps that change who has a conversation: locked, given to an agent, put into a queue, ended."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.chassis.db import Query, Rows, Step
from services.router.domain.conversation import Owner
from services.router.domain.queues import VIP_TAG, Placement

NORMAL_PRIORITY = 50

_MINE = "organization_id = %(organization)b::uuid"
_THIS = f"{_MINE} AND conversation_id = %(conversation)b::uuid"

# Whether a queue is full is asked by one at a time; a queue without a limit is never full.
_LOCK_QUEUES = Query("""
    SELECT queue_id FROM router.queue WHERE organization_id = ANY (%(organizations)b::uuid[]) AND max_queue_size > 0
    ORDER BY organization_id, queue_id FOR NO KEY UPDATE""")
_LOCK_AGENTS = Query("""
    SELECT agent_id FROM router.agent WHERE organization_id = ANY (%(organizations)b::uuid[])
      AND (%(agent)b::uuid IS NULL OR agent_id = %(agent)b::uuid)
    ORDER BY organization_id, agent_id FOR NO KEY UPDATE""")
_LOCK_CONVERSATION = Query(f"SELECT owner FROM router.conversation WHERE {_THIS} FOR NO KEY UPDATE")
_LOCK_ENTRY = Query(f"""
    SELECT entry_id, queue_id, agent_id, state FROM router.queue_entry
    WHERE {_THIS} AND state <> 'ended' FOR NO KEY UPDATE""")

_OWN = Query(f"""
    UPDATE router.conversation SET owner = %(owner)b::text, owner_changed_at = now(),
      handover = CASE WHEN %(owner)b::text = 'bot' THEN NULL ELSE handover END
    WHERE {_THIS} AND owner <> %(owner)b::text""")

# A conversation that is among people already stays as it is there.
_ENTER = Query(f"""
    INSERT INTO router.queue_entry AS e (organization_id, entry_id, conversation_id, contact_id, queue_id, state,
      priority, is_vip, queued_at, context, is_flows, sla_due_at, sla_alert_at, is_notice_due, agent_id, assigned_at)
    SELECT organization_id, %(entry)b::uuid, conversation_id, contact_id, %(queue)b::uuid,
      CASE WHEN %(agent)b::uuid IS NULL THEN 'waiting' ELSE 'assigned' END, %(priority)b::int, (
        SELECT EXISTS (SELECT FROM unnest(c.tags) tag WHERE lower(tag) = '{VIP_TAG}') FROM router.contact c
        WHERE c.organization_id = v.organization_id AND c.contact_id = v.contact_id LIMIT 1),
      %(now)b::timestamptz, %(context)b::text, %(flows)b::bool, %(due)b::timestamptz,
      %(alert)b::timestamptz, %(notice)b::bool, %(agent)b::uuid,
      CASE WHEN %(agent)b::uuid IS NOT NULL THEN %(now)b::timestamptz END
    FROM router.conversation v WHERE {_THIS}
    ON CONFLICT (organization_id, conversation_id) WHERE state <> 'ended' DO NOTHING""")

# Whoever takes a conversation out of a queue's hands has it; so does who takes one that was in none.
_TAKE = Query(f"""
    WITH taken AS (
      INSERT INTO router.queue_entry AS e (organization_id, entry_id, conversation_id, contact_id, state, priority,
        is_vip, queued_at, context, is_flows, is_notice_due, agent_id, assigned_at)
      SELECT organization_id, %(entry)b::uuid, conversation_id, contact_id, 'assigned', {NORMAL_PRIORITY}, false,
        %(now)b::timestamptz, '', true, false, %(agent)b::uuid, %(now)b::timestamptz
      FROM router.conversation
      WHERE {_THIS} AND EXISTS (
        SELECT FROM router.agent WHERE {_MINE} AND agent_id = %(agent)b::uuid)
      ON CONFLICT (organization_id, conversation_id) WHERE state <> 'ended' DO UPDATE
      SET state = 'assigned', agent_id = excluded.agent_id, assigned_at = excluded.assigned_at, is_notice_due = false
      WHERE e.state = 'waiting'
      RETURNING e.organization_id, e.entry_id, e.contact_id, e.queue_id, e.agent_id)
    INSERT INTO router.queue_change
      (organization_id, entry_id, contact_id, at, kind, queue_id, agent_id, actor, reason)
    SELECT organization_id, entry_id, contact_id, %(now)b::timestamptz, 'taken', queue_id, agent_id, %(actor)b::text, ''
    FROM taken""")

_GIVE = Query(f"""
    UPDATE router.queue_entry SET state = 'assigned', agent_id = %(agent)b::uuid,
      assigned_at = %(now)b::timestamptz, is_notice_due = false
    WHERE {_MINE} AND entry_id = %(entry)b::uuid""")
# What people were told of it stays, and so does what it is worth; the promise begins anew.
_PUT = Query(f"""
    UPDATE router.queue_entry SET state = 'waiting', agent_id = NULL, assigned_at = NULL, queue_id = %(queue)b::uuid,
      queued_at = %(now)b::timestamptz, sla_due_at = %(due)b::timestamptz, sla_alert_at = %(alert)b::timestamptz,
      sla_alerted_at = NULL, sla_broken_at = NULL, is_notice_due = %(notice)b::bool
    WHERE {_MINE} AND entry_id = %(entry)b::uuid""")

_END = Query(f"""
    WITH gone AS (
      UPDATE router.queue_entry SET state = 'ended', ended_at = %(now)b::timestamptz, end_reason = %(how)b::text,
        is_notice_due = false, merged_conversation_ids = array_remove(merged_conversation_ids, conversation_id)
      WHERE {_MINE} AND conversation_id = ANY (%(conversations)b::uuid[]) AND state <> 'ended'
      RETURNING organization_id, entry_id, contact_id, queue_id, agent_id)
    INSERT INTO router.queue_change
      (organization_id, entry_id, contact_id, at, kind, queue_id, agent_id, actor, reason)
    SELECT organization_id, entry_id, contact_id, %(now)b::timestamptz, 'ended', queue_id, agent_id, %(actor)b::text,
           %(reason)b::text
    FROM gone""")


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A conversation that is locked, with its open entry; of a new entry only the id."""

    organization_id: UUID
    conversation_id: UUID
    is_bots: bool
    entry_id: UUID
    is_new: bool = True
    queue_id: UUID | None = None
    agent_id: UUID | None = None
    is_waiting: bool = False

    @classmethod
    def read(
        cls, organization_id: UUID, conversation_id: UUID, new_entry_id: UUID, rows: Sequence[Rows]
    ) -> Held | None:
        """From what `holding` read; None when there is no such conversation."""
        *_, conversations, entries = rows
        if not conversations:
            return None
        is_bots = conversations[0][0] == "bot"
        if not entries:
            return cls(
                organization_id=organization_id,
                conversation_id=conversation_id,
                is_bots=is_bots,
                entry_id=new_entry_id,
            )
        entry_id, queue_id, agent_id, state = entries[0]
        return cls(
            organization_id=organization_id,
            conversation_id=conversation_id,
            is_bots=is_bots,
            entry_id=entry_id,
            is_new=False,
            queue_id=queue_id,
            agent_id=agent_id,
            is_waiting=state == "waiting",
        )

    def owning(self, owner: Owner) -> Step:
        """The step that makes the conversation the bot's or a person's."""
        return _OWN, {"organization": self.organization_id, "conversation": self.conversation_id, "owner": owner}


def locking_floors(organization_ids: Iterable[UUID], *, agent_id: UUID | None, with_agents: bool) -> list[Step]:
    """The steps that make what is counted on floors stay so: queues that can be full, and agents (or one of them)."""
    values: dict[str, object] = {"organizations": sorted(set(organization_ids)), "agent": agent_id}
    agents = [(_LOCK_AGENTS, values)] if with_agents else []
    return [(_LOCK_QUEUES, values), *agents]


def holding(organization_id: UUID, conversation_id: UUID, *, agent_id: UUID | None = None) -> list[Step]:
    """The steps that lock a conversation, its open entry and what its way depends on; see Held.read."""
    values = {"organization": organization_id, "conversation": conversation_id}
    floors = locking_floors([organization_id], agent_id=agent_id, with_agents=agent_id is not None)
    return [*floors, (_LOCK_CONVERSATION, values), (_LOCK_ENTRY, values)]


def entering(
    organization_id: UUID,
    conversation_id: UUID,
    entry_id: UUID,
    placement: Placement,
    now: datetime,
    *,
    priority: int = NORMAL_PRIORITY,
    context: str = "",
    is_flows: bool = False,
) -> Step:
    """The step that brings a conversation among people."""
    return _ENTER, {
        "organization": organization_id,
        "conversation": conversation_id,
        "entry": entry_id,
        "queue": placement.queue_id,
        "agent": placement.agent_id,
        "priority": priority,
        "context": context,
        "flows": is_flows,
        "now": now,
        "due": placement.sla_due_at,
        "alert": placement.sla_alert_at,
        "notice": bool(placement.offline_message) and placement.agent_id is None,
    }


def taking(
    organization_id: UUID, conversation_id: UUID, entry_id: UUID, agent_id: UUID, now: datetime, *, actor: str
) -> Step:
    """The step that notes that an agent took a conversation; of somebody unknown nothing is noted."""
    return _TAKE, {
        "organization": organization_id,
        "conversation": conversation_id,
        "entry": entry_id,
        "agent": agent_id,
        "now": now,
        "actor": actor,
    }


def giving(held: Held, agent_id: UUID, now: datetime) -> Step:
    """The step that gives a conversation to an agent."""
    if held.is_new:
        placement = Placement(queue_id=None, agent_id=agent_id)
        return entering(held.organization_id, held.conversation_id, held.entry_id, placement, now)
    return _GIVE, {"organization": held.organization_id, "entry": held.entry_id, "agent": agent_id, "now": now}


def putting(held: Held, placement: Placement, now: datetime) -> Step:
    """The step that puts a conversation into a queue."""
    if held.is_new:
        return entering(held.organization_id, held.conversation_id, held.entry_id, placement, now)
    return _PUT, {
        "organization": held.organization_id,
        "entry": held.entry_id,
        "queue": placement.queue_id,
        "now": now,
        "due": placement.sla_due_at,
        "alert": placement.sla_alert_at,
        "notice": bool(placement.offline_message),
    }


def ending(
    organization_id: UUID, conversation_ids: Sequence[UUID], *, how: str, reason: str, actor: str, now: datetime
) -> Step:
    """The step that ends whatever open entries these conversations have."""
    return _END, {
        "organization": organization_id,
        "conversations": sorted(conversation_ids),
        "how": how,
        "reason": reason,
        "actor": actor,
        "now": now,
    }
