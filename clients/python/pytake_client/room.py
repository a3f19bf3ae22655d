"""One service of a house, for one token."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterable, Iterator
from types import TracebackType
from typing import Any, TypeVar

import grpc
from google.rpc import error_details_pb2
from grpc_status import rpc_status

Response = TypeVar("Response")
Stub = TypeVar("Stub")


class Refused(Exception):
    """A call that was refused; `reason` is a value of pytake.common.v1.ErrorReason without its prefix, or empty.

    UNAVAILABLE means that nothing was changed: the same call may succeed later.
    """

    def __init__(self, code: grpc.StatusCode, reason: str, sentence: str) -> None:
        super().__init__(f"{reason or code.name}: {sentence}")
        self.code = code
        self.reason = reason
        self.sentence = sentence


class Room:
    """A channel to a service. `token` is a text, or a function that gives one: tokens live 15 minutes.

    With `root_certificates` (PEM) the connection is encrypted; `private_key` and `certificate_chain` are shown where
    the house asks for a certificate.
    """

    def __init__(
        self,
        target: str,
        token: str | Callable[[], str],
        *,
        seconds: float = 10.0,
        root_certificates: bytes | None = None,
        private_key: bytes | None = None,
        certificate_chain: bytes | None = None,
    ) -> None:
        self._token = token
        self._seconds = seconds
        # grpc honours http_proxy even for 127.0.0.1.
        options = (("grpc.enable_http_proxy", 0),)
        if root_certificates is None:
            self._channel = grpc.insecure_channel(target, options=options)
        else:
            credentials = grpc.ssl_channel_credentials(root_certificates, private_key, certificate_chain)
            self._channel = grpc.secure_channel(target, credentials, options=options)

    def __enter__(self) -> Room:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def organization_id(self) -> str:
        """The organization that the token names."""
        return organization_of(self._text())

    def stub(self, factory: Callable[[grpc.Channel], Stub]) -> Stub:
        """A generated stub on this channel."""
        return factory(self._channel)

    def call(self, method: Callable[..., Response], request: Any, *, seconds: float | None = None) -> Response:
        """Call a stub's method. Raises Refused."""
        try:
            return method(request, timeout=seconds or self._seconds, metadata=self._metadata())
        except grpc.RpcError as error:
            raise _refused(error) from None

    def stream(self, method: Callable[..., Iterable[Response]], request: Any, *, seconds: float) -> Iterator[Response]:
        """The answers of a stub's streaming method, for at most `seconds`. Raises Refused."""
        try:
            yield from method(request, timeout=seconds, metadata=self._metadata())
        except grpc.RpcError as error:
            raise _refused(error) from None

    def close(self) -> None:
        """Close the channel."""
        self._channel.close()

    def _text(self) -> str:
        return self._token if isinstance(self._token, str) else self._token()

    def _metadata(self) -> tuple[tuple[str, str], ...]:
        return (("authorization", f"Bearer {self._text()}"),)


def organization_of(token: str) -> str:
    """The organization that a token names; its signature is the services' to check. Raises ValueError."""
    _, claims, _ = token.split(".")
    content = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))
    return str(content["org_id"])


def _refused(error: Any) -> Refused:
    status = rpc_status.from_call(error)
    for detail in status.details if status else ():
        info = error_details_pb2.ErrorInfo()
        if detail.Unpack(info):
            return Refused(error.code(), info.reason, status.message)
    return Refused(error.code(), "", error.details() or "")
