"""/api/v1/conversations/export: what was said, as a file; and how files are answered."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from starlette.responses import StreamingResponse

from services.ingress.domain.phone import read_phone
from services.ingress.files.conversations import MOST_PHONE_NUMBERS, ConversationFiles, ConversationForm, Wanted
from services.ingress.http.rest.auth import LogExporter
from services.ingress.http.rest.flow_requests import NO_FLOW
from services.ingress.http.rest.models import Moment
from services.ingress.http.rest.refusals import Documented, refusals

_MEDIA_TYPES: Mapping[ConversationForm, str] = {
    "csv": "text/csv",
    "jsonl": "application/x-ndjson",
    "parquet": "application/vnd.apache.parquet",
    "pdf": "application/pdf",
}


def as_file(parts: AsyncIterator[bytes], name: str, form: ConversationForm) -> StreamingResponse:
    """An answer that a browser keeps as `name.form`."""
    # Starlette says that text is UTF-8.
    disposition = {"content-disposition": f'attachment; filename="{name}.{form}"'}
    return StreamingResponse(parts, media_type=_MEDIA_TYPES[form], headers=disposition)


def file_answers(*forms: ConversationForm) -> Documented:
    """The documented answer of an operation that gives files of these forms."""
    content = {_MEDIA_TYPES[form]: {"schema": {"type": "string"}} for form in forms}
    return {200: {"description": "The file", "content": content}}


class ConversationExport(BaseModel):
    """What is to be in the file; what is left out narrows nothing."""

    # A slip in a name would give away everybody's conversations.
    model_config = ConfigDict(extra="forbid")

    form: ConversationForm = Field(alias="format", description="csv with a header, jsonl, parquet or pdf.")
    phone_numbers: list[Annotated[str, AfterValidator(read_phone)]] | None = Field(
        default=None,
        min_length=1,
        max_length=MOST_PHONE_NUMBERS,
        description="Only of these contacts, and in their order. Without, of all, by time.",
        examples=[["+55 11 98765-4321"]],
    )
    flow_id: UUID | None = Field(default=None, description="Only what was said in this flow.", examples=[None])
    since: Moment | None = Field(
        default=None, description="From this moment on; left out, from the first.", examples=["2026-03-01T00:00:00Z"]
    )
    until: Moment | None = Field(
        default=None, description="Up to, and without, this moment.", examples=["2026-04-01T00:00:00Z"]
    )

    def wanted(self) -> Wanted:
        """As the use case takes it."""
        return Wanted(phone_numbers=self.phone_numbers or (), flow_id=self.flow_id, since=self.since, until=self.until)


class _Endpoints:
    """The method."""

    def __init__(self, files: ConversationFiles) -> None:
        self._files = files

    async def export(self, organization_id: LogExporter, wanted: ConversationExport) -> StreamingResponse:
        """What contacts wrote and flows answered, as a file. Permission: analytics:export.

        A PDF is for people: contact by contact, times in the organization's time zone, at most 10,000 messages. In CSV,
        a text that a spreadsheet would take for a formula has an apostrophe before it.
        """
        parts = await self._files.export(organization_id=organization_id, form=wanted.form, wanted=wanted.wanted())
        return as_file(parts, "conversations", wanted.form)


def export_routes(files: ConversationFiles) -> APIRouter:
    """The route, to be put under /api/v1."""
    routes = APIRouter(tags=["conversations"])
    routes.add_api_route(
        "/conversations/export",
        _Endpoints(files).export,
        methods=["POST"],
        summary="Conversations as a file",
        response_class=StreamingResponse,
        responses=refusals(on_404=NO_FLOW) | file_answers("csv", "jsonl", "parquet", "pdf"),
    )
    return routes
