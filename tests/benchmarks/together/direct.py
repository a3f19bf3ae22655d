"""Servers and peers of rooms that share a process: a call is a call, with neither bytes nor sockets between."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any

from services.chassis import errors
from services.chassis.rpc import Certificates, PeerAddress, RpcServer, Servicer
from services.chassis.tenancy import ServiceSigner, TokenVerifier

Handler = Callable[[Any, Any], Any]
Call = Callable[[Any], Awaitable[Any]]

_handlers: dict[str, Handler] = {}
"""Full method path → the servicer's method, of every room built so far."""


class DirectServer(RpcServer):
    """Serves gRPC as usual, for `pytake apply`, and lets the rooms of this process call its methods directly."""

    def __init__(
        self,
        address: str,
        servicers: Sequence[Servicer],
        verifier: TokenVerifier,
        *,
        drain_seconds: float,
        certificates: Certificates | None = None,
    ) -> None:
        super().__init__(address, servicers, verifier, drain_seconds=drain_seconds, certificates=certificates)
        for servicer in servicers:
            servicer.add(servicer.implementation, _Registry())


class _Registry:
    """Takes what a generated adder gives to a server."""

    def add_generic_rpc_handlers(self, handlers: object) -> None:
        """The same methods come by name below."""

    def add_registered_method_handlers(self, service: str, handlers: dict[str, Any]) -> None:
        """Keep them by path."""
        for name, handler in handlers.items():
            _handlers[f"/{service}/{name}"] = handler.unary_unary or handler.unary_stream


class _Context:
    """What servicers look for in a gRPC call's context."""

    def invocation_metadata(self) -> tuple[()]:
        """Nothing comes with a direct call."""
        return ()


class _Channel:
    """What a generated stub asks for its methods."""

    def unary_unary(self, path: str, **_: object) -> Call:
        """A call of the servicer, which may be built later than its caller."""

        def call(request: object) -> Awaitable[Any]:
            return _handlers[path](request, _Context())

        return call

    def unary_stream(self, path: str, **_: object) -> Callable[[object], AsyncIterator[Any]]:
        """A call that is answered piece by piece."""

        def call(request: object) -> AsyncIterator[Any]:
            return _handlers[path](request, _Context())

        return call


class DirectPeer:
    """In place of chassis' Peer; an error of the room reaches its caller as it was raised."""

    def __init__(
        self,
        address: PeerAddress,
        signer: ServiceSigner,
        *,
        is_repeating: bool = True,
        certificates: Certificates | None = None,
    ) -> None:
        self._address = address

    def stub(self, factory: Callable[[Any], Any]) -> Any:
        """A generated stub whose methods are the servicer's."""
        return factory(_Channel())

    async def close(self) -> None:
        """Nothing is open."""

    async def call(self, method: Call, request: object, *, seconds: float) -> Any:
        """Call the method within `seconds`. Raises PytakeError."""
        try:
            async with asyncio.timeout(seconds):
                return await method(request)
        except TimeoutError:
            raise errors.Unavailable(f"{self._address.room} took longer than {seconds:g} s") from None
