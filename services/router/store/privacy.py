"""People as a whole: found, erased, exported, expired. A contact is locked before anything of it goes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from services.chassis.audit import AuditEntry, AuditLog, digest_of
from services.chassis.db import Database, Query, Rows, Step, Transaction
from services.chassis.queue import Cleared, Receipts
from services.chassis.sealing import NameHasher
from services.router.domain.identity import Identity
from services.router.domain.person import Erased, Expired, Person, Retention, Row
from services.router.store.setup import unknown_organization

_MINE = "organization_id = %(organization)b::uuid"
_THEIRS = f"{_MINE} AND contact_id = ANY (%(contacts)b::uuid[])"

_OF_NAME = Query(f"""
    SELECT contact_id FROM router.contact_identity
    WHERE {_MINE} AND kind = %(kind)b::text AND value = %(value)b::text""")

# The contact each of these is by now, and all that were merged into it.
_FAMILY = Query(f"""
    WITH winner AS MATERIALIZED (SELECT DISTINCT coalesce(merged_into, contact_id) AS id FROM router.contact
                                 WHERE {_THEIRS})
    SELECT c.contact_id, c.created_at, w.id FROM winner w
    CROSS JOIN LATERAL (
      SELECT contact_id, created_at FROM router.contact WHERE {_MINE} AND contact_id = w.id
      UNION ALL
      SELECT contact_id, created_at FROM router.contact WHERE {_MINE} AND merged_into = w.id) c
    ORDER BY 1""")
_NAMES = Query(f"SELECT kind, value FROM router.contact_identity WHERE {_THEIRS} ORDER BY 1, 2")
_CONVERSATIONS = Query(f"""
    SELECT conversation_id, last_inbound_at FROM router.conversation WHERE {_THEIRS} ORDER BY 1""")
_NUMBERS = Query(f"SELECT phone_number_id FROM router.number WHERE {_MINE} ORDER BY 1")

# Holds back whoever links a name, begins a conversation or merges.
_LOCK_CONTACTS = Query(f"SELECT contact_id FROM router.contact WHERE {_THEIRS} ORDER BY contact_id FOR UPDATE")
_LOCK_CONVERSATIONS = Query(f"""
    SELECT conversation_id FROM router.conversation WHERE {_THEIRS} ORDER BY conversation_id FOR UPDATE""")

# Meta's clock may be ahead of ours: whatever has been routed so far counts as written before.
_REMEMBER = Query("""
    INSERT INTO router.erased_identity AS e (organization_id, identity_hash, erased_at)
    SELECT %(organization)b::uuid, h, greatest(now(), %(latest)b::timestamptz)
    FROM unnest(%(hashes)b::bytea[]) h ORDER BY 2
    ON CONFLICT (organization_id, identity_hash) DO UPDATE SET erased_at = greatest(e.erased_at, excluded.erased_at)
    RETURNING erased_at""")
_REMEMBER_ONCE = Query("""
    INSERT INTO router.erased_identity (organization_id, identity_hash, erased_at)
    SELECT %(organization)b::uuid, h, now() FROM unnest(%(hashes)b::bytea[]) h ORDER BY 2
    ON CONFLICT (organization_id, identity_hash) DO NOTHING""")
_REMEMBERED = Query(f"""
    SELECT coalesce(max(erased_at), now()) FROM router.erased_identity
    WHERE {_MINE} AND identity_hash = ANY (%(hashes)b::bytea[])""")

_REMOVE = {
    table: Query(f"WITH gone AS (DELETE FROM {table} WHERE {_THEIRS} RETURNING 1) SELECT count(*) FROM gone")
    for table in (
        "router.conversation_note",
        "router.queue_change",
        "router.queue_entry",
        "router.conversation",
        "router.contact_identity",
        "router.contact",
    )
}

_ROWS = {
    "contact": Query(f"""
        SELECT json_build_object('contact_id', contact_id, 'name', name, 'given_name', given_name,
          'phone_number', wa_id, 'user_id', user_id, 'parent_user_id', parent_user_id,
          'merged_into', merged_into, 'created_at', created_at,
          'attributes', attributes, 'tags', tags, 'language', language, 'opted_in', opted_in)
        FROM router.contact WHERE {_THEIRS} ORDER BY created_at, contact_id"""),
    "identity": Query(f"""
        SELECT json_build_object('kind', kind, 'value', value, 'contact_id', contact_id, 'linked_at', linked_at)
        FROM router.contact_identity WHERE {_THEIRS} ORDER BY linked_at, kind, value"""),
    "conversation": Query(f"""
        SELECT json_build_object('conversation_id', conversation_id, 'contact_id', contact_id,
          'phone_number_id', phone_number_id, 'owner', owner, 'owner_changed_at', owner_changed_at,
          'last_inbound_at', last_inbound_at, 'window_expires_at', window_expires_at, 'handover', handover,
          'tags', tags, 'read_up_to', read_up_to)
        FROM router.conversation WHERE {_THEIRS} ORDER BY last_inbound_at, conversation_id"""),
    "conversation_note": Query(f"""
        SELECT json_build_object('note_id', note_id, 'conversation_id', conversation_id, 'author', author,
          'text', text, 'created_at', created_at)
        FROM router.conversation_note WHERE {_THEIRS} ORDER BY created_at, note_id"""),
    "queue_entry": Query(f"""
        SELECT json_build_object('entry_id', entry_id, 'conversation_id', conversation_id, 'queue_id', queue_id,
          'state', state, 'priority', priority, 'is_vip', is_vip, 'queued_at', queued_at, 'context', context,
          'sla_due_at', sla_due_at, 'agent_id', agent_id, 'assigned_at', assigned_at, 'ended_at', ended_at,
          'end_reason', end_reason)
        FROM router.queue_entry WHERE {_THEIRS} ORDER BY queued_at, entry_id"""),
    "queue_change": Query(f"""
        SELECT json_build_object('entry_id', entry_id, 'at', at, 'kind', kind, 'queue_id', queue_id,
          'agent_id', agent_id, 'actor', actor, 'reason', reason)
        FROM router.queue_change WHERE {_THEIRS} ORDER BY change_id"""),
}

# What people had to do with somebody who still writes, and is long over.
_OLD = f"{_THEIRS} AND state = 'ended' AND ended_at < %(before)b::timestamptz"
_REMOVE_OLD = {
    "router.queue_change": Query(f"""
        WITH gone AS (DELETE FROM router.queue_change
          WHERE {_THEIRS} AND entry_id = ANY (ARRAY(SELECT entry_id FROM router.queue_entry WHERE {_OLD}))
          RETURNING 1)
        SELECT count(*) FROM gone"""),
    "router.queue_entry": Query(f"""
        WITH gone AS (DELETE FROM router.queue_entry WHERE {_OLD} RETURNING 1) SELECT count(*) FROM gone"""),
}

_RETENTION = Query(f"SELECT retention_days FROM router.organization WHERE {_MINE} FOR NO KEY UPDATE")
_PUT_RETENTION = Query(f"UPDATE router.organization SET retention_days = %(days)b::int WHERE {_MINE}")
_RETENTIONS = Query("""
    SELECT o.organization_id, o.retention_days, ARRAY(
      SELECT d.phone_number_id FROM router.number_directory d
      WHERE d.organization_id = o.organization_id ORDER BY 1)
    FROM router.organization o WHERE o.retention_days IS NOT NULL ORDER BY 1""")

_PAGE = Query(f"""
    SELECT contact_id, merged_into IS NULL AND created_at < %(before)b::timestamptz FROM router.contact
    WHERE {_MINE} AND contact_id > %(after)b::uuid ORDER BY contact_id LIMIT %(limit)b::bigint""")
_ACTIVE = Query(f"""
    SELECT DISTINCT contact_id FROM router.conversation
    WHERE {_THEIRS} AND last_inbound_at >= %(before)b::timestamptz""")


class PostgresPrivacy:
    """See PrivacyStore."""

    def __init__(self, database: Database, names: NameHasher, audit: AuditLog) -> None:
        self._database = database
        self._names = names
        self._audit = audit
        self._receipts = Receipts("router")

    async def find(self, *, identity: Identity) -> Person | None:
        """See PrivacyStore."""
        organization_id = identity.organization_id
        values = {"organization": organization_id, "kind": identity.kind, "value": identity.value}
        async with self._database.journey([organization_id], durable=False) as journey:
            (rows,) = await journey.run([(_OF_NAME, values)])
            return await _person(journey, organization_id, [row[0] for row in rows])

    async def find_again(self, *, organization_id: UUID, contact_ids: Sequence[UUID]) -> Person | None:
        """See PrivacyStore."""
        async with self._database.journey([organization_id], durable=False) as journey:
            return await _person(journey, organization_id, contact_ids)

    async def erase(self, *, organization_id: UUID, job_id: UUID, person: Person) -> Erased | None:
        """See PrivacyStore."""
        hashes = [
            *(self._names.hash_of(organization_id, "wa_id", value) for value in person.wa_ids),
            *(self._names.hash_of(organization_id, "user_id", value) for value in person.user_ids),
        ]
        async with self._database.journey([organization_id]) as journey:
            await journey.run([(_LOCK_CONTACTS, _theirs(organization_id, person.contact_ids))])
            found = await _person(journey, organization_id, person.contact_ids)
            if found is None:
                erased_at = await _already(journey, organization_id, hashes)
                told = await self._receipts.commit(journey, organization_id, job_id, Cleared())
                return Erased(told.counts, erased_at)
            if not person.is_whole(found):
                return None
            theirs = _theirs(organization_id, person.contact_ids)
            # What a conversation's last message says is read under its lock.
            _, times = await journey.run([(_LOCK_CONVERSATIONS, theirs), (_CONVERSATIONS, theirs)])
            latest = max((row[1] for row in times), default=None)
            remember = (_REMEMBER, {"organization": organization_id, "hashes": hashes, "latest": latest})
            remembered, *removed = await journey.run([remember, *_removing(organization_id, person.contact_ids)])
            cleared = Cleared(_counts(removed))
            told = await self._receipts.commit(journey, organization_id, job_id, cleared)
        return Erased(told.counts, max(row[0] for row in remembered))

    async def rows(self, *, organization_id: UUID, contact_ids: Sequence[UUID]) -> Sequence[Row]:
        """See PrivacyStore."""
        steps = [(query, _theirs(organization_id, contact_ids)) for query in _ROWS.values()]
        answers = await self._database.batch([organization_id], steps, durable=False)
        return [Row(kind, row[0]) for kind, rows in zip(_ROWS, answers, strict=True) for row in rows]

    async def put_retention(self, *, organization_id: UUID, days: int | None) -> bool:
        """See PrivacyStore."""
        values = {"organization": organization_id, "days": days}
        async with self._database.journey([organization_id]) as journey:
            *_, found = await journey.run([*self._audit.locking([organization_id]), (_RETENTION, values)])
            if not found:
                raise unknown_organization()
            ((before,),) = found
            if before == days:
                return False
            await journey.commit(
                [(_PUT_RETENTION, values), *self._audit.steps([_retention(organization_id, before, days)])]
            )
        return True

    async def retentions(self) -> Sequence[Retention]:
        """See PrivacyStore."""
        (rows,) = await self._database.batch((), [(_RETENTIONS, {})], durable=False)
        return [Retention(row[0], row[1], tuple(row[2])) for row in rows]

    async def expire(
        self, *, organization_id: UUID, job_id: UUID, before: datetime, after: UUID, limit: int
    ) -> Expired:
        """See PrivacyStore."""
        values = {"organization": organization_id, "before": before, "after": after, "limit": limit}
        async with self._database.journey([organization_id]) as journey:
            (page,) = await journey.run([(_PAGE, values)])
            last = page[-1][0] if len(page) == limit else None
            silent = await _silent(journey, organization_id, [row[0] for row in page if row[1]], before)
            theirs = _theirs(organization_id, silent)
            await journey.run([(_LOCK_CONTACTS, theirs), (_LOCK_CONVERSATIONS, theirs)])
            # Somebody may have written while the locks were waited for.
            silent = await _silent(journey, organization_id, silent, before)
            everybody = _theirs(organization_id, [row[0] for row in page]) | {"before": before}
            old = await journey.run([(query, everybody) for query in _REMOVE_OLD.values()])
            counts = Counter(_counts(await journey.run(_removing(organization_id, silent))))
            counts.update({table: rows[0][0] for table, rows in zip(_REMOVE_OLD, old, strict=True)})
            cleared = Cleared(dict(counts))
            told = await self._receipts.commit(journey, organization_id, job_id, cleared)
        return Expired(told.counts, last)


def _retention(organization_id: UUID, before: int | None, days: int | None) -> AuditEntry:
    return AuditEntry(
        organization_id,
        "retention.put",
        f"organization:{organization_id}",
        before=None if before is None else digest_of(before),
        after=None if days is None else digest_of(days),
    )


async def _person(journey: Transaction, organization_id: UUID, contact_ids: Sequence[UUID]) -> Person | None:
    """All that is known of these contacts by now."""
    (family,) = await journey.run([(_FAMILY, _theirs(organization_id, contact_ids))])
    if not family:
        return None
    theirs = _theirs(organization_id, [row[0] for row in family])
    names, conversations, numbers = await journey.run(
        [(_NAMES, theirs), (_CONVERSATIONS, theirs), (_NUMBERS, {"organization": organization_id})]
    )
    return Person(
        contact_ids=tuple(row[0] for row in family),
        conversation_ids=tuple(row[0] for row in conversations),
        wa_ids=tuple(value for kind, value in names if kind == "wa_id"),
        user_ids=tuple(value for kind, value in names if kind == "user_id"),
        phone_number_ids=tuple(row[0] for row in numbers),
        known_since=min(row[1] for row in family),
    )


async def _already(journey: Transaction, organization_id: UUID, hashes: Sequence[bytes]) -> datetime:
    """When a contact was erased that is gone; remembered now if it went another way."""
    values = {"organization": organization_id, "hashes": list(hashes)}
    _, ((erased_at,),) = await journey.run([(_REMEMBER_ONCE, values), (_REMEMBERED, values)])
    moment: datetime = erased_at
    return moment


async def _silent(
    journey: Transaction, organization_id: UUID, contact_ids: Sequence[UUID], before: datetime
) -> list[UUID]:
    """Of these contacts, with those merged into them, the ones of whom nobody has written since."""
    (family,) = await journey.run([(_FAMILY, _theirs(organization_id, contact_ids))])
    theirs = _theirs(organization_id, [row[0] for row in family])
    (active,) = await journey.run([(_ACTIVE, theirs | {"before": before})])
    is_active = {row[0] for row in active}
    winners = {row[2] for row in family if row[0] in is_active}
    return sorted(row[0] for row in family if row[2] not in winners)


def _removing(organization_id: UUID, contact_ids: Sequence[UUID]) -> list[Step]:
    return [(query, _theirs(organization_id, contact_ids)) for query in _REMOVE.values()]


def _counts(removed: Sequence[Rows]) -> dict[str, int]:
    return {table: rows[0][0] for table, rows in zip(_REMOVE, removed, strict=True)}


def _theirs(organization_id: UUID, contact_ids: Sequence[UUID]) -> dict[str, Any]:
    return {"organization": organization_id, "contacts": sorted(contact_ids)}
