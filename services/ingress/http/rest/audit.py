"""/api/v1/audit: who changed what."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query

from services.ingress.audit import AuditTrails
from services.ingress.http.problems import example_of
from services.ingress.http.rest.auth import Auditor
from services.ingress.http.rest.models import AuditList, Problem, ValidationProblem

_REFUSALS = {
    401: "Not authenticated: AUTH_MISSING_TOKEN",
    403: "Insufficient permissions: AUTH_INSUFFICIENT_PERMISSION",
    503: "A service behind is out of reach; try again: PEER_UNAVAILABLE",
}


def audit_routes(trails: AuditTrails) -> APIRouter:
    """The routes, to be put under /api/v1."""

    async def list_changes(
        organization_id: Auditor,
        room: Annotated[str, Query(description="Only changes this service made; left out, those of all.")] = "",
        limit: Annotated[int, Query(ge=1, le=500, description="How many to give.")] = 50,
        before: Annotated[str, Query(max_length=200, description="`next` of the page before this one.")] = "",
    ) -> AuditList:
        """Changes of your organization, newest first: who made them, and to what. Roles: org_admin, super_admin.

        Contents are not told: two equal digests mean equal contents.
        """
        return AuditList.of(await trails.page(organization_id=organization_id, room=room, limit=limit, before=before))

    routes = APIRouter(prefix="/audit", tags=["audit"])
    refusals: dict[int | str, dict[str, Any]] = {
        status: {"model": Problem, "description": sentence, "content": example_of(sentence)}
        for status, sentence in _REFUSALS.items()
    }
    wrong = {"model": ValidationProblem, "description": "A field is wrong: VALIDATION_ERROR", "content": {}}
    routes.add_api_route("", list_changes, summary="List changes", responses={**refusals, 422: wrong})
    return routes
