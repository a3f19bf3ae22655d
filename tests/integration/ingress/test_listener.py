"""ingress' HTTP address."""

from __future__ import annotations

import socket

import pytest

from services.ingress.http import HttpServer


async def test_a_taken_address_ends_the_start_with_an_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        # Neither the webhook nor the site is reached.
        server = HttpServer(f"127.0.0.1:{port}", None, None, drain_seconds=1.0)  # type: ignore[arg-type]  # never called
        with pytest.raises(OSError, match="in use"):
            await server.start()
