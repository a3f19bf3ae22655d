"""/api/v1/contacts/{phone}/erasure, …/export and /api/v1/privacy/jobs: the rights of people who wrote."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Path
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field

from services.ingress.domain.privacy import Job
from services.ingress.http.rest.auth import Eraser, Exporter
from services.ingress.http.rest.models import Time
from services.ingress.http.rest.refusals import refusals
from services.ingress.http.rest.rules import SAYS_SOMETHING
from services.ingress.privacy import Exports, Requests

NDJSON = "application/x-ndjson"
_LONGEST_NAME = 256

Contact = Annotated[
    str,
    Path(
        min_length=1,
        max_length=_LONGEST_NAME,
        json_schema_extra=SAYS_SOMETHING,
        description="The contact's phone number with its country code, or its business-scoped user id.",
    ),
]

_LINE = '{"room":"router","kind":"contact","data":{"name":"Bia","phone_number":"5511987654321"}}\n'
_NOBODY = "No contact has this name: CONTACT_NOT_FOUND"
_NO_JOB = "No job has this id: PRIVACY_JOB_NOT_FOUND"


class FinishedStep(BaseModel):
    """A service that a look over all services is through with."""

    look: int = Field(examples=[1])
    room: str = Field(examples=["router"])
    ended_at: Time = Field(examples=["2026-03-04T14:00:00Z"])


class PrivacyReport(BaseModel):
    """What a job came to so far. Nothing in it is personal."""

    looks: int = Field(description="Looks over all services; the last one finds nothing.", examples=[2])
    rows: dict[str, dict[str, int]] = Field(
        description="Rows removed, emptied or given, by service and table.",
        examples=[{"router": {"router.contact": 1, "router.contact_identity": 1, "router.conversation": 1}}],
    )
    steps: list[FinishedStep]
    waiting_for: str = Field(
        description="What stands in the way at the moment; empty when nothing does.", examples=[""]
    )
    erased_at: Time | None = Field(
        description="Everything written up to then was erased; what the person writes later is a new contact's.",
        examples=["2026-03-04T14:00:00Z"],
    )
    before: Time | None = Field(description="For retention: what is of before this moment is old.", examples=[None])


class PrivacyJob(BaseModel):
    """An erasure, an export or a retention run."""

    id: str = Field(examples=["5f0c7b1c-6a0e-4c7e-9a44-0c6a3f3b9d10"])
    kind: Literal["erasure", "export", "retention"]
    state: Literal["open", "done"]
    requested_by: str = Field(examples=["user:0e4c6d0a-8f53-4f0f-9d0c-2f4f5a1f3b11"])
    requested_at: Time = Field(examples=["2026-03-04T14:00:00Z"])
    finished_at: Time | None = Field(examples=["2026-03-04T14:00:35Z"])
    report: PrivacyReport

    @classmethod
    def of(cls, job: Job) -> PrivacyJob:
        """From a job."""
        report = job.report
        return cls(
            id=job.job_id,
            kind=job.kind,
            state=job.state,
            requested_by=job.requested_by,
            requested_at=job.requested_at,
            finished_at=job.finished_at,
            report=PrivacyReport(
                looks=report.looks,
                rows={room: dict(tables) for room, tables in report.rows.items()},
                steps=[FinishedStep(look=s.look, room=s.room, ended_at=s.ended_at) for s in report.steps],
                waiting_for=report.waiting_for,
                erased_at=report.erased_at,
                before=report.before,
            ),
        )


class _Endpoints:
    """The three methods."""

    def __init__(self, requests: Requests, exports: Exports) -> None:
        self._requests = requests
        self._exports = exports

    async def erase(self, organization_id: Eraser, phone: Contact) -> PrivacyJob:
        """Erase a contact in all services. Permission: contacts:erase.

        The answer is the job; it goes on by itself, whatever stops in between. Asked for again it is the same job.
        Messages that are on their way are finished first. What Meta repeats of before is known and not kept; what the
        person writes later is a new contact's.
        """
        return PrivacyJob.of(await self._requests.erase(organization_id=organization_id, contact=phone))

    async def job(self, organization_id: Eraser, job_id: UUID) -> PrivacyJob:
        """An erasure, an export or a retention run, with its report. Permission: contacts:erase."""
        return PrivacyJob.of(await self._requests.job(organization_id=organization_id, job_id=job_id))

    async def export(self, organization_id: Exporter, phone: Contact) -> StreamingResponse:
        """Everything all services keep about a contact, one JSON object a line: `{"room", "kind", "data"}`.
        Permission: contacts:export.

        Service by service, each in a fixed order. The last line has the kind `report`: whoever has it has everything.
        """
        first = await self._exports.page(organization_id=organization_id, contact=phone, cursor="")
        lines = self._exports.stream(organization_id=organization_id, contact=phone, first=first)
        return StreamingResponse(lines, media_type=NDJSON)


def privacy_routes(requests: Requests, exports: Exports) -> APIRouter:
    """The routes, to be put under /api/v1."""
    endpoints = _Endpoints(requests, exports)
    routes = APIRouter(tags=["privacy"])
    routes.add_api_route(
        "/contacts/{phone}/erasure",
        endpoints.erase,
        methods=["POST"],
        status_code=202,
        summary="Erase a contact",
        responses=refusals(on_404=_NOBODY),
    )
    routes.add_api_route(
        "/contacts/{phone}/export",
        endpoints.export,
        summary="Export a contact",
        response_class=StreamingResponse,
        responses=refusals(on_404=_NOBODY)
        | {
            200: {"description": "Lines of JSON", "content": {NDJSON: {"schema": {"type": "string"}, "example": _LINE}}}
        },
    )
    routes.add_api_route(
        "/privacy/jobs/{job_id}", endpoints.job, summary="Read a job's report", responses=refusals(on_404=_NO_JOB)
    )
    return routes
