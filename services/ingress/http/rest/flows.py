"""/api/v1/flows: what there is to try."""

from __future__ import annotations

from fastapi import APIRouter

from services.ingress.conversations import Conversations
from services.ingress.http.rest.auth import FlowReader
from services.ingress.http.rest.models import FlowList
from services.ingress.http.rest.refusals import refusals


def flow_routes(conversations: Conversations) -> APIRouter:
    """The routes, to be put under /api/v1."""

    async def list_flows(organization_id: FlowReader) -> FlowList:
        """Flows of your organization by name. Permission: flows:read."""
        return FlowList.of(await conversations.flows(organization_id=organization_id))

    routes = APIRouter(prefix="/flows", tags=["flows"])
    routes.add_api_route("", list_flows, summary="List flows", responses=refusals())
    return routes
