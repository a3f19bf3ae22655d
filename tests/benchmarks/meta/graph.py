"""The mock Graph API: answers every send 200 with an id, and tells the load who got which text."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import cast

import httptools
import orjson

from services.embedded.addresses import LOOPBACK, choose_port


@dataclass(frozen=True, slots=True)
class Reply:
    """A text that reached a person; `arrived_at` is time.perf_counter() in seconds."""

    wa_id: str
    phone_number_id: str
    text: str
    message_id: str
    arrived_at: float


@dataclass(slots=True)
class Graph:
    """One server for every variant; `latency_seconds` passes before each answer. `hear` gets every reply."""

    hear: Callable[[Reply], None]
    latency_seconds: float = 0.0
    port: int = 0
    _given_ids: int = 0
    _server: asyncio.Server | None = field(default=None, repr=False)

    @property
    def base_url(self) -> str:
        """What META_GRAPH_API_BASE must be."""
        return f"http://{LOOPBACK}:{self.port}/v26.0"

    async def open(self) -> None:
        """Listen on a free port."""
        self.port = choose_port()
        self._server = await asyncio.get_running_loop().create_server(lambda: _Exchange(self), LOOPBACK, self.port)

    async def close(self) -> None:
        """Stop listening."""
        if self._server:
            self._server.close()

    def take(self, path: str, body: bytes) -> bytes:
        """Note one POST …/{phone_number_id}/messages and return the answer's JSON."""
        arrived_at = time.perf_counter()
        message = orjson.loads(body)
        if "type" not in message:  # a read receipt or a typing sign: nothing that a person reads
            return b'{"success":true}'
        self._given_ids += 1
        wa_id = message["to"].removeprefix("+")  # the Graph API takes both forms
        message_id = f"wamid.reply{self._given_ids:0>45}"
        self.hear(Reply(wa_id, path.split("/")[-2], message["text"]["body"], message_id, arrived_at))
        contact = {"input": wa_id, "wa_id": wa_id}
        return orjson.dumps({"messaging_product": "whatsapp", "contacts": [contact], "messages": [{"id": message_id}]})


class _Exchange(asyncio.Protocol):
    """One kept connection of a sender."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._parser = httptools.HttpRequestParser(self)
        self._transport: asyncio.Transport | None = None
        self._path, self._body = b"", b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop has its own class

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_url(self, url: bytes) -> None:
        self._path, self._body = url, b""

    def on_body(self, body: bytes) -> None:
        self._body += body

    def on_message_complete(self) -> None:
        answer = self._graph.take(self._path.decode(), self._body)
        if self._graph.latency_seconds:
            asyncio.get_running_loop().call_later(self._graph.latency_seconds, self._answer, answer)
        else:
            self._answer(answer)

    def _answer(self, body: bytes) -> None:
        if self._transport and not self._transport.is_closing():
            head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
            self._transport.write(head.encode() + body)
