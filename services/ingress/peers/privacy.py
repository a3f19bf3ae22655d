"""The other rooms' parts of erasures, exports and retention."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

from google.protobuf.timestamp_pb2 import Timestamp

from services.chassis.rpc import Peer
from services.ingress.domain.privacy import Answer, Person, wamid_parts
from services.ingress.privacy.ports import ExportedPage, ExportedRow, Retention
from services.pb.analytics.v1 import analytics_pb2, analytics_pb2_grpc
from services.pb.common.v1 import privacy_pb2
from services.pb.executor.v1 import executor_pb2, executor_pb2_grpc
from services.pb.router.v1 import router_pb2, router_pb2_grpc
from services.pb.sender.v1 import sender_pb2, sender_pb2_grpc

# A person waits for it.
FIND_SECONDS = 3.0
# Nobody waits for a step of an erasure; a log of years is long.
PRIVACY_SECONDS = 30.0


class RouterPrivacy:
    """router's part of erasures, exports and retention (privacy.ports.Room, privacy.ports.People)."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer
        self._privacy = peer.stub(router_pb2_grpc.PrivacyStub)

    async def find(self, *, organization_id: UUID, contact: str) -> Person:
        """See privacy.ports.People."""
        return await self._find(router_pb2.FindPersonRequest(organization_id=str(organization_id), contact=contact))

    async def retentions(self) -> Sequence[Retention]:
        """See privacy.ports.People."""
        response = await self._peer.call(
            self._privacy.ListRetentions, router_pb2.ListRetentionsRequest(), seconds=PRIVACY_SECONDS
        )
        return [Retention(r.organization_id, r.days, tuple(r.phone_number_ids)) for r in response.retentions]

    async def erase(self, *, organization_id: UUID, job_id: UUID, person: Person, cursor: str) -> Answer:
        """See privacy.ports.Room. Somebody who has changed is found anew, written down, and erased then."""
        request = router_pb2.EraseContactRequest(
            organization_id=str(organization_id), job_id=str(job_id), person=_as_person(person)
        )
        response = await self._peer.call(self._privacy.EraseContact, request, seconds=PRIVACY_SECONDS)
        if response.is_changed:
            again = router_pb2.FindPersonRequest(organization_id=str(organization_id), contact_ids=person.contact_ids)
            return Answer(person=await self._find(again), cursor="again")
        erased = replace(person, erased_at=response.erased_at.ToDatetime(UTC))
        return replace(_answer(response.progress), person=erased)

    async def expire(
        self, *, organization_id: UUID, job_id: UUID, before: datetime, phone_number_ids: Sequence[str], cursor: str
    ) -> Answer:
        """See privacy.ports.Room."""
        request = router_pb2.ExpireRequest(
            organization_id=str(organization_id), job_id=str(job_id), before=_stamp(before), cursor=cursor
        )
        return _answer((await self._peer.call(self._privacy.Expire, request, seconds=PRIVACY_SECONDS)).progress)

    async def export(self, *, organization_id: UUID, person: Person, cursor: str) -> ExportedPage:
        """See privacy.ports.Room."""
        request = router_pb2.ExportContactRequest(
            organization_id=str(organization_id), contact_ids=person.contact_ids, cursor=cursor
        )
        return _page((await self._peer.call(self._privacy.ExportContact, request, seconds=PRIVACY_SECONDS)).page)

    async def _find(self, request: router_pb2.FindPersonRequest) -> Person:
        response = await self._peer.call(self._privacy.FindPerson, request, seconds=FIND_SECONDS)
        return _read_person(response.person)


