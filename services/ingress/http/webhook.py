"""The webhook, as plain ASGI: signature over the raw bytes, durable, then 200.

It stands ahead of FastAPI's stack, which costs more than the whole work here (decision 0006). The header is looked at
before a body of megabytes is read, the bytes before they are parsed, and the answer comes only after the commit.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, MutableMapping
from typing import Any
from urllib.parse import parse_qsl

import orjson
from prometheus_client import Counter

from services.chassis.errors import Unavailable
from services.chassis.logs import get_logger
from services.ingress.domain.handshake import answer_handshake
from services.ingress.domain.signature import header_has_shape
from services.ingress.domain.webhook import MalformedBody
from services.ingress.http.deadline import ready_by
from services.ingress.usecases import Intake

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Coroutine[Any, Any, Message]]
Send = Callable[[Message], Coroutine[Any, Any, None]]

PATH = "/api/v1/whatsapp/webhook"
_BELOW = PATH + "/"
_SIGNATURE = b"x-hub-signature-256"
_LENGTH = b"content-length"
# A sender that dribbles a body holds no place for ever.
BODY_SECONDS = 15.0

_log = get_logger(__name__)
_posts = Counter("pytake_webhook_posts_total", "Webhook POSTs by answer", ["status"])

_JSON = b"application/json"


def _headers(content_type: bytes, body: bytes) -> list[tuple[bytes, bytes]]:
    return [
        (b"content-type", content_type),
        (b"content-length", str(len(body)).encode()),
        (b"x-content-type-options", b"nosniff"),
    ]


_RECEIVED = b'{"status":"received"}'
_RECEIVED_HEADERS = tuple(_headers(_JSON, _RECEIVED))


class _Refusal(Exception):
    """An answer other than 200."""

    def __init__(self, status: int, detail: str, error_code: str) -> None:
        super().__init__(detail)
        self.status = status
        self.body = orjson.dumps({"detail": detail, "error_code": error_code})


_BAD_SIGNATURE = (403, "Invalid signature", "WEBHOOK_INVALID_SIGNATURE")


class WebhookEndpoint:
    """GET handshake and POST for /api/v1/whatsapp/webhook and /api/v1/whatsapp/webhook/{app}."""

    def __init__(self, intake: Intake, *, max_body_bytes: int, body_seconds: float = BODY_SECONDS) -> None:
        self._intake = intake
        self._max_body_bytes = max_body_bytes
        self._body_seconds = body_seconds
        self._received = _posts.labels("200")

    def serves(self, path: str) -> bool:
        """Whether a path is the webhook's."""
        return path == PATH or (path.startswith(_BELOW) and "/" not in path[len(_BELOW) :])

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Coroutine[Any, Any, None]:
        """Answer one request."""
        app = scope["path"][len(_BELOW) :] or None
        if scope["method"] == "POST":
            return self._post(scope, receive, send, app)
        if scope["method"] == "GET":
            return self._handshake(scope, send, app)
        return _answer(send, 405, b'{"detail":"Use GET or POST","error_code":"METHOD_NOT_ALLOWED"}', allow=b"GET, POST")

    async def _handshake(self, scope: Scope, send: Send, app: str | None) -> None:
        query = _query_of(scope)
        try:
            tokens = await self._intake.verify_tokens(app=app)
        except Unavailable:
            await _answer(send, 503, b'{"detail":"Try again","error_code":"STORE_UNAVAILABLE"}')
            return
        answer = answer_handshake(query, tokens)
        if answer.error_code is None:
            # Plain text that browsers must not take for markup: the challenge is echoed.
            await _answer(send, 200, answer.body.encode(), content_type=b"text/plain; charset=utf-8")
        else:
            body = orjson.dumps({"detail": answer.body, "error_code": answer.error_code})
            await _answer(send, answer.status, body)

    async def _post(self, scope: Scope, receive: Receive, send: Send, app: str | None) -> None:
        try:
            await self._accept(scope, receive, app)
        except _Refusal as refusal:
            _posts.labels(str(refusal.status)).inc()
            await _answer(send, refusal.status, refusal.body)
        else:
            self._received.inc()
            await send({"type": "http.response.start", "status": 200, "headers": _RECEIVED_HEADERS})
            await send({"type": "http.response.body", "body": _RECEIVED})

    async def _accept(self, scope: Scope, receive: Receive, app: str | None) -> None:
        signature = self._signature_of(scope)
        body = await self._body(receive)
        try:
            signed_by = await self._intake.signers(body, signature, app=app)
            if not signed_by:
                raise _Refusal(*_BAD_SIGNATURE)
            await self._intake.receive(body, signed_by=signed_by)
        except MalformedBody as error:
            raise _Refusal(400, str(error), "WEBHOOK_MALFORMED_BODY") from None
        except Unavailable:
            # Meta keeps it and tries again, for up to 7 days.
            raise _Refusal(503, "Not stored; send it again", "STORE_UNAVAILABLE") from None
        except _Refusal:
            raise
        except Exception as error:
            _log.exception("webhook_failed", error=type(error).__name__)
            raise _Refusal(503, "Not stored; send it again", "INTERNAL") from None

    def _signature_of(self, scope: Scope) -> bytes:
        """Give the one signature of a request whose body is worth reading."""
        signatures, length = [], b""
        for name, value in scope["headers"]:
            if name == _SIGNATURE:
                signatures.append(value)
            elif name == _LENGTH:
                length = value
        if len(signatures) != 1 or not header_has_shape(signatures[0]):
            raise _Refusal(*_BAD_SIGNATURE)
        if length.isdigit() and int(length) > self._max_body_bytes:
            raise self._too_large()
        signature: bytes = signatures[0]
        return signature

    async def _body(self, receive: Receive) -> bytes:
        deadline = asyncio.get_running_loop().time() + self._body_seconds
        chunks: list[bytes] = []
        size = 0
        while True:
            try:
                message = await ready_by(deadline, receive())
            except TimeoutError:
                raise _Refusal(408, "The body came too slowly", "WEBHOOK_BODY_TIMEOUT") from None
            if message["type"] != "http.request":
                raise _Refusal(400, "The body ended early", "WEBHOOK_MALFORMED_BODY")
            chunks.append(message.get("body", b""))
            size += len(chunks[-1])
            if size > self._max_body_bytes:
                raise self._too_large()
            if not message.get("more_body", False):
                return b"".join(chunks)

    def _too_large(self) -> _Refusal:
        return _Refusal(413, f"The body is larger than {self._max_body_bytes} bytes", "WEBHOOK_BODY_TOO_LARGE")


def _query_of(scope: Scope) -> list[tuple[str, str]]:
    try:
        return parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True, max_num_fields=50)
    except ValueError:  # more fields than anybody who means it would send
        return []


async def _answer(
    send: Send, status: int, body: bytes, *, content_type: bytes = _JSON, allow: bytes | None = None
) -> None:
    headers = _headers(content_type, body)
    if allow:
        headers.append((b"allow", allow))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
