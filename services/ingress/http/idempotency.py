"""Idempotency-Key: a repeat of a write gets the first one's answer (draft-ietf-httpapi-idempotency-key-header)."""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.chassis.errors import PermissionDenied, Unauthenticated, Unavailable
from services.chassis.logs import get_logger
from services.ingress.accounts.gate import Gate
from services.ingress.domain.accounts.facts import Caller
from services.ingress.domain.idempotency import (
    MOST_KEY,
    KeptAnswer,
    is_key,
    is_worth_keeping,
    kept_headers,
    key_hash,
    request_hash,
    takes_keys,
)
from services.ingress.domain.limits import LimitReached
from services.ingress.http.limits import note_account, too_much
from services.ingress.http.problems import problem, wrong
from services.ingress.ports.answers import Answers, Held

HEADER = "idempotency-key"
_log = get_logger(__name__)


class RepeatsAnswers:
    """ASGI middleware: it stands inside the guard, so that bodies are bounded, and outside of everything else."""

    def __init__(self, app: ASGIApp, *, answers: Answers, gate: Gate) -> None:
        self._app = app
        self._answers = answers
        self._gate = gate

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        headers = Headers(scope=scope) if scope["type"] == "http" else None
        key = headers.get(HEADER) if headers is not None and takes_keys(scope["method"], scope["path"]) else None
        if headers is None or key is None:
            await self._app(scope, receive, send)
            return
        if not is_key(key):
            message = f"must be 1 to {MOST_KEY} visible ASCII characters"
            found = [{"field": "Idempotency-Key", "message": message}]
            await wrong(f"Idempotency-Key {message}", "VALIDATION_ERROR", found)(scope, receive, send)
            return
        caller = await self._caller(headers)
        if caller is None:  # The refusal is the site's to make.
            await self._app(scope, receive, send)
            return
        await self._answer(scope, receive, send, caller, key)

    async def _answer(self, scope: Scope, receive: Receive, send: Send, caller: Caller, key: str) -> None:
        body, organization_id = await _whole(receive), caller.organization_id
        if body is None:  # The client is gone.
            return
        kept_under = key_hash(subject=caller.subject, permissions=caller.permissions, key=key)
        target = f"{scope['path']}?{scope['query_string'].decode('latin-1')}"
        asked = request_hash(method=scope["method"], target=target, body=body)
        try:
            begun = await self._answers.begin(organization_id=organization_id, key_hash=kept_under, request_hash=asked)
        except Unavailable as error:
            await problem(503, error.sentence, error.code)(scope, receive, send)
            return
        if isinstance(begun, Held):
            await self._work(scope, receive, send, body, caller, kept_under, begun)
            return
        # What is worked on is counted where it is worked on.
        try:
            note_account(Request(scope), await self._gate.count(caller))
        except LimitReached as error:
            await (await too_much(Request(scope), error))(scope, receive, send)
            return
        if isinstance(begun, KeptAnswer):
            headers = dict(begun.headers) | {"idempotency-replayed": "true"}
            await Response(begun.body, begun.status, headers)(scope, receive, send)
        elif begun == "other":
            sentence = "this Idempotency-Key was used with another request; take a new key for a new request"
            found = [{"field": "Idempotency-Key", "message": sentence}]
            await wrong(sentence, "IDEMPOTENCY_KEY_REUSED", found)(scope, receive, send)
        else:
            sentence = "a request with this Idempotency-Key is being worked on; ask again in a second"
            await problem(409, sentence, "IDEMPOTENCY_KEY_IN_USE", {"retry-after": "1"})(scope, receive, send)

    async def _work(
        self, scope: Scope, receive: Receive, send: Send, body: bytes, caller: Caller, kept_under: bytes, held: Held
    ) -> None:
        """Have the request answered, and keep the answer before it is given."""
        heard = _Answer()
        organization_id = caller.organization_id
        try:
            await self._app(scope, _again(body, receive), heard.send)
        finally:
            answer = heard.whole()
            try:
                if answer is not None and is_worth_keeping(answer):
                    await self._answers.keep(
                        organization_id=organization_id, key_hash=kept_under, held=held, answer=answer
                    )
                else:
                    await self._answers.forget(organization_id=organization_id, key_hash=kept_under, held=held)
            except Unavailable:
                # The lease ends by itself; what was done was done.
                _log.error("answer_not_kept", subject=caller.subject)
        for message in heard.messages:
            await send(message)

    async def _caller(self, headers: Headers) -> Caller | None:
        scheme, _, credential = headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            credential = headers.get("x-api-key", "")
        try:
            return await self._gate.identify(credential.strip())
        except (Unauthenticated, PermissionDenied, Unavailable):
            return None


class _Answer:
    """An answer as the site gives it."""

    def __init__(self) -> None:
        self.messages: list[Message] = []

    async def send(self, message: Message) -> None:
        self.messages.append(message)

    def whole(self) -> KeptAnswer | None:
        """The answer; None when it broke off."""
        if not self.messages or self.messages[-1].get("more_body", False):
            return None
        begun, *pieces = self.messages
        headers = [(name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in begun["headers"]]
        return KeptAnswer(begun["status"], kept_headers(headers), b"".join(each.get("body", b"") for each in pieces))


async def _whole(receive: Receive) -> bytes | None:
    pieces: list[bytes] = []
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return None
        pieces.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(pieces)


def _again(body: bytes, receive: Receive) -> Receive:
    """The request's body, and then what else comes: that the client leaves."""
    is_given = False

    async def again() -> Message:
        nonlocal is_given
        if is_given:
            return await receive()
        is_given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again
