"""Entries as they are read, and what is noted of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from services.chassis.db import Query, Rows, Step
from services.router.domain.queues import Change, Entry

# Newest changes of an entry that are told; a conversation that is passed on for ever is told to the end of its life.
MOST_CHANGES = 50

# A contact that was merged away is by now another one. LIMIT keeps every look-up one descent of a key.
ENTRY = """
    SELECT e.entry_id, e.conversation_id, v.phone_number_id, c.wa_id, c.user_id, c.name, e.queue_id, e.state,
           e.priority, e.is_vip, e.queued_at, e.context, e.is_flows, e.sla_due_at, e.sla_alert_at, e.sla_alerted_at,
           e.agent_id, e.assigned_at, e.ended_at, e.end_reason"""
ITS_CONTACT = """
    CROSS JOIN LATERAL (
      SELECT phone_number_id FROM router.conversation
      WHERE organization_id = e.organization_id AND conversation_id = e.conversation_id LIMIT 1) v
    CROSS JOIN LATERAL (
      SELECT coalesce(merged_into, contact_id) AS contact_id FROM router.contact
      WHERE organization_id = e.organization_id AND contact_id = e.contact_id LIMIT 1) m
    CROSS JOIN LATERAL (
      SELECT wa_id, user_id, name FROM router.contact
      WHERE organization_id = e.organization_id AND contact_id = m.contact_id LIMIT 1) c"""

_ENTRIES = Query(f"""
    {ENTRY} FROM router.queue_entry e {ITS_CONTACT}
    WHERE e.organization_id = %(organization)b::uuid AND e.entry_id = ANY (%(entries)b::uuid[])
    ORDER BY e.queued_at DESC, e.entry_id DESC""")
_CHANGES = Query(f"""
    SELECT c.entry_id, c.at, c.kind, c.from_queue_id, c.queue_id, c.agent_id, c.actor, c.reason
    FROM unnest(%(entries)b::uuid[]) t(e)
    CROSS JOIN LATERAL (
      SELECT * FROM router.queue_change WHERE organization_id = %(organization)b::uuid AND entry_id = t.e
      ORDER BY change_id DESC LIMIT {MOST_CHANGES}) c
    ORDER BY c.entry_id, c.change_id DESC""")

# Who pulls, and who is routed to, wait for no audit log: it is written soon after (store/queues/telling.py).
_NOTE = Query("""
    INSERT INTO router.queue_change
      (organization_id, entry_id, contact_id, at, kind, from_queue_id, queue_id, agent_id, actor, reason, is_audit_due)
    SELECT organization_id, entry_id, contact_id, %(now)b::timestamptz, %(kind)b::text, %(left)b::uuid, queue_id,
           agent_id, %(actor)b::text, %(reason)b::text, %(kind)b::text IN ('pulled', 'routed')
    FROM router.queue_entry
    WHERE organization_id = %(organization)b::uuid AND entry_id = ANY (%(entries)b::uuid[])""")


def reading_entries(organization_id: UUID, entry_ids: Sequence[UUID]) -> list[Step]:
    """The steps that read entries with what happened to them."""
    values = {"organization": organization_id, "entries": list(entry_ids)}
    return [(_ENTRIES, values), (_CHANGES, values)]


def entries_in(rows: Sequence[Rows]) -> list[Entry]:
    """What those steps read, newest first."""
    entries, changes = rows
    by_entry: defaultdict[UUID, list[Change]] = defaultdict(list)
    for entry_id, at, kind, left, queue_id, agent_id, actor, reason in changes:
        change = Change(
            at=at, kind=kind, from_queue_id=left, queue_id=queue_id, agent_id=agent_id, actor=actor, reason=reason
        )
        by_entry[entry_id].append(change)
    return [
        Entry(**dict(zip(_COLUMNS, row, strict=True)), changes=tuple(reversed(by_entry[row[0]]))) for row in entries
    ]


def noting(
    organization_id: UUID,
    entry_ids: Sequence[UUID],
    kind: str,
    *,
    now: datetime,
    actor: str,
    left: UUID | None = None,
    reason: str = "",
) -> Step:
    """The step that notes what happened to entries, as they are by then; `left` is the queue they were in before."""
    return _NOTE, {
        "organization": organization_id,
        "entries": list(entry_ids),
        "kind": kind,
        "now": now,
        "actor": actor,
        "left": left,
        "reason": reason,
    }


_COLUMNS = (
    "entry_id", "conversation_id", "phone_number_id", "wa_id", "user_id", "contact_name", "queue_id", "state",
    "priority", "is_vip", "queued_at", "context", "is_flows", "sla_due_at", "sla_alert_at", "sla_alerted_at",
    "agent_id", "assigned_at", "ended_at", "end_reason",
)  # fmt: skip
