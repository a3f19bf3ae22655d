"""The plain monolith: FastAPI answers the webhook, BackgroundTasks do the rest, the ORM keeps it."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import BackgroundTasks, FastAPI, Header, HTTPException, Request
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine

from tests.benchmarks.monolith.router_service import MessageRouter
from tests.benchmarks.monolith.settings import Settings, settings_from_environment
from tests.benchmarks.monolith.whatsapp_sender import make_sender

WEBHOOK_PATH = "/api/v1/whatsapp/webhook"


def create_app(settings: Settings) -> FastAPI:
    """Compose the application; engine, pool and HTTP client live as long as it runs."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        engine = create_async_engine(settings.database_url, pool_size=settings.pool_size, max_overflow=0)
        sender = make_sender(settings.http_client, settings.graph_api_base)
        app.state.router = MessageRouter(async_sessionmaker(engine, expire_on_commit=False), sender)
        yield
        await sender.close()
        await engine.dispose()

    app = FastAPI(lifespan=lifespan)

    @app.post(WEBHOOK_PATH)
    async def receive(
        request: Request, background: BackgroundTasks, x_hub_signature_256: Annotated[str, Header()] = ""
    ) -> dict[str, str]:
        body = await request.body()
        expected = "sha256=" + hmac.new(settings.app_secret.encode(), body, hashlib.sha256).hexdigest()
        if not hmac.compare_digest(expected.encode(), x_hub_signature_256.encode()):
            raise HTTPException(403, "Invalid signature")
        background.add_task(request.app.state.router.process, json.loads(body))
        return {"status": "received"}

    @app.get("/health")
    async def health() -> dict[str, str]:
        return {"status": "ok"}

    return app


def app_from_environment() -> FastAPI:
    """What uvicorn's --factory calls."""
    return create_app(settings_from_environment())
