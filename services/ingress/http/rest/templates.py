"""/api/v1/whatsapp/{id}/templates: message templates of a number's account."""

from __future__ import annotations

import json
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field

from services.chassis.errors import InvalidArgument
from services.ingress.domain.templates import Reading, Template
from services.ingress.http.rest.auth import TemplateReader, TemplateWriter
from services.ingress.http.rest.models import Time
from services.ingress.http.rest.refusals import refusals
from services.ingress.ports import Templates

_NOT_NOW = (
    "Meta refused it: REFUSED_BY_META; the number's account is not known: ACCOUNT_NOT_KNOWN; its access token is not "
    "known: CREDENTIAL_NOT_FOUND"
)

NumberId = Annotated[str, Path(alias="id", pattern="^[0-9]{1,32}$", description="Meta's id of the business number.")]
Name = Annotated[str, Field(pattern="^[a-z0-9_]{1,512}$", examples=["order_shipped"])]


class TemplateView(BaseModel):
    """A template in one language."""

    id: str = Field(description="Meta's id; empty if unknown.", examples=["594425479261596"])
    name: Name
    language: str = Field(examples=["pt_BR"])
    category: str = Field(description="MARKETING, UTILITY or AUTHENTICATION; empty if unknown.", examples=["UTILITY"])
    status: str = Field(description="As Meta names it; only APPROVED ones can be sent.", examples=["APPROVED"])
    quality: str = Field(description="GREEN, YELLOW, RED or UNKNOWN; empty if unknown.", examples=["GREEN"])
    reason: str = Field(description="Why Meta refused or paused it; empty if it did not.", examples=[""])
    components: list[dict[str, object]] = Field(
        description="As Meta has them.", examples=[[{"type": "BODY", "text": "Your parcel {{1}} is on its way."}]]
    )
    synced_at: Time | None = Field(description="When it was last read from Meta.", examples=["2026-03-04T13:20:00Z"])

    @classmethod
    def of(cls, template: Template) -> TemplateView:
        """From a template."""
        return cls(
            id=template.id,
            name=template.name,
            language=template.language,
            category=template.category,
            status=template.status,
            quality=template.quality,
            reason=template.reason,
            components=[dict(part) for part in template.components],
            synced_at=template.synced_at,
        )


class TemplateList(BaseModel):
    """Templates by name and language."""

    total: int = Field(examples=[1])
    templates: list[TemplateView]


class NewTemplate(BaseModel):
    """A template to be made at Meta."""

    name: Name
    language: str = Field(pattern="^[a-z]{2,3}(_[A-Za-z]{2,4})?$", examples=["pt_BR"])
    category: Literal["MARKETING", "UTILITY", "AUTHENTICATION"] = Field(examples=["UTILITY"])
    components: list[dict[str, object]] = Field(
        min_length=1,
        description="As Meta wants them.",
        examples=[[{"type": "BODY", "text": "Your parcel {{1}} is on its way.", "example": {"body_text": [["AB1"]]}}]],
    )


class ReadingView(BaseModel):
    """What reading from Meta found."""

    found: int = Field(description="Templates Meta has.", examples=[12])
    changed: int = Field(description="Of those, how many were new or had changed.", examples=[2])
    removed: int = Field(description="How many Meta has no longer.", examples=[0])

    @classmethod
    def of(cls, reading: Reading) -> ReadingView:
        """From a reading."""
        return cls(found=reading.found, changed=reading.changed, removed=reading.removed)


class DeletedTemplates(BaseModel):
    """What deleting did."""

    deleted: int = Field(description="Templates that are gone.", examples=[1])


def _written(components: list[dict[str, object]]) -> bytes:
    """Components as JSON. Raises InvalidArgument: Python reads NaN, infinity and half characters, JSON knows none."""
    try:
        return json.dumps(components, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError):
        raise InvalidArgument("components is no JSON that Meta would read") from None


def template_routes(templates: Templates) -> APIRouter:
    """The routes, to be put under /api/v1."""

    async def list_templates(organization_id: TemplateReader, number_id: NumberId) -> TemplateList:
        """Templates of a number's account, as last told by Meta. Permission: templates:read."""
        found = await templates.listed(organization_id=organization_id, phone_number_id=number_id)
        return TemplateList(total=len(found), templates=[TemplateView.of(each) for each in found])

    async def create_template(
        organization_id: TemplateWriter, number_id: NumberId, wanted: NewTemplate
    ) -> TemplateView:
        """Make a template at Meta, where it waits for approval. Permission: templates:manage."""
        made = await templates.create(
            organization_id=organization_id,
            phone_number_id=number_id,
            name=wanted.name,
            language=wanted.language,
            category=wanted.category,
            components=_written(wanted.components),
        )
        return TemplateView.of(made)

    async def sync_templates(organization_id: TemplateWriter, number_id: NumberId) -> ReadingView:
        """Read all templates of the account from Meta. Permission: templates:manage."""
        return ReadingView.of(await templates.sync(organization_id=organization_id, phone_number_id=number_id))

    async def delete_template(
        organization_id: TemplateWriter,
        number_id: NumberId,
        name: Annotated[str, Path(pattern="^[a-z0-9_]{1,512}$")],
        language: Annotated[str, Query(max_length=16, description="Only in this language; left out, in all.")] = "",
    ) -> DeletedTemplates:
        """Delete a template at Meta. Permission: templates:manage."""
        deleted = await templates.delete(
            organization_id=organization_id, phone_number_id=number_id, name=name, language=language
        )
        return DeletedTemplates(deleted=deleted)

    routes = APIRouter(prefix="/whatsapp/{id}/templates", tags=["templates"])
    documented = refusals(on_409=_NOT_NOW)
    missing = refusals(on_404="No such template: TEMPLATE_NOT_FOUND", on_409=_NOT_NOW)
    routes.add_api_route("", list_templates, summary="List templates", responses=documented)
    routes.add_api_route(
        "", create_template, methods=["POST"], status_code=201, summary="Make a template", responses=documented
    )
    routes.add_api_route(
        "/sync", sync_templates, methods=["POST"], summary="Read templates from Meta", responses=documented
    )
    routes.add_api_route("/{name}", delete_template, methods=["DELETE"], summary="Delete a template", responses=missing)
    return routes
