"""Every test here runs on both loops: the rooms use uvloop, the tools asyncio's own."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager

import pytest
import uvloop

from services.embedded.addresses import LOOPBACK
from services.sender.domain.answers import Answer
from services.sender.graph import GraphApi
from services.sender.graph.client import Client
from services.sender.graph.endpoint import Endpoint

ACCEPTED_BODY = b'{"messages":[{"id":"wamid"}]}'
ACCEPTED = b"HTTP/1.1 200 OK\r\nContent-Length: 29\r\n\r\n" + ACCEPTED_BODY


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """The loops, by name."""
    return {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}


@asynccontextmanager
async def calling(
    port: int, *, scheme: str = "http", host: str = LOOPBACK, timeout_seconds: float = 5.0, connections: int = 4
) -> AsyncIterator[GraphApi]:
    """A Graph client for a server on this port."""
    graph = GraphApi(f"{scheme}://{host}:{port}/v26.0", timeout_seconds=timeout_seconds, connections=connections)
    await graph.start()
    try:
        yield graph
    finally:
        await graph.stop()


@asynccontextmanager
async def client_of(port: int, *, keep_alive_seconds: float = 30.0, connections: int = 4) -> AsyncIterator[Client]:
    """The part below, with a keep-alive a test can wait for."""
    client = Client(
        Endpoint.parse(f"http://{LOOPBACK}:{port}"),
        timeout_seconds=5.0,
        connections=connections,
        keep_alive_seconds=keep_alive_seconds,
    )
    client.start()
    try:
        yield client
    finally:
        await client.stop()


@contextmanager
def deaf_port() -> Iterator[int]:
    """A port where connections are neither taken nor refused: one fills the queue of a listener that never looks."""
    with socket.socket() as listener, socket.socket() as first:
        listener.bind((LOOPBACK, 0))
        listener.listen(0)
        first.connect(listener.getsockname())
        yield listener.getsockname()[1]


def fresh() -> bool:
    """A permission that never grows old."""
    return True


def stale() -> bool:
    """A permission that is too old."""
    return False


async def post(graph: GraphApi, *, is_fresh: Callable[[], bool] = fresh, token: str = "t", number: str = "1") -> Answer:
    """Post a small message."""
    return await graph.post(phone_number_id=number, token=token, body=b'{"to":"1"}', is_fresh=is_fresh)
