"""CPU of one Graph POST: sender's own client beside aiohttp, in one process, taking turns; the server is another.

    python -m tests.benchmarks.parts.graph_post [--posts 4000] [--rounds 5]

Prints the median of the rounds in µs of this process' CPU time a POST, and the smallest and largest round.
"""

import argparse
import asyncio
import os
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from statistics import median
from typing import cast

import aiohttp
import httptools
import uvloop

from services.embedded.addresses import LOOPBACK
from services.sender.domain.answers import Accepted, Answer, classify
from services.sender.graph import GraphApi
from tests.fixtures.authority import Authority

# A text message as sender writes it, and an answer with the headers Meta sends.
BODY = (
    b'{"messaging_product":"whatsapp","recipient_type":"individual","to":"5511988887777","type":"text",'
    b'"text":{"body":"What may we call you?","preview_url":false},'
    b'"biz_opaque_callback_data":"6d1f0f6e-3b1e-5a43-9a53-0d1d5b0a6a11"}'
)
ANSWER_BODY = (
    b'{"messaging_product":"whatsapp","contacts":[{"input":"5511988887777","wa_id":"5511988887777"}],'
    b'"messages":[{"id":"wamid.HBgNNTUxMTk4ODg4Nzc3NxUCABEYEjA5QkY4RjQ4RkY2QkY1RkY3AA=="}]}'
)
ANSWER = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=UTF-8\r\nVary: Origin, Accept-Encoding\r\n"
    b'x-business-use-case-usage: {"1":[{"type":"messaging","call_count":1,"total_time":1}]}\r\n'
    b"x-fb-request-id: AbCdEfGhIjKlMnOpQrStUvWx\r\nx-fb-trace-id: AbCdEfGhIjK\r\nx-fb-rev: 1030000000\r\n"
    b"Cache-Control: private, no-cache, no-store, must-revalidate\r\nPragma: no-cache\r\n"
    b"Expires: Sat, 01 Jan 2000 00:00:00 GMT\r\nfacebook-api-version: v26.0\r\nX-FB-Debug: AbCdEfGhIjKlMnOp==\r\n"
    b"Date: Wed, 01 Jan 2025 00:00:00 GMT\r\nConnection: keep-alive\r\n"
    b"Content-Length: %d\r\n\r\n" % len(ANSWER_BODY)
) + ANSWER_BODY
TOKEN = "EAA" + "x" * 180
IN_FLIGHT = (1, 64)

Post = Callable[[], Awaitable[Answer]]


class _Exchange(asyncio.Protocol):
    """The server's side: every whole request gets the answer."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop has its own class
        self._parser = httptools.HttpRequestParser(self)

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_message_complete(self) -> None:
        self._transport.write(ANSWER)


async def serve(folder: Path) -> None:
    """Listen without and with TLS, say on which ports, until the process is ended."""
    loop = asyncio.get_running_loop()
    tls = Authority.found(folder).server(LOOPBACK)
    servers = [await loop.create_server(_Exchange, LOOPBACK, 0, ssl=context) for context in (None, tls)]
    print(*(server.sockets[0].getsockname()[1] for server in servers), flush=True)
    await asyncio.gather(*(server.serve_forever() for server in servers))


async def measure(post: Post, *, posts: int, in_flight: int) -> float:
    """µs of CPU a POST."""

    async def run() -> None:
        for _ in range(posts // in_flight):
            assert isinstance(await post(), Accepted)

    started = time.process_time()
    await asyncio.gather(*(run() for _ in range(in_flight)))
    return (time.process_time() - started) * 1e6 / (posts // in_flight * in_flight)


async def compare(scheme: str, port: int, *, posts: int, rounds: int) -> None:
    """Both clients on one server, with few and with many calls under way."""
    base = f"{scheme}://{LOOPBACK}:{port}/v26.0"
    graph = GraphApi(base, timeout_seconds=10.0, connections=max(IN_FLIGHT))
    await graph.start()
    context = ssl.create_default_context() if scheme == "https" else True
    connector = aiohttp.TCPConnector(limit=max(IN_FLIGHT), ssl=context)
    session = aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())
    headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}

    def ours() -> Awaitable[Answer]:
        return graph.post(phone_number_id="106540352242922", token=TOKEN, body=BODY, is_fresh=lambda: True)

    async def theirs() -> Answer:
        url = f"{base}/106540352242922/messages"
        async with session.post(url, data=BODY, headers=headers, allow_redirects=False) as response:
            return classify(response.status, await response.read())

    for in_flight in IN_FLIGHT:
        taken: dict[str, list[float]] = {"ours": [], "aiohttp": []}
        for _ in range(rounds + 1):
            for name, post in (("ours", ours), ("aiohttp", theirs)):
                taken[name].append(await measure(post, posts=posts, in_flight=in_flight))
        for name, figures in taken.items():
            kept = figures[1:]  # the first round opens connections
            print(
                f"{scheme:5} {in_flight:2} in flight  {name:7}  {median(kept):6.1f} µs"
                f"  ({min(kept):.1f} to {max(kept):.1f})"
            )
    await session.close()
    await graph.stop()


def main() -> None:
    """Start the server, compare, end the server."""
    parser = argparse.ArgumentParser(description="CPU of one Graph POST, own client beside aiohttp")
    parser.add_argument("--posts", type=int, default=4000, help="a round and client")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--serve", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        uvloop.run(serve(options.serve))
        return
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "tests.benchmarks.parts.graph_post", "--serve", folder]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
            assert server.stdout is not None
            ports = [int(word) for word in server.stdout.readline().split()]
            os.environ["SSL_CERT_FILE"] = str(Path(folder) / "ca.pem")
            try:
                for scheme, port in zip(("http", "https"), ports, strict=True):
                    uvloop.run(compare(scheme, port, posts=options.posts, rounds=options.rounds))
            finally:
                server.terminate()


if __name__ == "__main__":
    main()
