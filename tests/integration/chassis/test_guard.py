"""The guard before every method of a server: single answers, streams, and what it writes down."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import grpc
import pytest
from google.rpc import error_details_pb2
from grpc import aio
from grpc_status import rpc_status
from joserfc.jwk import OKPKey
from structlog.testing import capture_logs

from services.chassis.rpc import RpcServer, current_principal
from services.chassis.rpc.server import CALL_SECONDS, NOTICE_SECONDS
from services.chassis.tenancy import PublicKeys, TeamSigner, TokenVerifier
from services.pb.common.v1 import policy_pb2
from tests.fixtures.declared import Declared, declare

KEY = OKPKey.generate_key("Ed25519", parameters={"kid": "operator"})
OURS = str(uuid4())
POLICY = policy_pb2.Policy(callers=["team"], tenant=policy_pb2.TENANT_RULE_REQUEST, scope="flows:read")

Behaviour = Callable[[Any, Any], Any]


class Clock:
    def __init__(self) -> None:
        self.seconds = 1_750_000_000.0

    def __call__(self) -> float:
        return self.seconds


def service(*, gives_stream: bool) -> Declared:
    return declare(POLICY, fields=("organization_id", "text"), gives_stream=gives_stream)


@asynccontextmanager
async def serving(
    declared: Declared, behaviour: Behaviour, clock: Clock, call_seconds: float = CALL_SECONDS
) -> AsyncIterator[aio.Channel]:
    """A channel to a server of the one service."""
    verifier = TokenVerifier(audience="router", keys=PublicKeys([KEY]), clock=clock)
    server = RpcServer(
        "127.0.0.1:0",
        [declared.served_by(behaviour)],
        verifier,
        drain_seconds=NOTICE_SECONDS,
        call_seconds=call_seconds,
    )
    await server.start()
    async with aio.insecure_channel(f"127.0.0.1:{server.port}", options=(("grpc.enable_http_proxy", 0),)) as channel:
        yield channel
    await server.stop()


def token(clock: Clock, *permissions: str, seconds: int = 900) -> str:
    signer = TeamSigner("operator", KEY, clock=clock)
    return signer.sign(
        organization_id=OURS, role=None, subject="ana", permissions=permissions or ["flows:read"], seconds=seconds
    )


def bearing(text: str) -> tuple[tuple[str, str], ...]:
    return (("authorization", f"Bearer {text}"),)


def ask(
    channel: aio.Channel, declared: Declared, text: str, organization_id: str = OURS, timeout: float | None = 30
) -> Any:
    """A call, whose answer or answers are awaited by the caller."""
    kind = channel.unary_stream if declared.is_stream[1] else channel.unary_unary
    method = kind(
        declared.path,
        request_serializer=declared.message.SerializeToString,
        response_deserializer=declared.message.FromString,
    )
    request = declared.message(organization_id=organization_id)  # type: ignore[call-arg]  # made at run time
    return method(request, metadata=bearing(text), timeout=timeout)


async def code_of(call: Any) -> grpc.StatusCode:
    """How a call ends."""
    code: grpc.StatusCode = await call.code()
    return code


async def reason_of(call: Any) -> str:
    """The reason of a refusal, which every refusal has."""
    with pytest.raises(aio.AioRpcError) as error:
        await (call.read() if hasattr(call, "read") else call)
    status = rpc_status.from_call(error.value)
    assert status is not None, error.value
    (detail,) = status.details
    info = error_details_pb2.ErrorInfo()
    assert detail.Unpack(info)
    assert info.domain == "pytake"
    return info.reason


async def count(request: Any, _: Any) -> AsyncIterator[Any]:
    """Answers three times."""
    for number in range(3):
        yield type(request)(organization_id=request.organization_id, text=str(number))


async def echo(request: Any, _: Any) -> Any:
    return request


async def test_a_stream_reaches_who_may_have_it() -> None:
    clock, declared = Clock(), service(gives_stream=True)
    async with serving(declared, count, clock) as channel:
        call = ask(channel, declared, token(clock))

        assert [message.text async for message in call] == ["0", "1", "2"]


@pytest.mark.parametrize("gives_stream", [False, True])
async def test_nothing_is_begun_for_who_may_not(*, gives_stream: bool) -> None:
    clock, declared = Clock(), service(gives_stream=gives_stream)
    begun = []

    async def answer(request: Any, _: Any) -> Any:
        begun.append(request)
        return request

    async def stream(request: Any, _: Any) -> AsyncIterator[Any]:
        begun.append(request)
        yield request

    async with serving(declared, stream if gives_stream else answer, clock) as channel:
        codes = [
            await code_of(ask(channel, declared, text, organization_id))
            for text, organization_id in (
                ("", OURS),
                ("nonsense", OURS),
                (token(clock, "users:read"), OURS),
                (token(clock), str(uuid4())),
                (token(clock), ""),
                (token(clock), "acme"),
            )
        ]

    assert codes == [
        grpc.StatusCode.UNAUTHENTICATED,
        grpc.StatusCode.UNAUTHENTICATED,
        grpc.StatusCode.PERMISSION_DENIED,
        grpc.StatusCode.PERMISSION_DENIED,
        grpc.StatusCode.INVALID_ARGUMENT,
        grpc.StatusCode.INVALID_ARGUMENT,
    ]
    assert begun == []


async def test_a_stream_ends_with_its_token() -> None:
    clock, declared, goes_on = Clock(), service(gives_stream=True), asyncio.Event()

    async def stream(request: Any, _: Any) -> AsyncIterator[Any]:
        yield request
        await goes_on.wait()
        yield request

    async with serving(declared, stream, clock) as channel:
        call = ask(channel, declared, token(clock, seconds=60))
        assert (await call.read()).organization_id == OURS
        clock.seconds += 120
        goes_on.set()

        assert await code_of(call) is grpc.StatusCode.UNAUTHENTICATED


async def test_an_accident_in_a_stream_is_told_by_an_id_only() -> None:
    clock, declared = Clock(), service(gives_stream=True)

    async def stream(request: Any, _: Any) -> AsyncIterator[Any]:
        yield request
        raise ZeroDivisionError("with a secret in it")

    async with serving(declared, stream, clock) as channel:
        call = ask(channel, declared, token(clock))
        await call.read()

        assert await code_of(call) is grpc.StatusCode.INTERNAL
        assert "secret" not in await call.details()


async def test_a_stream_whose_caller_goes_away_is_closed() -> None:
    clock, declared, closed = Clock(), service(gives_stream=True), asyncio.Event()

    async def stream(request: Any, _: Any) -> AsyncIterator[Any]:
        try:
            yield request
            await asyncio.Event().wait()
        finally:
            closed.set()

    async with serving(declared, stream, clock) as channel:
        call = ask(channel, declared, token(clock))
        await call.read()
        call.cancel()

        async with asyncio.timeout(30):
            await closed.wait()


async def test_a_denial_is_written_down_without_the_token() -> None:
    clock, declared = Clock(), service(gives_stream=False)
    text = token(clock, "users:read")
    with capture_logs() as written:
        async with serving(declared, echo, clock) as channel:
            for _ in range(5):
                await code_of(ask(channel, declared, text))

    first, others = (line for line in written if line["event"] in ("call_denied", "calls_denied"))
    assert (first["method"], first["principal"], first["subject"]) == (declared.path, "team", "ana")
    assert (first["organization_id"], first["reason"]) == (OURS, "CALLER_NOT_ALLOWED")
    assert (others["event"], others["method"], others["further"]) == ("calls_denied", declared.path, 4)
    assert text not in str(written)


async def test_a_call_without_a_deadline_ends_when_every_call_must() -> None:
    clock, declared, ended = Clock(), service(gives_stream=False), asyncio.Event()

    async def stay(_: Any, __: Any) -> Any:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    async with serving(declared, stay, clock, call_seconds=0.01) as channel:
        call = ask(channel, declared, token(clock), timeout=None)

        assert await reason_of(call) == "DEADLINE_EXCEEDED"
        assert await code_of(call) is grpc.StatusCode.DEADLINE_EXCEEDED
        assert "0.01 seconds" in await call.details()
        assert ended.is_set()


async def test_a_call_ends_at_its_callers_deadline() -> None:
    clock, declared, ended = Clock(), service(gives_stream=False), asyncio.Event()

    async def stay(_: Any, __: Any) -> Any:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    async with serving(declared, stay, clock) as channel:
        assert await code_of(ask(channel, declared, token(clock), timeout=0.5)) is grpc.StatusCode.DEADLINE_EXCEEDED
        async with asyncio.timeout(30):
            await ended.wait()


async def test_a_time_out_of_the_methods_own_is_an_accident() -> None:
    clock, declared = Clock(), service(gives_stream=False)

    async def break_off(_: Any, __: Any) -> Any:
        raise TimeoutError("of something inside")

    async with serving(declared, break_off, clock) as channel:
        assert await reason_of(ask(channel, declared, token(clock))) == "INTERNAL"


@pytest.mark.parametrize("gives_stream", [False, True])
async def test_every_refusal_tells_its_reason(*, gives_stream: bool) -> None:
    clock, declared = Clock(), service(gives_stream=gives_stream)

    async with serving(declared, count if gives_stream else echo, clock) as channel:
        reasons = [
            await reason_of(ask(channel, declared, text, organization_id))
            for text, organization_id in (
                ("", OURS),
                (token(clock, "users:read"), OURS),
                (token(clock), str(uuid4())),
                (token(clock), "acme"),
            )
        ]

    assert reasons == ["UNAUTHENTICATED", "CALLER_NOT_ALLOWED", "ORGANIZATION_MISMATCH", "INVALID_FIELD"]


@pytest.mark.parametrize("gives_stream", [False, True])
async def test_a_method_knows_who_calls_and_what_he_may(*, gives_stream: bool) -> None:
    clock, declared = Clock(), service(gives_stream=gives_stream)

    def about_caller(request: Any) -> Any:
        caller = current_principal()
        text = f"{caller.name} {caller.subject} {' '.join(sorted(caller.permissions))}"
        return type(request)(organization_id=caller.organization_id, text=text)

    async def answer(request: Any, _: Any) -> Any:
        return about_caller(request)

    async def stream(request: Any, _: Any) -> AsyncIterator[Any]:
        yield about_caller(request)

    async with serving(declared, stream if gives_stream else answer, clock) as channel:
        call = ask(channel, declared, token(clock, "flows:read", "flows:manage"))
        told = await (call.read() if gives_stream else call)

    assert (told.organization_id, told.text) == (OURS, "team ana flows:manage flows:read")


def test_outside_of_a_call_nobody_calls() -> None:
    with pytest.raises(LookupError):
        current_principal()
