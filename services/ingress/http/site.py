"""The REST API and its documentation (FastAPI). The webhook is described here and served by http/webhook.py."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from fastapi import FastAPI
from fastapi.responses import JSONResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

Ready = Callable[[], Awaitable[bool]]


def build_site(*, version: str, is_ready: Ready) -> FastAPI:
    """The site without the webhook."""
    site = FastAPI(title="PyTake", version=version, docs_url="/docs", openapi_url="/openapi.json", redoc_url=None)

    @site.get("/healthz", tags=["operations"], summary="Whether the process turns")
    async def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @site.get("/readyz", tags=["operations"], summary="Whether it can make webhooks durable")
    async def readyz() -> JSONResponse:
        ready = await is_ready()
        return JSONResponse({"status": "ready" if ready else "not ready"}, status_code=200 if ready else 503)

    @site.get("/metrics", tags=["operations"], summary="Prometheus metrics")
    async def metrics() -> Response:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    return site
