"""One connection and what it may cost: heads, requests ahead of their answers, refusals without a task."""

import asyncio
import re
from typing import Any

import pytest
import uvicorn
from uvicorn.server import ServerState

from services.ingress.http.connection import (
    MOST_DROPPED,
    MOST_HEAD_BYTES,
    MOST_HEADERS,
    MOST_TARGET_BYTES,
    MOST_WAITING,
    UNHURRIED,
    UNWANTED,
    BoundedConnection,
    Owes,
    Refusal,
)
from services.ingress.http.crowd import PATIENCE, Crowd
from tests.fixtures.wire import Wire

FORBIDDEN = Refusal(403, b'{"detail":"no"}')


class Served:
    """A connection, what its application was asked, and what the screen was shown."""

    def __init__(self, *, crowd: Crowd | None = None, state: ServerState | None = None, is_slow: bool = False) -> None:
        self.asked: list[str] = []
        self.bodies: list[bytes] = []
        self.screened: list[bytes] = []
        self.refusal: Refusal | None = None
        self.may_answer = asyncio.Event()
        if not is_slow:
            self.may_answer.set()
        config = uvicorn.Config(self._answer, log_config=None, access_log=False, interface="asgi3")
        self.protocol = BoundedConnection(
            config, state or ServerState(), {}, crowd=crowd or Crowd(10), screen=self._screen
        )
        self.wire = Wire()
        self.protocol.connection_made(self.wire)

    async def _answer(self, scope: Any, receive: Any, send: Any) -> None:
        self.asked.append(scope["path"])
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        self.bodies.append(body)
        await self.may_answer.wait()
        headers = [(b"content-length", b"2")]
        if scope["path"] == "/last":
            headers.append((b"connection", b"close"))
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"ok"})

    def _screen(self, scope: Any, body: bytearray) -> Refusal | None:
        self.screened.append(bytes(body))
        return self.refusal

    def feed(self, *pieces: bytes) -> None:
        """What arrives, piece by piece."""
        for piece in pieces:
            if not self.wire.is_closed:
                self.protocol.data_received(piece)

    async def settle(self) -> None:
        """Let the loop turn until what was asked is answered."""
        for _ in range(20):
            await asyncio.sleep(0)

    @property
    def statuses(self) -> list[str]:
        """Of the answers so far."""
        return re.findall(r"HTTP/1\.1 (\d{3})", self.wire.written.decode())


def post(path: str = "/", body: bytes = b"{}", *headers: bytes) -> bytes:
    lines = [b"POST %s HTTP/1.1" % path.encode(), b"Host: house", b"Content-Length: %d" % len(body), *headers]
    return b"\r\n".join([*lines, b"", b""]) + body


async def test_a_whole_request_is_looked_at_before_it_is_served() -> None:
    served = Served()
    served.feed(post("/one", b"body"))
    await served.settle()

    assert (served.screened, served.asked, served.statuses) == ([b"body"], ["/one"], ["200"])
    assert served.protocol.owes is Owes.REQUEST


async def test_a_refusal_needs_no_task_and_keeps_the_connection() -> None:
    served = Served()
    served.refusal = FORBIDDEN
    served.feed(post())

    assert served.protocol.tasks == set()
    await served.settle()
    assert (served.asked, served.statuses) == ([], ["403"])
    assert not served.wire.is_closed
    served.refusal = None
    served.feed(post("/two"))
    await served.settle()
    assert (served.asked, served.statuses) == (["/two"], ["403", "200"])


async def test_a_refusal_ends_the_connection_when_the_client_said_so() -> None:
    served = Served()
    served.refusal = FORBIDDEN
    served.feed(post("/", b"{}", b"Connection: close"))
    await served.settle()

    assert b"connection: close" in served.wire.written
    assert served.wire.is_closed


async def test_a_request_that_is_not_whole_is_served_without_a_look() -> None:
    served = Served()
    whole = post("/one", b"a long body")
    served.feed(whole[:-4])
    await served.settle()
    served.feed(whole[-4:])
    await served.settle()

    assert (served.screened, served.bodies, served.statuses) == ([], [b"a long body"], ["200"])


async def test_refused_and_served_requests_sent_together_are_answered_in_their_order() -> None:
    served = Served()
    served.refusal = FORBIDDEN
    served.feed(post("/one") + post("/two") + post("/three"))
    served.refusal = None
    await served.settle()

    # Only the first can be looked at in time; the others wait for their turn.
    assert (served.statuses, served.asked) == (["403", "200", "200"], ["/two", "/three"])


