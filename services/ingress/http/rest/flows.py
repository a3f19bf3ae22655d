"""/api/v1/flows: flows and their drafts."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from services.ingress.domain.flows import StoredDraft
from services.ingress.http.rest.auth import FlowReader, FlowWriter
from services.ingress.http.rest.flow_bodies import (
    DOCUMENT_EXAMPLE,
    answer_with,
    described,
    described_file,
    read_body,
    read_json,
    written,
)
from services.ingress.http.rest.flow_models import (
    LONGEST_NAME,
    Finding,
    FlowChange,
    FlowDetail,
    FlowList,
    FlowMade,
    FlowSummary,
    FlowToCheck,
    FlowVerdict,
    ImportAnswer,
    NewFlow,
)
from services.ingress.http.rest.flow_requests import (
    CHANGED,
    NO_FLOW,
    NO_VERSION,
    NOT_MODIFIED,
    IfMatch,
    IfNoneMatch,
    OfDraft,
    Skip,
    TellsFields,
    expected,
    is_had,
    not_modified,
    tagged,
)
from services.ingress.http.rest.flow_versions import add_version_routes
from services.ingress.http.rest.refusals import refusals
from services.ingress.ports import Flows

_TAKEN: Final = "A flow has this name already: FLOW_EXISTS"


class _Drafts:
    """Flows and their drafts."""

    def __init__(self, flows: Flows) -> None:
        self._flows = flows

    async def page(
        self,
        organization_id: FlowReader,
        skip: Skip = 0,
        limit: Annotated[int, Query(ge=1, le=500, description="How many to give.")] = 500,
    ) -> FlowList:
        """Flows of your organization by name. Permission: flows:read."""
        return FlowList.of(await self._flows.page(organization_id=organization_id, skip=skip, limit=limit))

    async def read(
        self, organization_id: FlowReader, flow_id: UUID, version: OfDraft = 0, if_none_match: IfNoneMatch = None
    ) -> Response:
        """A flow with the document of its draft, or of a version. Permission: flows:read.

        The answer's ETag is the document's; that of the draft serves as If-Match. The document comes back as it was
        written, unknown keys included, in canonical order.
        """
        text = await self._flows.get(organization_id=organization_id, flow_id=flow_id, version=version)
        if is_had(if_none_match, text.digest):
            return not_modified(text.digest)
        return answer_with(FlowDetail.of_text(text, version), text.document, headers=tagged(text.digest))

    async def create(self, organization_id: FlowWriter, request: Request) -> Response:
        """Make a flow; its draft is stored whatever the linter finds. Permission: flows:manage."""
        wanted = await read_body(request, NewFlow)
        name = wanted.name or _name_in(wanted.document)
        stored = await self._flows.create(organization_id=organization_id, name=name, document=written(wanted.document))
        return await self._made(organization_id, stored, status=201)

    async def update(
        self, organization_id: FlowWriter, flow_id: UUID, request: Request, if_match: IfMatch = None
    ) -> Response:
        """Store another draft; nobody notices until it is published. Permission: flows:manage."""
        wanted = await read_body(request, FlowChange)
        stored = await self._flows.update(
            organization_id=organization_id,
            flow_id=flow_id,
            document=written(wanted.document),
            expected_digest=expected(if_match),
        )
        return await self._made(organization_id, stored, status=200)

    async def delete(
        self,
        organization_id: FlowWriter,
        flow_id: UUID,
        force: Annotated[bool, Query(description="End the sessions of people who are in it.")] = False,
    ) -> None:
        """Take a flow out of service and out of the lists. Permission: flows:manage.

        Its versions and its people's histories stay. Numbers, chatbots and triggers that name it are silent. A flow
        that is made with its name again goes on counting its versions.
        """
        await self._flows.delete(organization_id=organization_id, flow_id=flow_id, force=force)

    async def validate(self, organization_id: FlowReader, request: Request) -> FlowVerdict:
        """What is wrong with a document; nothing is stored. Permission: flows:read."""
        wanted = await read_body(request, FlowToCheck)
        verdict = await self._flows.validate(
            organization_id=organization_id, document=written(wanted.document), strict=wanted.strict
        )
        return FlowVerdict.model_validate(verdict)

    async def import_(
        self,
        organization_id: FlowWriter,
        request: Request,
        name: Annotated[
            str, Query(max_length=LONGEST_NAME, description="Left out, the flow's own, with an addition if need be.")
        ] = "",
        dry_run: Annotated[bool, Query(description="Only tell; store nothing.")] = False,
    ) -> Response:
        """Make a flow from an export, or from a flow of another product. Permission: flows:manage.

        The body is the file. The report says what was kept, changed or dropped, and why.
        """
        imported = await self._flows.import_(
            organization_id=organization_id, name=name, document=written(await read_json(request)), dry_run=dry_run
        )
        status = 201 if imported.flow else 200
        return answer_with(ImportAnswer.of(imported), imported.document, status=status)

    async def export(
        self,
        organization_id: FlowReader,
        flow_id: UUID,
        version: OfDraft = 0,
        form: Annotated[
            Literal["native", "envelope"],
            Query(description="The document itself, or the export envelope that older builders read."),
        ] = "native",
    ) -> Response:
        """A flow as a file that can be imported elsewhere; nothing is lost in either form. Permission: flows:read."""
        file = await self._flows.export(organization_id=organization_id, flow_id=flow_id, version=version, form=form)
        disposition = f"attachment; filename*=UTF-8''{quote(file.file_name)}"
        headers = {"content-disposition": disposition, **tagged(file.digest)}
        return Response(file.content, media_type="application/json", headers=headers)

    async def _made(self, organization_id: UUID, stored: StoredDraft, *, status: int) -> Response:
        flow_id = UUID(stored.flow_id)
        text = await self._flows.get(organization_id=organization_id, flow_id=flow_id, version=0)
        made = FlowMade(
            **FlowSummary.of(text.flow).model_dump(),
            is_changed=stored.is_changed,
            dialect=stored.dialect,
            findings=[Finding.model_validate(finding) for finding in stored.findings],
        )
        headers = {**tagged(text.digest), "location": f"/api/v1/flows/{flow_id}"}
        return Response(made.model_dump_json(), status, headers, "application/json")


def flow_routes(flows: Flows) -> APIRouter:
    """The routes, to be put under /api/v1."""
    routes = APIRouter(prefix="/flows", tags=["flows"], route_class=TellsFields)
    _add_drafts(routes, _Drafts(flows))
    add_version_routes(routes, flows)
    return routes


def _add_drafts(routes: APIRouter, drafts: _Drafts) -> None:
    routes.add_api_route("", drafts.page, summary="List flows", responses=refusals())
    routes.add_api_route(
        "",
        drafts.create,
        methods=["POST"],
        status_code=201,
        response_model=FlowMade,
        summary="Make a flow",
        responses=refusals(on_409=_TAKEN),
        openapi_extra=described(NewFlow),
    )
    routes.add_api_route(
        "/validate",
        drafts.validate,
        methods=["POST"],
        summary="Look at a document",
        responses=refusals(),
        openapi_extra=described(FlowToCheck),
    )
    routes.add_api_route(
        "/import",
        drafts.import_,
        methods=["POST"],
        status_code=201,
        response_model=ImportAnswer,
        summary="Import a flow",
        responses=refusals(on_409=_TAKEN) | {200: {"model": ImportAnswer, "description": "Only looked at: dry_run"}},
        openapi_extra=described_file(),
    )
    routes.add_api_route(
        "/{flow_id}",
        drafts.read,
        response_model=FlowDetail,
        summary="Read a flow",
        responses=refusals(on_404=NO_VERSION) | NOT_MODIFIED,
    )
    routes.add_api_route(
        "/{flow_id}",
        drafts.update,
        methods=["PUT"],
        response_model=FlowMade,
        summary="Change a draft",
        responses=refusals(on_404=NO_FLOW, on_412=CHANGED),
        openapi_extra=described(FlowChange),
    )
    routes.add_api_route(
        "/{flow_id}",
        drafts.delete,
        methods=["DELETE"],
        status_code=204,
        summary="Delete a flow",
        responses=refusals(on_404=NO_FLOW, on_409="People are in it: FLOW_IN_USE"),
    )
    routes.add_api_route(
        "/{flow_id}/export",
        drafts.export,
        response_class=Response,
        summary="Export a flow",
        responses=refusals(on_404=NO_VERSION)
        | {
            200: {
                "description": "The document",
                "content": {"application/json": {"schema": {"type": "object"}, "example": DOCUMENT_EXAMPLE}},
            }
        },
    )


def _name_in(document: dict[str, Any]) -> str:
    name = document.get("name")
    return name if isinstance(name, str) else ""
