"""/api/v1/flows: what there is to try."""

from __future__ import annotations

from fastapi import APIRouter

from services.ingress.conversations import Conversations
from services.ingress.http.rest.auth import Member
from services.ingress.http.rest.models import FlowList, Problem


def flow_routes(conversations: Conversations) -> APIRouter:
    """The routes, to be put under /api/v1."""

    async def list_flows(organization_id: Member) -> FlowList:
        """Flows of your organization by name. Every role."""
        return FlowList.of(await conversations.flows(organization_id=organization_id))

    routes = APIRouter(prefix="/flows", tags=["flows"])
    routes.add_api_route(
        "",
        list_flows,
        summary="List flows",
        responses={
            401: {"model": Problem, "description": "No valid token: AUTH_MISSING_TOKEN"},
            503: {"model": Problem, "description": "executor is out of reach; try again: PEER_UNAVAILABLE"},
        },
    )
    return routes