async def test_many_requests_ahead_of_their_answers_end_the_connection() -> None:
    served = Served(is_slow=True)
    served.feed(post() * (MOST_WAITING + 1))
    await served.settle()
    assert not served.wire.is_closed

    served.feed(post())
    assert served.wire.is_aborted


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"POST / HTTP/1.1\r\n" + b"a: b\r\n" * (MOST_HEADERS + 1) + b"\r\n", "431"),
        (b"POST / HTTP/1.1\r\na: " + b"x" * MOST_HEAD_BYTES + b"\r\n\r\n", "431"),
        (b"POST / HTTP/1.1\r\n" + b"a: %s\r\n" % (b"x" * 500) * 40 + b"\r\n", "431"),
        (b"GET /" + b"x" * MOST_TARGET_BYTES + b" HTTP/1.1\r\n\r\n", "414"),
        (b"\x00\x01\x02\r\n\r\n", "400"),
        (b"GET /\xc3\xa9 HTTP/1.1\r\nHost: house\r\n\r\n", "400"),
        (b"CONNECT elsewhere:443 HTTP/1.1\r\n\r\n", "400"),
        (b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", "400"),
        (b"POST / HTTP/1.1\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n", "400"),
    ],
)
@pytest.mark.parametrize("piece", [10**6, 1000])
async def test_a_head_beyond_the_limits_is_answered_and_the_connection_ended(
    head: bytes, status: str, piece: int
) -> None:
    served = Served()
    served.feed(*(head[start : start + piece] for start in range(0, len(head), piece)))
    await served.settle()

    assert (served.statuses, served.asked) == ([status], [])
    assert b"connection: close" in served.wire.written
    assert served.wire.has_ended
    assert served.protocol.owes is Owes.ITS_LEAVE


async def test_a_header_that_never_ends_is_not_kept() -> None:
    served = Served()
    served.feed(b"POST / HTTP/1.1\r\na: ", *[b"x" * 4096] * 5)
    await served.settle()

    assert served.statuses == ["431"]


async def test_a_head_just_within_the_limits_is_served() -> None:
    served = Served()
    filler = [b"h%d: %s" % (place, b"x" * 140) for place in range(MOST_HEADERS - 2)]
    served.feed(post("/" + "p" * 500, b"{}", *filler))
    await served.settle()

    assert served.statuses == ["200"]


async def test_the_end_of_a_long_body_counts_for_no_head() -> None:
    served = Served()
    whole = post("/one", b"x" * 50_000)
    served.feed(whole[:100], whole[100:] + b"POST /two HTTP/1.1\r\nHost: hou", b"se\r\nContent-Length: 0\r\n\r\n")
    await served.settle()

    assert (served.statuses, served.asked) == (["200", "200"], ["/one", "/two"])


async def test_an_upgrade_is_not_offered() -> None:
    served = Served()
    served.feed(post("/one", b"", b"Connection: upgrade", b"Upgrade: websocket"))
    await served.settle()

    assert served.statuses == ["200"]
    assert served.wire.is_closed


