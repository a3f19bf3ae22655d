"""/api/v1/flows/{flow_id}/…: versions, and what publishing means for people who are in them."""

from __future__ import annotations

from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Path, Query
from fastapi.responses import Response

from services.chassis.errors import FailedPrecondition
from services.ingress.http.problems import Refusal
from services.ingress.http.rest.auth import FlowPublisher, FlowReader
from services.ingress.http.rest.flow_bodies import answer_with
from services.ingress.http.rest.flow_models import (
    FlowDifference,
    PublishAnswer,
    PublishImpact,
    PublishRequest,
    RollbackRequest,
    Version,
    VersionDetail,
    VersionList,
)
from services.ingress.http.rest.flow_requests import (
    CHANGED,
    LARGEST,
    NO_FLOW,
    NO_VERSION,
    NOT_MODIFIED,
    IfMatch,
    IfNoneMatch,
    OfPublished,
    Skip,
    expected,
    is_had,
    not_modified,
    tagged,
)
from services.ingress.http.rest.refusals import refusals
from services.ingress.ports import Flows
from services.pb.common.v1 import errors_pb2

_UNMAPPED: Final = "Nodes that go have no move, and their people nowhere to stand: NODE_MAP_INCOMPLETE"
_WRONG: Final = "A field is wrong: VALIDATION_ERROR; the document has errors: FLOW_INVALID"


class _Versions:
    """Versions, and people in them."""

    def __init__(self, flows: Flows) -> None:
        self._flows = flows

    async def publish(
        self,
        organization_id: FlowPublisher,
        flow_id: UUID,
        wanted: PublishRequest | None = None,
        if_match: IfMatch = None,
    ) -> PublishAnswer:
        """Make the draft a version in which new conversations begin. Permission: flows:publish.

        People who are taken along go on within moments; GET …/publish tells how far that is.
        """
        taking = (wanted or PublishRequest()).taking()
        try:
            published = await self._flows.publish(
                organization_id=organization_id, flow_id=flow_id, taking=taking, expected_digest=expected(if_match)
            )
        except FailedPrecondition as error:
            raise await self._with_findings(organization_id, flow_id, 0, error) from None
        return PublishAnswer.of(published)

    async def progress(self, organization_id: FlowReader, flow_id: UUID, version: OfPublished = 0) -> Version:
        """A version with how far people of older ones have been taken along. Permission: flows:read."""
        found = await self._flows.progress(organization_id=organization_id, flow_id=flow_id, version=version)
        return Version.model_validate(found)

    async def impact(self, organization_id: FlowReader, flow_id: UUID) -> PublishImpact:
        """How many people stand on which node, and what the draft would make of it. Permission: flows:read."""
        return PublishImpact.of(await self._flows.impact(organization_id=organization_id, flow_id=flow_id))

    async def page(
        self,
        organization_id: FlowReader,
        flow_id: UUID,
        skip: Skip = 0,
        limit: Annotated[int, Query(ge=1, le=500, description="How many to give.")] = 50,
    ) -> VersionList:
        """Versions of a flow, newest first. Permission: flows:read."""
        page = await self._flows.versions(organization_id=organization_id, flow_id=flow_id, skip=skip, limit=limit)
        return VersionList.of(page)

    async def read(
        self,
        organization_id: FlowReader,
        flow_id: UUID,
        version: Annotated[int, Path(ge=1, le=LARGEST, description="Its number.")],
        if_none_match: IfNoneMatch = None,
    ) -> Response:
        """A version with its document. Permission: flows:read."""
        found = await self._flows.version(organization_id=organization_id, flow_id=flow_id, version=version)
        if is_had(if_none_match, found.version.digest):
            return not_modified(found.version.digest)
        detail = VersionDetail.of_version(found.version)
        return answer_with(detail, found.document, headers=tagged(found.version.digest))

    async def diff(
        self,
        organization_id: FlowReader,
        flow_id: UUID,
        before: Annotated[
            int, Query(alias="from", ge=0, le=LARGEST, description="A version; left out, the published one.")
        ] = 0,
        after: Annotated[int, Query(alias="to", ge=0, le=LARGEST, description="A version; left out, the draft.")] = 0,
    ) -> FlowDifference:
        """How two versions differ, or the published one and the draft. Permission: flows:read."""
        found = await self._flows.diff(organization_id=organization_id, flow_id=flow_id, before=before, after=after)
        return FlowDifference.model_validate(found)

    async def rollback(self, organization_id: FlowPublisher, flow_id: UUID, wanted: RollbackRequest) -> PublishAnswer:
        """Publish an old version's document again, as a new version. Permission: flows:publish.

        A draft that is published takes the old document over; one with changes that never were published stays.
        """
        try:
            published = await self._flows.rollback(
                organization_id=organization_id, flow_id=flow_id, version=wanted.version, taking=wanted.taking()
            )
        except FailedPrecondition as error:
            raise await self._with_findings(organization_id, flow_id, wanted.version, error) from None
        return PublishAnswer.of(published)

    async def _with_findings(
        self, organization_id: UUID, flow_id: UUID, version: int, error: FailedPrecondition
    ) -> Exception:
        """The refusal of a document with errors names each of them."""
        if error.reason != errors_pb2.ERROR_REASON_FLOW_INVALID:
            return error
        text = await self._flows.get(organization_id=organization_id, flow_id=flow_id, version=version)
        verdict = await self._flows.validate(organization_id=organization_id, document=text.document, strict=False)
        errors = [
            {"field": f"nodes.{each.node_id}" if each.node_id else "document", "message": f"{each.message} {each.mend}"}
            for each in verdict.findings
            if each.severity == "error"
        ]
        return Refusal(422, error.sentence, error.code, errors=errors)


def add_version_routes(routes: APIRouter, flows: Flows) -> None:
    """Add the routes to those of flows."""
    versions = _Versions(flows)
    routes.add_api_route(
        "/{flow_id}/publish",
        versions.publish,
        methods=["POST"],
        summary="Publish a draft",
        responses=refusals(on_404=NO_FLOW, on_409=_UNMAPPED, on_412=CHANGED, on_422=_WRONG),
    )
    routes.add_api_route(
        "/{flow_id}/publish",
        versions.progress,
        summary="See how far a publish is",
        responses=refusals(on_404=NO_VERSION),
    )
    routes.add_api_route(
        "/{flow_id}/impact",
        versions.impact,
        summary="See whom publishing would concern",
        responses=refusals(on_404=NO_FLOW),
    )
    routes.add_api_route(
        "/{flow_id}/versions", versions.page, summary="List versions", responses=refusals(on_404=NO_FLOW)
    )
    routes.add_api_route(
        "/{flow_id}/versions/{version}",
        versions.read,
        response_model=VersionDetail,
        summary="Read a version",
        responses=refusals(on_404=NO_VERSION) | NOT_MODIFIED,
    )
    routes.add_api_route(
        "/{flow_id}/diff", versions.diff, summary="Compare versions", responses=refusals(on_404=NO_VERSION)
    )
    routes.add_api_route(
        "/{flow_id}/rollback",
        versions.rollback,
        methods=["POST"],
        summary="Go back to a version",
        responses=refusals(on_404=NO_VERSION, on_409=_UNMAPPED, on_422=_WRONG),
    )
