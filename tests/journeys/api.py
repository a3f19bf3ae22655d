"""An API of somebody else, as flows call it: it notes what comes in and answers as told."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True, slots=True)
class Heard:
    """One request; names of headers are in lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: str


Answer = tuple[int, object]
"""Status and JSON."""


@dataclass
class Api:
    """`answer` decides on each request, in a thread of its own: it may wait."""

    answer: Callable[[Heard], Answer] = lambda heard: (200, {})
    heard: list[Heard] = field(default_factory=list)
    url: str = ""

    def keys(self) -> list[str]:
        """The Idempotency-Key of each request."""
        return [heard.headers.get("idempotency-key", "") for heard in self.heard]


@contextmanager
def running_api() -> Iterator[Api]:
    """An API on this machine until the end of the context."""
    api = Api()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _serve(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            headers = {name.lower(): value for name, value in self.headers.items()}
            heard = Heard(self.command, self.path, headers, self.rfile.read(length).decode())
            api.heard.append(heard)
            status, said = api.answer(heard)
            content = json.dumps(said).encode()
            # Whoever asked may have died meanwhile.
            try:
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)
            except OSError:
                self.close_connection = True

        do_GET = do_POST = _serve  # noqa: N815  # as the base class calls them

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the base class names it so
            """Nothing is printed."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    api.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield api
    finally:
        server.shutdown()
        server.server_close()
