"""/api/v1/audit: who changed what."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from services.ingress.audit import AuditTrails
from services.ingress.http.rest.auth import Auditor
from services.ingress.http.rest.models import AuditList
from services.ingress.http.rest.refusals import refusals
from services.ingress.http.rest.rules import one_of

# The services with a log that ingress reaches; the empty one is all.
_ROOMS = ("", "analytics", "executor", "ingress", "router", "sender")


def audit_routes(trails: AuditTrails) -> APIRouter:
    """The routes, to be put under /api/v1."""

    async def list_changes(
        organization_id: Auditor,
        room: Annotated[
            str,
            Query(
                description="Only changes this service made; left out, those of all.",
                json_schema_extra=one_of(*_ROOMS),
            ),
        ] = "",
        limit: Annotated[int, Query(ge=1, le=500, description="How many to give.")] = 50,
        before: Annotated[str, Query(max_length=200, description="`next` of the page before this one.")] = "",
    ) -> AuditList:
        """Changes of your organization, newest first: who made them, and to what. Permission: audit:read.

        Contents are not told: two equal digests mean equal contents.
        """
        return AuditList.of(await trails.page(organization_id=organization_id, room=room, limit=limit, before=before))

    routes = APIRouter(prefix="/audit", tags=["audit"])
    routes.add_api_route("", list_changes, summary="List changes", responses=refusals())
    return routes
