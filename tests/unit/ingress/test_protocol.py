"""What uvicorn writes, as it leaves for the client."""

import asyncio
import re
from typing import Any

import uvicorn
from uvicorn.server import ServerState

from services.ingress.http.protocol import AnswersInOneWrite
from tests.fixtures.wire import Wire

REQUEST = b"GET /%d HTTP/1.1\r\nHost: ingress\r\n\r\n"


async def answer(scope: Any, receive: Any, send: Any) -> None:
    headers = [(b"content-length", b"4")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"oi" + scope["path"].encode()})


def connected() -> tuple[AnswersInOneWrite, Wire]:
    """A new connection; `answer` serves it."""
    config = uvicorn.Config(answer, log_config=None, access_log=False, interface="asgi3")
    protocol, wire = AnswersInOneWrite(config, ServerState(), {}), Wire()
    protocol.connection_made(wire)
    return protocol, wire


async def served(*requests: bytes) -> Wire:
    """Feed what arrives in one piece and let the loop turn until all is answered."""
    protocol, wire = connected()
    protocol.data_received(b"".join(requests))
    while protocol.tasks:
        await asyncio.wait(protocol.tasks)
    await asyncio.sleep(0)
    protocol.connection_lost(None)
    return wire


async def test_head_and_body_of_an_answer_leave_in_one_write() -> None:
    (written,) = (await served(REQUEST % 1)).writes

    assert written.startswith(b"HTTP/1.1 200 OK\r\n")
    assert written.endswith(b"\r\n\r\noi/1")


async def test_answers_keep_the_order_of_their_requests() -> None:
    written = b"".join((await served(REQUEST % 1, REQUEST % 2, REQUEST % 3)).writes)

    assert re.findall(rb"oi/\d", written) == [b"oi/1", b"oi/2", b"oi/3"]


async def test_what_is_no_http_is_answered_before_the_connection_is_closed() -> None:
    wire = await served(b"\x00\x00\r\n\r\n")

    assert wire.is_closed
    assert b"".join(wire.writes).startswith(b"HTTP/1.1 400 ")


async def test_an_answer_that_ends_the_connection_is_written_first() -> None:
    wire = await served(b"GET /1 HTTP/1.1\r\nHost: ingress\r\nConnection: close\r\n\r\n")

    assert wire.is_closed
    assert b"".join(wire.writes).endswith(b"oi/1")


async def test_a_large_answer_is_not_held_back() -> None:
    protocol, wire = connected()
    for _ in range(3):
        protocol.transport.write(b"x" * 40_000)

    assert [len(written) for written in wire.writes] == [80_000]
    await asyncio.sleep(0)
    assert [len(written) for written in wire.writes] == [80_000, 40_000]


async def test_nothing_is_written_to_a_client_that_has_gone() -> None:
    protocol, wire = connected()
    protocol.transport.write(b"half an answer")
    wire.close()
    await asyncio.sleep(0)

    assert wire.writes == []
