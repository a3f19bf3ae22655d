"""The operators' port, over a socket of its own."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import pytest

from services.chassis.ops import OpsServer
from services.embedded.addresses import LOOPBACK


@asynccontextmanager
async def serving(is_ready: Callable[[], Awaitable[bool]]) -> AsyncIterator[int]:
    server = OpsServer(f"{LOOPBACK}:0", is_ready)
    await server.start()
    try:
        yield server.port
    finally:
        await server.stop()


async def ready() -> bool:
    return True


async def away() -> bool:
    return False


async def ask(port: int, request: str) -> tuple[str, str]:
    """Send a request's head; return the status line and the body, both empty if the connection just ends."""
    reader, writer = await asyncio.open_connection(LOOPBACK, port)
    writer.write(request.encode())
    answer = ""
    with suppress(ConnectionResetError):
        answer = (await reader.read()).decode()
    writer.close()
    head, _, body = answer.partition("\r\n\r\n")
    return head.split("\r\n")[0], body


def get(path: str) -> str:
    return f"GET {path} HTTP/1.1\r\nHost: ops\r\n\r\n"


@pytest.mark.parametrize(
    ("path", "is_ready", "status"),
    [
        ("/healthz", ready, "200 OK"),
        ("/healthz", away, "200 OK"),
        ("/readyz", ready, "200 OK"),
        ("/readyz", away, "503 Service Unavailable"),
        ("/readyz?verbose", ready, "200 OK"),
        ("/docs", ready, "404 Not Found"),
    ],
)
async def test_each_path_has_its_answer(path: str, is_ready: Callable[[], Awaitable[bool]], status: str) -> None:
    async with serving(is_ready) as port:
        assert (await ask(port, get(path)))[0] == f"HTTP/1.1 {status}"


async def test_metrics_come_as_prometheus_reads_them() -> None:
    async with serving(ready) as port:
        _, body = await ask(port, get("/metrics"))

    assert body.startswith("# HELP ")


async def test_a_head_request_gets_no_body() -> None:
    async with serving(ready) as port:
        assert await ask(port, get("/healthz").replace("GET", "HEAD")) == ("HTTP/1.1 200 OK", "")


async def test_nothing_can_be_written_here() -> None:
    async with serving(ready) as port:
        assert (await ask(port, get("/healthz").replace("GET", "POST")))[0] == "HTTP/1.1 405 Method Not Allowed"


async def test_what_is_no_http_gets_no_answer_and_harms_nobody() -> None:
    async with serving(ready) as port:
        assert await ask(port, "\x00\x01\r\n\r\n") == ("", "")
        assert await ask(port, "x" * 200_000) == ("", "")
        assert (await ask(port, get("/healthz")))[0] == "HTTP/1.1 200 OK"
