"""Uvicorn as a part of the process: our signals, our drain."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Coroutine, Iterator
from typing import Any

import uvicorn

from services.ingress.http.protocol import AnswersInOneWrite
from services.ingress.http.webhook import Receive, Scope, Send, WebhookEndpoint

BACKLOG = 2048


class _Server(uvicorn.Server):
    """Leaves signals to chassis.lifecycle."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


class HttpServer:
    """A part: webhook first, the REST site for every other path."""

    def __init__(self, address: str, webhook: WebhookEndpoint, site: Any, *, drain_seconds: float) -> None:
        host, _, port = address.rpartition(":")

        def dispatch(scope: Scope, receive: Receive, send: Send) -> Coroutine[Any, Any, None]:
            is_webhook = scope["type"] == "http" and webhook.serves(scope["path"])
            answering: Coroutine[Any, Any, None] = (webhook if is_webhook else site)(scope, receive, send)
            return answering

        self._place = (host.strip("[]"), int(port))
        config = uvicorn.Config(
            dispatch,
            interface="asgi3",  # dispatch returns a coroutine without being one
            http=AnswersInOneWrite,
            ws="none",
            lifespan="off",
            access_log=False,
            log_config=None,
            server_header=False,
            proxy_headers=False,  # nothing asks who the client is; otherwise every request runs through one more layer
            h11_max_incomplete_event_size=64 * 1024,
            backlog=BACKLOG,
            timeout_graceful_shutdown=int(drain_seconds),
        )
        self._server = _Server(config)
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Listen; raises OSError when the address is taken."""
        # Bound here: uvicorn answers a taken address with sys.exit inside its task, which leaves the process hanging.
        family = socket.AF_INET6 if ":" in self._place[0] else socket.AF_INET
        listening = socket.create_server(self._place, family=family, backlog=BACKLOG)
        self._task = asyncio.create_task(self._server.serve(sockets=[listening]), name="http")
        while not self._server.started:
            if self._task.done():
                self._task.result()
                raise OSError("the HTTP server did not start")
            await asyncio.sleep(0.01)

    async def stop(self) -> None:
        """Take no new connections, answer what is being served, end."""
        self._server.should_exit = True
        if self._task is not None:
            await asyncio.gather(self._task, return_exceptions=True)
