"""router.v1.Privacy."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

import orjson
from google.protobuf.timestamp_pb2 import Timestamp
from grpc import aio

from services.chassis.errors import InvalidArgument
from services.pb.common.v1 import privacy_pb2
from services.pb.router.v1 import router_pb2, router_pb2_grpc
from services.router.domain.person import Person
from services.router.usecases import Privacy
from services.router.usecases.fields import id_of, id_or_none


class PrivacyServer(router_pb2_grpc.PrivacyServicer):
    """Finds, erases, exports and expires people."""

    def __init__(self, privacy: Privacy) -> None:
        self._privacy = privacy

    async def FindPerson(
        self,
        request: router_pb2.FindPersonRequest,
        context: aio.ServicerContext,  # type: ignore[type-arg]  # generic in stubs only
    ) -> router_pb2.FindPersonResponse:
        """By a name, or by ids that were found before."""
        organization_id = id_of("organization_id", request.organization_id)
        if request.contact_ids:
            ids = [id_of("contact_ids", each) for each in request.contact_ids]
            person = await self._privacy.find_again(organization_id=organization_id, contact_ids=ids)
        else:
            person = await self._privacy.find(organization_id=organization_id, contact=request.contact)
        return router_pb2.FindPersonResponse(person=_as_person(person))

    async def EraseContact(
        self,
        request: router_pb2.EraseContactRequest,
        context: aio.ServicerContext,  # type: ignore[type-arg]  # generic in stubs only
    ) -> router_pb2.EraseContactResponse:
        """Remove whoever is exactly the person told."""
        erased = await self._privacy.erase(
            organization_id=id_of("organization_id", request.organization_id),
            job_id=id_of("job_id", request.job_id),
            person=_read_person(request.person),
        )
        if erased is None:
            return router_pb2.EraseContactResponse(is_changed=True)
        progress = privacy_pb2.Progress(counts=_as_counts(erased.counts))
        return router_pb2.EraseContactResponse(progress=progress, erased_at=_as_time(erased.erased_at))

    async def ExportContact(
        self,
        request: router_pb2.ExportContactRequest,
        context: aio.ServicerContext,  # type: ignore[type-arg]  # generic in stubs only
    ) -> router_pb2.ExportContactResponse:
        """All of it in one page."""
        rows = await self._privacy.rows(
            organization_id=id_of("organization_id", request.organization_id),
            contact_ids=[id_of("contact_ids", each) for each in request.contact_ids],
        )
        exported = [privacy_pb2.ExportedRow(kind=row.kind, data=orjson.dumps(row.data)) for row in rows]
        return router_pb2.ExportContactResponse(page=privacy_pb2.ExportPage(rows=exported))

    async def PutRetention(
        self,
        request: router_pb2.PutRetentionRequest,
        context: aio.ServicerContext,  # type: ignore[type-arg]  # generic in stubs only
    ) -> router_pb2.PutRetentionResponse:
        """So many days, or for good."""
        is_changed = await self._privacy.put_retention(
            organization_id=id_of("organization_id", request.organization_id), days=request.days
        )
        return router_pb2.PutRetentionResponse(is_changed=is_changed)

    async def ListRetentions(
        self,
        request: router_pb2.ListRetentionsRequest,
        context: aio.ServicerContext,  # type: ignore[type-arg]  # generic in stubs only
    ) -> router_pb2.ListRetentionsResponse:
        """Organizations that do not keep things for good."""
        response = router_pb2.ListRetentionsResponse()
        for each in await self._privacy.retentions():
            response.retentions.add(
                organization_id=str(each.organization_id), days=each.days, phone_number_ids=each.phone_number_ids
            )
        return response

    async def Expire(
        self,
        request: router_pb2.ExpireRequest,
        context: aio.ServicerContext,  # type: ignore[type-arg]  # generic in stubs only
    ) -> router_pb2.ExpireResponse:
        """Some contacts at a time."""
        if not request.HasField("before"):
            raise InvalidArgument("before is not set; give the moment before which things are old")
        expired = await self._privacy.expire(
            organization_id=id_of("organization_id", request.organization_id),
            job_id=id_of("job_id", request.job_id),
            before=request.before.ToDatetime(UTC),
            after=id_or_none("cursor", request.cursor),
        )
        progress = privacy_pb2.Progress(counts=_as_counts(expired.counts), cursor=str(expired.last or ""))
        return router_pb2.ExpireResponse(progress=progress)


def _as_person(person: Person) -> router_pb2.Person:
    return router_pb2.Person(
        contact_ids=[str(each) for each in person.contact_ids],
        conversation_ids=[str(each) for each in person.conversation_ids],
        wa_ids=person.wa_ids,
        user_ids=person.user_ids,
        phone_number_ids=person.phone_number_ids,
        known_since=_as_time(person.known_since),
    )


def _read_person(person: router_pb2.Person) -> Person:
    return Person(
        contact_ids=tuple(id_of("person.contact_ids", each) for each in person.contact_ids),
        conversation_ids=tuple(id_of("person.conversation_ids", each) for each in person.conversation_ids),
        wa_ids=tuple(person.wa_ids),
        user_ids=tuple(person.user_ids),
        phone_number_ids=tuple(person.phone_number_ids),
        known_since=person.known_since.ToDatetime(UTC),
    )


def _as_counts(counts: Mapping[str, int]) -> list[privacy_pb2.TableCount]:
    return [privacy_pb2.TableCount(table=table, rows=rows) for table, rows in counts.items() if rows]


def _as_time(moment: datetime) -> Timestamp:
    timestamp = Timestamp()
    timestamp.FromDatetime(moment)
    return timestamp
