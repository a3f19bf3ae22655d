"""Whose address a client's is, for limits."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv6Address, IPv6Network, ip_address

_LONGEST = 64


def client_of(peer: str, forwarded: Sequence[str], *, trusted_proxies: int) -> str:
    """The client's address: the peer's own, or what the outermost trusted proxy wrote into X-Forwarded-For.

    Every proxy appends whom it heard; what stands to the left of our own proxies' entries, anybody may have written.
    """
    heard = [part.strip() for line in forwarded for part in line.split(",")]
    if not trusted_proxies or len(heard) < trusted_proxies:
        return network_of(peer)
    return network_of(heard[-trusted_proxies])


def network_of(address: str) -> str:
    """What one client has: an IPv4 address, or the /64 around an IPv6 one, in which nobody runs out of addresses."""
    try:
        parsed = ip_address(address.strip("[]"))
    except ValueError:
        return address[:_LONGEST]
    if not isinstance(parsed, IPv6Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(IPv6Network((parsed, 64), strict=False))
