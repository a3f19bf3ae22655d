"""Channels to a peer room: in clear text, or encrypted and renewed when certificates are."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from grpc import aio

from services.chassis.logs import get_logger
from services.chassis.rpc.certificates import Certificates

ChannelOptions = Sequence[tuple[str, Any]]

# How long calls on a channel with an old certificate may go on.
_FAREWELL_SECONDS = 30.0

_log = get_logger(__name__)


class Line(Protocol):
    """What generated stubs need of a channel, and its end."""

    def unary_unary(self, method: str, *codec: Any, **named: Any) -> Any:
        """A callable for a method with one response."""

    def unary_stream(self, method: str, *codec: Any, **named: Any) -> Any:
        """A callable for a method with a stream of responses."""

    async def close(self) -> None:
        """End it, and every call on it."""


def open_line(target: str, room: str, options: ChannelOptions, certificates: Certificates | None) -> Line:
    """A line to a room. Encrypted, it accepts only a peer whose certificate has the DNS name `room`."""
    if certificates is None:
        return aio.insecure_channel(target, options=options)
    return _Encrypted(target, (*options, ("grpc.ssl_target_name_override", room)), certificates)


class _Encrypted:
    """Stands for a channel in stubs; underneath there is a new channel when the certificate's files are replaced.

    gRPC reads a channel's certificate once, and certificates of a cluster are renewed every few weeks.
    """

    def __init__(self, target: str, options: ChannelOptions, certificates: Certificates) -> None:
        self._target = target
        self._options = options
        self._certificates = certificates
        self._watch = certificates.watch()
        self._channel = self._open()
        self._callables: dict[str, Any] = {}
        self._farewells: set[asyncio.Task[None]] = set()

    def unary_unary(self, method: str, *codec: Any, **named: Any) -> Any:
        """As a channel's."""
        return self._following(method, lambda channel: channel.unary_unary(method, *codec, **named))

    def unary_stream(self, method: str, *codec: Any, **named: Any) -> Any:
        """As a channel's."""
        return self._following(method, lambda channel: channel.unary_stream(method, *codec, **named))

    async def close(self) -> None:
        """End what is open, old channels too."""
        for farewell in self._farewells:
            farewell.cancel()
        await asyncio.gather(*self._farewells, return_exceptions=True)
        await self._channel.close()

    def _following(self, method: str, make: Callable[[aio.Channel], Any]) -> Any:
        def call(request: Any, **options: Any) -> Any:
            self._renew()
            if method not in self._callables:
                self._callables[method] = make(self._channel)
            return self._callables[method](request, **options)

        return call

    def _open(self) -> aio.Channel:
        return aio.secure_channel(self._target, self._certificates.for_channel(), options=self._options)

    def _renew(self) -> None:
        if not self._watch.has_changed():
            return
        try:
            fresh = self._open()
        except (OSError, ValueError) as error:
            # Half replaced: the rest of the files is a change as well.
            _log.warning("certificates_unreadable", target=self._target, error=error)
            return
        old, self._channel = self._channel, fresh
        self._callables.clear()
        farewell = asyncio.get_running_loop().create_task(old.close(_FAREWELL_SECONDS))
        self._farewells.add(farewell)
        farewell.add_done_callback(self._farewells.discard)