async def test_a_body_that_breaks_the_protocol_is_refused_while_it_is_read() -> None:
    served = Served()
    served.feed(b"POST /one HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
    await served.settle()
    served.feed(b"zz\r\n")
    await served.settle()

    assert (served.asked, served.statuses) == (["/one"], ["400"])


async def test_what_breaks_the_protocol_while_an_answer_is_due_ends_the_connection_without_words() -> None:
    served = Served(is_slow=True)
    served.feed(post("/one"))
    await served.settle()
    served.feed(b"\x00\x00\r\n\r\n")

    assert served.wire.is_aborted
    assert served.statuses == []


async def early(served: Served) -> None:
    """An application that answers before the body is there."""

    async def refuse(scope: Any, receive: Any, send: Any) -> None:
        headers = [(b"content-length", b"0"), (b"connection", b"close")]
        await send({"type": "http.response.start", "status": 413, "headers": headers})
        await send({"type": "http.response.body", "body": b""})

    served.protocol.app = refuse  # type: ignore[assignment]  # uvicorn types what it wraps
    served.feed(post("/one", b"x" * 1000)[:-900])
    await served.settle()


async def test_who_is_answered_while_sending_gets_the_time_to_read_it() -> None:
    served = Served()
    await early(served)

    assert served.statuses == ["413"]
    assert served.wire.has_ended
    assert not served.wire.is_closed


async def test_what_comes_after_the_last_answer_is_dropped_slowly_and_not_for_ever() -> None:
    served = Served()
    await early(served)
    served.feed(post("/two"))
    assert not served.wire.is_read
    served.feed(b"x" * MOST_DROPPED)
    await served.settle()

    assert served.asked == []
    assert served.wire.is_aborted


async def test_a_body_that_nobody_wants_any_more_is_dropped_and_no_more_of_it_read() -> None:
    served = Served()

    async def lose_interest(scope: Any, receive: Any, send: Any) -> None:
        kept.append((await receive())["body"])
        scope[UNWANTED] = True
        kept.append((await receive())["type"])

    kept: list[object] = []
    served.protocol.app = lose_interest  # type: ignore[assignment]  # uvicorn types what it wraps
    whole = post("/one", b"x" * 1000)
    served.feed(whole[:-900])
    await served.settle()
    served.feed(whole[-900:-100])
    await served.settle()

    assert kept == [b"x" * 100]
    assert not served.wire.is_read
    assert served.protocol.cycle.body == b""
    served.protocol.connection_lost(None)
    await served.settle()
    assert kept == [b"x" * 100, "http.disconnect"]


async def test_who_owes_something_for_too_long_is_shown_out() -> None:
    crowd = Crowd(10)
    silent, head, body, served, idle = (Served(is_slow=True) for _ in range(5))
    head.feed(b"POST / HT")
    body.feed(post("/", b"x" * 100)[:-10])
    served.feed(post())
    idle.may_answer.set()
    idle.feed(post())
    await idle.settle()
    everybody = {"silent": silent, "head": head, "body": body, "served": served, "idle": idle}

    def gone_after(seconds: float) -> set[str]:
        now = asyncio.get_running_loop().time()
        crowd.sweep([each.protocol for each in everybody.values()], now + seconds)
        return {name for name, each in everybody.items() if each.wire.is_aborted}

    assert gone_after(PATIENCE["head"] - 1) == set()
    assert gone_after(PATIENCE["head"] + 1) == {"head"}
    assert gone_after(PATIENCE["body"] + 1) == {"head", "body"}
    assert gone_after(PATIENCE["request"] + 1) == {"head", "body", "silent", "idle"}


async def test_a_long_body_takes_its_time_until_it_is_answered_and_no_longer() -> None:
    is_refused = asyncio.Event()

    async def read_on(scope: Any, receive: Any, send: Any) -> None:
        scope[UNHURRIED] = True
        await is_refused.wait()
        await send({"type": "http.response.start", "status": 422, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"no"})

    crowd = Crowd(10)
    served = Served(crowd=crowd)
    served.protocol.app = read_on
    served.feed(post("/file", bytes(900))[:-500])
    await served.settle()
    late = asyncio.get_running_loop().time() + PATIENCE["body"] + 1

    crowd.sweep([served.protocol], late)
    assert not served.wire.is_closed
    is_refused.set()
    await served.settle()
    assert served.statuses == ["422"]
    crowd.sweep([served.protocol], late)
    assert served.wire.is_closed


async def test_a_newcomer_takes_the_place_of_whoever_has_been_idle_for_longest() -> None:
    crowd, state = Crowd(3), ServerState()
    connections = [Served(crowd=crowd, state=state) for _ in range(3)]
    connections[0].feed(post())
    await connections[0].settle()
    for place, served in enumerate((connections[1], connections[2], connections[0])):
        served.protocol.since = float(place)
    newcomer = Served(crowd=crowd, state=state)

    assert [served.wire.is_aborted for served in (*connections, newcomer)] == [False, True, False, False]


async def test_where_everybody_is_being_served_the_newcomer_has_to_go() -> None:
    crowd, state = Crowd(2), ServerState()
    busy = [Served(crowd=crowd, state=state, is_slow=True) for _ in range(2)]
    for served in busy:
        served.feed(post())
        await served.settle()
    newcomer = Served(crowd=crowd, state=state)

    assert newcomer.wire.is_aborted
    for served in busy:
        served.may_answer.set()
        await served.settle()
    assert [served.statuses for served in busy] == [["200"], ["200"]]


async def test_a_connection_that_is_gone_leaves_nothing_behind() -> None:
    state = ServerState()
    served = Served(state=state)
    served.feed(post("/one", b"x" * 10)[:-5])
    await served.settle()
    served.protocol.connection_lost(None)
    await served.settle()

    assert state.connections == set()
    assert state.tasks == set()
