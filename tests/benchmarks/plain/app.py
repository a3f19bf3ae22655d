"""The best plain monolith: one process, raw SQL, everything durable before the 200, one message at a time.

The webhook is a raw ASGI route ahead of FastAPI; psycopg with prepared statements; aiohttp for the Graph API.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import logging
import os
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from contextlib import asynccontextmanager
from typing import Any

import orjson
from fastapi import FastAPI

from tests.benchmarks.monolith.app import WEBHOOK_PATH
from tests.benchmarks.monolith.whatsapp_sender import AiohttpSender
from tests.benchmarks.plain.store import Letter, Store

logger = logging.getLogger(__name__)

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class Webhook:
    """Keeps every message of a post, answers 200, then sends the replies."""

    def __init__(self, app_secret: str, database_url: str, graph_api_base: str) -> None:
        self._app_secret = app_secret.encode()
        self._graph_api_base = graph_api_base
        self._store = Store(database_url)
        self._sender: AiohttpSender | None = None
        self._sending: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        """Connect, and send what a crash left unsent."""
        await self._store.open()
        self._sender = AiohttpSender(self._graph_api_base)
        self._send_soon(await self._store.unsent())

    async def close(self) -> None:
        """Finish what is being sent, then close."""
        await asyncio.gather(*self._sending, return_exceptions=True)
        assert self._sender
        await self._sender.close()
        await self._store.close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one POST."""
        body = await _body(receive)
        if not self._is_signed(scope, body):
            await _answer(send, 403)
            return
        letters: list[Letter] = []
        for entry in orjson.loads(body)["entry"]:
            for change in entry["changes"]:
                value = change["value"]
                for message in value.get("messages", ()):
                    letters += await self._store.turn(value["metadata"]["phone_number_id"], message)
        await _answer(send, 200)
        self._send_soon(letters)

    def _is_signed(self, scope: Scope, body: bytes) -> bool:
        expected = b"sha256=" + hmac.digest(self._app_secret, body, hashlib.sha256).hex().encode()
        given = next((value for name, value in scope["headers"] if name == b"x-hub-signature-256"), b"")
        return hmac.compare_digest(expected, given)

    def _send_soon(self, letters: list[Letter]) -> None:
        if letters:
            task = asyncio.get_running_loop().create_task(self._send(letters))
            self._sending.add(task)
            task.add_done_callback(self._sending.discard)

    async def _send(self, letters: list[Letter]) -> None:
        assert self._sender
        for letter in letters:
            try:
                await self._sender.send_text(letter.phone_number_id, letter.access_token, letter.to, letter.text)
            except Exception:
                logger.exception("reply %s was not sent", letter.log_id)
                return  # what follows must not overtake it; the next start sends them all
            await self._store.finish(letter.log_id)


async def _body(receive: Receive) -> bytes:
    parts: list[bytes] = []
    while True:
        message = await receive()
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(parts)


async def _answer(send: Send, status: int) -> None:
    await send({"type": "http.response.start", "status": status, "headers": [(b"content-length", b"0")]})
    await send({"type": "http.response.body", "body": b""})


def app_from_environment() -> Callable[[Scope, Receive, Send], Awaitable[None]]:
    """What uvicorn's --factory calls."""
    webhook = Webhook(os.environ["META_APP_SECRET"], os.environ["DATABASE_URL"], os.environ["META_GRAPH_API_BASE"])

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        await webhook.open()
        yield
        await webhook.close()

    framework = FastAPI(lifespan=lifespan)

    @framework.get("/health")
    async def health() -> dict[str, str]:
        return {"status": "ok"}

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] == WEBHOOK_PATH and scope["method"] == "POST":
            await webhook(scope, receive, send)
        else:
            await framework(scope, receive, send)

    return application
