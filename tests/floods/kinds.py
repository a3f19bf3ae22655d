"""The kinds of flood: what is sent over how many connections, how fast, and what must become of it."""

from __future__ import annotations

import hashlib
import hmac
import json
import random
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

PATH = "/api/v1/whatsapp/webhook"
SECRET = "floods-secret"
MIB = 1024 * 1024

Manner = Literal["requests", "drips"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of flood.

    `make` gives one whole request for a number, and `answers` are the statuses it may get. `per_second` is what is
    offered in all, 0 for as many as are answered; `is_fresh` opens a connection for each. In the manner of "drips" a
    connection sends `begins` bytes of the request at once and one a second from then on.
    """

    name: str
    make: Callable[[str], bytes]
    connections: int
    answers: tuple[str, ...]
    per_second: int = 0
    manner: Manner = "requests"
    is_fresh: bool = False
    begins: int = 0

    @property
    def number(self) -> str:
        """A number that belongs to nobody, so that every row a flood makes can be told from all others."""
        return str(999_000_000_000 + zlib.crc32(self.name.encode()))

    @property
    def may_store(self) -> bool:
        """Whether a body of this kind may be stored: it is signed, and well-formed."""
        return "200" in self.answers


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


def one_text(number: str, text: str = "forged") -> bytes:
    """A webhook of one text."""
    serial = random.getrandbits(40)
    message = {"from": f"5599{serial:013}", "id": f"wamid.flood.{serial}", "timestamp": "1772630311"}
    return _body(number, {"messages": [message | {"type": "text", "text": {"body": text}}]})


def many_statuses(number: str, count: int = 1000) -> bytes:
    """A webhook of so many statuses, as Meta gathers them."""
    first = random.getrandbits(40)
    return _body(
        number,
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
        },
    )


def deep(number: str, levels: int = 100_000) -> bytes:
    """A webhook with so many arrays inside each other."""
    return _body(number, {"messages": "HERE"}).replace(b'"HERE"', b"[" * levels + b"]" * levels)


def _body(number: str, content: dict[str, object]) -> bytes:
    value = {"messaging_product": "whatsapp", "metadata": {"phone_number_id": number}, **content}
    document = {"object": "whatsapp_business_account", "entry": [{"id": "9", "changes": [_change(value)]}]}
    return json.dumps(document).encode()


def _change(value: dict[str, object]) -> dict[str, object]:
    return {"field": "messages", "value": value}


def large(number: str) -> bytes:
    """A webhook of three MiB, most of it one text."""
    return one_text(number, "x" * (3 * MIB - 400))


def _large(number: str) -> bytes:
    return forged(large(number))


def _one(number: str) -> bytes:
    return forged(one_text(number))


def _headers(_: str) -> bytes:
    return request_of(b"{}", *((f"X-Filler-{place}", "x" * 1000) for place in range(200)))


_SLOW = ("408", "503")

KINDS = (
    Kind(name="forged", make=_one, connections=64, per_second=5000, answers=("403",)),
    Kind(name="forged-fresh", make=_one, connections=64, is_fresh=True, answers=("403",)),
    Kind(name="unsigned-3mib", make=lambda number: request_of(large(number)), connections=8, answers=("403",)),
    Kind(name="forged-3mib", make=_large, connections=8, answers=("403", "503")),
    Kind(name="signed-3mib", make=lambda number: signed(large(number)), connections=8, answers=("200", "503")),
    Kind(name="forged-1000", make=lambda number: forged(many_statuses(number)), connections=8, answers=("403",)),
    Kind(name="signed-1000", make=lambda number: signed(many_statuses(number)), connections=4, answers=("200",)),
    Kind(name="forged-deep", make=lambda number: forged(deep(number)), connections=16, answers=("403",)),
    Kind(name="signed-deep", make=lambda number: signed(deep(number)), connections=16, answers=("400",)),
    Kind(name="headers", make=_headers, connections=16, answers=("431",)),
    Kind(
        name="slow-bodies", make=_large, connections=400, manner="drips", begins=20_000,
        answers=_SLOW,
    ),
    # More than fits into memory, so that those who came first have to go, and come again.
    Kind(
        name="hoards", make=_large, connections=400, manner="drips", begins=300_000, answers=_SLOW,
    ),
    Kind(
        name="slow-heads", make=_one, connections=400, manner="drips", begins=20,
        answers=_SLOW,
    ),
)  # fmt: skip
"""Every kind, in the order in which they are run."""
