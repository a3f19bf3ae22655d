"""The operators' port: /healthz (the loop turns), /readyz (it can do its work), /metrics (Prometheus).

Three fixed answers to GET, one request a connection: an HTTP library would take a quarter of a room's start for that.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

Ready = Callable[[], Awaitable[bool]]

# Longest time for a request to be read and answered; readiness may wait a second for the database.
_REQUEST_SECONDS = 10.0
_JSON = "application/json; charset=utf-8"
_PHRASES = {200: "OK", 404: "Not Found", 405: "Method Not Allowed", 503: "Service Unavailable"}

Answer = tuple[int, str, bytes]
"""status, content type, body"""


class OpsServer:
    """A part that serves the three paths on one address."""

    def __init__(self, address: str, is_ready: Ready) -> None:
        host, _, port = address.rpartition(":")
        self._host = host.strip("[]")
        self.port = int(port)
        self._is_ready = is_ready
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Listen."""
        self._server = await asyncio.start_server(self._serve, self._host, self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Stop listening; what is being answered ends with the process."""
        if self._server is not None:
            self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # A caller that goes away, dawdles or sends no HTTP gets no answer, and nobody needs to know.
        with suppress(OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError):
            async with asyncio.timeout(_REQUEST_SECONDS):
                head = await reader.readuntil(b"\r\n\r\n")
                method, target, _ = head.decode("latin-1").split(" ", 2)
                status, kind, body = await self._answer(method, target.partition("?")[0])
                writer.write(_head(status, kind, len(body)) + (b"" if method == "HEAD" else body))
                await writer.drain()
        writer.close()

    async def _answer(self, method: str, path: str) -> Answer:
        if method not in ("GET", "HEAD"):
            return 405, _JSON, b'{"status": "only GET is answered here"}'
        match path:
            case "/healthz":
                return 200, _JSON, b'{"status": "ok"}'
            case "/readyz":
                # Readiness may ask the database; liveness never does, or an outage would restart every pod.
                is_ready = await self._is_ready()
                return (200, _JSON, b'{"status": "ready"}') if is_ready else (503, _JSON, b'{"status": "not ready"}')
            case "/metrics":
                return 200, CONTENT_TYPE_LATEST, generate_latest()
            case _:
                return 404, _JSON, b'{"status": "ask /healthz, /readyz or /metrics"}'


def _head(status: int, kind: str, length: int) -> bytes:
    lines = (
        f"HTTP/1.1 {status} {_PHRASES[status]}",
        f"Content-Type: {kind}",
        f"Content-Length: {length}",
        "Connection: close",
        "",
        "",
    )
    return "\r\n".join(lines).encode()
