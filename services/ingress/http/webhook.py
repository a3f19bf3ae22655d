"""The webhook, as plain ASGI: signature over the raw bytes, durable, then 200.

It stands ahead of FastAPI's stack, which costs more than the whole work here (decision 0006). The header is looked at
before a body of megabytes is read, the bytes before they are parsed, and the answer comes only after the commit.
A whole post that nobody signed is refused before anything is set going for it, and large ones are worked on one after
the other (decision 0022).
"""

from __future__ import annotations

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
from services.ingress.http.body import (
    SMALL_BYTES,
    WHOLE_SECONDS,
    Bodies,
    Body,
    Crowded,
    EndedEarly,
    Receive,
    TooLarge,
    TooSlow,
)
from services.ingress.http.connection import UNWANTED, Refusal
from services.ingress.http.problems import accident
from services.ingress.http.slow_lane import SlowLane
from services.ingress.usecases import Intake

Scope = MutableMapping[str, Any]
Send = Callable[[MutableMapping[str, Any]], Coroutine[Any, Any, None]]

PATH = "/api/v1/whatsapp/webhook"
_BELOW = PATH + "/"
_SIGNATURE = b"x-hub-signature-256"
_LENGTH = b"content-length"
# Where the scope keeps a post that was looked at as a whole: its body and who signed it.
_PROVEN = "webhook_proven"

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


class _Refused(Exception):
    """An answer other than 200; `is_last` when the rest of the post is not read."""

    def __init__(self, status: int, detail: str, error_code: str, *, is_last: bool = False) -> None:
        super().__init__(detail)
        self.status = status
        self.body = orjson.dumps({"detail": detail, "error_code": error_code})
        self.is_last = is_last


_BAD_SIGNATURE = (403, "Invalid signature", "WEBHOOK_INVALID_SIGNATURE")
# Meta keeps it and tries again, for up to 7 days.
_NOT_STORED = (503, "Not stored; send it again", "STORE_UNAVAILABLE")
_ACCIDENT = _Refused(503, "Not stored; send it again", "INTERNAL").body
_REFUSED_AT_ONCE = Refusal(403, _Refused(*_BAD_SIGNATURE).body)


