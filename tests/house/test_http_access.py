"""Every HTTP route demands a token, but for the webhook, health and the documentation."""

from collections.abc import Iterator
from uuid import UUID

import httpx
from fastapi import APIRouter
from starlette.routing import Route

from tests.fixtures.rest import stage

# The webhook proves itself by its signature; a login, a refresh and an acceptance by what is in their bodies; the
# others tell nothing of a tenant.
OPEN = (
    "/api/v1/whatsapp/webhook",
    "/api/v1/auth/login",
    "/api/v1/auth/refresh",
    "/api/v1/invitations/accept",
    "/healthz",
    "/readyz",
    "/metrics",
    "/openapi.json",
    "/docs",
)
FILLED_IN = {"phone": "5511987654321", "version": "3", "id": "100200300", "name": "parcel"} | dict.fromkeys(
    (
        "user_id",
        "invitation_id",
        "key_id",
        "job_id",
        "flow_id",
        "message_id",
        "webhook_id",
        "department_id",
        "queue_id",
        "agent_id",
        "media_id",
        "campaign_id",
        "contact_id",
        "organization_id",
        "chatbot_id",
    ),
    str(UUID(int=7)),
)
METHODS = ("get", "post", "put", "patch", "delete")


async def test_every_route_of_the_rest_api_demands_a_token() -> None:
    site, *_ = stage(is_ready=True)
    routes = [
        (method.upper(), path.format(**FILLED_IN))
        for path, methods in site.openapi()["paths"].items()
        if not path.startswith(OPEN)
        for method in methods
        if method in METHODS
    ]
    assert len(routes) >= 20
    async with httpx.AsyncClient(transport=httpx.ASGITransport(site), base_url="http://ingress") as client:
        for method, path in routes:
            assert (await client.request(method, path, json={})).status_code == 401, f"{method} {path} is open"


def test_no_route_hides_from_the_document_but_the_open_ones() -> None:
    site, *_ = stage(is_ready=True)

    hidden = [route for route in routes_of(site.router) if not getattr(route, "include_in_schema", False)]

    assert [route.path for route in hidden if not route.path.startswith(OPEN)] == []
    assert len(list(routes_of(site.router))) > len(hidden) + 5


def routes_of(router: APIRouter) -> Iterator[Route]:
    """All routes, also those of routers within."""
    for route in router.routes:
        if isinstance(route, Route):
            yield route
        else:
            yield from routes_of(route.original_router)  # type: ignore[attr-defined]  # FastAPI's own kind of mount
