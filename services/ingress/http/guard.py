"""Around the whole site: security headers, a limit for bodies, and no detail of an unexpected error outside the log."""

from __future__ import annotations

import uuid

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.chassis.logs import get_logger
from services.ingress.http.problems import Refusal, problem

# The largest body of the REST API is a message of 4,096 characters, escaped.
MOST_BODY_BYTES = 64 * 1024

_CONTENT_SECURITY_POLICY = (
    b"default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    b"frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-store"),
    (b"content-security-policy", _CONTENT_SECURITY_POLICY),
)

_log = get_logger(__name__)


class Guard:
    """ASGI middleware; stands outside FastAPI's own handlers."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        answer = _Answer(send)
        try:
            await self._app(scope, _limited(receive), answer.send)
        except Exception as error:
            if answer.is_begun:
                raise
            await _accident(scope, error)(scope, receive, answer.send)


class _Answer:
    """Adds the headers, and knows whether an answer has begun."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.is_begun = False

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.is_begun = True
            message = {**message, "headers": [*message.get("headers", ()), *_HEADERS]}
        await self._send(message)


def _accident(scope: Scope, error: Exception) -> ASGIApp:
    error_id = uuid.uuid4().hex
    # The path may hold a phone number: only the method is named.
    _log.error("request_failed", method=scope["method"], error_id=error_id, exc_info=error)
    return problem(500, f"something broke inside; the log has it under {error_id}", "INTERNAL")


def _limited(receive: Receive) -> Receive:
    size = 0

    async def limited() -> Message:
        nonlocal size
        message = await receive()
        size += len(message.get("body", b""))
        if size > MOST_BODY_BYTES:
            raise Refusal(413, f"the body is larger than {MOST_BODY_BYTES} bytes; send less", "BODY_TOO_LARGE")
        return message

    return limited
