"""The REST API and its documentation (FastAPI). The webhook is described here and served by http/webhook.py."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from enum import Enum
from importlib.resources import files
from typing import Any

from fastapi import FastAPI
from fastapi.responses import JSONResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from services.chassis.tenancy import Denials, TokenVerifier
from services.ingress.conversations import Conversations
from services.ingress.http.described import WEBHOOK_PATHS
from services.ingress.http.guard import Guard
from services.ingress.http.problems import add_problem_answers
from services.ingress.http.rest import conversation_routes, flow_routes

Ready = Callable[[], Awaitable[bool]]

API = "/api/v1"
_TAGS = [
    {"name": "webhook", "description": "What Meta calls. No token: the signature proves who it is."},
    {"name": "conversations", "description": "Look at conversations, try a flow in a contact's name, close."},
    {"name": "flows", "description": "Which flows there are."},
    {"name": "operations", "description": "For whoever runs the house."},
]
# FastAPI's own pages load scripts from a CDN; these are a part of the package.
_PAGES = (
    ("/docs", "docs.html", "text/html"),
    ("/docs/docs.js", "docs.js", "text/javascript"),
    ("/docs/docs.css", "docs.css", "text/css"),
)


class Site(FastAPI):
    """FastAPI with the webhook in its OpenAPI document."""

    def openapi(self) -> dict[str, Any]:
        """The whole document."""
        if not self.openapi_schema:
            document = super().openapi()
            document["paths"] = {**WEBHOOK_PATHS, **document["paths"]}
        return super().openapi()


def build_site(*, version: str, is_ready: Ready, conversations: Conversations, verifier: TokenVerifier) -> Site:
    """The site without the webhook."""
    site = Site(
        title="PyTake",
        summary="WhatsApp conversation flows",
        description="Times are ISO 8601 in UTC. Every answer that is no success is {detail, error_code}.",
        version=version,
        openapi_tags=_TAGS,
        openapi_url="/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    site.state.verifier = verifier
    site.state.denials = Denials()
    site.add_middleware(Guard)
    add_problem_answers(site)
    site.include_router(conversation_routes(conversations), prefix=API)
    site.include_router(flow_routes(conversations), prefix=API)
    _add_operations(site, is_ready)
    for path, name, media_type in _PAGES:
        site.add_api_route(path, _page(name, media_type), include_in_schema=False)
    return site


def _add_operations(site: Site, is_ready: Ready) -> None:
    async def healthz() -> dict[str, str]:
        return {"status": "ok"}

    async def readyz() -> JSONResponse:
        ready = await is_ready()
        return JSONResponse({"status": "ready" if ready else "not ready"}, status_code=200 if ready else 503)

    async def metrics() -> Response:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    tags: list[str | Enum] = ["operations"]
    site.get("/healthz", tags=tags, summary="Whether the process turns")(healthz)
    site.get("/readyz", tags=tags, summary="Whether it can make webhooks durable")(readyz)
    site.get("/metrics", tags=tags, summary="Prometheus metrics", response_class=Response)(metrics)
    site.head("/healthz", include_in_schema=False)(healthz)
    site.head("/readyz", include_in_schema=False)(readyz)


def _page(name: str, media_type: str) -> Callable[[], Awaitable[Response]]:
    body = files(__package__).joinpath("pages", name).read_bytes()

    async def page() -> Response:
        return Response(body, media_type=media_type)

    return page
