"""URLs as authors write them, read in one way only: whatever another reader could take differently is refused."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from urllib.parse import quote

from services.chassis.egress.addresses import Address
from services.chassis.egress.refusals import Forbidden

MOST_URL = 4096
_PORTS = {"http": 80, "https": 443}
_URL = re.compile(r"(https?)://([^/?#]*)([^#]*)(?:#.*)?", re.IGNORECASE | re.DOTALL)
_AUTHORITY = re.compile(r"(\[[0-9a-f:.]+\]|[^:\[\]@]*)(?::([1-9][0-9]{0,4}))?", re.IGNORECASE)
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
# What ends in a number other programs take for an IPv4 address, in decimal, octal or hexadecimal (WHATWG URL, 3.5).
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
# What may stand in a path and query as it is (RFC 3986); a percent sign is taken to be an escape already.
_SAFE = "/?:@!$&'()*+,;=-._~%[]"


@dataclass(frozen=True, slots=True)
class Target:
    """Where a request goes. `host` is a name in lower case, or `address` as text."""

    scheme: str
    host: str
    port: int
    path: str
    address: Address | None

    @property
    def authority(self) -> str:
        """What the Host header says."""
        host = f"[{self.host}]" if isinstance(self.address, IPv6Address) else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def origin(self) -> tuple[str, str, int]:
        """Scheme, host and port: who gets what was meant for it."""
        return self.scheme, self.host, self.port

    @property
    def url(self) -> str:
        """All of it, as one text."""
        return f"{self.scheme}://{self.authority}{self.path}"


def read_target(url: str, ports: Collection[int]) -> Target:
    """Read a URL. Raises Forbidden with the mend."""
    if len(url) > MOST_URL:
        raise Forbidden(f"the URL has {len(url)} characters; at most {MOST_URL} are allowed")
    if any(sign < " " or sign == "\x7f" for sign in url) or "\\" in url:
        raise Forbidden("the URL holds a control character or a backslash; remove it")
    parts = _URL.fullmatch(url)
    if parts is None:
        raise Forbidden("the URL must begin with https:// or http://")
    scheme, rest = parts[1].lower(), parts[3]
    host, address, port = _read_authority(parts[2], _PORTS[scheme])
    if port not in ports:
        raise Forbidden(f"port {port} may not be called; use 443 or 80")
    path = quote(rest if rest.startswith("/") else f"/{rest}", safe=_SAFE)
    return Target(scheme, host, port, path, address)


def _read_authority(authority: str, usual_port: int) -> tuple[str, Address | None, int]:
    if "@" in authority:
        raise Forbidden("the URL holds a user name; put credentials into a header")
    if not authority.isascii():
        raise Forbidden("the host holds a letter beyond ASCII; write it in its ASCII form, which begins with xn--")
    parts = _AUTHORITY.fullmatch(authority)
    if parts is None:
        raise Forbidden("the URL must name a host, and a port only in digits")
    port = int(parts[2]) if parts[2] else usual_port
    if parts[1].startswith("["):
        address: Address = _read_ipv6(parts[1][1:-1])
        return str(address), address, port
    host = parts[1].lower()
    labels = host.split(".")
    if _NUMBER.fullmatch(labels[-1]):
        address = _read_ipv4(host)
        return str(address), address, port
    if len(host) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise Forbidden("the host is no name; write it like api.example.com")
    return host, None, port


def _read_ipv4(host: str) -> IPv4Address:
    try:
        return IPv4Address(host)
    except AddressValueError:
        raise Forbidden("the host is a number; write an IPv4 address as four decimal numbers with dots") from None


def _read_ipv6(host: str) -> IPv6Address:
    try:
        return IPv6Address(host)
    except AddressValueError:
        raise Forbidden("the host is no IPv6 address") from None
