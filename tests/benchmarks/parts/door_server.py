"""One HTTP server to be measured, as a process of its own: `python -m tests.benchmarks.parts.door_server NAME`.

Prints its port, then its CPU time in nanoseconds for every line it reads, and ends with its input.
"""

import asyncio
import hashlib
import hmac
import os
import sys
import time
from typing import Any

import orjson
import uvicorn
import uvloop
from fastapi import FastAPI, Request, Response

from services.chassis.clock import monotonic
from services.embedded.addresses import LOOPBACK, choose_port
from services.ingress.apps import AppDirectory, house_app
from services.ingress.domain.webhook import parse_webhook
from services.ingress.http import HttpServer, WebhookEndpoint
from services.ingress.ports import MetaApp
from services.ingress.usecases import Intake, entry_of
from tests.benchmarks.parts.door_parse import RECEIVED_AT_MS, SECRET

PATH = "/api/v1/whatsapp/webhook"
BARE, RAW_ROUTE, DOOR = "bare uvicorn", "FastAPI raw route", "door"
NAMES = (BARE, RAW_ROUTE, DOOR)


class StorelessIntake(Intake):
    """All that ingress does with a POST, up to what would be stored."""

    def __init__(self) -> None:
        self._apps = AppDirectory(_no_apps, fixed=house_app(SECRET, "token"), monotonic=monotonic)

    async def receive(self, body: bytes, *, signed_by: tuple[str, ...]) -> int:
        return len(
            [entry_of(event, received_at_ms=RECEIVED_AT_MS, signed_by=signed_by) for event in parse_webhook(body)]
        )


async def _no_apps() -> list[MetaApp]:
    return []


async def bare(scope: Any, receive: Any, send: Any) -> None:
    """The floor: read the body, answer."""
    while (await receive()).get("more_body"):
        pass
    headers = [(b"content-type", b"application/json"), (b"content-length", b"2")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"{}"})


def raw_route() -> FastAPI:
    """FastAPI with the webhook as a plain route: the signature is checked, the JSON is read, nothing is stored."""
    app = FastAPI()

    async def webhook(request: Request) -> Response:
        body = await request.body()
        digest = hmac.digest(SECRET.encode(), body, hashlib.sha256).hex()
        if not hmac.compare_digest(f"sha256={digest}", request.headers.get("x-hub-signature-256", "")):
            return Response(status_code=403)
        orjson.loads(body)
        return Response(b'{"status":"received"}', media_type="application/json")

    app.add_route(PATH, webhook, methods=["POST"])
    return app


async def serve(name: str) -> None:
    """Serve until the input ends."""
    loop = asyncio.get_running_loop()
    lines = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    port = choose_port()
    if name == DOOR:
        endpoint = WebhookEndpoint(StorelessIntake(), max_body_bytes=4 * 1024 * 1024)
        door = HttpServer(f"{LOOPBACK}:{port}", endpoint, bare, drain_seconds=1.0)
        await door.start()
        await _report(lines, port)
        await door.stop()
        return
    app = bare if name == BARE else raw_route()
    server = uvicorn.Server(uvicorn.Config(app, port=port, http="httptools", access_log=False, log_config=None))
    task = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.wait([task], timeout=0.01)
    await _report(lines, port)
    server.should_exit = True
    await task


async def _report(lines: asyncio.StreamReader, port: int) -> None:
    os.write(1, b"%d\n" % port)
    while await lines.readline():
        os.write(1, b"%d\n" % time.process_time_ns())


if __name__ == "__main__":
    uvloop.run(serve(sys.argv[1]))
