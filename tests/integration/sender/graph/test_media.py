"""Files at the simulated Meta, as sender calls it."""

import hashlib
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from aiohttp import web

from services.embedded.addresses import LOOPBACK
from services.embedded.meta.app import build_runner, build_simulator
from services.embedded.meta.simulator import SimulatedMeta
from services.sender.domain.media import MediaRefused, check_sha256
from services.sender.graph import GraphMedia
from services.sender.ports.media import LinkExpired, MediaAway, MediaGone

NUMBER, TOKEN = "5511990077", "EAAharbour"
SONG = b"ID3" + bytes(range(256)) * 4000
MOST = 10 * 1024 * 1024


@dataclass
class Harbour:
    """The simulated Meta, and who calls it."""

    meta: SimulatedMeta
    graph: GraphMedia
    origin: str
    folder: Path

    async def upload(self, content: bytes = SONG, mime_type: str = "audio/mpeg", token: str = TOKEN) -> str:
        file = self.folder / "out"
        file.write_bytes(content)
        return await self.graph.upload(file, phone_number_id=NUMBER, token=token, mime_type=mime_type)

    async def download(self, url: str, *, most_bytes: int = MOST) -> bytes:
        fetched = await self.graph.download(url, self.folder / "in", token=TOKEN, most_bytes=most_bytes)
        content = (self.folder / "in").read_bytes()
        assert (fetched.sha256, fetched.size) == (hashlib.sha256(content).digest(), len(content))
        return content

    async def link_of(self, media_id: str) -> str:
        return (await self.graph.look_up(media_id, phone_number_id=NUMBER, token=TOKEN)).url


@pytest.fixture
async def harbour(tmp_path: Path) -> AsyncIterator[Harbour]:
    number = {
        "phone_number_id": NUMBER, "display_phone_number": NUMBER, "waba_id": "78", "access_tokens": [TOKEN],
        "app_secret": "hush", "webhook_url": "http://unused",
    }  # fmt: skip
    meta = build_simulator({"numbers": [number]})
    async with AsyncExitStack() as stack:
        runner = build_runner(meta)
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        await web.TCPSite(runner, LOOPBACK, 0).start()
        origin = f"http://{LOOPBACK}:{runner.addresses[0][1]}"
        graph = GraphMedia(f"{origin}/v26.0", seconds=5.0)
        stack.push_async_callback(graph.close)
        yield Harbour(meta, graph, origin, tmp_path)


async def test_a_file_goes_up_is_looked_up_and_comes_down_as_it_was(harbour: Harbour) -> None:
    media_id = await harbour.upload()

    announced = await harbour.graph.look_up(media_id, phone_number_id=NUMBER, token=TOKEN)

    assert (announced.mime_type, announced.size) == ("audio/mpeg", len(SONG))
    check_sha256(announced.sha256, hashlib.sha256(SONG).digest())
    assert await harbour.download(announced.url) == SONG


async def test_what_meta_refuses_is_refused_for_good(harbour: Harbour) -> None:
    with pytest.raises(MediaRefused, match="Param file must be"):
        await harbour.upload(b"<html>", "text/html")


async def test_a_token_that_is_wrong_may_be_mended(harbour: Harbour) -> None:
    with pytest.raises(MediaAway):
        await harbour.upload(token="EAAanother")


async def test_an_id_that_meta_does_not_know_is_gone(harbour: Harbour) -> None:
    with pytest.raises(MediaGone):
        await harbour.graph.look_up("1234", phone_number_id=NUMBER, token=TOKEN)


async def test_a_deleted_file_is_gone(harbour: Harbour) -> None:
    media_id = await harbour.upload()
    await harbour.graph.delete(media_id, phone_number_id=NUMBER, token=TOKEN)
    with pytest.raises(MediaGone):
        await harbour.link_of(media_id)


async def test_an_address_that_is_too_old_asks_for_another_look_up(harbour: Harbour) -> None:
    with pytest.raises(LinkExpired):
        await harbour.download(f"{harbour.origin}/media/old")


async def test_a_file_that_is_too_large_is_left_in_the_middle(harbour: Harbour) -> None:
    link = await harbour.link_of(await harbour.upload())
    with pytest.raises(MediaRefused, match="larger than 1,000 bytes"):
        await harbour.download(link, most_bytes=1000)
    assert (harbour.folder / "in").stat().st_size <= 1000


@pytest.mark.parametrize("url", ["http://other.example/media/x", "https://graph.facebook.com.example/x", "ftp://x/y"])
async def test_nobody_else_sees_the_token(harbour: Harbour, url: str) -> None:
    with pytest.raises(MediaRefused, match="may not see the token"):
        await harbour.download(url)


async def test_a_redirect_is_not_followed(harbour: Harbour) -> None:
    seen: list[str] = []

    async def elsewhere(request: web.Request) -> web.Response:
        seen.append(request.path)
        return web.Response(status=302, headers={"Location": f"{harbour.origin}/stolen"})

    app = web.Application()
    app.router.add_get("/{path:.*}", elsewhere)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, LOOPBACK, 0).start()
    origin = f"http://{LOOPBACK}:{runner.addresses[0][1]}"
    graph = GraphMedia(f"{origin}/v26.0", seconds=5.0)
    try:
        with pytest.raises(MediaAway, match="answered 302"):
            await graph.download(f"{origin}/file", harbour.folder / "in", token=TOKEN, most_bytes=MOST)
    finally:
        await graph.close()
        await runner.cleanup()
    assert seen == ["/file"]


async def test_a_token_that_would_begin_another_header_never_leaves(harbour: Harbour) -> None:
    with pytest.raises(MediaAway, match="no header may hold"):
        await harbour.upload(token="EAA\r\nX-Evil: 1")


async def test_a_graph_api_that_is_not_there_may_come_back(harbour: Harbour) -> None:
    graph = GraphMedia("http://127.0.0.1:1/v26.0", seconds=5.0)
    try:
        with pytest.raises(MediaAway, match="no answer"):
            await graph.look_up("1", phone_number_id=NUMBER, token=TOKEN)
    finally:
        await graph.close()
