"""What happened to conversations among people and is still to be told, noted in the audit log, or heard by a flow.

It was noted in the transaction that brought it about, so nothing is lost; whoever tells it may be killed, and tells it
again. Changes of one conversation are made one after the other, each under the lock of the conversation's entry, so the
order of their numbers is the order in which they were committed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from services.chassis.audit import AuditEntry, AuditLog, digest_of
from services.chassis.db import Database, Query
from services.router.domain.queues import DeskEvent, event_of
from services.router.ports.queues import Unheard, Untold

_THEIRS = "organization_id = ANY (%(organizations)b::uuid[])"
_MINE = "organization_id = %(organization)b::uuid"

# LIMIT keeps every look-up one descent of a key.
_ITS_ENTRY = """
    CROSS JOIN LATERAL (
      SELECT conversation_id, sla_due_at, end_reason FROM router.queue_entry
      WHERE organization_id = c.organization_id AND entry_id = c.entry_id LIMIT 1) e"""
_UNTOLD = Query(f"""
    SELECT c.organization_id, c.change_id, c.entry_id, c.kind, c.at, c.from_queue_id, c.queue_id, c.agent_id, c.reason,
           e.conversation_id, e.sla_due_at, e.end_reason, v.phone_number_id, q.department_id
    FROM router.queue_change c {_ITS_ENTRY}
    CROSS JOIN LATERAL (
      SELECT phone_number_id FROM router.conversation
      WHERE organization_id = c.organization_id AND conversation_id = e.conversation_id LIMIT 1) v
    LEFT JOIN LATERAL (
      SELECT department_id FROM router.queue
      WHERE organization_id = c.organization_id AND queue_id = c.queue_id LIMIT 1) q ON true
    WHERE c.{_THEIRS} AND c.is_untold ORDER BY c.organization_id, c.change_id LIMIT %(limit)b::bigint""")
_TOLD = Query(f"""
    UPDATE router.queue_change SET is_untold = false
    WHERE {_THEIRS} AND change_id = ANY (%(changes)b::bigint[]) AND is_untold""")

_AUDIT_DUE = Query(f"""
    SELECT DISTINCT organization_id FROM router.queue_change WHERE {_THEIRS} AND is_audit_due ORDER BY 1""")
_TAKE_AUDIT_DUE = Query(f"""
    WITH due AS (
      UPDATE router.queue_change SET is_audit_due = false
      WHERE {_MINE} AND is_audit_due AND change_id = ANY (ARRAY(
        SELECT change_id FROM router.queue_change WHERE {_MINE} AND is_audit_due
        ORDER BY change_id LIMIT %(limit)b::bigint))
      RETURNING organization_id, change_id, entry_id, kind, queue_id, agent_id, actor)
    SELECT c.kind, c.queue_id, c.agent_id, c.actor, e.conversation_id FROM due c {_ITS_ENTRY} ORDER BY c.change_id""")

_UNHEARD = Query(f"""
    SELECT organization_id, entry_id, merged_conversation_ids FROM router.queue_entry
    WHERE {_THEIRS} AND state = 'ended' AND merged_conversation_ids <> '{{}}' LIMIT %(limit)b::bigint""")
_HEARD = Query(f"""
    UPDATE router.queue_entry SET merged_conversation_ids = '{{}}'
    WHERE {_MINE} AND entry_id = %(entry)b::uuid AND state = 'ended'""")


class PostgresDeskBook:
    """See ports.queues.DeskBook."""

    def __init__(self, database: Database, audit: AuditLog) -> None:
        self._database = database
        self._audit = audit

    async def untold(self, *, organization_ids: Sequence[UUID], limit: int) -> Sequence[Untold]:
        """See DeskBook."""
        values = {"organizations": list(organization_ids), "limit": limit}
        (rows,) = await self._database.batch(organization_ids, [(_UNTOLD, values)], durable=False)
        return [_untold(row) for row in rows]

    async def told(self, changes: Sequence[Untold]) -> None:
        """See DeskBook."""
        organization_ids = sorted({each.organization_id for each in changes})
        values = {"organizations": organization_ids, "changes": sorted(each.change_id for each in changes)}
        await self._database.batch(organization_ids, [(_TOLD, values)])

    async def audit(self, *, organization_ids: Sequence[UUID], limit: int) -> int:
        """See DeskBook."""
        values = {"organizations": list(organization_ids)}
        (due,) = await self._database.batch(organization_ids, [(_AUDIT_DUE, values)], durable=False)
        return sum([await self._audit_one(organization_id, limit) for (organization_id,) in due])

    async def _audit_one(self, organization_id: UUID, limit: int) -> int:
        values = {"organization": organization_id, "limit": limit}
        locking = self._audit.locking([organization_id])
        async with self._database.journey([organization_id]) as journey:
            *_, rows = await journey.run([*locking, (_TAKE_AUDIT_DUE, values)])
            entries = [_audited(organization_id, *row) for row in rows]
            await journey.commit(self._audit.steps(entries))
        return len(entries)

    async def unheard(self, *, organization_ids: Sequence[UUID], limit: int) -> Sequence[Unheard]:
        """See DeskBook."""
        values = {"organizations": list(organization_ids), "limit": limit}
        (rows,) = await self._database.batch(organization_ids, [(_UNHEARD, values)], durable=False)
        return [Unheard(row[0], row[1], tuple(row[2])) for row in rows]

    async def heard(self, unheard: Unheard) -> None:
        """See DeskBook."""
        values = {"organization": unheard.organization_id, "entry": unheard.entry_id}
        await self._database.batch([unheard.organization_id], [(_HEARD, values)])


def _untold(row: tuple[Any, ...]) -> Untold:
    (organization_id, change_id, entry_id, kind, at, left, queue_id, agent_id, reason, conversation_id, due_at,
     end_reason, phone_number_id, department_id) = row  # fmt: skip
    named = event_of(kind, has_agent=agent_id is not None, reason=reason, end_reason=end_reason)
    if named is None:
        return Untold(organization_id, change_id, None)
    event = DeskEvent(
        organization_id=organization_id,
        event_id=f"desk:{entry_id}:{change_id}",
        event=named[0],
        how=named[1],
        conversation_id=conversation_id,
        phone_number_id=phone_number_id,
        entry_id=entry_id,
        queue_id=queue_id,
        department_id=department_id,
        from_queue_id=left,
        agent_id=agent_id,
        sla_due_at=due_at,
        occurred_at=at,
        sequence=change_id,
    )
    return Untold(organization_id, change_id, event)


def _audited(
    organization_id: UUID, kind: str, queue_id: UUID | None, agent_id: UUID | None, actor: str, conversation_id: UUID
) -> AuditEntry:
    return AuditEntry(
        organization_id,
        "conversation.pull" if kind == "pulled" else "conversation.route",
        f"conversation:{conversation_id}",
        before=digest_of({"queue": queue_id, "agent": None}),
        after=digest_of({"queue": queue_id, "agent": agent_id}),
        actor=actor,
    )
