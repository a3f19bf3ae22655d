"""When a connection is kept, when it is not, and what a broken one means."""

import asyncio
from socket import SOCK_STREAM as TCP

import pytest

from services.chassis.settings import Secret, SettingsError
from services.embedded.addresses import LOOPBACK
from services.sender.app import build
from services.sender.domain.answers import Accepted, Ambiguous, NotSent
from services.sender.graph import GraphApi
from services.sender.graph.client import NotWritten
from services.sender.graph.endpoint import Endpoint
from services.sender.settings import Settings
from tests.fixtures.scripted import Caller, serving
from tests.integration.sender.graph.conftest import (
    ACCEPTED,
    ACCEPTED_BODY,
    calling,
    client_of,
    deaf_port,
    fresh,
    post,
    stale,
)

REQUEST = b"GET / HTTP/1.1\r\n\r\n"


async def answer_all(caller: Caller) -> None:
    while True:
        await caller.take()
        await caller.say(ACCEPTED)


async def test_messages_one_after_the_other_share_a_connection() -> None:
    async with serving(answer_all) as server, calling(server.port) as graph:
        assert [await post(graph) for _ in range(5)] == [Accepted("wamid")] * 5
    assert (server.connections, len(server.requests)) == (1, 5)


@pytest.mark.parametrize(
    "reply",
    [
        ACCEPTED.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"),
        ACCEPTED.replace(b"HTTP/1.1", b"HTTP/1.0"),
        ACCEPTED + b"garbage",
        ACCEPTED + ACCEPTED,
        ACCEPTED + b"x" * 100_000,
        b"HTTP/1.1 200 OK\r\n\r\n" + ACCEPTED_BODY,
    ],
    ids=["close", "http/1.0", "garbage", "second answer", "much garbage", "until close"],
)
async def test_a_connection_is_kept_only_after_an_answer_that_leaves_it_clean(reply: bytes) -> None:
    async def script(caller: Caller) -> None:
        await caller.take()
        await caller.say(reply)
        if b"Content-Length" in reply:
            await caller.wait_for_end()

    async with serving(script) as server, calling(server.port) as graph:
        assert [await post(graph) for _ in range(2)] == [Accepted("wamid")] * 2
    assert server.connections == 2


@pytest.mark.parametrize("parting", [b"", b"HTTP/1.1 408 Request Timeout\r\n\r\n"])
async def test_a_connection_that_was_closed_while_idle_is_not_written_to(parting: bytes) -> None:
    may_close, has_closed = asyncio.Event(), asyncio.Event()

    async def script(caller: Caller) -> None:
        await caller.take()
        await caller.say(ACCEPTED)
        if caller.number == 1:
            await may_close.wait()
            await caller.say(parting)
            caller.writer.close()
            await caller.wait_for_end()
            has_closed.set()

    async with serving(script) as server, calling(server.port) as graph:
        assert await post(graph) == Accepted("wamid")
        may_close.set()
        await has_closed.wait()
        assert await post(graph) == Accepted("wamid")
    assert server.connections == 2


async def test_a_kept_connection_that_breaks_under_the_request_leaves_a_doubt() -> None:
    async def script(caller: Caller) -> None:
        await caller.take()
        await caller.say(ACCEPTED)
        await caller.take()
        caller.reset()

    async with serving(script) as server, calling(server.port) as graph:
        assert await post(graph) == Accepted("wamid")
        assert isinstance(await post(graph), Ambiguous)
        assert await post(graph) == Accepted("wamid")
    assert (server.connections, len(server.requests)) == (2, 3)


async def test_a_permission_that_grew_old_writes_nothing_and_spoils_no_connection() -> None:
    async with serving(answer_all) as server, calling(server.port) as graph:
        assert isinstance(await post(graph, is_fresh=stale), NotSent)
        assert await post(graph) == Accepted("wamid")
        assert isinstance(await post(graph, is_fresh=stale), NotSent)
        assert await post(graph) == Accepted("wamid")
    assert (server.connections, len(server.requests)) == (1, 2)


