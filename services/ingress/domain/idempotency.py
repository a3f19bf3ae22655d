"""Writes that may be repeated under a key of the caller's: what makes two requests one, and what is kept."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass

MOST_KEY = 255
KEEP_HOURS = 24
"""For so long an answer is given again."""
LEASE_SECONDS = 60
"""After so long without an answer the process that worked on a request is taken for dead."""
MOST_ANSWER_BYTES = 2 * 1024 * 1024
"""A larger answer is not kept: a repeat is worked on again."""

_WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})
# Their answers tell secrets once, which are kept nowhere; names make them unique anyhow. Meta's webhooks have keys of
# their own. An export changes nothing, and is too long to be held before it is given.
_WITHOUT_KEYS = (
    "/api/v1/auth/",
    "/api/v1/api-keys",
    "/api/v1/conversations/export",
    "/api/v1/invitations",
    "/api/v1/webhooks",
    "/api/v1/whatsapp/webhook",
)
_KEPT_HEADERS = frozenset({"content-type", "etag", "location"})


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """An answer as it was given."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


def takes_keys(method: str, path: str) -> bool:
    """Whether an Idempotency-Key means anything there."""
    return method in _WRITES and path.startswith("/api/v1/") and not path.startswith(_WITHOUT_KEYS)


def is_key(text: str) -> bool:
    """Whether it is a key: visible ASCII, as structured headers have it, with or without quotes."""
    return 0 < len(text) <= MOST_KEY and text.isascii() and text.isprintable()


def key_hash(*, subject: str, permissions: Collection[str], key: str) -> bytes:
    """What a key is kept under: who may less than the first one to use it does not see the answer."""
    return _digest(subject, " ".join(sorted(permissions)), key)


def request_hash(*, method: str, target: str, body: bytes) -> bytes:
    """What must be the same for a repeat to be one."""
    return _digest(method, target, hashlib.sha256(body).hexdigest())


def is_worth_keeping(answer: KeptAnswer) -> bool:
    """Whether a repeat is to get it: what was refused may well succeed when it is asked for again."""
    return 200 <= answer.status < 300 and len(answer.body) <= MOST_ANSWER_BYTES


def kept_headers(headers: Collection[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Those headers that are a part of the answer; others are of the moment."""
    return tuple((name, value) for name, value in headers if name in _KEPT_HEADERS)


def _digest(*parts: str) -> bytes:
    digest = hashlib.sha256()
    for part in parts:
        text = part.encode(errors="surrogatepass")
        digest.update(len(text).to_bytes(8, "big"))
        digest.update(text)
    return digest.digest()
