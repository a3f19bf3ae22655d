"""What comes back over the wire, in every form HTTP/1.1 allows and in some it does not."""

import pytest

from services.sender.domain.answers import Accepted, Ambiguous, Answer, NotSent, Paused, Refused, Throttled
from services.sender.domain.codes import Action, Scope
from services.sender.graph.connection import LARGEST_BODY, LARGEST_FRAME
from tests.fixtures.scripted import Caller, serving
from tests.integration.sender.graph.conftest import ACCEPTED, ACCEPTED_BODY, calling, post

ERROR_BODY = b'{"error":{"code":131056,"message":"slow down"}}'


async def answer_to(*pieces: bytes, is_reset: bool = False, timeout_seconds: float = 5.0) -> Answer:
    """The meaning of an answer that comes in these pieces, after which the server closes."""

    async def script(caller: Caller) -> None:
        await caller.take()
        await caller.say(*pieces)
        if is_reset:
            caller.reset()

    async with serving(script) as server, calling(server.port, timeout_seconds=timeout_seconds) as graph:
        return await post(graph)


@pytest.mark.parametrize(
    "reply",
    [
        ACCEPTED,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n" + ACCEPTED_BODY[:5] + b"\r\n18;x=y\r\n"
        + ACCEPTED_BODY[5:] + b"\r\n0\r\nTrailer: x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n" + ACCEPTED_BODY,
        b"HTTP/1.0 200 OK\r\n\r\n" + ACCEPTED_BODY,
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + ACCEPTED,
    ],
    ids=["length", "chunked", "until-close", "http/1.0", "interim"],
)  # fmt: skip
async def test_a_whole_answer_counts_in_every_form_and_in_any_pieces(reply: bytes) -> None:
    assert await answer_to(reply) == Accepted("wamid")
    assert await answer_to(*(reply[start : start + 1] for start in range(len(reply)))) == Accepted("wamid")


async def test_the_request_is_one_that_the_graph_api_understands() -> None:
    async def script(caller: Caller) -> None:
        while True:
            await caller.take()
            await caller.say(ACCEPTED)

    async with serving(script) as server, calling(server.port) as graph:
        await post(graph, token="EAA", number="55/11\r\n")
        await graph.ask(["5511"], {"fields": "id"}, token="EAA")
    (sent, asked), host = server.requests, f"Host: 127.0.0.1:{server.port}\r\n".encode()
    headers = b"User-Agent: PyTake\r\nAccept: */*\r\nAccept-Encoding: identity\r\nAuthorization: Bearer EAA\r\n"
    assert sent == (
        b"POST /v26.0/55%2F11%0D%0A/messages HTTP/1.1\r\n" + host + headers
        + b'Content-Type: application/json\r\nContent-Length: 10\r\n\r\n{"to":"1"}'
    )  # fmt: skip
    assert asked == b"GET /v26.0/5511?fields=id HTTP/1.1\r\n" + host + headers + b"\r\n"


@pytest.mark.parametrize("token", ["a\r\nX: y", "a\nb", "a\0b", "\udc80"])
async def test_a_token_that_would_end_its_header_is_never_written(token: str) -> None:
    async def script(caller: Caller) -> None:
        await caller.take()

    async with serving(script) as server, calling(server.port) as graph:
        assert isinstance(await post(graph, token=token), NotSent)
        assert "did not answer" in await graph.ask(["1"], {}, token=token)
    assert server.connections == 0


