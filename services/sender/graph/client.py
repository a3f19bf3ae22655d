"""Connections that are kept, bounded in number, and the road of one request over one of them."""

from __future__ import annotations

import asyncio
import socket
import ssl

from aiohappyeyeballs import start_connection

from services.sender.graph.connection import Connection, Response
from services.sender.graph.endpoint import Endpoint
from services.sender.ports import Freshness

# How long one address is waited for before the next is tried as well (RFC 8305, section 5).
_NEXT_ADDRESS_SECONDS = 0.25


class NotWritten(Exception):
    """No byte of the request was handed over: certain."""


class Client:
    """Sends requests to one endpoint; no proxies, no redirects, no cookies, no repeats.

    `timeout_seconds` is for all of a call, the wait for a free connection included. There are never more than
    `connections`; one that was idle for `keep_alive_seconds` is closed.
    """

    def __init__(
        self, endpoint: Endpoint, *, timeout_seconds: float, connections: int, keep_alive_seconds: float
    ) -> None:
        self._endpoint = endpoint
        self._timeout_seconds = timeout_seconds
        self._keep_alive_seconds = keep_alive_seconds
        # A call holds one permit and at most one connection, and opens one only when none is idle.
        self._permits = asyncio.Semaphore(connections)
        self._idle: list[Connection] = []  # the longest idle first; the last is taken
        self._open: set[Connection] = set()
        self._sweep: asyncio.TimerHandle | None = None
        self._tls: ssl.SSLContext | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def start(self) -> None:
        """Read the certificates that are trusted; connections are opened when they are needed."""
        if self._endpoint.is_tls:
            self._tls = ssl.create_default_context()
            self._tls.set_alpn_protocols(["http/1.1"])
        self._loop = asyncio.get_running_loop()

    async def stop(self) -> None:
        """Close every connection; calls that are under way end without an answer."""
        self._loop = None
        if self._sweep is not None:
            self._sweep.cancel()
        self._idle.clear()
        closing = [connection.closed for connection in self._open]
        for connection in tuple(self._open):
            connection.abort()
        await asyncio.gather(*closing)

    async def send(self, request: bytes, may_write: Freshness) -> Response:
        """Write a request if it still may be, and give the answer. Raises NotWritten, connection.NoAnswer."""
        if self._loop is None:
            raise NotWritten("closed")
        deadline = self._loop.time() + self._timeout_seconds
        if self._permits.locked():
            await self._wait_for_permit(deadline)
        else:
            await self._permits.acquire()
        try:
            connection = self._take_idle() or await self._connect(deadline)
            try:
                if not may_write():
                    raise NotWritten("the permission is too old")
                return await connection.exchange(request, deadline)
            finally:
                self._put_back(connection)
        finally:
            self._permits.release()

    async def _wait_for_permit(self, deadline: float) -> None:
        try:
            async with asyncio.timeout_at(deadline):
                await self._permits.acquire()
        except TimeoutError as error:
            raise NotWritten("no connection was free") from error

    def _take_idle(self) -> Connection | None:
        """The connection that was used last, if the server still keeps it."""
        while self._idle:
            connection = self._idle.pop()
            if connection.is_usable:
                return connection
            connection.abort()
        return None

    def _put_back(self, connection: Connection) -> None:
        """Keep a connection whose exchange has ended in order; a broken or cancelled one is closed."""
        loop = self._loop
        if loop is None or not connection.is_usable:
            connection.abort()
            return
        connection.idle_since = loop.time()
        self._idle.append(connection)
        if self._sweep is None:
            self._sweep = loop.call_later(self._keep_alive_seconds, self._close_idle, loop)

    def _close_idle(self, loop: asyncio.AbstractEventLoop) -> None:
        """Close what was idle for too long, and come back when the next will have been."""
        now, kept = loop.time(), []
        for connection in self._idle:
            if connection.is_usable and now - connection.idle_since < self._keep_alive_seconds:
                kept.append(connection)
            else:
                connection.abort()
        self._idle = kept
        due = kept[0].idle_since + self._keep_alive_seconds if kept else 0.0
        self._sweep = loop.call_at(due, self._close_idle, loop) if kept else None

    async def _connect(self, deadline: float) -> Connection:
        """Open a connection within the time. Raises NotWritten."""
        try:
            async with asyncio.timeout_at(deadline):
                connection = await self._open_connection()
        # In time, found, taken, trusted: what goes wrong is an OSError. uvloop raises RuntimeError as well, and a name
        # that can be none is a ValueError.
        except (OSError, RuntimeError, ValueError) as error:
            raise NotWritten(type(error).__name__) from error
        if self._loop is None or not connection.is_usable:
            connection.abort()
            raise NotWritten("closed")
        return connection

    async def _open_connection(self) -> Connection:
        loop, endpoint = self._loop, self._endpoint
        if loop is None:
            raise NotWritten("closed")
        addresses = await loop.getaddrinfo(endpoint.host, endpoint.port, type=socket.SOCK_STREAM)
        # uvloop tries addresses only one after the other: one that swallows packets would hold every message back.
        opened = await start_connection(addresses, happy_eyeballs_delay=_NEXT_ADDRESS_SECONDS, interleave=1, loop=loop)
        try:
            _, connection = await loop.create_connection(
                lambda: Connection(loop),
                sock=opened,
                ssl=self._tls,
                server_hostname=endpoint.host if self._tls else None,
            )
        except BaseException:
            opened.close()
            raise
        self._open.add(connection)
        connection.closed.add_done_callback(lambda _: self._open.discard(connection))
        return connection
