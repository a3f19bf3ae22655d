"""ingress' gRPC side: watermark, Meta apps, kept events, people's rights."""

from __future__ import annotations

from typing import Any, TypeAlias
from uuid import UUID

import orjson
from google.protobuf.timestamp_pb2 import Timestamp
from grpc import aio

from services.chassis.errors import InvalidArgument
from services.chassis.rpc.pages import page_of, place_at, read_place_at
from services.chassis.rpc.sizes import fitting
from services.ingress.domain.privacy import Job
from services.ingress.ports import KeptEvent, MetaApp
from services.ingress.privacy import Exports, Requests
from services.ingress.usecases import Intake
from services.pb.ingress.v1 import ingress_pb2, ingress_pb2_grpc

Context: TypeAlias = aio.ServicerContext[Any, Any]


class IntakeServer(ingress_pb2_grpc.IntakeServicer):
    """What sender asks before it sends again."""

    def __init__(self, intake: Intake) -> None:
        self._intake = intake

    async def GetWatermark(
        self, request: ingress_pb2.GetWatermarkRequest, context: Context
    ) -> ingress_pb2.GetWatermarkResponse:
        """How current ingress is."""
        oldest_ms, open_ms = await self._intake.watermark()
        return ingress_pb2.GetWatermarkResponse(oldest_unapplied_status_ms=oldest_ms, door_open_ms=open_ms)


class AppsServer(ingress_pb2_grpc.AppsServicer):
    """Meta apps."""

    def __init__(self, intake: Intake) -> None:
        self._intake = intake

    async def PutApp(self, request: ingress_pb2.PutAppRequest, context: Context) -> ingress_pb2.PutAppResponse:
        """Create or replace an app."""
        is_changed = await self._intake.put_app(
            organization_id=_organization(request.organization_id),
            name=request.name,
            app_secret=request.app_secret,
            previous_app_secret=request.previous_app_secret,
            verify_token=request.verify_token,
        )
        return ingress_pb2.PutAppResponse(is_changed=is_changed)

    async def EndRotation(
        self, request: ingress_pb2.EndRotationRequest, context: Context
    ) -> ingress_pb2.EndRotationResponse:
        """Believe the previous secret no longer."""
        is_changed = await self._intake.end_rotation(
            organization_id=_organization(request.organization_id), name=request.name
        )
        return ingress_pb2.EndRotationResponse(is_changed=is_changed)

    async def ListApps(self, request: ingress_pb2.ListAppsRequest, context: Context) -> ingress_pb2.ListAppsResponse:
        """The apps of an organization, without secrets."""
        apps = await self._intake.list_apps(organization_id=_organization(request.organization_id))
        return ingress_pb2.ListAppsResponse(apps=[_app(app) for app in apps])


class EventsServer(ingress_pb2_grpc.EventsServicer):
    """Events that drive no conversation."""

    def __init__(self, intake: Intake) -> None:
        self._intake = intake

    async def ListEvents(
        self, request: ingress_pb2.ListEventsRequest, context: Context
    ) -> ingress_pb2.ListEventsResponse:
        """Kept events, newest first."""
        events = await self._intake.events(disposition=request.disposition, limit=request.limit)
        return ingress_pb2.ListEventsResponse(events=fitting(map(_event, events)))


class PrivacyServer(ingress_pb2_grpc.PrivacyServicer):
    """Erasures, exports, and what they came to."""

    def __init__(self, requests: Requests, exports: Exports) -> None:
        self._requests = requests
        self._exports = exports

    async def RequestErasure(
        self, request: ingress_pb2.RequestErasureRequest, context: Context
    ) -> ingress_pb2.RequestErasureResponse:
        """Begin to erase a contact."""
        organization_id = _organization(request.organization_id)
        job = await self._requests.erase(organization_id=organization_id, contact=request.contact)
        return ingress_pb2.RequestErasureResponse(job=_job(job))

    async def GetPrivacyJob(
        self, request: ingress_pb2.GetPrivacyJobRequest, context: Context
    ) -> ingress_pb2.GetPrivacyJobResponse:
        """A job with its report."""
        job = await self._requests.job(
            organization_id=_organization(request.organization_id), job_id=_uuid("job_id", request.job_id)
        )
        return ingress_pb2.GetPrivacyJobResponse(job=_job(job))

    async def ListPrivacyJobs(
        self, request: ingress_pb2.ListPrivacyJobsRequest, context: Context
    ) -> ingress_pb2.ListPrivacyJobsResponse:
        """Jobs, newest first."""
        found, limit = await self._requests.list_jobs(
            organization_id=_organization(request.organization_id),
            limit=request.limit,
            before=read_place_at(request.cursor),
        )
        jobs, cursor = page_of(found, _job, lambda job: place_at(job.requested_at, UUID(job.job_id)), limit)
        return ingress_pb2.ListPrivacyJobsResponse(jobs=jobs, cursor=cursor)

    async def ExportContact(
        self, request: ingress_pb2.ExportContactRequest, context: Context
    ) -> ingress_pb2.ExportContactResponse:
        """Some lines of an export."""
        page = await self._exports.page(
            organization_id=_organization(request.organization_id), contact=request.contact, cursor=request.cursor
        )
        return ingress_pb2.ExportContactResponse(lines=page.lines, cursor=page.cursor)


def _organization(text: str) -> UUID:
    return _uuid("organization_id", text)


def _uuid(field: str, text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise InvalidArgument(f"{field} is {text!r}; it must be a UUID") from None


def _job(job: Job) -> ingress_pb2.PrivacyJob:
    message = ingress_pb2.PrivacyJob(
        job_id=job.job_id,
        kind=job.kind,
        state=job.state,
        requested_by=job.requested_by,
        report_json=orjson.dumps(job.report).decode(),
    )
    message.requested_at.FromDatetime(job.requested_at)
    if job.finished_at:
        message.finished_at.FromDatetime(job.finished_at)
    return message


def _app(app: MetaApp) -> ingress_pb2.App:
    message = ingress_pb2.App(name=app.name, has_previous_secret=bool(app.previous_app_secret))
    if app.updated_at:
        message.updated_at.FromDatetime(app.updated_at)
    if app.previous_until:
        message.previous_until.FromDatetime(app.previous_until)
    return message


def _event(event: KeptEvent) -> ingress_pb2.KeptEvent:
    received_at = Timestamp()
    if event.received_at:
        received_at.FromDatetime(event.received_at)
    return ingress_pb2.KeptEvent(
        disposition=event.disposition,
        type=event.type,
        phone_number_id=event.phone_number_id or "",
        reason=event.reason,
        fields_json=event.fields,
        received_at=received_at,
    )
