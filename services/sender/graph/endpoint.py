"""Where requests go, and the bytes they are made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote, urlencode, urlsplit

_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A base like https://graph.facebook.com/v26.0, taken apart; `authority` is what the Host header says."""

    host: str
    port: int
    is_tls: bool
    authority: str
    path: str

    @staticmethod
    def parse(base: str) -> Endpoint:
        """Read a base. Raises ValueError."""
        parts = urlsplit(base)
        if parts.scheme not in _PORTS or not parts.hostname:
            raise ValueError("it must begin with https:// or http:// and name a host")
        if parts.query or parts.fragment or parts.username is not None:
            raise ValueError("it may hold a host, a port and a path, nothing else")
        if not (base.isascii() and base.isprintable()) or " " in base:
            raise ValueError("it may hold printable ASCII only")
        return Endpoint(
            parts.hostname,
            parts.port or _PORTS[parts.scheme],
            parts.scheme == "https",
            parts.netloc,
            parts.path.rstrip("/"),
        )

    def post(self, phone_number_id: str, token: str, body: bytes) -> bytes:
        """The whole request that posts a message. Raises ValueError when the token fits in no header."""
        head = (
            f"POST {self.path}/{quote(phone_number_id, safe='')}/messages HTTP/1.1\r\n{self._headers(token)}"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body

    def get(self, path: Sequence[str], query: Mapping[str, str], token: str) -> bytes:
        """The whole request that asks for something below the base. Raises ValueError as `post`."""
        below = "/".join(quote(part, safe="") for part in path)
        asked = "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in query.items())
        return f"GET {self.path}/{below}?{asked} HTTP/1.1\r\n{self._headers(token)}\r\n".encode()

    def manage(
        self, method: str, path: Sequence[str], token: str, query: Mapping[str, str], body: bytes = b""
    ) -> bytes:
        """The whole request of a call beside messages. Raises ValueError as `post`."""
        target = "/".join([self.path, *(quote(part, safe="") for part in path)])
        asked = f"{target}?{urlencode(query)}" if query else target
        content = f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n" if method == "POST" else ""
        return f"{method} {asked} HTTP/1.1\r\n{self._headers(token)}{content}\r\n".encode() + body

    def _headers(self, token: str) -> str:
        # A line end in a token would begin a header of the token's own.
        if not token.isprintable():
            raise ValueError("the access token holds a sign that no header may hold")
        # Nothing is unpacked here, so nothing packed is asked for.
        return (
            f"Host: {self.authority}\r\nUser-Agent: PyTake\r\nAccept: */*\r\nAccept-Encoding: identity\r\n"
            f"Authorization: Bearer {token}\r\n"
        )
