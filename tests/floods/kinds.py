"""The kinds of flood: what is sent over how many connections, how fast, and what must become of it."""

from __future__ import annotations

import hashlib
import hmac
import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

PATH = "/api/v1/whatsapp/webhook"
SECRET = "floods-secret"
# A number that belongs to nobody, so that every row a flood makes can be told from the others.
NUMBER = "999000999000"
MIB = 1024 * 1024

Manner = Literal["requests", "drips"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of flood.

    `make` gives one whole request. In the manner of "drips" a connection sends the request `step` bytes a second,
    beginning at `begins` bytes. `per_second` is what is offered in all, 0 for as many as are answered. `stores` says
    whether a body of this kind may be stored: it is signed.
    """

    name: str
    make: Callable[[], bytes]
    connections: int
    per_second: int = 0
    manner: Manner = "requests"
    is_fresh: bool = False
    step: int = 1
    begins: int = 0
    stores: bool = False


def request_of(body: bytes, *headers: tuple[str, str], length: int | None = None) -> bytes:
    """One POST as Meta makes it."""
    lines = [f"POST {PATH} HTTP/1.1", "Host: house", "User-Agent: flood", "Content-Type: application/json"]
    lines += [f"{name}: {value}" for name, value in headers]
    lines.append(f"Content-Length: {len(body) if length is None else length}")
    return "\r\n".join([*lines, "", ""]).encode() + body


def forged(body: bytes) -> bytes:
    """A request whose signature has the right form and is wrong."""
    return request_of(body, ("X-Hub-Signature-256", f"sha256={random.getrandbits(256):064x}"))


def signed(body: bytes) -> bytes:
    """A request that the house must believe."""
    digest = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    return request_of(body, ("X-Hub-Signature-256", f"sha256={digest}"))


def one_text(text: str = "forged") -> bytes:
    """A webhook of one text."""
    number = random.getrandbits(40)
    message = {"from": f"5599{number:013}", "id": f"wamid.flood.{number}", "timestamp": "1772630311"}
    return _body({"messages": [message | {"type": "text", "text": {"body": text}}]})


def many_statuses(count: int = 1000) -> bytes:
    """A webhook of so many statuses, as Meta gathers them."""
    first = random.getrandbits(40)
    return _body(
        {
            "statuses": [
                {
                    "id": f"wamid.flood.{first + place}",
                    "status": "delivered",
                    "timestamp": "1772630311",
                    "recipient_id": f"5599{(first + place) % 10**9:09}",
                }
                for place in range(count)
            ]
        }
    )


def deep(levels: int = 100_000) -> bytes:
    """A webhook with so many arrays inside each other."""
    return _body({"messages": "HERE"}).replace(b'"HERE"', b"[" * levels + b"]" * levels)


def _body(content: dict[str, object]) -> bytes:
    value = {"messaging_product": "whatsapp", "metadata": {"phone_number_id": NUMBER}, **content}
    document = {"object": "whatsapp_business_account", "entry": [{"id": "9", "changes": [_change(value)]}]}
    return json.dumps(document).encode()


def _change(value: dict[str, object]) -> dict[str, object]:
    return {"field": "messages", "value": value}


def _large() -> bytes:
    return one_text("x" * (3 * MIB - 400))


def _headers() -> bytes:
    return request_of(b"{}", *((f"X-Filler-{place}", "x" * 1000) for place in range(200)))


KINDS = (
    Kind(name="forged", make=lambda: forged(one_text()), connections=64, per_second=5000),
    Kind(name="forged-fresh", make=lambda: forged(one_text()), connections=64, is_fresh=True),
    Kind(name="unsigned-3mib", make=lambda: request_of(_large()), connections=8),
    Kind(name="forged-3mib", make=lambda: forged(_large()), connections=8),
    Kind(name="signed-3mib", make=lambda: signed(_large()), connections=8, stores=True),
    Kind(name="forged-1000", make=lambda: forged(many_statuses()), connections=8),
    Kind(name="signed-1000", make=lambda: signed(many_statuses()), connections=4, stores=True),
    Kind(name="forged-deep", make=lambda: forged(deep()), connections=16),
    Kind(name="signed-deep", make=lambda: signed(deep()), connections=16),
    Kind(name="headers", make=_headers, connections=16),
    Kind(name="slow-bodies", make=lambda: forged(_large()), connections=400, manner="drips", begins=300_000),
    Kind(name="slow-heads", make=lambda: forged(one_text()), connections=400, manner="drips", begins=20),
)
"""Every kind, in the order in which they are run."""
