"""Calls to a peer room: balanced over its replicas, signed, with a deadline, and with our errors instead of gRPC's."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar, cast

import grpc
import structlog
from google.rpc import code_pb2, error_details_pb2
from grpc import aio
from grpc_status import rpc_status

from services.chassis import errors
from services.chassis.rpc.actor import header_for_person
from services.chassis.rpc.certificates import Certificates
from services.chassis.rpc.channels import open_line
from services.chassis.rpc.sizes import MOST_MESSAGE_BYTES
from services.chassis.tenancy import ServiceSigner
from services.pb.common.v1 import errors_pb2

Response = TypeVar("Response")
Stub = TypeVar("Stub")

_SERVICE_CONFIG = {"loadBalancingConfig": [{"round_robin": {}}], "healthCheckConfig": {"serviceName": ""}}

# Retries inside the channel only when the call never reached a server that may have worked on it twice: all our batch
# calls are idempotent by event id, so UNAVAILABLE may be repeated (invariant I10).
_REPEATING = {
    "methodConfig": [
        {
            "name": [{}],
            "retryPolicy": {
                "maxAttempts": 4,
                "initialBackoff": "0.05s",
                "maxBackoff": "0.5s",
                "backoffMultiplier": 2,
                "retryableStatusCodes": ["UNAVAILABLE"],
            },
        }
    ],
}

_OPTIONS = (
    # grpc honours http_proxy even for 127.0.0.1.
    ("grpc.enable_http_proxy", 0),
    ("grpc.max_receive_message_length", MOST_MESSAGE_BYTES),
    ("grpc.max_send_message_length", MOST_MESSAGE_BYTES),
    # A killed peer is back within a second: do not wait out gRPC's default two minutes.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 1000),
    ("grpc.keepalive_time_ms", 10_000),
    ("grpc.keepalive_timeout_ms", 3_000),
    ("grpc.keepalive_permit_without_calls", 1),
)

# What gRPC says of a message that breaks its limit, on either side. The code alone (RESOURCE_EXHAUSTED) says less.
_TOO_LARGE = "larger than max"

_KINDS: dict[int, type[errors.PytakeError]] = {
    code_pb2.NOT_FOUND: errors.NotFound,
    code_pb2.ALREADY_EXISTS: errors.AlreadyExists,
    code_pb2.FAILED_PRECONDITION: errors.FailedPrecondition,
    code_pb2.PERMISSION_DENIED: errors.PermissionDenied,
    code_pb2.UNAVAILABLE: errors.Unavailable,
}


@dataclass(frozen=True, slots=True)
class PeerAddress:
    """A room by name and gRPC target, such as dns:///router:7000 or ipv4:127.0.0.1:7101,127.0.0.1:7102."""

    room: str
    target: str


class Peer:
    """One channel to a room. Make stubs with `stub`, call them with `call` and `stream`.

    `is_repeating=False` when the caller must know of every repeat, because it has to say `is_repeat`. With
    certificates the connection is encrypted, and both ends show theirs.
    """

    def __init__(
        self,
        address: PeerAddress,
        signer: ServiceSigner,
        *,
        is_repeating: bool = True,
        certificates: Certificates | None = None,
    ) -> None:
        self._address = address
        self._signer = signer
        config = json.dumps(_SERVICE_CONFIG | (_REPEATING if is_repeating else {}))
        self._line = open_line(address.target, address.room, (("grpc.service_config", config), *_OPTIONS), certificates)

    def stub(self, factory: Callable[[aio.Channel], Stub]) -> Stub:
        """A generated stub on this channel."""
        return factory(cast("aio.Channel", self._line))

    async def close(self) -> None:
        """Close the channel."""
        await self._line.close()

    async def call(
        self,
        method: Callable[..., Awaitable[Response]],
        request: Any,
        *,
        seconds: float,
    ) -> Response:
        """Call a stub's method within `seconds`. Raises the same PytakeError the peer raised, or Unavailable."""
        try:
            return await method(request, timeout=seconds, metadata=self._metadata())
        except aio.AioRpcError as error:
            raise self._translate(error) from error

    async def stream(
        self,
        method: Callable[..., aio.UnaryStreamCall[Any, Response]],
        request: Any,
        *,
        seconds: float,
    ) -> AsyncGenerator[Response, None]:
        """The messages of a stub's stream, all of them within `seconds` (less than half of a token's life).

        Raises as `call` does, in the middle as well. Whoever leaves early ends the call.
        """
        call = method(request, timeout=seconds, metadata=self._metadata())
        try:
            async for message in call:
                yield message
        except aio.AioRpcError as error:
            raise self._translate(error) from error
        finally:
            call.cancel()

    def _metadata(self) -> tuple[tuple[str, str], ...]:
        metadata = [("authorization", f"Bearer {self._signer.token_for(self._address.room)}")]
        traceparent = structlog.contextvars.get_contextvars().get("traceparent")
        if traceparent:
            metadata.append(("traceparent", str(traceparent)))
        metadata.extend(header_for_person())
        return tuple(metadata)

    def _translate(self, error: aio.AioRpcError) -> errors.PytakeError:
        status = rpc_status.from_call(error)
        if status is None and _TOO_LARGE in (error.details() or ""):
            # No repeat makes it smaller: whoever sent it must send less at a time.
            sentence = f"a call to {self._address.room} is larger than {MOST_MESSAGE_BYTES} bytes; send or ask for less"
            return errors.InvalidArgument(sentence)
        if status is None:
            return self._unavailable(error.code())
        if status.code == code_pb2.INVALID_ARGUMENT:
            return errors.InvalidArgument(status.message, reason=_reason(status))
        if status.code == code_pb2.UNAUTHENTICATED:
            return errors.Unauthenticated(status.message)
        kind = _KINDS.get(status.code, errors.Unavailable)
        return kind(status.message, reason=_reason(status))

    def _unavailable(self, code: grpc.StatusCode) -> errors.Unavailable:
        sentence = f"{self._address.room} is out of reach ({code.name.lower()}); try again"
        return errors.Unavailable(sentence, reason=errors_pb2.ERROR_REASON_PEER_UNAVAILABLE)


def _reason(status: Any) -> errors.Reason:
    for detail in status.details:
        info = error_details_pb2.ErrorInfo()
        if detail.Unpack(info):
            name = f"ERROR_REASON_{info.reason}"
            if name in errors_pb2.ErrorReason.keys():  # noqa: SIM118
                return errors_pb2.ErrorReason.Value(name)
    return errors_pb2.ERROR_REASON_INTERNAL