async def test_the_permission_is_asked_after_the_wait_for_a_connection() -> None:
    may_answer, asked = asyncio.Event(), list[int]()

    async def script(caller: Caller) -> None:
        while True:
            await caller.take()
            await may_answer.wait()
            await caller.say(ACCEPTED)

    def ask() -> bool:
        asked.append(len(server.requests))
        return True

    async with serving(script) as server, calling(server.port, connections=1) as graph:
        first = asyncio.ensure_future(post(graph))
        second = asyncio.ensure_future(post(graph, is_fresh=ask))
        await server.is_called.wait()
        assert asked == []
        may_answer.set()
        assert [await first, await second] == [Accepted("wamid")] * 2
    assert asked == [1]
    assert server.connections == 1


async def test_there_are_never_more_connections_than_allowed() -> None:
    async with serving(answer_all) as server, calling(server.port, connections=3) as graph:
        assert await asyncio.gather(*(post(graph) for _ in range(50))) == [Accepted("wamid")] * 50
    assert server.connections <= 3


async def test_waiting_for_a_connection_counts_against_the_time_and_is_certain(monkeypatch: pytest.MonkeyPatch) -> None:
    async def script(caller: Caller) -> None:
        await caller.take()
        await caller.wait_for_end()

    async with serving(script) as server, client_of(server.port, connections=1) as client:
        first = asyncio.ensure_future(client.send(REQUEST, fresh))
        await server.is_called.wait()
        monkeypatch.setattr(client, "_timeout_seconds", 0.05)
        with pytest.raises(NotWritten, match="no connection was free"):
            await client.send(REQUEST, fresh)
        first.cancel()
    assert len(server.requests) == 1


@pytest.mark.parametrize("reply", [b"", ACCEPTED[:-1], b"HTTP/1.1 100 Continue\r\n\r\n"])
async def test_an_answer_that_does_not_come_in_time_leaves_a_doubt(reply: bytes) -> None:
    async def script(caller: Caller) -> None:
        await caller.take()
        await caller.say(reply)
        await caller.wait_for_end()

    async with serving(script) as server, calling(server.port, timeout_seconds=0.1) as graph:
        assert await post(graph) == Ambiguous(0, "no answer from the Graph API (TimeoutError)")
        assert isinstance(await post(graph), Ambiguous)
    assert server.connections == 2


async def test_a_call_that_is_cancelled_takes_its_connection_along() -> None:
    ended = asyncio.Event()

    async def script(caller: Caller) -> None:
        await caller.take()
        if caller.number == 1:
            await caller.wait_for_end()
            ended.set()
        await caller.say(ACCEPTED)

    async with serving(script) as server, calling(server.port, connections=1) as graph:
        call = asyncio.ensure_future(post(graph))
        await server.is_called.wait()
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        async with asyncio.timeout(2.5):  # at once, not when the call's time would have been over
            await ended.wait()
        assert await post(graph) == Accepted("wamid")
    assert server.connections == 2


async def test_a_call_that_is_cancelled_while_it_waits_or_connects_leaves_its_place_to_others() -> None:
    async with serving(answer_all) as server, calling(server.port, connections=1) as graph:
        calls = [asyncio.ensure_future(post(graph)) for _ in range(5)]
        await asyncio.sleep(0)
        for call in calls:
            call.cancel()
        await asyncio.gather(*calls, return_exceptions=True)
        assert await post(graph) == Accepted("wamid")
    assert len(server.requests) == 1


async def test_an_idle_connection_is_closed_after_its_time() -> None:
    ended = asyncio.Event()

    async def script(caller: Caller) -> None:
        await caller.take()
        await caller.say(ACCEPTED)
        assert await caller.wait_for_end() == b""
        ended.set()

    async with serving(script) as server, client_of(server.port, keep_alive_seconds=0.05) as client:
        await client.send(REQUEST, fresh)
        await ended.wait()
        await client.send(REQUEST, fresh)
    assert server.connections == 2


