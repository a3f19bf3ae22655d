"""Uvicorn's HTTP protocol with one write for each answer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MOST_BYTES = 64 * 1024


class AnswersInOneWrite(HttpToolsProtocol):
    """Uvicorn writes head and body of an answer apart; each write is a system call and wakes the client."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Put the gathering transport between uvicorn and the connection."""
        gathering = _Gathering(transport, self.loop, self.end)
        super().connection_made(cast("asyncio.Transport", gathering))

    def connection_lost(self, exc: Exception | None) -> None:
        """Let go of each other: a connection is no work for the collector of cycles."""
        super().connection_lost(exc)
        cast("_Gathering", self.transport).forget()

    def end(self, transport: asyncio.Transport) -> None:
        """All has been written: close the connection."""
        transport.close()


def _close(transport: asyncio.Transport) -> None:
    transport.close()


class _Gathering:
    """A transport that writes at the end of a turn of the loop what was written in it."""

    __slots__ = (
        "_end", "_loop", "_pieces", "_size", "_transport", "abort", "get_extra_info", "is_closing", "pause_reading",
        "resume_reading",
    )  # fmt: skip

    def __init__(
        self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop, end: Callable[[asyncio.Transport], None]
    ) -> None:
        self._transport = transport
        self._loop = loop
        self._end = end
        self._pieces: list[bytes] = []
        self._size = 0
        self.abort = transport.abort
        self.get_extra_info = transport.get_extra_info
        self.is_closing = transport.is_closing
        self.pause_reading = transport.pause_reading
        self.resume_reading = transport.resume_reading

    def write(self, data: bytes) -> None:
        """Keep `data` until the turn ends; much of it goes at once, so that the transport can say when it is full."""
        if not self._pieces:
            self._loop.call_soon(self._flush)
        self._pieces.append(data)
        self._size += len(data)
        if self._size > MOST_BYTES:
            self._flush()

    def close(self) -> None:
        """Close when all has been written."""
        self._flush()
        self._end(self._transport)

    def forget(self) -> None:
        """The connection is gone, and whoever would end it."""
        self._end = _close

    def _flush(self) -> None:
        pieces, self._pieces, self._size = self._pieces, [], 0
        if pieces and not self._transport.is_closing():  # uvloop raises when the client has gone meanwhile
            self._transport.write(b"".join(pieces))
