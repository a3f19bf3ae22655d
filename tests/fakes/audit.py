"""A room's audit log in memory."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID

from services.chassis.audit import START, AuditEntry, AuditRecord, Link, Verdict
from services.chassis.audit.chain import hash_of, text_of, verdict_on


@dataclass(slots=True)
class MemoryLog:
    """Chains as lists; whoever holds them may tamper with them. Looks at no more than `most` entries at once."""

    room: str
    most: int = 1000
    chains: dict[UUID, list[AuditRecord]] = field(default_factory=dict)

    def append(self, entry: AuditEntry, *, at: str = "2026-03-04T12:00:00.000000Z") -> None:
        """Note a change."""
        chain = self.chains.setdefault(entry.organization_id, [])
        prev_hash = chain[-1].hash if chain else START.hash
        draft = AuditRecord(
            len(chain) + 1, at, entry.actor, entry.action, entry.object, entry.before, entry.after, "", prev_hash, b""
        )
        text = text_of(draft, room=self.room, organization_id=entry.organization_id)
        chain.append(replace(draft, entry=text, hash=hash_of(prev_hash, text)))

    async def read(self, *, organization_id: UUID, limit: int, before: int = 0) -> Sequence[AuditRecord]:
        chain = self.chains.get(organization_id, [])
        return [record for record in reversed(chain) if not before or record.seq < before][:limit]

    async def verify(self, *, organization_id: UUID, after: Link = START, limit: int = 1000) -> Verdict:
        chain = [record for record in self.chains.get(organization_id, []) if record.seq > after.seq]
        size = min(limit, self.most)
        return verdict_on(
            chain[:size], after, room=self.room, organization_id=organization_id, has_more=len(chain) > size
        )