class ExecutorPrivacy:
    """executor's part of erasures, exports and retention (privacy.ports.Room)."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer
        self._privacy = peer.stub(executor_pb2_grpc.PrivacyStub)

    async def erase(self, *, organization_id: UUID, job_id: UUID, person: Person, cursor: str) -> Answer:
        """See privacy.ports.Room."""
        request = executor_pb2.EraseContactRequest(
            organization_id=str(organization_id), job_id=str(job_id), conversation_ids=person.conversation_ids
        )
        return _answer((await self._peer.call(self._privacy.EraseContact, request, seconds=PRIVACY_SECONDS)).progress)

    async def expire(
        self, *, organization_id: UUID, job_id: UUID, before: datetime, phone_number_ids: Sequence[str], cursor: str
    ) -> Answer:
        """See privacy.ports.Room."""
        request = executor_pb2.ExpireRequest(
            organization_id=str(organization_id), job_id=str(job_id), before=_stamp(before)
        )
        return _answer((await self._peer.call(self._privacy.Expire, request, seconds=PRIVACY_SECONDS)).progress)

    async def export(self, *, organization_id: UUID, person: Person, cursor: str) -> ExportedPage:
        """See privacy.ports.Room."""
        request = executor_pb2.ExportContactRequest(
            organization_id=str(organization_id), conversation_ids=person.conversation_ids, cursor=cursor
        )
        return _page((await self._peer.call(self._privacy.ExportContact, request, seconds=PRIVACY_SECONDS)).page)


class SenderPrivacy:
    """sender's part of erasures, exports and retention (privacy.ports.Room)."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer
        self._privacy = peer.stub(sender_pb2_grpc.PrivacyStub)

    async def erase(self, *, organization_id: UUID, job_id: UUID, person: Person, cursor: str) -> Answer:
        """See privacy.ports.Room."""
        request = sender_pb2.EraseContactRequest(
            organization_id=str(organization_id),
            job_id=str(job_id),
            conversation_ids=person.conversation_ids,
            wa_ids=person.wa_ids,
            user_ids=person.user_ids,
            wamid_parts=wamid_parts(person.names),
        )
        if person.erased_at is not None:
            request.erased_at.CopyFrom(_stamp(person.erased_at))
        return _answer((await self._peer.call(self._privacy.EraseContact, request, seconds=PRIVACY_SECONDS)).progress)

    async def expire(
        self, *, organization_id: UUID, job_id: UUID, before: datetime, phone_number_ids: Sequence[str], cursor: str
    ) -> Answer:
        """See privacy.ports.Room."""
        request = sender_pb2.ExpireRequest(
            organization_id=str(organization_id), job_id=str(job_id), before=_stamp(before)
        )
        return _answer((await self._peer.call(self._privacy.Expire, request, seconds=PRIVACY_SECONDS)).progress)

    async def export(self, *, organization_id: UUID, person: Person, cursor: str) -> ExportedPage:
        """See privacy.ports.Room."""
        request = sender_pb2.ExportContactRequest(
            organization_id=str(organization_id),
            conversation_ids=person.conversation_ids,
            cursor=cursor,
            wa_ids=person.wa_ids,
            user_ids=person.user_ids,
        )
        return _page((await self._peer.call(self._privacy.ExportContact, request, seconds=PRIVACY_SECONDS)).page)


class AnalyticsPrivacy:
    """analytics' part of erasures, exports and retention (privacy.ports.Room)."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer
        self._privacy = peer.stub(analytics_pb2_grpc.PrivacyStub)

    async def erase(self, *, organization_id: UUID, job_id: UUID, person: Person, cursor: str) -> Answer:
        """See privacy.ports.Room."""
        request = analytics_pb2.EraseContactRequest(
            organization_id=str(organization_id),
            job_id=str(job_id),
            conversation_ids=person.conversation_ids,
            since=_stamp(person.known_since),
            cursor=cursor,
        )
        return _answer((await self._peer.call(self._privacy.EraseContact, request, seconds=PRIVACY_SECONDS)).progress)

    async def expire(
        self, *, organization_id: UUID, job_id: UUID, before: datetime, phone_number_ids: Sequence[str], cursor: str
    ) -> Answer:
        """See privacy.ports.Room."""
        request = analytics_pb2.ExpireRequest(
            organization_id=str(organization_id), job_id=str(job_id), before=_stamp(before)
        )
        return _answer((await self._peer.call(self._privacy.Expire, request, seconds=PRIVACY_SECONDS)).progress)

    async def export(self, *, organization_id: UUID, person: Person, cursor: str) -> ExportedPage:
        """See privacy.ports.Room."""
        request = analytics_pb2.ExportContactRequest(
            organization_id=str(organization_id),
            conversation_ids=person.conversation_ids,
            since=_stamp(person.known_since),
            cursor=cursor,
        )
        return _page((await self._peer.call(self._privacy.ExportContact, request, seconds=PRIVACY_SECONDS)).page)


def _answer(progress: privacy_pb2.Progress) -> Answer:
    counts = {count.table: count.rows for count in progress.counts}
    return Answer(counts=counts, waiting_for=progress.waiting_for, cursor=progress.cursor)


def _page(page: privacy_pb2.ExportPage) -> ExportedPage:
    return ExportedPage([ExportedRow(row.kind, row.data) for row in page.rows], page.cursor)


def _as_person(person: Person) -> router_pb2.Person:
    return router_pb2.Person(
        contact_ids=person.contact_ids,
        conversation_ids=person.conversation_ids,
        wa_ids=person.wa_ids,
        user_ids=person.user_ids,
        phone_number_ids=person.phone_number_ids,
        known_since=_stamp(person.known_since),
    )


def _read_person(person: router_pb2.Person) -> Person:
    return Person(
        contact_ids=tuple(person.contact_ids),
        conversation_ids=tuple(person.conversation_ids),
        wa_ids=tuple(person.wa_ids),
        user_ids=tuple(person.user_ids),
        phone_number_ids=tuple(person.phone_number_ids),
        known_since=person.known_since.ToDatetime(UTC),
    )


def _stamp(moment: datetime) -> Timestamp:
    timestamp = Timestamp()
    timestamp.FromDatetime(moment)
    return timestamp
