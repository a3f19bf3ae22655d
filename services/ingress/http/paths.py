"""Which methods a path takes: OPTIONS and 405 tell, HEAD is served like GET; a slash at the end changes nothing."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import NamedTuple

from starlette.responses import Response
from starlette.routing import compile_path
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.ingress.http.problems import problem

_WRONG_METHOD = "this path does not take this method; Allow says which it takes"


class Place(NamedTuple):
    """A path as it is served, the methods it takes, and those of them that the document has under its template."""

    path: str
    methods: set[str]
    told: set[str]


class Paths:
    """The site's paths, each with the methods it takes."""

    def __init__(self) -> None:
        self._fixed: dict[str, Place] = {}
        self._templates: list[tuple[int, re.Pattern[str], str]] = []

    def add(self, path: str, methods: Collection[str]) -> None:
        """Note a path, or a template of paths such as `/flows/{flow_id}`, and methods it takes."""
        if "{" in path:
            self._templates += [(path.count("{"), compile_path(path)[0], method) for method in methods]
            return
        taken: set[str] = set()
        self._fixed.setdefault(_without_slash(path), Place(path, taken, taken)).methods.update(methods)

    def find(self, path: str) -> Place | None:
        """Where a path leads; None when nothing is served there.

        A path without variables is nobody else's: `/queues/pull` is no queue of the name pull. Where several templates
        fit, the one with the fewest variables is told of.
        """
        written = _without_slash(path)
        if written in self._fixed:
            return self._fixed[written]
        fitting = [(variables, method) for variables, fits, method in self._templates if fits.match(written)]
        if not fitting:
            return None
        fewest, _ = min(fitting)
        told = {method for variables, method in fitting if variables == fewest}
        return Place(written, {method for _, method in fitting}, told)


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
        scope["path"], methods, told = found
        method = scope["method"]
        if method in methods:
            await self._app(scope, receive, send)
        elif method == "HEAD" and "GET" in methods:
            scope.setdefault("state", {})
            await self._app({**scope, "method": "GET"}, receive, _only_head(send))
        elif method == "OPTIONS":
            await Response(status_code=204, headers={"allow": allowed(told)})(scope, receive, send)
        else:
            answer = problem(405, _WRONG_METHOD, "METHOD_NOT_ALLOWED", {"allow": allowed(told)})
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
