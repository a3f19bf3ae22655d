"""Rate limits as HTTP tells them: RateLimit-* on every answer that was counted, 429 with Retry-After beyond them."""

from __future__ import annotations

import math

from fastapi import Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.ingress.domain.addresses import client_of
from services.ingress.domain.limits import Account, LimitReached
from services.ingress.http.problems import problem

_STATE = "rate_account"


def note_account(request: Request, account: Account | None) -> None:
    """Have the answer to this request tell what is left."""
    if account is not None:
        setattr(request.state, _STATE, account)


def client_address(request: Request) -> str:
    """The client, as limits know it."""
    peer = request.client.host if request.client else ""
    forwarded = request.headers.getlist("x-forwarded-for")
    return client_of(peer, forwarded, trusted_proxies=request.app.state.trusted_proxies)


async def too_much(request: Request, error: Exception) -> JSONResponse:
    """The answer to a request beyond a limit."""
    assert isinstance(error, LimitReached)
    note_account(request, error.account)
    seconds = math.ceil(error.account.wait_seconds)
    detail = f"Too many requests; try again in {seconds} second{'' if seconds == 1 else 's'}"
    return problem(429, detail, "RATE_LIMITED", {"retry-after": str(seconds)})


class TellsLimits:
    """ASGI middleware that adds RateLimit-Limit, -Remaining and -Reset (draft-ietf-httpapi-ratelimit-headers-06)."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""

        async def telling(message: Message) -> None:
            account = scope.get("state", {}).get(_STATE)
            if account is not None and message["type"] == "http.response.start":
                message = {**message, "headers": [*message.get("headers", ()), *_headers(account)]}
            await send(message)

        await self._app(scope, receive, telling)


def _headers(account: Account) -> list[tuple[bytes, bytes]]:
    values = {
        "limit": account.limit.permits,
        "remaining": account.remaining,
        "reset": math.ceil(account.reset_seconds),
    }
    return [(f"ratelimit-{name}".encode(), str(value).encode()) for name, value in values.items()]
