"""People as a whole, on the rows of router's store in memory."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

from services.router.domain.identity import Identity
from services.router.domain.person import Erased, Expired, Person, Retention, Row
from tests.fakes.router import FakeStore


@dataclass
class FakePeople:
    """PrivacyStore over a FakeStore; `now` is the database's time."""

    store: FakeStore
    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    days: dict[UUID, int] = field(default_factory=dict)
    receipts: dict[UUID, dict[str, int]] = field(default_factory=dict)

    async def find(self, *, identity: Identity) -> Person | None:
        contact_id = self.store.contact_id_of(identity)
        if contact_id is None:
            return None
        return await self.find_again(organization_id=identity.organization_id, contact_ids=[contact_id])

    async def find_again(self, *, organization_id: UUID, contact_ids: Sequence[UUID]) -> Person | None:
        rows = self.store.rows
        winners = {rows.merged_into.get(each, each) for each in contact_ids if each in rows.contacts}
        losers = {loser for loser, winner in rows.merged_into.items() if winner in winners}
        family = sorted(winners | losers)
        if not family:
            return None
        names = sorted((i.kind, i.value) for i, contact_id in rows.identities.items() if contact_id in family)
        return Person(
            contact_ids=tuple(family),
            conversation_ids=tuple(sorted(key for key, v in rows.conversations.items() if v.contact_id in family)),
            wa_ids=tuple(value for kind, value in names if kind == "wa_id"),
            user_ids=tuple(value for kind, value in names if kind == "user_id"),
            phone_number_ids=tuple(number.phone_number_id for number in self.store.numbers_of(organization_id)),
            known_since=datetime.fromtimestamp(min(rows.contacts[each].created_at for each in family), UTC),
        )

    async def erase(self, *, organization_id: UUID, job_id: UUID, person: Person) -> Erased | None:
        rows = self.store.rows
        names = [
            *(Identity(organization_id, "wa_id", value) for value in person.wa_ids),
            *(Identity(organization_id, "user_id", value) for value in person.user_ids),
        ]
        found = await self.find_again(organization_id=organization_id, contact_ids=person.contact_ids)
        if found is None:
            for name in names:
                rows.erased.setdefault(name, int(self.now.timestamp()))
            erased_at = datetime.fromtimestamp(max(rows.erased[name] for name in names), UTC)
            return Erased(self._noted(job_id, {}), erased_at)
        if not person.is_whole(found):
            return None
        latest = [rows.conversations[each].last_inbound_at for each in person.conversation_ids]
        erased_at = max(int(self.now.timestamp()), *latest, 0)
        rows.erased |= dict.fromkeys(names, erased_at)
        counts = self._noted(job_id, self._remove(person.contact_ids))
        return Erased(counts, datetime.fromtimestamp(erased_at, UTC))

    async def rows(self, *, organization_id: UUID, contact_ids: Sequence[UUID]) -> Sequence[Row]:
        contacts = [self.store.rows.contacts[each] for each in contact_ids if each in self.store.rows.contacts]
        return [Row("contact", {"contact_id": str(each.contact_id), "name": each.name}) for each in contacts]

    async def put_retention(self, *, organization_id: UUID, days: int | None) -> bool:
        self.store.need(organization_id)
        before = self.days.get(organization_id)
        if days is None:
            self.days.pop(organization_id, None)
        else:
            self.days[organization_id] = days
        return before != days

    async def retentions(self) -> Sequence[Retention]:
        return [
            Retention(key, days, tuple(number.phone_number_id for number in self.store.numbers_of(key)))
            for key, days in sorted(self.days.items())
        ]

    async def expire(
        self, *, organization_id: UUID, job_id: UUID, before: datetime, after: UUID, limit: int
    ) -> Expired:
        rows = self.store.rows
        ours = sorted(key for key, each in rows.contacts.items() if each.organization_id == organization_id)
        page = [key for key in ours if key > after][:limit]
        silent: list[UUID] = []
        for key in page:
            if key not in rows.merged_into and rows.contacts[key].created_at < before.timestamp():
                family = {key, *(loser for loser, winner in rows.merged_into.items() if winner == key)}
                theirs = [each for each in rows.conversations.values() if each.contact_id in family]
                if all(each.last_inbound_at < before.timestamp() for each in theirs):
                    silent += family
        counts = self._remove(silent) if silent else {}
        return Expired(self._noted(job_id, counts), page[-1] if len(page) == limit else None)

    def _noted(self, job_id: UUID, counts: Mapping[str, int]) -> Mapping[str, int]:
        """What the job has removed so far."""
        total = self.receipts.setdefault(job_id, {})
        for table, count in counts.items():
            total[table] = total.get(table, 0) + count
        return {table: count for table, count in total.items() if count}

    def _remove(self, contact_ids: Sequence[UUID]) -> dict[str, int]:
        rows = self.store.rows
        conversations = [key for key, each in rows.conversations.items() if each.contact_id in contact_ids]
        identities = [key for key, contact_id in rows.identities.items() if contact_id in contact_ids]
        for conversation_id in conversations:
            del rows.conversations[conversation_id]
        for identity in identities:
            del rows.identities[identity]
        for contact_id in contact_ids:
            del rows.contacts[contact_id]
            rows.merged_into.pop(contact_id, None)
        return {
            "router.conversation": len(conversations),
            "router.contact_identity": len(identities),
            "router.contact": len(contact_ids),
        }