async def test_a_connection_that_is_used_outlives_its_idle_neighbour() -> None:
    ended = asyncio.Queue[int]()

    async def script(caller: Caller) -> None:
        try:
            await answer_all(caller)
        finally:
            ended.put_nowait(caller.number)

    async with serving(script) as server, client_of(server.port, keep_alive_seconds=0.2) as client:
        await asyncio.gather(*(client.send(REQUEST, fresh) for _ in range(2)))
        while ended.empty():
            await client.send(REQUEST, fresh)
        await client.send(REQUEST, fresh)
        assert (server.connections, ended.qsize()) == (2, 1)


async def test_stopping_ends_calls_and_refuses_new_ones() -> None:
    async def script(caller: Caller) -> None:
        await caller.take()
        await caller.wait_for_end()

    async with serving(script) as server, calling(server.port, connections=1) as graph:
        written, waiting = asyncio.ensure_future(post(graph)), asyncio.ensure_future(post(graph))
        await server.is_called.wait()
        await graph.stop()
        assert isinstance(await written, Ambiguous)
        assert isinstance(await waiting, NotSent)
        assert isinstance(await post(graph), NotSent)
    assert len(server.requests) == 1


async def test_stopping_before_starting_is_harmless() -> None:
    await GraphApi(f"http://{LOOPBACK}:1", timeout_seconds=1.0, connections=1).stop()


async def test_a_name_that_cannot_be_resolved_is_certain() -> None:
    # Too long for a label of a name: no resolver is asked.
    async with calling(80, host="a" * 64 + ".localhost") as graph:
        assert isinstance(await post(graph), NotSent)


async def test_a_server_that_does_not_take_the_connection_in_time_is_certain() -> None:
    with deaf_port() as port:
        async with calling(port, timeout_seconds=0.1) as graph:
            assert await post(graph) == NotSent("the Graph API could not be reached (TimeoutError)")


async def test_an_address_that_swallows_packets_holds_nothing_up(monkeypatch: pytest.MonkeyPatch) -> None:
    loop = asyncio.get_running_loop()
    resolve = loop.getaddrinfo
    async with serving(answer_all) as server, calling(80, host="two.addresses") as graph:
        with deaf_port() as deaf:
            found = [*await resolve(LOOPBACK, deaf, type=TCP), *await resolve(LOOPBACK, server.port, type=TCP)]

            async def resolve_two(host: str, port: int, **how: int) -> object:
                return found if host == "two.addresses" else await resolve(host, port, **how)

            monkeypatch.setattr(loop, "getaddrinfo", resolve_two)
            assert await post(graph) == Accepted("wamid")


@pytest.mark.parametrize(
    "base",
    [
        "graph.facebook.com/v26.0",
        "ftp://a",
        "https://",
        "https://u:p@a",
        "https://a?b",
        "https://a:x",
        "https://a/\r\n",
    ],
)
def test_a_base_that_is_no_address_is_refused_at_once(base: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        GraphApi(base, timeout_seconds=1.0, connections=1)


async def test_sender_does_not_start_with_a_base_that_is_no_address() -> None:
    settings = Settings(
        database_url=Secret("unused"), service_key_file="", service_jwks_file="",
        ingress_target="unused", analytics_target="unused", executor_target="unused",
        sealing_keys=Secret("unused"), tombstone_key=Secret("unused"), graph_api_base="graph",
    )  # fmt: skip
    with pytest.raises(SettingsError, match="META_GRAPH_API_BASE cannot be used: it must begin with https://"):
        await build(settings)


@pytest.mark.parametrize(
    ("base", "expected"),
    [
        ("https://graph.facebook.com/v26.0/", ("graph.facebook.com", 443, True, "graph.facebook.com", "/v26.0")),
        ("http://[::1]:81", ("::1", 81, False, "[::1]:81", "")),
    ],
)
def test_a_base_is_taken_apart(base: str, expected: tuple[str, int, bool, str, str]) -> None:
    assert Endpoint.parse(base) == Endpoint(*expected)
