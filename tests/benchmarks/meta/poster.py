"""Posts webhooks over kept connections: a bare HTTP/1.1 client, that leaves the machine to what is measured."""

import asyncio
from collections.abc import Callable
from typing import cast
from urllib.parse import urlsplit

import httptools

from tests.benchmarks.errors import Void
from tests.benchmarks.meta.webhooks import sign

ANSWER_SECONDS = 30.0
OK = 200


class _Connection(asyncio.Protocol):
    """One request at a time; a connection that is lost fails the request it carries."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self._parser = httptools.HttpResponseParser(self)
        self._answer: asyncio.Future[int] | None = None

    @property
    def is_open(self) -> bool:
        return self.transport is not None and not self.transport.is_closing()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)  # uvloop has its own class

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._answer and not self._answer.done():
            self._answer.set_exception(ConnectionResetError("the connection was closed before the answer"))

    def on_message_complete(self) -> None:
        status = self._parser.get_status_code()
        self._parser = httptools.HttpResponseParser(self)
        if self._answer and not self._answer.done():
            self._answer.set_result(status)

    def request(self, data: bytes) -> asyncio.Future[int]:
        """Write a request; the future gives the status of its answer."""
        assert self.transport is not None
        self._answer = asyncio.get_running_loop().create_future()
        self.transport.write(data)
        return self._answer


class Poster:
    """A pool of connections to one webhook; it grows as far as requests overlap."""

    def __init__(self, webhook_url: str, app_secret: str) -> None:
        parts = urlsplit(webhook_url)
        assert parts.hostname
        assert parts.port
        self._host, self._port = parts.hostname, parts.port
        self._app_secret = app_secret
        self._head = (
            f"POST {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\nUser-Agent: facebookexternalua\r\n"
            "Accept: */*\r\nContent-Type: application/json\r\n"
        )
        self._idle: list[_Connection] = []

    async def post(self, body: bytes) -> None:
        """Post one signed body and wait for its 200. Raises Void for any other answer, or none."""
        if (status := await self.offer(body)) != OK:
            raise Void(f"a webhook was answered {status}")

    async def offer(self, body: bytes) -> int:
        """Post one signed body and return the answer's status. Raises Void when there is no answer."""
        head = f"{self._head}Content-Length: {len(body)}\r\nX-Hub-Signature-256: {sign(body, self._app_secret)}\r\n\r\n"
        try:
            return await self._exchange(head.encode() + body)
        except ConnectionError:  # a server may close an idle connection just when it is used again
            return await self._exchange(head.encode() + body)

    async def _exchange(self, data: bytes) -> int:
        connection = await self._connection()
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                status = await connection.request(data)
        except TimeoutError:
            raise Void(f"a webhook was not answered within {ANSWER_SECONDS:g} s") from None
        self._idle.append(connection)
        return status

    async def _connection(self) -> _Connection:
        while self._idle:
            connection = self._idle.pop()
            if connection.is_open:
                return connection
        make: Callable[[], _Connection] = _Connection
        _, connection = await asyncio.get_running_loop().create_connection(make, self._host, self._port)
        return connection

    def close(self) -> None:
        """Close what is idle."""
        for connection in self._idle:
            if connection.transport:
                connection.transport.close()
