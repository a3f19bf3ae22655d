"""A gRPC server of one room: health, reflection, policy, error answers, drain."""

from __future__ import annotations

import asyncio
import re
import time
import uuid
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from types import TracebackType
from typing import Any

import grpc
import structlog
from google.protobuf import any_pb2
from google.rpc import code_pb2, error_details_pb2, status_pb2
from grpc import aio
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_health.v1._async import HealthServicer
from grpc_reflection.v1alpha import reflection
from grpc_status import rpc_status

from services.chassis import errors, metrics
from services.chassis.logs import get_logger
from services.chassis.rpc.actor import act_as, actor_behind, called_by
from services.chassis.rpc.admission import authorize, check_certificate, identify
from services.chassis.rpc.certificates import Certificates, principals_named
from services.chassis.rpc.policy import OPEN_SERVICES, MethodPolicy, read_policies
from services.chassis.rpc.sizes import MOST_MESSAGE_BYTES, refuse_oversized
from services.chassis.tenancy import Denials, Principal, TokenVerifier, denial_of
from services.pb.common.v1 import errors_pb2

# Time for balancers and peers to notice NOT_SERVING before the listener closes; 0.3 s lost no call in the drain storm.
NOTICE_SECONDS = 0.3
# A connection ends after so long, so that new replicas get load; calls under way then have a while to end.
CONNECTION_SECONDS = 30.0
FAREWELL_SECONDS = 10.0
# The longest a method with one answer may take, whatever its caller said: no call outlives its connection by more.
CALL_SECONDS = CONNECTION_SECONDS + FAREWELL_SECONDS

_log = get_logger(__name__)
_TRACEPARENT = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")

_CODES: tuple[tuple[type[errors.PytakeError], int], ...] = (
    (errors.InvalidArgument, code_pb2.INVALID_ARGUMENT),
    (errors.NotFound, code_pb2.NOT_FOUND),
    (errors.AlreadyExists, code_pb2.ALREADY_EXISTS),
    (errors.FailedPrecondition, code_pb2.FAILED_PRECONDITION),
    (errors.Unauthenticated, code_pb2.UNAUTHENTICATED),
    (errors.PermissionDenied, code_pb2.PERMISSION_DENIED),
    (errors.Unavailable, code_pb2.UNAVAILABLE),
    (errors.DeadlineExceeded, code_pb2.DEADLINE_EXCEEDED),
)


@dataclass(frozen=True, slots=True)
class Servicer:
    """A generated service: its full name, the adder of its stub module, and our implementation."""

    name: str
    add: Callable[[Any, Any], None]
    implementation: object


class RpcServer:
    """Serves servicers on one address. A part of a process. With certificates it takes encrypted connections only."""

    def __init__(
        self,
        address: str,
        servicers: Sequence[Servicer],
        verifier: TokenVerifier,
        *,
        drain_seconds: float,
        certificates: Certificates | None = None,
        call_seconds: float = CALL_SECONDS,
    ) -> None:
        self._drain_seconds = drain_seconds
        policies = read_policies(servicer.name for servicer in servicers)
        self._health = HealthServicer()
        self._denials = Denials()
        self._server = aio.server(
            interceptors=(
                _Guard(
                    policies,
                    verifier,
                    self._denials,
                    is_encrypted=certificates is not None,
                    call_seconds=call_seconds,
                ),
            ),
            options=(
                ("grpc.max_receive_message_length", MOST_MESSAGE_BYTES),
                ("grpc.so_reuseport", 0),
                ("grpc.max_connection_age_ms", int(CONNECTION_SECONDS * 1000)),
                ("grpc.max_connection_age_grace_ms", int(FAREWELL_SECONDS * 1000)),
                ("grpc.keepalive_permit_without_calls", 1),
                ("grpc.http2.min_ping_interval_without_data_ms", 5_000),
            ),
        )
        for servicer in servicers:
            servicer.add(servicer.implementation, self._server)
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        names = [*(servicer.name for servicer in servicers), *OPEN_SERVICES[:2]]
        reflection.enable_server_reflection(names, self._server)
        if certificates is None:
            self.port = self._server.add_insecure_port(address)
        else:
            self.port = self._server.add_secure_port(address, certificates.for_server())

    async def start(self) -> None:
        """Listen, and say SERVING."""
        await self._server.start()
        await self._health.set("", health_pb2.HealthCheckResponse.SERVING)

    async def stop(self) -> None:
        """Say NOT_SERVING, give callers a moment to turn away, then finish what runs within the drain time."""
        await self._health.set("", health_pb2.HealthCheckResponse.NOT_SERVING)
        await asyncio.sleep(NOTICE_SECONDS)
        await self._server.stop(self._drain_seconds)
        self._denials.sum_up()


