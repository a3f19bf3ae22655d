"""A connection that costs little, whatever is sent over it (decision 0022).

Neither uvicorn nor httptools bounds the head of a request, its time, or how many requests are sent ahead of their
answers. Here a request that breaks a limit is answered and the connection ended, and a whole request that deserves a
refusal gets it without a task of its own (`Screen`): a flood of forged webhooks costs a parse and a hash each.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from enum import Enum
from http import HTTPStatus
from typing import Any, NamedTuple

import httptools
from uvicorn import Config
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle
from uvicorn.server import ServerState

from services.ingress.http.crowd import Crowd
from services.ingress.http.protocol import AnswersInOneWrite

MOST_HEADERS = 100
MOST_HEAD_BYTES = 16 * 1024
MOST_TARGET_BYTES = 8 * 1024
# Requests sent ahead of their answers. Meta sends none; a proxy may send a few.
MOST_WAITING = 8
UNWANTED = "body_unwanted"
"""Where an application says in the scope that it reads no more of the body: what comes is dropped, and slowly."""
UNHURRIED = "body_unhurried"
"""Where an application says in the scope that it reads a long body and keeps its time itself."""
# After a refusal so much of what was on its way is taken and dropped: closed at once, the connection would be reset
# under the answer (RFC 9112, section 9.6).
MOST_DROPPED = 8 * 1024 * 1024


class Refusal(NamedTuple):
    """An answer made by the connection itself."""

    status: int
    body: bytes


Screen = Callable[[Any, bytearray], Refusal | None]
"""Looks at a whole request, scope and body, before anything is set going for it; None: let it be served."""

NOT_HTTP = Refusal(400, b'{"detail":"This is not HTTP","error_code":"MALFORMED_REQUEST"}')
TARGET_TOO_LONG = Refusal(414, b'{"detail":"The path is too long","error_code":"TARGET_TOO_LONG"}')
HEAD_TOO_LARGE = Refusal(431, b'{"detail":"Too many or too large headers","error_code":"HEADERS_TOO_LARGE"}')


class Owes(Enum):
    """What the client has not sent yet. `Crowd` ends the connection of who owes the same thing for too long."""

    REQUEST = "request"
    HEAD = "head"
    BODY = "body"
    NOTHING = "nothing"
    ITS_LEAVE = "its leave"


class BoundedConnection(AnswersInOneWrite):
    """Uvicorn's connection with limits; `since` is the loop's time at which the client began to owe."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
        *,
        crowd: Crowd,
        screen: Screen,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self.owes = Owes.REQUEST
        self.since = 0.0
        self._crowd = crowd
        self._screen = screen
        # Between how many bytes the head that is coming in has: a piece may begin with the end of a body.
        self._head_least = self._head_most = 0
        self._dropped = 0
        self._dropping: asyncio.TimerHandle | None = None
        self._refusal: Refusal | None = None
        self._is_receiving = False
        self._held: tuple[RequestResponseCycle, Any] | None = None

    @property
    def is_unhurried(self) -> bool:
        """Whether somebody reads a long body here and keeps its time."""
        return self.owes is Owes.BODY and UNHURRIED in self.scope and not self.cycle.response_complete

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Come in, if there is room."""
        super().connection_made(transport)
        self.since = self.loop.time()
        self._crowd.admit(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """The client is gone."""
        self._take_leave()
        if self._dropping is not None:
            self._dropping.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse what came, within the limits."""
        if self.owes is Owes.ITS_LEAVE:
            self._drop(len(data))
            return
        self._unset_keepalive_if_required()
        if self.owes is Owes.HEAD:
            self._head_least += len(data)
            self._head_most += len(data)
        else:
            self._head_least, self._head_most = 0, len(data)
        self._is_receiving = True
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            # Nothing is offered here; what follows would be no HTTP.
            self.cycle.keep_alive = False
        except httptools.HttpParserError:
            self._refuse(self._refusal or NOT_HTTP)
        self._is_receiving = False
        if self._held is not None:
            self._serve_or_refuse(*self._held)
        elif self.owes is Owes.HEAD and self._head_least > MOST_HEAD_BYTES:
            self._refuse(HEAD_TOO_LARGE)

    def on_message_begin(self) -> None:
        """HttpRequestParser: a request's first byte."""
        super().on_message_begin()
        self.owes = Owes.HEAD
        self.since = self.loop.time()

    def on_headers_complete(self) -> None:
        """HttpRequestParser: the whole head is here."""
        self._refusal = self._refusal_of_head()
        if self._refusal is not None:
            raise ValueError("refused")  # ends the parse; data_received answers
        super().on_headers_complete()
        self.owes = Owes.BODY

    def on_body(self, body: bytes) -> None:
        """HttpRequestParser: a piece of the body."""
        if UNWANTED in self.scope:
            self.flow.pause_reading()
            return
        if self.is_unhurried:
            self.since = self.loop.time()
        super().on_body(body)

    def on_message_complete(self) -> None:
        """HttpRequestParser: the whole request is here."""
        super().on_message_complete()
        if not self.cycle.response_complete:
            self.owes = Owes.NOTHING
            return
        self.owes = Owes.REQUEST
        self.since = self.loop.time()

    def on_response_complete(self) -> None:
        """Uvicorn: the answer to the request whose turn it was has been written."""
        if self.owes is Owes.ITS_LEAVE:
            self.pipeline.clear()
            self.flow.resume_reading()
            return
        is_last = not self.pipeline
        super().on_response_complete()
        if is_last and self.owes is Owes.NOTHING:
            self.owes = Owes.REQUEST
            self.since = self.loop.time()

    def end(self, transport: asyncio.Transport) -> None:
        """All has been written. Who is still sending gets the time to read it."""
        if self.owes is not Owes.BODY or transport.is_closing():
            transport.close()
            return
        self._take_leave()
        transport.write_eof()
        transport.resume_reading()

    def shutdown(self) -> None:
        """Uvicorn: the process ends. Who only half asked is not waited for."""
        if self.cycle is None or self.cycle.response_complete:
            self._take_leave()
        super().shutdown()

    def turn_away(self) -> None:
        """End the connection at once: there is no room, or no patience left."""
        self._take_leave()
        self.transport.abort()

    def _take_leave(self) -> None:
        """Nothing more is served here, and nothing of what came is kept until the client has gone."""
        self.owes = Owes.ITS_LEAVE
        self.since = self.loop.time()
        self._held = None
        self.headers, self.url = [], b""
        self.scope = {}  # type: ignore[typeddict-item]  # as uvicorn's own begins: nothing is in it yet

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        # What is parsed just now may turn out to be whole and wrong.
        if self._is_receiving:
            self._held = (cycle, app)
        else:
            super()._start_asgi_task(cycle, app)

    def _serve_or_refuse(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._held = None
        refusal = None if cycle.more_body or cycle.disconnected else self._screen(cycle.scope, cycle.body)
        if refusal is None:
            super()._start_asgi_task(cycle, app)
            return
        cycle.response_started = cycle.response_complete = True
        cycle.on_response = _nothing  # as uvicorn does after its task: no cycle for the collector
        self._write(refusal, is_last=not cycle.keep_alive)
        if not cycle.keep_alive:
            self.transport.close()
        self.on_response_complete()

    def _refusal_of_head(self) -> Refusal | None:
        if len(self.pipeline) >= MOST_WAITING or len(self.headers) > MOST_HEADERS:
            return HEAD_TOO_LARGE
        if len(self.url) > MOST_TARGET_BYTES:
            return TARGET_TOO_LONG
        if self._head_most <= MOST_HEAD_BYTES:
            return None
        size = len(self.url) + sum([len(name) + len(value) for name, value in self.headers])
        return HEAD_TOO_LARGE if size > MOST_HEAD_BYTES else None

    def _refuse(self, refusal: Refusal) -> None:
        """Answer what cannot be served and take no more; an answer that is due before it would come out of order."""
        cycle, self._held = self.cycle, None
        is_of_this_request = self.owes is Owes.BODY and not self.pipeline
        if cycle is not None and not cycle.response_complete:
            if cycle.response_started or not is_of_this_request:
                self.turn_away()
                return
            cycle.disconnected = True
            cycle.message_event.set()
        self._write(refusal, is_last=True)
        self.owes = Owes.BODY
        self.transport.close()

    def _write(self, refusal: Refusal, *, is_last: bool) -> None:
        head = [b"HTTP/1.1 %d %s\r\n" % (refusal.status, HTTPStatus(refusal.status).phrase.encode())]
        head += [b"%s: %s\r\n" % header for header in self.server_state.default_headers]
        head.append(b"content-type: application/json\r\ncontent-length: %d\r\n" % len(refusal.body))
        head.append(b"x-content-type-options: nosniff\r\n")
        head.append(b"connection: close\r\n\r\n" if is_last else b"\r\n")
        self.transport.write(b"".join([*head, refusal.body]))

    def _drop(self, size: int) -> None:
        """What comes after the last answer: taken slowly, or dropping it would be all that the process does."""
        self._dropped += size
        pause = self._crowd.pause_after(size, self.loop.time())
        if self._dropped > MOST_DROPPED or pause is None:
            self.transport.abort()
            return
        self.transport.pause_reading()
        self._dropping = self.loop.call_later(pause, self._drop_more)

    def _drop_more(self) -> None:
        if not self.transport.is_closing():
            self.transport.resume_reading()


def _nothing() -> None:
    """What is to be done when an answer was written without a task."""