async def test_retry_after_is_read_from_the_answer_itself() -> None:
    head = b"HTTP/1.1 429 Too Many\r\nretry-AFTER: 7\r\nContent-Length: 47\r\n\r\n"
    assert await answer_to(head + ERROR_BODY) == Throttled(Scope.PAIR, 131056, "slow down", 7.0, Action.RETRY_PAIR)
    interim = b"HTTP/1.1 103 Early\r\nRetry-After: 7\r\n\r\n"
    assert await answer_to(interim + head.replace(b"retry-AFTER", b"Not-That") + ERROR_BODY) == Throttled(
        Scope.PAIR, 131056, "slow down", None, Action.RETRY_PAIR
    )


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (b"HTTP/1.1 204 No Content\r\n\r\n", Ambiguous),
        (b"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n", Ambiguous),
        (b"HTTP/1.1 400 Bad\r\nContent-Length: 0\r\n\r\n", Refused),
        (b"HTTP/1.1 503 Away\r\nContent-Length: 0\r\n\r\n", Ambiguous),
        (b'HTTP/1.1 401 No\r\nContent-Length: 22\r\n\r\n{"error":{"code":190}}', Paused),
        (b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n", Ambiguous),
        (b"HTTP/1.1 400 Bad\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n\x1f\x8b", Ambiguous),
        (b"HTTP/1.1 400 Bad\r\nTransfer-Encoding: gzip\r\n\r\n\x1f\x8b", Ambiguous),
        (b"HTTP/1.1 400 Bad\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", Ambiguous),
        (b"HTTP/1.1 400 Bad\r\nTransfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\nab", Ambiguous),
        (b"HTTP/1.1 400 Bad\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", Ambiguous),
        (b"HTTP/1.1 400 Bad\nContent-Length: 0\n\n", Ambiguous),
        (b"HTTP/1.1 4", Ambiguous),
        (b"HTTP/1.1 400 Bad\r\nContent-Length: 5\r\n\r\n{}", Ambiguous),
        (b"HTTP/1.1 100 Continue\r\n\r\n", Ambiguous),
        (b"\x16\x03\x01", Ambiguous),
    ],
)
async def test_only_a_complete_answer_means_more_than_a_doubt(reply: bytes, expected: type) -> None:
    assert isinstance(await answer_to(reply), expected)


async def test_a_reset_in_the_middle_is_a_doubt_even_when_no_length_was_named() -> None:
    assert isinstance(await answer_to(is_reset=True), Ambiguous)
    assert isinstance(await answer_to(ACCEPTED[:-1], is_reset=True), Ambiguous)


@pytest.mark.parametrize("part", [b"X-Filler: 12345678\r\n", b"HTTP/1.1 100 Continue\r\n\r\n"])
async def test_a_head_without_end_is_given_up(part: bytes) -> None:
    begin = b"" if part.startswith(b"HTTP") else b"HTTP/1.1 200 OK\r\n"
    filler = part * (3 * LARGEST_FRAME // len(part))
    assert await answer_to(begin + filler + b"Content-Length: 0\r\n\r\n") == Ambiguous(
        0, "no answer from the Graph API (too many headers)"
    )


async def test_trailers_without_end_are_given_up() -> None:
    begin = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: "
    assert isinstance(await answer_to(begin, *[b"x" * 65536] * 4), Ambiguous)


@pytest.mark.parametrize("is_chunked", [True, False])
async def test_of_a_huge_body_only_the_beginning_is_kept(*, is_chunked: bool) -> None:
    size = LARGEST_BODY + 65536
    body, framing = b"x" * size, f"Content-Length: {size}"
    if is_chunked:
        body, framing = f"{size:x}\r\n".encode() + body + b"\r\n0\r\n\r\n", "Transfer-Encoding: chunked"
    head = f"HTTP/1.1 400 Bad\r\n{framing}\r\n\r\n".encode()
    # It is no JSON any more, so all that is known is the status.
    assert await answer_to(head + body) == Refused(0, "HTTP 400 without a Graph error")


async def test_an_answer_right_at_the_limit_is_whole() -> None:
    body = ACCEPTED_BODY[:-1] + b" " * (LARGEST_BODY - len(ACCEPTED_BODY)) + b"}"
    assert await answer_to(f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body) == Accepted(
        "wamid"
    )


async def test_a_question_without_answer_tells_what_is_to_be_mended() -> None:
    answers = [b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", b"HTTP/1.1 400 Bad\r\nContent-Length: 47\r\n\r\n"]

    async def script(caller: Caller) -> None:
        await caller.take()
        await caller.say(answers[0])
        await caller.take()
        await caller.say(answers[1] + ERROR_BODY)
        await caller.take()

    async with serving(script) as server, calling(server.port) as graph:
        said = [await graph.ask(["1"], {"fields": "id"}, token="t") for _ in range(3)]
    assert said[0] == {}
    assert str(said[1]).startswith("the Graph API refused the token for this number (slow down)")
    assert str(said[2]).startswith("the Graph API did not answer")
