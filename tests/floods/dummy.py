"""`python -m tests.floods.dummy`: answers 403 at once to whatever comes, and prints its port.

Who floods it instead of the house shows what the flooding itself takes away from everybody on this machine.
"""

from __future__ import annotations

import asyncio
import sys
from typing import cast

import uvloop

_ANSWER = b"HTTP/1.1 403 Forbidden\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
_LENGTH = b"content-length: "


class Refuses(asyncio.Protocol):
    """Answers each request when it is whole; looks at nothing but its length."""

    def __init__(self) -> None:
        self._left = 0
        self._head = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """asyncio.Protocol."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """asyncio.Protocol."""
        if self._left:
            self._left -= len(data)
        else:
            self._head += data
            head, end, body = self._head.partition(b"\r\n\r\n")
            if not end:
                return
            start = head.lower().find(_LENGTH) + len(_LENGTH)
            self._left = int(head[start:].split(b"\r\n", 1)[0]) - len(body)
        if self._left <= 0:
            self._left, self._head = 0, b""
            self._transport.write(_ANSWER)


async def serve() -> None:
    """Serve until the input ends."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Refuses, "127.0.0.1", 0, backlog=2048)
    print(server.sockets[0].getsockname()[1], flush=True)
    lines = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    await lines.read()
    server.close()


if __name__ == "__main__":
    uvloop.run(serve())
