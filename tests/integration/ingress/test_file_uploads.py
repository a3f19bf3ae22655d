"""Files over REST on real sockets: a long body takes its time, once it is known who brings it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from uuid import UUID

import pytest

from services.embedded.addresses import LOOPBACK, choose_port
from services.ingress.apps import house_app
from services.ingress.http import Bodies, HttpServer, WebhookEndpoint
from services.ingress.http.crowd import PATIENCE
from services.ingress.http.rest.media import PIECE_BYTES
from tests.fakes.ingress import MemoryStore
from tests.fixtures.rest import Asker, asking, stage
from tests.fixtures.webhooks import Entrance

SIZE = 3 * PIECE_BYTES
ID = UUID(int=77)


@pytest.fixture
async def asker() -> AsyncIterator[Asker]:
    async with asking() as asker:
        yield asker


@pytest.fixture
async def port(asker: Asker, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[int]:
    """A door that has no patience with bodies that nobody reads."""
    monkeypatch.setitem(PATIENCE, "body", 0.0)
    site, *_ = stage(is_ready=True)
    entrance = Entrance(MemoryStore(), house_app("the secret of the door", "token"))
    webhook = WebhookEndpoint(entrance.intake, max_body_bytes=SIZE, bodies=Bodies(SIZE))
    port = choose_port()
    server = HttpServer(f"{LOOPBACK}:{port}", webhook, site, drain_seconds=1.0)
    await server.start()
    yield port
    await server.stop()


def head(authorization: str) -> bytes:
    lines = [
        f"PUT /api/v1/media/{ID}?kind=document HTTP/1.1", "Host: house", f"Content-Length: {SIZE}",
        "Content-Type: application/pdf", *([f"Authorization: {authorization}"] if authorization else []),
    ]  # fmt: skip
    return "\r\n".join([*lines, "", ""]).encode()


async def test_a_known_callers_file_may_come_slowly_and_a_strangers_is_not_waited_for(asker: Asker, port: int) -> None:
    known, sending = await asyncio.open_connection(LOOPBACK, port)
    sending.write(head(asker.headers["authorization"]) + bytes(PIECE_BYTES))
    async with asyncio.timeout(20):
        await asker.rights.shelf.has_begun.wait()

        # Whoever looks for slow ones has come by once this one is gone.
        stranger, dribbling = await asyncio.open_connection(LOOPBACK, port)
        dribbling.write(head("") + bytes(PIECE_BYTES))
        refused = await stranger.read()
        assert refused.startswith(b"HTTP/1.1 401")

        sending.write(bytes(SIZE - PIECE_BYTES))
        assert await known.readline() == b"HTTP/1.1 200 OK\r\n"
        answer = (await known.readuntil(b"}")).rpartition(b"\r\n")[2]
    assert json.loads(answer)["size"] == SIZE
    for writer in (sending, dribbling):
        writer.close()
