"""Which addresses may be called: only those that the Internet routes to one owner who is not us.

The tables are IANA's registries of special-purpose addresses (IPv4 and IPv6, as of 2025) and of multicast. Python's own
(`ipaddress.is_global`) takes 192.0.0.8, 192.88.99.1, 64:ff9b:1::1, 2002::1, fec0::1 and all multicast for global. Also
those entries are refused that IANA calls global: they are relays and sinks, and nobody's website.
"""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network
from typing import TypeAlias

Address: TypeAlias = IPv4Address | IPv6Address
Network: TypeAlias = IPv4Network | IPv6Network

_SPECIAL_IPV4 = {
    "0.0.0.0/8": "this network",
    "10.0.0.0/8": "private use",
    "100.64.0.0/10": "shared by carriers and clouds",
    "127.0.0.0/8": "this machine",
    "168.63.129.16/32": "a cloud's own service, though public by number",
    "169.254.0.0/16": "link-local, where clouds keep credentials",
    "172.16.0.0/12": "private use",
    "192.0.0.0/24": "protocol assignments",
    "192.0.2.0/24": "documentation",
    "192.31.196.0/24": "AS112",
    "192.52.193.0/24": "multicast relays",
    "192.88.99.0/24": "6to4 relays",
    "192.168.0.0/16": "private use",
    "192.175.48.0/24": "AS112",
    "198.18.0.0/15": "benchmarks",
    "198.51.100.0/24": "documentation",
    "203.0.113.0/24": "documentation",
    "224.0.0.0/4": "multicast",
    "240.0.0.0/4": "reserved, and broadcast",
}
_SPECIAL_IPV6 = {
    "::/128": "unspecified",
    "::1/128": "this machine",
    "::/96": "an IPv4 address in disguise",
    "::ffff:0:0/96": "an IPv4 address in disguise",
    "64:ff9b::/96": "an IPv4 address behind NAT64",
    "64:ff9b:1::/48": "an IPv4 address behind NAT64",
    "100::/64": "discarded",
    "100:0:0:1::/64": "a dummy prefix",
    "2001::/23": "protocol assignments, Teredo among them",
    "2001:db8::/32": "documentation",
    "2002::/16": "an IPv4 address behind 6to4",
    "2620:4f:8000::/48": "AS112",
    "3fff::/20": "documentation",
    "5f00::/16": "segment routing",
    "fc00::/7": "private use",
    "fe80::/10": "link-local",
    "fec0::/10": "site-local",
    "ff00::/8": "multicast",
}
_IPV4 = tuple((IPv4Network(network), use) for network, use in _SPECIAL_IPV4.items())
_IPV6 = tuple((IPv6Network(network), use) for network, use in _SPECIAL_IPV6.items())
# The only block from which addresses are given to anybody (RFC 4291, section 2.4; IANA, "IPv6 address space").
_GLOBAL_UNICAST = IPv6Network("2000::/3")


def why_forbidden(address: Address, allowed: Sequence[Network] = ()) -> str | None:
    """What an address is for, if it may not be called; None if it may. `allowed` networks may, whatever they are."""
    if any(address in network for network in allowed):
        return None
    if isinstance(address, IPv4Address):
        return next((use for network, use in _IPV4 if address in network), None)
    use = next((use for network, use in _IPV6 if address in network), None)
    return use or (None if address in _GLOBAL_UNICAST else "given to nobody")


def ports_of(text: str) -> frozenset[int]:
    """Read ports such as "80, 443, 8000-8099". Raises ValueError with the mend."""
    ports: set[int] = set()
    for part in filter(None, (part.strip() for part in text.split(","))):
        first, _, last = part.partition("-")
        if not (first.isdigit() and (last or first).isdigit() and 0 < int(first) <= int(last or first) < 65536):
            raise ValueError(f"{part!r} is no port; write it like 443, or like 8000-8099")
        ports.update(range(int(first), int(last or first) + 1))
    return frozenset(ports)


def networks_of(text: str) -> tuple[Network, ...]:
    """Read networks such as "10.20.0.0/16, fd12::/32". Raises ValueError with the mend."""
    networks = []
    for part in filter(None, (part.strip() for part in text.split(","))):
        try:
            networks.append(ip_network(part))
        except ValueError:
            raise ValueError(
                f"{part!r} is no network; write it like 10.20.0.0/16, with zeros behind the prefix"
            ) from None
    return tuple(networks)
