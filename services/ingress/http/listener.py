"""Uvicorn as a part of the process: our signals, our drain, our connections."""

from __future__ import annotations

import asyncio
import contextlib
import resource
import socket
from collections.abc import Coroutine, Iterator
from functools import partial
from typing import Any, cast

import uvicorn

from services.ingress.http.body import Receive
from services.ingress.http.connection import BoundedConnection
from services.ingress.http.crowd import KEEP_ALIVE_SECONDS, SWEEP_SECONDS, Crowd
from services.ingress.http.webhook import Scope, Send, WebhookEndpoint

BACKLOG = 2048
MOST_CONNECTIONS = 1000
# Files and sockets of the process that are no HTTP connection.
_OTHER_FILES = 64


class _Server(uvicorn.Server):
    """Leaves signals to chassis.lifecycle."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


class HttpServer:
    """A part: webhook first, the REST site for every other path."""

    def __init__(
        self,
        address: str,
        webhook: WebhookEndpoint,
        site: Any,
        *,
        drain_seconds: float,
        most_connections: int = MOST_CONNECTIONS,
    ) -> None:
        host, _, port = address.rpartition(":")
        self._crowd = Crowd(min(most_connections, _room_for_files()))

        def dispatch(scope: Scope, receive: Receive, send: Send) -> Coroutine[Any, Any, None]:
            is_webhook = scope["type"] == "http" and webhook.serves(scope["path"])
            answering: Coroutine[Any, Any, None] = (webhook if is_webhook else site)(scope, receive, send)
            return answering

        self._place = (host.strip("[]"), int(port))
        config = uvicorn.Config(
            dispatch,
            interface="asgi3",  # dispatch returns a coroutine without being one
            # Uvicorn wants a class and calls it.
            http=cast(
                "type[asyncio.Protocol]",
                partial(BoundedConnection, crowd=self._crowd, screen=lambda *whole: webhook.refuse_at_once(*whole)),
            ),
            ws="none",
            lifespan="off",
            access_log=False,
            log_config=None,
            server_header=False,
            proxy_headers=False,  # nothing asks who the client is; otherwise every request runs through one more layer
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            backlog=BACKLOG,
            timeout_graceful_shutdown=int(drain_seconds),
        )
        self._server = _Server(config)
        self._task: asyncio.Task[None] | None = None
        self._sweeping: asyncio.Task[None] | None = None

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
        self._sweeping = asyncio.create_task(self._sweep(), name="http sweep")

    async def _sweep(self) -> None:
        loop = asyncio.get_running_loop()
        connections = cast("set[BoundedConnection]", self._server.server_state.connections)
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            self._crowd.sweep(connections, loop.time())

    async def stop(self) -> None:
        """Take no new connections, answer what is being served, end."""
        if self._sweeping is not None:
            self._sweeping.cancel()
        self._server.should_exit = True
        if self._task is not None:
            await asyncio.gather(self._task, return_exceptions=True)


def _room_for_files() -> int:
    """How many connections the process may have open: one more could not be accepted, not even to be refused."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return max(1, soft - _OTHER_FILES) if soft != resource.RLIM_INFINITY else MOST_CONNECTIONS