class _Guard(aio.ServerInterceptor):
    """Wraps every method: policy, trace, time, errors. Health and reflection pass untouched."""

    def __init__(
        self,
        policies: Mapping[str, MethodPolicy],
        verifier: TokenVerifier,
        denials: Denials,
        *,
        is_encrypted: bool,
        call_seconds: float,
    ) -> None:
        self.policies = policies
        self.verifier = verifier
        self.denials = denials
        self.is_encrypted = is_encrypted
        self.call_seconds = call_seconds
        self._wrapped: dict[str, Any] = {}

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Any]],
        details: grpc.HandlerCallDetails,
    ) -> Any:
        method = str(details.method)
        if method.split("/")[1] in OPEN_SERVICES:
            return await continuation(details)
        wrapped = self._wrapped.get(method)
        if wrapped is None:
            handler = await continuation(details)
            if handler is None:
                return None
            wrapped = self._wrapped[method] = self._wrap(method, handler)
        return wrapped

    def _wrap(self, method: str, handler: Any) -> Any:
        codec = {
            "request_deserializer": handler.request_deserializer,
            "response_serializer": handler.response_serializer,
        }
        if handler.unary_unary is not None:
            return grpc.unary_unary_rpc_method_handler(self._answering(method, handler.unary_unary), **codec)
        if handler.unary_stream is not None:
            return grpc.unary_stream_rpc_method_handler(self._streaming(method, handler.unary_stream), **codec)
        # A stream of requests has no policy that could be held (rpc/policy.py).
        return grpc.unary_unary_rpc_method_handler(self._answering(method, _not_served))

    def _answering(
        self, method: str, handler: Callable[[Any, Any], Awaitable[Any]]
    ) -> Callable[[Any, aio.ServicerContext[Any, Any]], Awaitable[Any]]:
        async def answer(request: Any, context: aio.ServicerContext[Any, Any]) -> Any:
            async with _Call(self, method, context) as call:
                call.admit(request)
                refuse_oversized(request)
                return await self._in_time(handler(request, context))

        return answer

    async def _in_time(self, working: Awaitable[Any]) -> Any:
        """The answer, if it comes before every call must end. gRPC itself ends a call at its caller's deadline."""
        bound = asyncio.timeout(self.call_seconds)
        try:
            async with bound:
                return await working
        except TimeoutError:
            if not bound.expired():  # a time-out of the method's own, which it did not answer: an accident
                raise
            sentence = f"no answer within {self.call_seconds:g} seconds; what was asked for may have been done"
            raise errors.DeadlineExceeded(sentence) from None

    def _streaming(
        self, method: str, handler: Callable[[Any, Any], AsyncGenerator[Any, None]]
    ) -> Callable[[Any, aio.ServicerContext[Any, Any]], AsyncIterator[Any]]:
        async def stream(request: Any, context: aio.ServicerContext[Any, Any]) -> AsyncIterator[Any]:
            async with _Call(self, method, context) as call:
                call.admit(request)
                refuse_oversized(request)
                async with aclosing(handler(request, context)) as messages:
                    async for message in messages:
                        call.admit(request)
                        yield message

        return stream


async def _not_served(_: Any, __: Any) -> None:
    raise AssertionError("no policy admits anybody to this")


class _Call:
    """One call under the guard: who is admitted, how long it took, and an answer to every error."""

    __slots__ = ("_code", "_context", "_guard", "_method", "_principal", "_started")

    def __init__(self, guard: _Guard, method: str, context: aio.ServicerContext[Any, Any]) -> None:
        self._guard = guard
        self._method = method
        self._context = context
        self._principal: Principal | None = None
        self._code = "OK"
        self._started = time.perf_counter()

    def admit(self, request: Any) -> None:
        """Prove the caller and hold it against the policy. A stream asks again, since tokens end and keys go."""
        metadata = dict(self._context.invocation_metadata() or ())
        _bind_trace(str(metadata.get("traceparent", "")))
        token = str(metadata.get("authorization", "")).removeprefix("Bearer ")
        self._principal = identify(token, self._guard.verifier)
        if self._guard.is_encrypted:
            check_certificate(self._principal, principals_named(self._context.auth_context()))
        authorize(self._method, request, self._principal, self._guard.policies)
        act_as(actor_behind(self._principal, metadata))
        called_by(self._principal)

    async def __aenter__(self) -> _Call:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if isinstance(error, errors.PytakeError):
                await self._refuse(error)
            elif isinstance(error, asyncio.CancelledError | aio.AbortError | GeneratorExit):
                self._code = "CANCELLED"
            elif isinstance(error, Exception):
                await self._break(error)
        finally:
            metrics.rpc_seconds.labels(self._method, self._code).observe(time.perf_counter() - self._started)

    async def _refuse(self, error: errors.PytakeError) -> None:
        self._code = error.code
        if isinstance(error, errors.Unauthenticated | errors.PermissionDenied):
            self._guard.denials.note(denial_of(self._method, error.code, self._principal))
        await self._context.abort_with_status(rpc_status.to_status(_status(error)))

    async def _break(self, error: Exception) -> None:
        self._code = "INTERNAL"
        error_id = uuid.uuid4().hex
        _log.error("call_failed", method=self._method, error_id=error_id, exc_info=error)
        await self._context.abort_with_status(rpc_status.to_status(_internal(error_id)))


def is_traceparent(text: str) -> bool:
    """Whether it is W3C Trace Context and nothing else: callers must not write into our logs."""
    return _TRACEPARENT.fullmatch(text) is not None


def _bind_trace(traceparent: str) -> None:
    if is_traceparent(traceparent):
        structlog.contextvars.bind_contextvars(traceparent=traceparent)


def _status(error: errors.PytakeError) -> status_pb2.Status:
    code = next((code for kind, code in _CODES if isinstance(error, kind)), code_pb2.UNKNOWN)
    return _with_reason(code, error.sentence, error.code)


def _internal(error_id: str) -> status_pb2.Status:
    name = errors_pb2.ErrorReason.Name(errors_pb2.ERROR_REASON_INTERNAL).removeprefix("ERROR_REASON_")
    return _with_reason(code_pb2.INTERNAL, f"something broke inside; the log has it under {error_id}", name)


def _with_reason(code: int, sentence: str, reason: str) -> status_pb2.Status:
    detail = any_pb2.Any()
    detail.Pack(error_details_pb2.ErrorInfo(reason=reason, domain="pytake"))
    return status_pb2.Status(code=code, message=sentence, details=[detail])
