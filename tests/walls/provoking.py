"""Calls that go wrong in every way there is, for what the answers tell."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

import aiohttp
import grpc
from google.protobuf import message_factory
from google.protobuf.descriptor import FileDescriptor, MethodDescriptor
from google.protobuf.message import Message
from grpc import aio

from tests.walls.canaries import Source

WEBHOOK = "/api/v1/whatsapp/webhook"
CALL_SECONDS = 20.0
PROTOS = Path(__file__).resolve().parents[2] / "protos"
_NOWHERE = "00000000-0000-4000-8000-000000000000"


@dataclass(frozen=True, slots=True)
class Wrong:
    """One HTTP request that must be refused."""

    method: str
    path: str
    body: bytes = b""
    headers: Mapping[str, str] | None = None


def wrong_requests(*, secret: str, app: str, phone_number: str, token: str) -> Iterator[Wrong]:
    """Requests to ingress' HTTP port: forged, malformed, without a token, with a bad one, for what is not there."""
    signed = {"X-Hub-Signature-256": "sha256=" + "0" * 64}
    yield Wrong("POST", f"{WEBHOOK}/{app}", b'{"object": 1}', signed)
    yield Wrong("POST", f"{WEBHOOK}/nowhere", b"{}", signed)
    for body in (b"no JSON", b"[]", b'{"object": "page"}', b"\xff\xfe", b"{" * 2000):
        digest = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
        yield Wrong("POST", f"{WEBHOOK}/{app}", body, {"X-Hub-Signature-256": f"sha256={digest}"})
    yield Wrong("GET", f"{WEBHOOK}/{app}?hub.mode=subscribe&hub.challenge=1&hub.verify_token=wrong")
    yield Wrong("PUT", f"{WEBHOOK}/{app}")
    for headers in ({}, {"Authorization": "Bearer nonsense"}, {"Authorization": f"Bearer {token}"}):
        yield Wrong("GET", "/api/v1/conversations?limit=many", headers=headers)
        yield Wrong("GET", f"/api/v1/conversations/{phone_number}0", headers=headers)
        yield Wrong("POST", f"/api/v1/conversations/{phone_number}/send", b'{"message": 7}', headers)
        yield Wrong("POST", f"/api/v1/conversations/{phone_number}/close", b"{", headers)
    yield Wrong("GET", "/api/v1/nowhere")
    yield Wrong("DELETE", "/metrics")


async def http_answers(session: aiohttp.ClientSession, http: str, wrong: Iterator[Wrong]) -> list[Source]:
    """What is answered to requests, with status and headers."""
    answers = []
    for request in wrong:
        async with session.request(
            request.method, http + request.path, data=request.body or None, headers=request.headers
        ) as answer:
            head = repr(sorted(answer.headers.items())).encode()
            where = f"answer {answer.status} to {request.method} {request.path.partition('?')[0][:40]}"
            answers.append((where, head + await answer.read()))
    return answers


def contracts() -> Iterator[FileDescriptor]:
    """Every file of protos/, as it was generated."""
    for path in sorted(PROTOS.rglob("*.proto")):
        module = path.relative_to(PROTOS).with_suffix("").as_posix().replace("/", ".")
        yield import_module(f"services.pb.{module}_pb2").DESCRIPTOR


def methods() -> Iterator[MethodDescriptor]:
    """Every method of every service of the contracts."""
    for file in contracts():
        for service in file.services_by_name.values():
            yield from service.methods


def request_of(method: MethodDescriptor, values: Mapping[str, object]) -> Message:
    """A request of a method with those of the values it has fields for."""
    request = message_factory.GetMessageClass(method.input_type)()
    for name, value in values.items():
        field = method.input_type.fields_by_name.get(name)
        if field is not None and field.cpp_type == field.CPPTYPE_STRING and field.type == field.TYPE_STRING:
            setattr(request, name, value)
    return request


async def rpc_answers(
    room: str, address: str, token: str, values: Mapping[str, object], *, only_reading: bool
) -> list[Source]:
    """What a room answers to its methods, called with values where fields have their names; refusals as well."""
    metadata = (("authorization", f"Bearer {token}"),) if token else ()
    answers: list[Source] = []
    async with aio.insecure_channel(address, options=(("grpc.enable_http_proxy", 0),)) as channel:
        for method in methods():
            if only_reading and not method.name.startswith(("Get", "List", "Check", "Find")):
                continue
            request = request_of(method, values | {"organization_id": values.get("organization_id", _NOWHERE)})
            answer_class = message_factory.GetMessageClass(method.output_type)
            path = f"/{method.containing_service.full_name}/{method.name}"
            call = channel.unary_unary(
                path,
                request_serializer=lambda message: message.SerializeToString(),
                response_deserializer=answer_class.FromString,
            )
            where = f"answer of {room} to {path}"
            try:
                answer = await call(request, metadata=metadata, timeout=CALL_SECONDS)
                answers.append((where, answer.SerializeToString() + str(answer).encode()))
            except aio.AioRpcError as error:
                if error.code() is not grpc.StatusCode.UNIMPLEMENTED:
                    answers.append((where, f"{error.details()} {error.trailing_metadata()}".encode()))
    return answers
