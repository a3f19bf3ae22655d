"""Web pages of other sites may call the API when an operator names their origins (CORS, Fetch standard, 3.3)."""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.ingress.domain.origins import EVERY_ORIGIN

# A browser asks again after so many seconds; none keeps an answer for longer than two hours.
_MOST_AGE = "7200"
_METHODS = "GET, HEAD, POST, PUT, PATCH, DELETE"
_REQUEST_HEADERS = (
    "Authorization, Content-Type, X-API-Key, Idempotency-Key, If-Match, If-None-Match, Last-Event-ID, traceparent, "
    "tracestate"
)
_ANSWER_HEADERS = (
    "ETag, Link, Location, Content-Disposition, Retry-After, Idempotency-Replayed, RateLimit-Limit, "
    "RateLimit-Remaining, RateLimit-Reset, WWW-Authenticate"
)


class AnswersBrowsers:
    """ASGI middleware; outside of limits and guard, so that a page may read every refusal.

    Nothing is allowed with cookies: who asks is proven by a header that the page itself sends.
    """

    def __init__(self, app: ASGIApp, *, origins: frozenset[str]) -> None:
        self._app = app
        self._origins = origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or not self._origins:
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        told = self._told(headers.get("origin", ""))
        if scope["method"] == "OPTIONS" and "access-control-request-method" in headers and told:
            asked = {"access-control-allow-methods": _METHODS, "access-control-allow-headers": _REQUEST_HEADERS}
            answer = Response(status_code=204, headers=told | asked | {"access-control-max-age": _MOST_AGE})
            await answer(scope, receive, send)
            return
        shown = (told | {"access-control-expose-headers": _ANSWER_HEADERS}) if told else {"vary": "Origin"}
        added = [(name.encode(), value.encode()) for name, value in shown.items()]

        async def telling(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message.get("headers", ()), *added]}
            await send(message)

        await self._app(scope, receive, telling)

    def _told(self, origin: str) -> dict[str, str]:
        if EVERY_ORIGIN in self._origins and origin:
            return {"access-control-allow-origin": EVERY_ORIGIN}
        if origin in self._origins:
            return {"access-control-allow-origin": origin, "vary": "Origin"}
        return {}
