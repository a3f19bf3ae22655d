"""One connection to the Graph API, with at most one exchange on it at a time."""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass
from typing import cast

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

# Meta's answers are some hundred bytes; whatever is larger is no answer of the Graph API, and is cut.
LARGEST_BODY = 256 * 1024
# Everything that is no body: status lines, interim answers, headers, chunk sizes, trailers.
LARGEST_FRAME = 64 * 1024
# More than this at once is parsed in pieces, so that the frame's limit holds however the bytes arrive.
_PIECE = 16 * 1024
# Of these names only these values can be read here; we ask for nothing else.
_READABLE = {b"content-encoding": b"identity", b"transfer-encoding": b"chunked"}
_LENGTHS = {b"content-length", b"transfer-encoding"}


@dataclass(frozen=True, slots=True)
class Response:
    """A complete answer; `retry_after` as the header said it."""

    status: int
    body: bytes
    retry_after: str | None


class NoAnswer(Exception):
    """The request was written and no complete answer came: whether it was taken is unknown."""


class Unreadable(Exception):
    """The server says something that is no answer to what was asked."""


class Enough(Exception):
    """The answer is complete, or as much of it as is kept: whatever else comes is not read."""


class Connection(asyncio.Protocol):
    """Writes a request in one piece and reads its answer.

    Complete is an answer whose length was kept, or that the server ended in order when it named no length.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.closed: asyncio.Future[None] = loop.create_future()
        self.idle_since = 0.0
        self._loop = loop
        self._transport: asyncio.Transport | None = None
        self._parser = HttpResponseParser(self)
        self._waiter: asyncio.Future[Response] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._is_reusable = True
        self._clear()

    def _clear(self) -> None:
        """Forget the answer before."""
        self._received = 0
        self._body = bytearray()
        self._retry_after: str | None = None
        self._has_headers = self._has_length = self._is_complete = False

    @property
    def is_usable(self) -> bool:
        """Whether a request may be written: nothing is under way, and the other side was not seen to leave."""
        transport = self._transport
        return self._is_reusable and self._waiter is None and transport is not None and not transport.is_closing()

    def exchange(self, request: bytes, deadline: float) -> asyncio.Future[Response]:
        """Write a request; the answer is due at `deadline` (the loop's time). The future raises NoAnswer."""
        assert self._transport is not None
        self._clear()
        self._waiter = waiter = self._loop.create_future()
        self._timer = self._loop.call_at(deadline, self._fail, "TimeoutError")
        self._transport.write(request)
        return waiter

    def abort(self) -> None:
        """Close at once; whoever waits for an answer gets none."""
        self._is_reusable = False
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """asyncio.Protocol."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop has its own class

    def data_received(self, data: bytes) -> None:
        """asyncio.Protocol: part of the answer. What nobody asked for would be taken for the next answer."""
        if self._waiter is None:
            self.abort()
            return
        if len(data) <= _PIECE:
            self._read(data)
            return
        for start in range(0, len(data), _PIECE):
            self._read(data[start : start + _PIECE])
            if self._waiter is None:
                if start + _PIECE < len(data):
                    self._is_reusable = False
                return

    def _read(self, data: bytes) -> None:
        self._received += len(data)
        try:
            self._parser.feed_data(data)
        except (HttpParserError, HttpParserUpgrade) as error:
            self._is_reusable = False
            if not self._is_complete:
                self._fail(type(error.__context__ or error).__name__)
        if self._is_complete:
            self._finish()
        elif self._received - len(self._body) > LARGEST_FRAME:
            self._fail("too many headers")

    def eof_received(self) -> None:
        """asyncio.Protocol: the server says no more; the transport closes itself then."""
        self._is_reusable = False
        if self._has_headers and not self._has_length and self._is_orderly_end():
            self._finish()

    def _is_orderly_end(self) -> bool:
        """Whether nobody between us and the server can have cut the answer: over TLS its end is said (close_notify)."""
        assert self._transport is not None
        tls = self._transport.get_extra_info("ssl_object")
        try:
            return tls is None or not tls.read(1)
        except ssl.SSLError:
            return False

    def connection_lost(self, exc: Exception | None) -> None:
        """asyncio.Protocol."""
        self._fail(type(exc).__name__ if exc else "closed")
        if not self.closed.done():
            self.closed.set_result(None)

    def on_message_begin(self) -> None:
        """HttpResponseParser: an answer, or what follows an interim one."""
        if self._is_complete:
            raise Enough

    def on_header(self, name: bytes, value: bytes) -> None:
        """HttpResponseParser."""
        name = name.lower()
        if name == b"retry-after":
            self._retry_after = value.decode("latin-1")
        elif name in _READABLE and value.strip().lower() != _READABLE[name]:
            raise Unreadable
        if name in _LENGTHS:
            self._has_length = True

    def on_headers_complete(self) -> None:
        """HttpResponseParser: interim answers (1xx) are passed over, but nobody asked for another protocol."""
        status = self._parser.get_status_code()
        if status == 101:
            raise Unreadable
        if status >= 200:
            self._has_headers = True
        else:
            self._retry_after, self._has_length = None, False

    def on_body(self, body: bytes) -> None:
        """HttpResponseParser."""
        self._body += body
        if len(self._body) >= LARGEST_BODY:
            del self._body[LARGEST_BODY:]
            self._is_complete = True
            raise Enough

    def on_message_complete(self) -> None:
        """HttpResponseParser."""
        if self._has_headers:
            self._is_complete = True
            if not self._parser.should_keep_alive():
                self._is_reusable = False

    def _finish(self) -> None:
        waiter = self._take_waiter()
        if waiter is None:
            return
        assert self._transport is not None
        if self._transport.get_write_buffer_size():
            # Answered before the whole request had left: what is still to come would stand before the next one.
            self._is_reusable = False
        waiter.set_result(Response(self._parser.get_status_code(), bytes(self._body), self._retry_after))

    def _fail(self, why: str) -> None:
        # Also when nobody waits any more: half an answer is on this connection.
        self.abort()
        waiter = self._take_waiter()
        if waiter is not None:
            waiter.set_exception(NoAnswer(why))

    def _take_waiter(self) -> asyncio.Future[Response] | None:
        """Whoever waits for the answer; None when nobody does (any more)."""
        waiter, self._waiter = self._waiter, None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        return None if waiter is None or waiter.done() else waiter
