"""Who owns conversations, and how their contacts are written to."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

from services.chassis import clock
from services.chassis.audit import AuditEntry, AuditLog, digest_of
from services.chassis.db import Database, Query, Step, fetch_all, run_steps
from services.router.domain.conversation import Owner
from services.router.domain.identity import Identity
from services.router.ports import Addressed, OwnerChange
from services.router.store.queues.moving import ending

# A merge moves identities, so that they never name a contact that was merged away.
_SET_OWNER = """
    WITH wanted AS MATERIALIZED (
      SELECT v.organization_id, v.conversation_id, v.owner, v.owner_changed_at
      FROM router.contact_identity i
      JOIN router.conversation v ON (v.organization_id, v.contact_id) = (i.organization_id, i.contact_id)
      WHERE i.organization_id = %(organization)s AND i.kind = %(kind)s AND i.value = %(value)s
        AND (%(number)s::text = '' OR v.phone_number_id = %(number)s)
      ORDER BY v.organization_id, v.conversation_id FOR NO KEY UPDATE OF v),
    changed AS (
      UPDATE router.conversation v SET owner = %(owner)s, owner_changed_at = now()
      FROM wanted w
      WHERE (v.organization_id, v.conversation_id) = (w.organization_id, w.conversation_id) AND w.owner <> %(owner)s
      RETURNING v.conversation_id, w.owner AS former, v.owner_changed_at)
    SELECT (SELECT count(*) FROM wanted),
           (SELECT array_agg(conversation_id ORDER BY conversation_id) FROM changed),
           (SELECT array_agg(former ORDER BY conversation_id) FROM changed),
           coalesce((SELECT max(owner_changed_at) FROM changed), (SELECT max(owner_changed_at) FROM wanted))"""

# LIMIT keeps every look-up one descent of a key (store/contacts.py). A conversation of a contact that was merged away
# is followed to the winner's with the same number.
_ADDRESSED = Query("""
    SELECT t.k, w.conversation_id, w.phone_number_id, c.wa_id, c.user_id,
           coalesce(extract(epoch FROM w.window_expires_at), 0)::bigint, c.opted_in
    FROM unnest(%(conversations)b::uuid[]) t(k)
    CROSS JOIN LATERAL (
      SELECT contact_id, phone_number_id FROM router.conversation
      WHERE organization_id = %(organization)b::uuid AND conversation_id = t.k LIMIT 1) v
    CROSS JOIN LATERAL (
      SELECT coalesce(merged_into, contact_id) AS contact_id FROM router.contact
      WHERE organization_id = %(organization)b::uuid AND contact_id = v.contact_id LIMIT 1) m
    CROSS JOIN LATERAL (
      SELECT conversation_id, contact_id, phone_number_id, window_expires_at FROM router.conversation
      WHERE organization_id = %(organization)b::uuid AND contact_id = m.contact_id
        AND phone_number_id = v.phone_number_id LIMIT 1) w
    CROSS JOIN LATERAL (
      SELECT wa_id, user_id, opted_in FROM router.contact
      WHERE organization_id = %(organization)b::uuid AND contact_id = w.contact_id LIMIT 1) c""")


class PostgresConversations:
    """See ConversationStore."""

    def __init__(self, database: Database, audit: AuditLog, now: clock.Now = clock.now) -> None:
        self._database = database
        self._audit = audit
        self._now = now

    async def set_owner(self, *, identity: Identity, phone_number_id: str, owner: Owner) -> OwnerChange:
        """See ConversationStore."""
        values = {
            "organization": identity.organization_id,
            "kind": identity.kind,
            "value": identity.value,
            "number": phone_number_id,
            "owner": owner,
        }
        organization_id = identity.organization_id
        async with self._database.transaction([organization_id]) as connection:
            await run_steps(connection, self._audit.locking([organization_id]))
            ((found, changed, former, changed_at),) = await fetch_all(connection, _SET_OWNER, values)
            entries = [
                AuditEntry(
                    organization_id,
                    "conversation.set_owner",
                    f"conversation:{conversation_id}",
                    before=digest_of({"owner": former_owner}),
                    after=digest_of({"owner": owner}),
                )
                for conversation_id, former_owner in zip(changed or (), former or (), strict=True)
            ]
            if owner == "bot" and changed:
                await run_steps(connection, [self._ending(organization_id, changed)])
            await run_steps(connection, self._audit.steps(entries))
        return OwnerChange(found, len(entries), changed_at)

    def _ending(self, organization_id: UUID, conversation_ids: Sequence[UUID]) -> Step:
        return ending(
            organization_id, conversation_ids, how="released", reason="", actor=self._audit.who(), now=self._now()
        )

    async def addressed(self, *, organization_id: UUID, conversation_ids: Collection[UUID]) -> Mapping[UUID, Addressed]:
        """See ConversationStore."""
        if not conversation_ids:
            return {}
        values = {"organization": organization_id, "conversations": sorted(conversation_ids)}
        (rows,) = await self._database.batch([organization_id], [(_ADDRESSED, values)], durable=False)
        return {row[0]: Addressed(*row[1:]) for row in rows}
