"""The HTTP side of webhooks, against a real receiver."""

from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from services.embedded.meta.posting import HttpPoster


class Door:
    """A webhook address that answers as told."""

    def __init__(self) -> None:
        self.status = 200
        self.got: list[tuple[bytes, str]] = []

    async def take(self, request: web.Request) -> web.Response:
        self.got.append((await request.read(), request.headers["X-Hub-Signature-256"]))
        return web.Response(status=self.status, headers={"Location": "/elsewhere"})

    async def welcome(self, _request: web.Request) -> web.Response:
        return web.Response()

    async def challenge(self, request: web.Request) -> web.Response:
        return web.Response(text=request.query["hub.challenge"])


@pytest.fixture
async def door() -> Door:
    return Door()


@pytest.fixture
async def server(door: Door) -> AsyncIterator[TestServer]:
    app = web.Application()
    app.add_routes(
        [web.post("/hook", door.take), web.get("/hook", door.challenge), web.get("/elsewhere", door.welcome)]
    )
    made = TestServer(app)
    await made.start_server()
    yield made
    await made.close()


@pytest.fixture
async def poster() -> AsyncIterator[HttpPoster]:
    made = HttpPoster()
    yield made
    await made.close()


async def post(poster: HttpPoster, url: str) -> bool:
    return await poster.post(url, b'{"a":"\\/"}', {"X-Hub-Signature-256": "sha256=00"}, 5.0)


async def test_bytes_and_signature_arrive_as_they_are(server: TestServer, door: Door, poster: HttpPoster) -> None:
    assert await post(poster, str(server.make_url("/hook")))
    assert door.got == [(b'{"a":"\\/"}', "sha256=00")]


@pytest.mark.parametrize("status", [201, 202, 204, 302, 400, 401, 404, 500, 503])
async def test_only_200_counts_as_taken(server: TestServer, door: Door, poster: HttpPoster, status: int) -> None:
    door.status = status
    assert not await post(poster, str(server.make_url("/hook")))
    assert len(door.got) == 1


async def test_a_receiver_that_is_gone_is_no_exception(server: TestServer, poster: HttpPoster) -> None:
    url = str(server.make_url("/hook"))
    assert await post(poster, url)
    await server.close()
    assert not await post(poster, url)
    assert await poster.fetch(url, {"hub.challenge": "x"}) == (0, "")


async def test_an_address_that_is_none_is_no_exception(poster: HttpPoster) -> None:
    assert not await post(poster, "not an address")


async def test_the_challenge_comes_back(server: TestServer, poster: HttpPoster) -> None:
    assert await poster.fetch(str(server.make_url("/hook")), {"hub.challenge": "x y"}) == (200, "x y")
