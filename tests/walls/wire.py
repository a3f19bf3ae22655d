"""Calls between rooms in one process: the generated stubs and handlers of gRPC, and no connection between them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import aclosing
from math import inf
from typing import Any, TypeVar

from google.protobuf.message import Message

from services.chassis.rpc import Servicer, called_by
from services.chassis.tenancy import Principal

Stub = TypeVar("Stub")

_OPERATOR = Principal("operator", None, None, inf, "svc:operator", frozenset())


def is_common(service: str) -> bool:
    """Whether every room serves it: then its methods are told apart by the room."""
    return service.startswith("pytake.common.")


class Call:
    """What a handler is told about a call: nothing, as when it comes the first time."""

    def invocation_metadata(self) -> None:
        return None


class Wire:
    """Stands where the generated code expects a server, and where it expects a channel."""

    def __init__(self) -> None:
        self._handlers: dict[str, Any] = {}
        self._room = ""

    def serve(self, room: str, servicers: Iterable[Servicer]) -> None:
        """Answer for these services of a room."""
        self._room = room
        for servicer in servicers:
            servicer.add(servicer.implementation, self)

    @property
    def paths(self) -> frozenset[str]:
        """Every method that is served (requests.declared)."""
        return frozenset(self._handlers)

    async def call(self, path: str, request: Message) -> Any:
        """The response, through the bytes both are on the wire. Raises what the handler raises."""
        handler = self._handlers[path]
        # Who calls was checked where there is a server; here everybody may what the method is for.
        called_by(_OPERATOR)
        received = handler.request_deserializer(request.SerializeToString())
        if handler.unary_stream is not None:
            # Of a stream the first answer: what comes later depends on time.
            async with aclosing(handler.unary_stream(received, Call())) as answers:
                return await anext(answers)
        return await handler.unary_unary(received, Call())

    def add_generic_rpc_handlers(self, handlers: object) -> None:
        """The same handlers come by name, too."""

    def add_registered_method_handlers(self, service: str, handlers: Mapping[str, Any]) -> None:
        """What generated code calls to serve."""
        at_room = f"@{self._room}" if is_common(service) else ""
        self._handlers |= {f"/{service}/{name}{at_room}": handler for name, handler in handlers.items()}

    def unary_unary(self, path: str, **_: object) -> Callable[..., Awaitable[Any]]:
        """What generated stubs call to make a method."""

        async def method(request: Message, **__: object) -> Any:
            return await self.call(path, request)

        return method

    # A stub is made whole; no room of this world reads another's stream.
    unary_stream = unary_unary


class Neighbour:
    """A room as another room sees it (services.chassis.rpc.Peer)."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def stub(self, factory: Callable[[Any], Stub]) -> Stub:
        return factory(self._wire)

    async def call(self, method: Callable[..., Awaitable[Any]], request: Message, *, seconds: float) -> Any:
        return await method(request, timeout=seconds)

    async def close(self) -> None:
        """There is nothing to close."""
