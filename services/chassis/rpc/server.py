"""A gRPC server of one room: health, reflection, policy, error answers, drain."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import grpc
import structlog
from google.protobuf import any_pb2
from google.protobuf.message import Message
from google.rpc import code_pb2, error_details_pb2, status_pb2
from grpc import aio
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_health.v1._async import HealthServicer
from grpc_reflection.v1alpha import reflection
from grpc_status import rpc_status

from services.chassis import errors, metrics
from services.chassis.logs import get_logger
from services.chassis.rpc.actor import act_as, actor_behind
from services.chassis.rpc.policy import OPEN_SERVICES, MethodPolicy, admit, read_policies
from services.chassis.tenancy import TokenVerifier
from services.pb.common.v1 import errors_pb2

MAX_MESSAGE_BYTES = 16 * 1024 * 1024
# Time for balancers and peers to notice NOT_SERVING before the listener closes; 0.3 s lost no call in the drain storm.
NOTICE_SECONDS = 0.3

_log = get_logger(__name__)

_CODES: tuple[tuple[type[errors.PytakeError], int], ...] = (
    (errors.InvalidArgument, code_pb2.INVALID_ARGUMENT),
    (errors.NotFound, code_pb2.NOT_FOUND),
    (errors.AlreadyExists, code_pb2.ALREADY_EXISTS),
    (errors.FailedPrecondition, code_pb2.FAILED_PRECONDITION),
    (errors.Unauthenticated, code_pb2.UNAUTHENTICATED),
    (errors.PermissionDenied, code_pb2.PERMISSION_DENIED),
    (errors.Unavailable, code_pb2.UNAVAILABLE),
)


@dataclass(frozen=True, slots=True)
class Servicer:
    """A generated service: its full name, the adder of its stub module, and our implementation."""

    name: str
    add: Callable[[Any, Any], None]
    implementation: object


class RpcServer:
    """Serves servicers on one address. A part of a process."""

    def __init__(
        self, address: str, servicers: Sequence[Servicer], verifier: TokenVerifier, *, drain_seconds: float
    ) -> None:
        self._drain_seconds = drain_seconds
        policies = read_policies(servicer.name for servicer in servicers)
        self._health = HealthServicer()
        self._server = aio.server(
            interceptors=(_Guard(policies, verifier),),
            options=(
                ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
                ("grpc.so_reuseport", 0),
                # New replicas get load because old connections end (every 30 s).
                ("grpc.max_connection_age_ms", 30_000),
                ("grpc.max_connection_age_grace_ms", 10_000),
                ("grpc.keepalive_permit_without_calls", 1),
                ("grpc.http2.min_ping_interval_without_data_ms", 5_000),
            ),
        )
        for servicer in servicers:
            servicer.add(servicer.implementation, self._server)
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        names = [*(servicer.name for servicer in servicers), *OPEN_SERVICES[:2]]
        reflection.enable_server_reflection(names, self._server)
        self.port = self._server.add_insecure_port(address)

    async def start(self) -> None:
        """Listen, and say SERVING."""
        await self._server.start()
        await self._health.set("", health_pb2.HealthCheckResponse.SERVING)

    async def stop(self) -> None:
        """Say NOT_SERVING, give callers a moment to turn away, then finish what runs within the drain time."""
        await self._health.set("", health_pb2.HealthCheckResponse.NOT_SERVING)
        await asyncio.sleep(NOTICE_SECONDS)
        await self._server.stop(self._drain_seconds)


class _Guard(aio.ServerInterceptor):
    """Wraps every unary method: policy, trace, time, errors. Health and reflection pass untouched."""

    def __init__(self, policies: Mapping[str, MethodPolicy], verifier: TokenVerifier) -> None:
        self._policies = policies
        self._verifier = verifier
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
            if handler is None or handler.unary_unary is None:
                return handler
            wrapped = grpc.unary_unary_rpc_method_handler(
                self._guarded(method, handler.unary_unary),
                request_deserializer=handler.request_deserializer,
                response_serializer=handler.response_serializer,
            )
            self._wrapped[method] = wrapped
        return wrapped

    def _guarded(
        self, method: str, handler: Callable[[Any, Any], Awaitable[Any]]
    ) -> Callable[[Message, aio.ServicerContext[Any, Any]], Awaitable[Any]]:
        async def guarded(request: Message, context: aio.ServicerContext[Any, Any]) -> Any:
            started = time.perf_counter()
            code = "OK"
            try:
                metadata = dict(context.invocation_metadata() or ())
                _bind_trace(str(metadata.get("traceparent", "")))
                token = str(metadata.get("authorization", "")).removeprefix("Bearer ")
                principal = admit(method, request, token, self._policies, self._verifier)
                act_as(actor_behind(principal, metadata))
                return await handler(request, context)
            except errors.PytakeError as error:
                code = error.code
                if isinstance(error, errors.Unauthenticated | errors.PermissionDenied):
                    metrics.rpc_denied_total.labels(method, code).inc()
                    _log.warning("call_denied", method=method, reason=code)
                await context.abort_with_status(rpc_status.to_status(_status(error)))
            except (asyncio.CancelledError, aio.AbortError):
                code = "CANCELLED"
                raise
            except Exception:
                code = "INTERNAL"
                error_id = uuid.uuid4().hex
                _log.exception("call_failed", method=method, error_id=error_id)
                await context.abort_with_status(rpc_status.to_status(_internal(error_id)))
            finally:
                metrics.rpc_seconds.labels(method, code).observe(time.perf_counter() - started)

        return guarded


def _bind_trace(traceparent: str) -> None:
    if traceparent:
        structlog.contextvars.bind_contextvars(traceparent=traceparent[:55])


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