class WebhookEndpoint:
    """GET handshake and POST for /api/v1/whatsapp/webhook and /api/v1/whatsapp/webhook/{app}."""

    def __init__(
        self,
        intake: Intake,
        *,
        max_body_bytes: int,
        bodies: Bodies | None = None,
        body_seconds: float = WHOLE_SECONDS,
    ) -> None:
        self._intake = intake
        self._max_body_bytes = max_body_bytes
        self._bodies = bodies or Bodies()
        self._body_seconds = body_seconds
        self._slow_lane = SlowLane()
        self._received = _posts.labels("200")
        self._refused = _posts.labels("403")

    def serves(self, path: str) -> bool:
        """Whether a path is the webhook's."""
        return path == PATH or (path.startswith(_BELOW) and "/" not in path[len(_BELOW) :])

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Coroutine[Any, Any, None]:
        """Answer one request."""
        app = scope["path"][len(_BELOW) :] or None
        if scope["method"] == "POST":
            return self._post(scope, receive, send, app)
        if scope["method"] == "GET":
            return self._shake_hands(scope, send, app)
        return _answer(send, 405, b'{"detail":"Use GET or POST","error_code":"METHOD_NOT_ALLOWED"}', allow=b"GET, POST")

    async def _shake_hands(self, scope: Scope, send: Send, app: str | None) -> None:
        try:
            tokens = await self._intake.verify_tokens(app=app)
            answer = answer_handshake(_query_of(scope), tokens)
        except Unavailable:
            await _answer(send, 503, b'{"detail":"Try again","error_code":"STORE_UNAVAILABLE"}')
            return
        except Exception as error:
            await _answer(send, 500, bytes(accident(scope["method"], error).body))
            return
        if answer.error_code is None:
            # Plain text that browsers must not take for markup: the challenge is echoed.
            await _answer(send, 200, answer.body.encode(), content_type=b"text/plain; charset=utf-8")
        else:
            body = orjson.dumps({"detail": answer.body, "error_code": answer.error_code})
            await _answer(send, answer.status, body)

    def refuse_at_once(self, scope: Scope, body: bytearray) -> Refusal | None:
        """Look at a whole request (http/connection.py): the refusal of a post that nobody signed, None for all else.

        What is proven is kept for `_post`: nothing is read or hashed twice. Large bodies are hashed in their turn.
        """
        if scope["method"] != "POST" or len(body) > SMALL_BYTES or not self.serves(scope["path"]):
            return None
        signature = _signature_in(scope)
        if signature is not None:
            app = scope["path"][len(_BELOW) :] or None
            signed_by = self._intake.signers_at_once(body, signature, app=app)
            if signed_by:
                scope[_PROVEN] = (bytes(body), signed_by)
            if signed_by is None or signed_by:
                return None
        self._refused.inc()
        return _REFUSED_AT_ONCE

    async def _post(self, scope: Scope, receive: Receive, send: Send, app: str | None) -> None:
        try:
            proven = scope.get(_PROVEN)
            if proven is not None:
                await self._store(*proven)
            else:
                await self._accept(scope, receive, app)
        except _Refused as refused:
            _posts.labels(str(refused.status)).inc()
            await _answer(send, refused.status, refused.body, is_last=refused.is_last)
        except Exception as error:
            _log.exception("webhook_failed", error=type(error).__name__)
            _posts.labels("503").inc()
            await _answer(send, 503, _ACCIDENT, is_last=True)
        else:
            self._received.inc()
            await send({"type": "http.response.start", "status": 200, "headers": _RECEIVED_HEADERS})
            await send({"type": "http.response.body", "body": _RECEIVED})

    async def _accept(self, scope: Scope, receive: Receive, app: str | None) -> None:
        signature = self._signature_of(scope)
        coming = Body(self._bodies, receive, self._max_body_bytes)
        try:
            body = await self._whole(coming, scope)
            if len(body) <= SMALL_BYTES:
                await self._take(body, signature, app)
                return
            async with self._slow_lane:
                await self._take(body, signature, app)
        finally:
            coming.close()

    async def _take(self, body: bytes, signature: bytes, app: str | None) -> None:
        try:
            signed_by = await self._intake.signers(body, signature, app=app)
        except Unavailable:
            raise _Refused(*_NOT_STORED) from None
        if not signed_by:
            raise _Refused(*_BAD_SIGNATURE)
        await self._store(body, signed_by)

    async def _store(self, body: bytes, signed_by: tuple[str, ...]) -> None:
        try:
            await self._intake.receive(body, signed_by=signed_by)
        except MalformedBody as error:
            raise _Refused(400, str(error), "WEBHOOK_MALFORMED_BODY") from None
        except Unavailable:
            raise _Refused(*_NOT_STORED) from None

    def _signature_of(self, scope: Scope) -> bytes:
        """Give the one signature of a request whose body is worth reading."""
        signature = _signature_in(scope)
        if signature is None:
            raise _Refused(*_BAD_SIGNATURE, is_last=True)
        length = next((value for name, value in scope["headers"] if name == _LENGTH), b"")
        if length.isdigit() and int(length) > self._max_body_bytes:
            raise self._too_large()
        return signature

    async def _whole(self, body: Body, scope: Scope) -> bytes:
        try:
            return await body.read(seconds=self._body_seconds)
        except TooSlow:
            raise _Refused(408, "The body came too slowly", "WEBHOOK_BODY_TIMEOUT", is_last=True) from None
        except TooLarge:
            raise self._too_large() from None
        except EndedEarly:
            raise _Refused(400, "The body ended early", "WEBHOOK_MALFORMED_BODY", is_last=True) from None
        except Crowded:
            scope[UNWANTED] = True
            await body.wait_to_be_told()
            detail = "Too many large bodies at once; send it again"
            raise _Refused(503, detail, "WEBHOOK_CROWDED", is_last=True) from None

    def _too_large(self) -> _Refused:
        detail = f"The body is larger than {self._max_body_bytes} bytes"
        return _Refused(413, detail, "WEBHOOK_BODY_TOO_LARGE", is_last=True)


def _signature_in(scope: Scope) -> bytes | None:
    """The signature of a request that has exactly one, in Meta's form."""
    signatures = [value for name, value in scope["headers"] if name == _SIGNATURE]
    return signatures[0] if len(signatures) == 1 and header_has_shape(signatures[0]) else None


def _query_of(scope: Scope) -> list[tuple[str, str]]:
    try:
        return parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True, max_num_fields=50)
    except ValueError:  # more fields than anybody who means it would send
        return []


async def _answer(
    send: Send,
    status: int,
    body: bytes,
    *,
    content_type: bytes = _JSON,
    allow: bytes | None = None,
    is_last: bool = False,
) -> None:
    headers = _headers(content_type, body)
    if allow:
        headers.append((b"allow", allow))
    if status == 503:
        headers.append((b"retry-after", b"1"))
    if is_last:
        headers.append((b"connection", b"close"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
