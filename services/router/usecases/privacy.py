"""People as a whole: who somebody is, erasing, telling what is kept, and letting go of who is silent."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from services.chassis.errors import InvalidArgument, NotFound
from services.chassis.queue.schema import KEEP_DAYS
from services.pb.common.v1 import errors_pb2
from services.router.domain.identity import MOST_CHARACTERS, read_identity
from services.router.domain.person import Erased, Expired, Person, Retention, Row
from services.router.ports import PrivacyStore
from services.router.usecases.fields import text_of

MOST_DAYS = 36_500
CONTACTS_AT_ONCE = 500
_NIL = UUID(int=0)


class Privacy:
    """What router does about people when they, or an organization's rules, want them forgotten."""

    def __init__(self, store: PrivacyStore) -> None:
        self._store = store

    async def find(self, *, organization_id: UUID, contact: str) -> Person:
        """The person with this phone number or user id. Raises NotFound."""
        text_of("contact", contact, most=MOST_CHARACTERS)
        person = await self._store.find(identity=read_identity(organization_id, contact))
        if person is None:
            raise _unknown()
        return person

    async def find_again(self, *, organization_id: UUID, contact_ids: Sequence[UUID]) -> Person:
        """What has become of somebody who was found before. Raises NotFound."""
        person = await self._store.find_again(organization_id=organization_id, contact_ids=contact_ids)
        if person is None:
            raise _unknown()
        return person

    async def erase(self, *, organization_id: UUID, job_id: UUID, person: Person) -> Erased | None:
        """Remove the person; None when it has changed since it was found. Raises InvalidArgument."""
        if not person.wa_ids and not person.user_ids:
            raise InvalidArgument("person has neither wa_ids nor user_ids; give it as FindPerson told it")
        return await self._store.erase(organization_id=organization_id, job_id=job_id, person=person)

    async def rows(self, *, organization_id: UUID, contact_ids: Sequence[UUID]) -> Sequence[Row]:
        """What router keeps about contacts."""
        return await self._store.rows(organization_id=organization_id, contact_ids=contact_ids)

    async def put_retention(self, *, organization_id: UUID, days: int) -> bool:
        """Keep things for so many days, 0 for good; tells whether it changed. Raises NotFound or InvalidArgument."""
        if days and not KEEP_DAYS <= days <= MOST_DAYS:
            raise InvalidArgument(
                f"days is {days}; use {KEEP_DAYS} to {MOST_DAYS}, or 0 for good: Meta repeats webhooks for a week, and "
                "a repeat must be known"
            )
        return await self._store.put_retention(organization_id=organization_id, days=days or None)

    async def retentions(self) -> Sequence[Retention]:
        """The organizations that do not keep things for good."""
        return await self._store.retentions()

    async def expire(self, *, organization_id: UUID, job_id: UUID, before: datetime, after: UUID | None) -> Expired:
        """Remove some of the contacts that have been silent since `before`."""
        return await self._store.expire(
            organization_id=organization_id, job_id=job_id, before=before, after=after or _NIL, limit=CONTACTS_AT_ONCE
        )


def _unknown() -> NotFound:
    return NotFound(
        "no contact has this name; give the phone number with its country code, or the business-scoped user id",
        reason=errors_pb2.ERROR_REASON_CONTACT_NOT_FOUND,
    )
