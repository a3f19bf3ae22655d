"""Clients that mean ill, over real sockets: what they are told, and that others are served meanwhile."""

from __future__ import annotations

import asyncio
import http.client
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from services.embedded.addresses import LOOPBACK, choose_port
from services.ingress.apps import house_app
from services.ingress.http import Bodies, HttpServer, WebhookEndpoint
from tests.fakes.ingress import MemoryStore
from tests.fixtures.webhooks import PATH, Entrance, messages_body, signature

SECRET = "the secret of the door"
MIB = 1024 * 1024
FORGED = "sha256=" + "0" * 64
MOST_CONNECTIONS = 20


def large_body() -> bytes:
    """A webhook of three MiB, most of it one text."""
    body = messages_body("oi")
    return body.replace(b'{"body": "oi"}', b'{"body": "%s"}' % (b"x" * (3 * MIB - len(body))))


@dataclass(slots=True)
class Door:
    """A door on a real address, with its store."""

    port: int
    store: MemoryStore

    def post(self, body: bytes, header: str | None) -> tuple[int, str]:
        """Post as a plain client does: all of the request is sent before the answer is read."""
        connection = http.client.HTTPConnection(LOOPBACK, self.port, timeout=30)
        try:
            headers = {} if header is None else {"X-Hub-Signature-256": header}
            connection.request("POST", PATH, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    async def valid(self) -> int:
        """The status of a well-meant post."""
        body = messages_body("oi")
        status, _ = await asyncio.to_thread(self.post, body, signature(body, SECRET))
        return status

    async def open(self, start: bytes = b"") -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A connection over which something was sent."""
        reader, writer = await asyncio.open_connection(LOOPBACK, self.port)
        writer.write(start)
        return reader, writer


@pytest.fixture
async def door() -> AsyncIterator[Door]:
    store = MemoryStore()
    entrance = Entrance(store, house_app(SECRET, "token"))
    webhook = WebhookEndpoint(entrance.intake, max_body_bytes=4 * MIB, bodies=Bodies(8 * MIB), body_seconds=3600.0)
    port = choose_port()
    server = HttpServer(f"{LOOPBACK}:{port}", webhook, None, drain_seconds=1.0, most_connections=MOST_CONNECTIONS)
    await server.start()
    yield Door(port, store)
    await server.stop()


@pytest.mark.parametrize(
    ("size", "header", "status"),
    [(3 * MIB, None, 403), (3 * MIB, FORGED, 403), (5 * MIB, FORGED, 413), (5 * MIB, None, 403)],
)
async def test_a_client_that_sends_all_of_a_large_body_can_read_why_it_is_refused(
    door: Door, size: int, header: str | None, status: int
) -> None:
    answer = await asyncio.to_thread(door.post, b"x" * size, header)

    assert answer[0] == status
    assert door.store.stored() == 0


async def test_a_signed_body_of_three_mib_is_taken(door: Door) -> None:
    body = large_body()

    assert await asyncio.to_thread(door.post, body, signature(body, SECRET)) == (200, '{"status":"received"}')
    assert door.store.stored() == 1


async def test_large_bodies_that_stop_coming_make_room_for_those_that_come(door: Door) -> None:
    head = f"POST {PATH} HTTP/1.1\r\nHost: house\r\nX-Hub-Signature-256: {FORGED}\r\nContent-Length: {3 * MIB}\r\n\r\n"
    stuck = [await door.open(head.encode() + b"x" * (2 * MIB)) for _ in range(8)]
    for _, writer in stuck[:4]:
        await writer.drain()
    body = large_body()

    assert (await asyncio.to_thread(door.post, body, signature(body, SECRET)))[0] == 200
    answers = [await reader.readline() for reader, _ in stuck[:4]]
    assert answers == [b"HTTP/1.1 503 Service Unavailable\r\n"] * 4
    for _, writer in stuck:
        writer.close()


async def test_connections_that_say_nothing_make_room_for_those_that_do(door: Door) -> None:
    silent = [await door.open(b"POST / HTTP/1.1\r\n") for _ in range(3 * MOST_CONNECTIONS)]

    assert await door.valid() == 200
    # Those who came first had to go.
    assert await silent[0][0].read() == b""
    for _, writer in silent:
        writer.close()


async def test_a_flood_of_forged_posts_over_one_connection_is_answered_and_stores_nothing(door: Door) -> None:
    body = messages_body("forged")
    request = (
        f"POST {PATH} HTTP/1.1\r\nHost: house\r\nX-Hub-Signature-256: {FORGED}\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode() + body
    reader, writer = await door.open()
    for _ in range(200):
        writer.write(request)
        assert await reader.readline() == b"HTTP/1.1 403 Forbidden\r\n"
        rest = await reader.readuntil(b"\r\n\r\n")
        length = next(line for line in rest.split(b"\r\n") if line.lower().startswith(b"content-length: "))
        await reader.readexactly(int(length.split()[1]))
    writer.close()

    assert door.store.stored() == 0
    assert door.store.questions <= 1
    assert await door.valid() == 200


async def test_a_client_that_goes_away_in_the_middle_of_its_body_is_forgotten(door: Door) -> None:
    head = f"POST {PATH} HTTP/1.1\r\nHost: house\r\nX-Hub-Signature-256: {FORGED}\r\nContent-Length: {3 * MIB}\r\n\r\n"
    for _ in range(20):
        with socket.create_connection((LOOPBACK, door.port)) as client:
            await asyncio.to_thread(client.sendall, head.encode() + b"x" * MIB)
    body = large_body()

    assert (await asyncio.to_thread(door.post, body, signature(body, SECRET)))[0] == 200
