"""Around the whole site: security headers, limits for bodies, and no detail of an unexpected error outside the log."""

from __future__ import annotations

import asyncio
import re

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.ingress.http.deadline import ready_by
from services.ingress.http.problems import Refusal, accident, refusal_answer

# The largest body of most of the REST API is a message of 4,096 characters, escaped.
MOST_BODY_BYTES = 64 * 1024
# A flow's document of 1 MiB as people and programs write it: with line breaks, with escapes. It is read when it is
# known who sends it (rest/flow_bodies.py).
MOST_FLOW_BYTES = 2 * 1024 * 1024
_FLOWS = re.compile(r"/api/v1/flows(/[^/]+)?/?")
# A thousand recipients of a campaign, a hundred messages, two thousand moved nodes.
MOST_LIST_BYTES = 512 * 1024
_LISTS = re.compile(r"/api/v1/(campaigns/[^/]+/recipients|messages|flows/[^/]+/(publish|rollback))/?")
# The largest file Meta takes; it is passed on in pieces, and only once it is known who sends it (rest/media.py).
MOST_FILE_BYTES = 100 * 1024 * 1024
_FILES = re.compile(r"/api/v1/media/[^/]+/?")
BODY_SECONDS = 10.0
FILE_SECONDS = 300.0

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


class Guard:
    """ASGI middleware; stands outside FastAPI's own handlers."""

    def __init__(self, app: ASGIApp, *, body_seconds: float = BODY_SECONDS) -> None:
        self._app = app
        self._body_seconds = body_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        answer = _Answer(send)
        try:
            most, seconds = self._limits_of(scope["path"])
            await self._app(scope, _limited(receive, seconds, most), answer.send)
        except Refusal as refusal:
            # Who reads a body outside of the site (http/idempotency.py) meets the limits outside of it, too.
            if answer.is_begun:
                raise
            await refusal_answer(refusal)(scope, receive, answer.send)
        except Exception as error:
            if answer.is_begun:
                raise
            await accident(scope["method"], error)(scope, receive, answer.send)

    def _limits_of(self, path: str) -> tuple[int, float]:
        """How many bytes a body may have, and how many seconds it may take."""
        if _FILES.fullmatch(path):
            return MOST_FILE_BYTES, FILE_SECONDS
        if _LISTS.fullmatch(path):
            return MOST_LIST_BYTES, self._body_seconds
        return MOST_FLOW_BYTES if _FLOWS.fullmatch(path) else MOST_BODY_BYTES, self._body_seconds


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


def _limited(receive: Receive, seconds: float, most: int) -> Receive:
    size, is_whole = 0, False
    due = asyncio.get_running_loop().time() + seconds

    async def limited() -> Message:
        nonlocal size, is_whole
        if is_whole:  # what comes then is that the client leaves, and may be waited for
            return await receive()
        try:
            message: Message = await ready_by(due, receive())  # type: ignore[arg-type]  # a coroutine wherever we run
        except TimeoutError:
            raise Refusal(408, "the body came too slowly; send it faster", "BODY_TIMEOUT") from None
        size += len(message.get("body", b""))
        if size > most:
            raise Refusal(413, f"the body is larger than {most} bytes; send less", "BODY_TOO_LARGE")
        is_whole = not message.get("more_body", False)
        return message

    return limited
