"""An answer means the same however its bytes arrive, and a part of one means nothing."""

import asyncio
from collections.abc import Iterator
from itertools import pairwise
from typing import cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.sender.graph.connection import Connection, NoAnswer, Response


class Wire:
    """A transport that keeps what is written."""

    def __init__(self) -> None:
        self.written = b""
        self.waiting = 0
        self.is_aborted = False

    def write(self, data: bytes) -> None:
        self.written += data

    def get_extra_info(self, name: str) -> None:
        """Nothing: it is no TLS."""

    def get_write_buffer_size(self) -> int:
        return self.waiting

    def is_closing(self) -> bool:
        return self.is_aborted

    def abort(self) -> None:
        self.is_aborted = True


@pytest.fixture(scope="module")
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    """A loop that makes futures; nothing here needs it to run for long."""
    loop = asyncio.new_event_loop()
    yield loop
    loop.close()


def connect(loop: asyncio.AbstractEventLoop) -> tuple[Connection, Wire, "asyncio.Future[Response]"]:
    """A connection whose request is written."""
    connection, wire = Connection(loop), Wire()
    connection.connection_made(cast("asyncio.Transport", wire))
    return connection, wire, connection.exchange(b"POST", loop.time() + 60)


def hear(loop: asyncio.AbstractEventLoop, pieces: list[bytes]) -> tuple[Response | str, bool]:
    """What came of an answer in these pieces and the server's orderly end, and whether another request may follow."""
    connection, _, answer = connect(loop)
    for piece in pieces:
        connection.data_received(piece)
    is_usable = connection.is_usable
    connection.eof_received()
    connection.connection_lost(None)
    error = answer.exception()
    return (str(error), is_usable) if isinstance(error, NoAnswer) else (answer.result(), is_usable)


@st.composite
def replies(draw: st.DrawFn) -> tuple[bytes, Response, bool]:
    """The bytes of an answer, what it says, and whether it tells its own length."""
    status, body = draw(st.sampled_from([200, 201, 400, 429, 503])), draw(st.binary(max_size=300))
    pause, form = draw(st.none() | st.integers(0, 99)), draw(st.sampled_from(["length", "chunked", "close"]))
    interim = b"".join(
        b"HTTP/1.1 %d Wait\r\nRetry-After: 1\r\n\r\n" % code
        for code in draw(st.lists(st.sampled_from([100, 102, 103])))
    )
    headers = [b"X-%d: %b" % (number, b"y" * size) for number, size in enumerate(draw(st.lists(st.integers(0, 40))))]
    headers += [b"Retry-After: %d" % pause] if pause is not None else []
    headers += {"length": [b"Content-Length: %d" % len(body)], "chunked": [b"Transfer-Encoding: chunked"], "close": []}[
        form
    ]
    wire_body = body
    if form == "chunked":
        size = draw(st.integers(1, 100))
        chunks = [body[start : start + size] for start in range(0, len(body), size)]
        wire_body = b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\nLast: x\r\n\r\n"
    head = b"\r\n".join([b"HTTP/1.1 %d Text" % status, *draw(st.permutations(headers)), b"", b""])
    response = Response(status, body, None if pause is None else str(pause))
    return interim + head + wire_body, response, form != "close"


EXAMPLES = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=100)


@EXAMPLES
@given(reply=replies(), places=st.lists(st.integers(0, 1000)))
def test_however_an_answer_is_cut_into_pieces_it_says_the_same(
    loop: asyncio.AbstractEventLoop, reply: tuple[bytes, Response, bool], places: list[int]
) -> None:
    data, response, has_length = reply
    cuts = sorted({0, len(data), *(place for place in places if place < len(data))})
    pieces = [data[start:end] for start, end in pairwise(cuts)]
    assert hear(loop, pieces) == hear(loop, [data]) == (response, has_length)


@EXAMPLES
@given(reply=replies().filter(lambda reply: reply[2]), share=st.floats(0, 1, exclude_max=True))
def test_a_part_of_an_answer_that_tells_its_length_is_none(
    loop: asyncio.AbstractEventLoop, reply: tuple[bytes, Response, bool], share: float
) -> None:
    part = reply[0][: int(len(reply[0]) * share)]
    assert hear(loop, [part]) == ("closed", False)


@EXAMPLES
@given(reply=replies(), noise=st.binary(max_size=200))
def test_whatever_bytes_come_there_is_an_end(
    loop: asyncio.AbstractEventLoop, reply: tuple[bytes, Response, bool], noise: bytes
) -> None:
    middle = len(reply[0]) // 2
    outcome, _ = hear(loop, [reply[0][:middle] + noise + reply[0][middle:]])
    assert isinstance(outcome, Response | str)


def test_an_answer_without_length_that_breaks_off_is_none(loop: asyncio.AbstractEventLoop) -> None:
    connection, wire, answer = connect(loop)
    connection.data_received(b"HTTP/1.1 200 OK\r\n\r\n{}")
    connection.connection_lost(ConnectionResetError())
    assert str(answer.exception()) == "ConnectionResetError"
    assert wire.is_aborted


def test_an_answer_that_overtakes_its_request_leaves_a_connection_that_is_not_kept(
    loop: asyncio.AbstractEventLoop,
) -> None:
    connection, wire, answer = connect(loop)
    wire.waiting = 1
    connection.data_received(b"HTTP/1.1 413 Large\r\nContent-Length: 0\r\n\r\n")
    assert answer.result().status == 413
    assert not connection.is_usable


def test_what_nobody_asked_for_closes_the_connection(loop: asyncio.AbstractEventLoop) -> None:
    connection, wire, _ = connect(loop)
    connection.data_received(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    assert connection.is_usable
    connection.data_received(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    assert wire.is_aborted
    assert not connection.is_usable


def test_a_request_is_one_write(loop: asyncio.AbstractEventLoop) -> None:
    assert connect(loop)[1].written == b"POST"


@pytest.mark.parametrize(
    "late",
    [
        [b"HTTP/1.1 200 OK\r\n", *[b"X: y\r\n" * 2000] * 6],
        [b"nonsense"],
        [b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{"],
        [],
    ],
    ids=["too long", "nonsense", "a part", "nothing in time"],
)
def test_after_a_call_was_given_up_the_rest_of_its_answer_is_not_the_next_one(
    loop: asyncio.AbstractEventLoop, late: list[bytes]
) -> None:
    connection, wire, first = connect(loop)
    connection.data_received(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    assert first.result().status == 200
    answer = connection.exchange(b"POST", loop.time() if not late else loop.time() + 60)
    answer.cancel()
    for piece in late:
        connection.data_received(piece)
        assert not connection.is_usable
    if not late:
        loop.run_until_complete(asyncio.sleep(0))  # the time is over before the caller was told
        assert wire.is_aborted
    assert not connection.is_usable
