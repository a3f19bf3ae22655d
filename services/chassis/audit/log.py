"""A room's audit log in Postgres: written in the transaction of the change, one chain an organization."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from uuid import UUID

from services.chassis.audit.chain import START, AuditEntry, AuditRecord, Link, Verdict, parts_of, verdict_on
from services.chassis.audit.statements import Statements, statements_of
from services.chassis.db import Database, Rows, Step, rescoping
from services.chassis.rpc.actor import current_actor

MOST_AT_ONCE = 10_000
_PAGE = 1000


class AuditLog:
    """What a room notes. `actor` says who stands behind the call that is being worked on; empty is the room itself."""

    def __init__(self, room: str, database: Database, *, actor: Callable[[], str] = current_actor) -> None:
        self.room = room
        self._database = database
        self._actor = actor
        self._statements: Statements = statements_of(room)

    def locking(self, organization_ids: Iterable[UUID]) -> list[Step]:
        """Steps to begin a change with: of audited changes of an organization in this room, one at a time goes on.

        So what the change reads before it writes is what was there. They come before the change locks any row, in every
        audited change alike: two that lock in another order would wait for each other for ever.
        """
        return [(self._statements.lock, self._key(each)) for each in sorted(set(organization_ids))]

    def steps(self, entries: Sequence[AuditEntry]) -> list[Step]:
        """The last steps of the transaction that makes the changes; none for no entries.

        They lock for themselves (which costs nothing when `locking` did) and name the entries' organizations, and no
        others, to row-level security. Lock and insert are statements of their own: an insert that waited for the lock
        within itself would not see the entry that it waited for (READ COMMITTED).
        """
        if not entries:
            return []
        organization_ids = {entry.organization_id for entry in entries}
        return [rescoping(organization_ids), *self.locking(organization_ids), *map(self._appending, entries)]

    async def read(self, *, organization_id: UUID, limit: int, before: int = 0) -> list[AuditRecord]:
        """Entries of one chain, newest first; only those numbered less than `before` unless it is 0."""
        values = {"organization": organization_id, "before": before, "limit": limit}
        return _records(await self._rows(organization_id, (self._statements.newest, values)))

    async def verify(self, *, organization_id: UUID, after: Link = START, limit: int = MOST_AT_ONCE) -> Verdict:
        """How far the chain holds: up to `limit` entries that should follow `after` are computed again."""
        link, left = after, limit
        while left:
            size = min(left, _PAGE)
            values = {"organization": organization_id, "after": link.seq, "limit": size}
            records = _records(await self._rows(organization_id, (self._statements.following, values)))
            verdict = verdict_on(
                records, link, room=self.room, organization_id=organization_id, has_more=len(records) == size
            )
            if not verdict.has_more:
                return verdict
            link, left = verdict.link, left - size
        return Verdict(link, has_more=True)

    async def _rows(self, organization_id: UUID, step: Step) -> Rows:
        (rows,) = await self._database.batch([organization_id], [step], durable=False)
        return rows

    def _key(self, organization_id: UUID) -> dict[str, object]:
        return {"chain": f"{self.room}.audit_event {organization_id}"}

    def who(self) -> str:
        """Who stands behind what is being done."""
        return self._actor() or f"service:{self.room}"

    def _appending(self, entry: AuditEntry) -> Step:
        actor = entry.actor or self.who()
        opening, middle = parts_of(entry, room=self.room, actor=actor)
        values = {
            "organization": entry.organization_id,
            "actor": actor,
            "action": entry.action,
            "object": entry.object,
            "before": entry.before,
            "after": entry.after,
            "opening": opening,
            "middle": middle,
        }
        return self._statements.append, values


def _records(rows: Rows) -> list[AuditRecord]:
    return [AuditRecord(*row) for row in rows]
