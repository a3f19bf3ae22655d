"""W3C Trace Context: a caller's `traceparent` goes into the logs and on to the services behind."""

from __future__ import annotations

import structlog
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from services.chassis.rpc import is_traceparent


class TakesUpTraces:
    """ASGI middleware; outside of everything, so that a refusal is in the trace as well."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        traceparent = Headers(scope=scope).get("traceparent", "") if scope["type"] == "http" else ""
        if not is_traceparent(traceparent):
            await self._app(scope, receive, send)
            return
        with structlog.contextvars.bound_contextvars(traceparent=traceparent):
            await self._app(scope, receive, send)
