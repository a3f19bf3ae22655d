"""A name is looked up once, all it leads to is checked, and only what was checked is dialled.

A name whose answer changes between check and dial (DNS rebinding) gains nothing: the dial is by address. The request
keeps the name: it stands in the Host header, and certificates are checked against it.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterable, Sequence
from ipaddress import ip_address

import httpcore
from httpcore import AsyncNetworkBackend, AsyncNetworkStream

from services.chassis.egress.addresses import Address, Network, why_forbidden
from services.chassis.egress.refusals import Forbidden, NoAnswer, Unreachable

# Of a name with many addresses so many are tried.
MOST_DIALLED = 4

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""The addresses of a name, as texts. Raises OSError."""


async def system_addresses(host: str, port: int) -> Sequence[str]:
    """Ask the system's resolver."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    return [str(entry[4][0]) for entry in found]


class CheckedDialler(AsyncNetworkBackend):
    """httpcore's way to the network, in front of the true one."""

    def __init__(self, *, resolve: Resolve, network: AsyncNetworkBackend, allowed: Sequence[Network]) -> None:
        self._resolve = resolve
        self._network = network
        self._allowed = tuple(allowed)

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> AsyncNetworkStream:
        """Dial the first address that answers. Raises Forbidden, NoAnswer or what httpcore raises."""
        addresses = await self._addresses(host, port)
        *before, last = addresses[:MOST_DIALLED]
        for address in before:
            try:
                return await self._network.connect_tcp(str(address), port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                continue
        return await self._network.connect_tcp(str(last), port, timeout, local_address, socket_options)

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> AsyncNetworkStream:
        """Sockets of this machine are nobody's business."""
        raise Forbidden("sockets of this machine may not be called")

    async def sleep(self, seconds: float) -> None:
        """What httpcore does between two tries."""
        await self._network.sleep(seconds)

    async def _addresses(self, host: str, port: int) -> Sequence[Address]:
        addresses = list(dict.fromkeys([_literal(text) for text in await self._texts(host, port)]))
        if not addresses:
            raise NoAnswer(f"the name {host} has no address")
        for address in addresses:
            use = why_forbidden(address, self._allowed)
            # One bad address among good ones: whoever answers for the name means no good.
            if use is not None:
                raise Forbidden(f"{host} leads to an address that may not be called ({use})")
        return addresses

    async def _texts(self, host: str, port: int) -> Sequence[str]:
        try:
            ip_address(host)
        except ValueError:
            pass
        else:
            return [host]
        try:
            return await self._resolve(host, port)
        except (OSError, UnicodeError) as error:
            raise Unreachable(f"the name {host} cannot be found") from error


def _literal(text: str) -> Address:
    try:
        return ip_address(text)
    except ValueError:
        raise NoAnswer("the name leads to something that is no address") from None
