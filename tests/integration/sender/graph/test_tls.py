"""Over TLS nothing is written before the certificate is found good, and an end without close_notify is no end."""

import asyncio
from pathlib import Path

import pytest

from services.embedded.addresses import LOOPBACK
from services.sender.domain.answers import Accepted, Ambiguous, NotSent
from tests.fixtures.authority import Authority
from tests.fixtures.scripted import Caller, serving
from tests.integration.sender.graph.conftest import ACCEPTED, ACCEPTED_BODY, calling, post


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Authority:
    """The one authority this process trusts."""
    authority = Authority.found(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    return authority


async def answer_all(caller: Caller) -> None:
    while True:
        await caller.take()
        await caller.say(ACCEPTED)


async def test_messages_go_over_one_connection_whose_certificate_is_good(authority: Authority) -> None:
    asked, protocols, context = list[str | None](), set[str | None](), authority.server("localhost")
    context.sni_callback = lambda _, name, __: asked.append(name)

    async def script(caller: Caller) -> None:
        protocols.add(caller.writer.get_extra_info("ssl_object").selected_alpn_protocol())
        await answer_all(caller)

    async with serving(script, tls=context) as server, calling(server.port, scheme="https", host="localhost") as graph:
        assert [await post(graph) for _ in range(3)] == [Accepted("wamid")] * 3
    assert (server.connections, asked, protocols) == (1, ["localhost"], {"http/1.1"})


async def test_an_address_may_be_what_the_certificate_names(authority: Authority) -> None:
    async with (
        serving(answer_all, tls=authority.server(LOOPBACK)) as server,
        calling(server.port, scheme="https") as graph,
    ):
        assert await post(graph) == Accepted("wamid")


async def test_a_certificate_for_another_name_is_not_written_to(authority: Authority) -> None:
    async with (
        serving(answer_all, tls=authority.server("elsewhere.example")) as server,
        calling(server.port, scheme="https", host="localhost") as graph,
    ):
        assert await post(graph) == NotSent("the Graph API could not be reached (SSLCertVerificationError)")
    assert server.requests == []


async def test_a_certificate_of_an_unknown_authority_is_not_written_to(authority: Authority, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    stranger = Authority.found(tmp_path / "other")
    async with (
        serving(answer_all, tls=stranger.server("localhost")) as server,
        calling(server.port, scheme="https", host="localhost") as graph,
    ):
        assert isinstance(await post(graph), NotSent)
    assert server.requests == []


@pytest.mark.parametrize("greeting", [b"HTTP/1.1 200 OK\r\n\r\n", None])
async def test_a_server_that_speaks_no_tls_or_nothing_gets_nothing(
    authority: Authority, greeting: bytes | None
) -> None:
    async def script(caller: Caller) -> None:
        if greeting is not None:
            await caller.say(greeting)
        await caller.wait_for_end()

    async with (
        serving(script) as server,
        calling(server.port, scheme="https", timeout_seconds=0.2) as graph,
    ):
        assert isinstance(await post(graph), NotSent)


@pytest.mark.parametrize("is_orderly", [True, False])
async def test_an_answer_without_length_needs_an_orderly_end(authority: Authority, *, is_orderly: bool) -> None:
    async def script(caller: Caller) -> None:
        await caller.take()
        await caller.say(b"HTTP/1.1 200 OK\r\n\r\n" + ACCEPTED_BODY)
        if not is_orderly:
            caller.reset()

    async with (
        serving(script, tls=authority.server(LOOPBACK)) as server,
        calling(server.port, scheme="https") as graph,
    ):
        assert isinstance(await post(graph), Accepted if is_orderly else Ambiguous)


async def test_a_connection_that_was_closed_while_idle_is_not_written_to(authority: Authority) -> None:
    may_close, has_closed = asyncio.Event(), asyncio.Event()

    async def script(caller: Caller) -> None:
        await caller.take()
        await caller.say(ACCEPTED)
        if caller.number == 1:
            await may_close.wait()
            caller.writer.close()
            await caller.writer.wait_closed()
            has_closed.set()

    async with (
        serving(script, tls=authority.server(LOOPBACK)) as server,
        calling(server.port, scheme="https") as graph,
    ):
        assert await post(graph) == Accepted("wamid")
        may_close.set()
        await has_closed.wait()
        assert await post(graph) == Accepted("wamid")
    assert server.connections == 2
