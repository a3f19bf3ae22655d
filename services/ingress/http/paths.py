"""Which methods a path takes: OPTIONS and 405 tell, HEAD is served like GET; a slash at the end changes nothing."""

from __future__ import annotations

import re
from collections.abc import Collection

from starlette.responses import Response
from starlette.routing import compile_path
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.ingress.http.problems import problem

_WRONG_METHOD = "this path does not take this method; Allow says which it takes"


class Paths:
    """The site's paths, each with the methods it takes."""

    def __init__(self) -> None:
        self._fixed: dict[str, tuple[str, set[str]]] = {}
        self._templates: list[tuple[re.Pattern[str], set[str]]] = []

    def add(self, path: str, methods: Collection[str]) -> None:
        """Note a path, or a template of paths such as `/flows/{flow_id}`, and methods it takes."""
        if "{" in path:
            self._templates.append((compile_path(path)[0], set(methods)))
        else:
            self._fixed.setdefault(_without_slash(path), (path, set()))[1].update(methods)

    def find(self, path: str) -> tuple[str, set[str]] | None:
        """The path as it is served and its methods; None when nothing is.

        A path without variables is nobody else's: `/queues/pull` is no queue of the name pull.
        """
        written = _without_slash(path)
        if written in self._fixed:
            return self._fixed[written]
        methods = {method for fits, taken in self._templates if fits.match(written) for method in taken}
        return (written, methods) if methods else None


class FindsPaths:
    """ASGI middleware, inside of the guard: what it answers has the guard's headers."""

    def __init__(self, app: ASGIApp, *, paths: Paths) -> None:
        self._app = app
        self._paths = paths

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        found = self._paths.find(scope["path"]) if scope["type"] == "http" else None
        if found is None:  # The refusal is the site's to make.
            await self._app(scope, receive, send)
            return
        # Those who stand outside look at the same scope.
        scope["path"], methods = found
        method = scope["method"]
        if method in methods:
            await self._app(scope, receive, send)
        elif method == "HEAD" and "GET" in methods:
            scope.setdefault("state", {})
            await self._app({**scope, "method": "GET"}, receive, _only_head(send))
        elif method == "OPTIONS":
            await Response(status_code=204, headers={"allow": allowed(methods)})(scope, receive, send)
        else:
            answer = problem(405, _WRONG_METHOD, "METHOD_NOT_ALLOWED", {"allow": allowed(methods)})
            await answer(scope, receive, send)


def allowed(methods: Collection[str]) -> str:
    """The header Allow of a path that takes these."""
    told = {*methods, "OPTIONS"} | ({"HEAD"} if "GET" in methods else set())
    return ", ".join(sorted(told))


def _without_slash(path: str) -> str:
    return path[:-1] if path.endswith("/") and path != "/" else path


def _only_head(send: Send) -> Send:
    """Passes an answer's head on and ends it there: then a stream, too, is told that its reader has left."""

    async def head(message: Message) -> None:
        if message["type"] == "http.response.start":
            await send(message)
            await send({"type": "http.response.body", "body": b""})

    return head
