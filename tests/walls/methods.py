"""Every gRPC method of a server, by reflection, and attacks on each of them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import grpc
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.json_format import MessageToJson
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from google.rpc import error_details_pb2
from grpc import aio
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase
from grpc_status import rpc_status

from services.chassis.rpc.policy import OPEN_SERVICES
from services.chassis.tenancy import PERMISSIONS, TEAM
from services.embedded.keys import SIGNERS
from services.pb.common.v1 import errors_pb2, policy_pb2
from tests.walls.forge import Forged, Keys, contract_token, contract_tokens, useless, without_permission
from tests.walls.report import Attempt, Report
from tests.walls.victims import Victim

OPTIONS = (("grpc.enable_http_proxy", 0),)
CALL_SECONDS = 30.0
AT_ONCE = 16
DEEPEST = 4

# Who gives or takes roles and scopes must have them himself.
GIVING = frozenset(
    f"/pytake.ingress.v1.Accounts/{name}"
    for name in (
        "CreateUser", "UpdateUser", "UnlockUser", "CreateInvitation", "RevokeInvitation", "CreateApiKey", "RevokeApiKey"
    )
)  # fmt: skip

# What a method asks for beside ids.
INVENTED: Mapping[str, Callable[[], str]] = {"text": lambda: "walls", "event_id": lambda: str(uuid4())}

# The only answers that say: you may not. Anything else is told by the method itself, so the caller had got through.
REFUSED = {grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.PERMISSION_DENIED}


@dataclass(frozen=True, slots=True)
class Method:
    """A method as its server describes it."""

    room: str
    path: str
    policy: policy_pb2.Policy
    request: type[Message]
    response: type[Message]
    is_stream: bool


@dataclass(frozen=True, slots=True)
class Attackers:
    """Whose keys there are, the organization that attacks and the one that is attacked."""

    keys: Keys
    ours: Victim
    theirs: Victim


def methods_of(room: str, address: str) -> list[Method]:
    """Ask a server what it serves; health and reflection are open on purpose and left out."""
    with grpc.insecure_channel(address, options=OPTIONS) as channel:
        database = ProtoReflectionDescriptorDatabase(channel)
        names = sorted(set(database.get_services()) - set(OPEN_SERVICES))
        return [method for name in names for method in _described(room, name, database)]


def _described(room: str, name: str, database: ProtoReflectionDescriptorDatabase) -> Iterator[Method]:
    pool = DescriptorPool(database)
    file = database.FindFileContainingSymbol(name)
    (service,) = (each for each in file.service if f"{file.package}.{each.name}" == name)
    for method in service.method:
        yield Method(
            room,
            f"/{name}/{method.name}",
            method.options.Extensions[policy_pb2.policy],
            GetMessageClass(pool.FindMessageTypeByName(method.input_type.lstrip("."))),
            GetMessageClass(pool.FindMessageTypeByName(method.output_type.lstrip("."))),
            method.server_streaming,
        )


async def attack(room: str, address: str, attackers: Attackers) -> Report:
    """Try everything on every method of one server."""
    methods = await asyncio.to_thread(methods_of, room, address)
    report = Report(targets=len(methods))
    turns = asyncio.Semaphore(AT_ONCE)
    async with aio.insecure_channel(address, options=OPTIONS) as channel:
        for method in methods:
            tries = [*_by_token(method, attackers), *_by_organization(method, attackers), *_by_id(method, attackers)]
            report.attempts += await asyncio.gather(*(_try(channel, method, each, turns) for each in tries))
        # Last, because these do change things of ours.
        for method in methods:
            callers = _with_every_right(method, attackers)
            report.let_in += await asyncio.gather(*(_try(channel, method, each, turns) for each in callers))
    return report


@dataclass(frozen=True, slots=True)
class Try:
    """A call that is to be made. `victim` is looked for in the answer; `wanted` are the codes of a good refusal."""

    kind: str
    token: str
    request: Message
    wanted: frozenset[grpc.StatusCode] = frozenset(REFUSED)
    victim: Victim | None = None


def _by_token(method: Method, attackers: Attackers) -> Iterator[Try]:
    """Tokens that may not serve here, with a request that would be right."""
    keys, ours = attackers.keys, attackers.ours
    request = request_for(method, ours)
    forged = [*useless(keys, method.room, ours.organization_id), *contract_tokens(keys, ours.organization_id)]
    forged.append(Forged("HS256 over gRPC", contract_token(keys, ours.organization_id)))
    callers = set(method.policy.callers)
    forged += [
        Forged("service not among the callers", keys.service(name, method.room))
        for name in SIGNERS
        if name not in callers
    ]
    permission = method.policy.scope if TEAM in callers else None
    forged += without_permission(keys, ours.organization_id, permission)
    for each in forged:
        yield Try(each.kind, each.token, request)


def _by_organization(method: Method, attackers: Attackers) -> Iterator[Try]:
    """A right team token of one organization in a request that names the other, in one field or in all."""
    keys, ours, theirs = attackers.keys, attackers.ours, attackers.theirs
    everything = sorted(PERMISSIONS)
    foreign = keys.team(theirs.organization_id, permissions=everything)
    own = keys.team(ours.organization_id, permissions=everything)
    if "organization_id" not in {field.name for field in method.request.DESCRIPTOR.fields}:
        return
    yield Try("another organization's token with our ids", foreign, request_for(method, ours))
    yield Try("our token with another organization's ids", own, request_for(method, theirs))
    mixed = request_for(method, ours)
    setattr(mixed, "organization_id", theirs.organization_id)  # noqa: B010  # its type is known to protobuf only
    yield Try("our token with another organization's ids", own, mixed)
    if method.policy.tenant == policy_pb2.TENANT_RULE_REQUEST:
        yield from _malformed(method, attackers)


def _malformed(method: Method, attackers: Attackers) -> Iterator[Try]:
    """Callers with every right who name no organization at all."""
    ours = attackers.ours
    wanted = frozenset({grpc.StatusCode.INVALID_ARGUMENT})
    for caller, token in _right_tokens(method, attackers):
        kind = f"malformed organization by a {'team' if caller == TEAM else 'service'}"
        for text in ("", "*", "acme", ours.organization_id.upper(), ours.organization_id.replace("-", "")):
            request = request_for(method, ours)
            setattr(request, "organization_id", text)  # noqa: B010  # as above
            yield Try(kind, token, request, wanted)


def _by_id(method: Method, attackers: Attackers) -> Iterator[Try]:
    """A team with every right, whose request names its own organization and something of the other's."""
    if TEAM not in method.policy.callers:
        return
    ours, theirs = attackers.ours, attackers.theirs
    token = attackers.keys.team(ours.organization_id, permissions=[method.policy.scope])
    names = [name for name in _id_fields(method.request.DESCRIPTOR) if name != "organization_id"]
    for chosen in [*([name] for name in names), names]:
        request = request_for(method, ours)
        for name in chosen:
            setattr(request, name, theirs.value_for(name) or theirs.organization_id)
        yield Try("another organization's id in one field", token, request, victim=theirs)


def _with_every_right(method: Method, attackers: Attackers) -> Iterator[Try]:
    for _, token in _right_tokens(method, attackers):
        yield Try("every right", token, request_for(method, attackers.ours), frozenset())


def _right_tokens(method: Method, attackers: Attackers) -> Iterator[tuple[str, str]]:
    for caller in method.policy.callers:
        if caller == TEAM:
            permissions = sorted(PERMISSIONS) if method.path in GIVING else [method.policy.scope]
            yield caller, attackers.keys.team(attackers.ours.organization_id, permissions=permissions)
        else:
            yield caller, attackers.keys.service(caller, method.room)


async def _try(channel: aio.Channel, method: Method, each: Try, turns: asyncio.Semaphore) -> Attempt:
    async with turns:
        code, answer, has_reason = await _call(channel, method, each)
    if not has_reason:
        return Attempt(f"{each.kind}: refused without a reason", method.path, code.name, True)
    if each.kind == "every right":
        return Attempt(each.kind, method.path, code.name, code not in REFUSED)
    if each.victim is None:
        return Attempt(each.kind, method.path, code.name, code not in each.wanted)
    seen = each.victim.seen_in(answer, MessageToJson(each.request), method.path)
    return Attempt(each.kind, method.path, f"{code.name} {seen}", bool(seen))


async def _call(channel: aio.Channel, method: Method, each: Try) -> tuple[grpc.StatusCode, str, bool]:
    """The code, what was told, and whether programs are told why if it is a refusal."""
    codec: dict[str, Any] = {
        "request_serializer": method.request.SerializeToString,
        "response_deserializer": method.response.FromString,
    }
    metadata = (("authorization", f"Bearer {each.token}"),) if each.token else ()
    answers: Sequence[Message] = ()
    try:
        if method.is_stream:
            stream = channel.unary_stream(method.path, **codec)(each.request, metadata=metadata, timeout=CALL_SECONDS)
            answers = [await stream.read()]
            stream.cancel()
        else:
            call = channel.unary_unary(method.path, **codec)
            answers = [await call(each.request, metadata=metadata, timeout=CALL_SECONDS)]
    except aio.AioRpcError as error:
        return error.code(), error.details() or "", _tells_reason(error)
    return grpc.StatusCode.OK, "".join(map(MessageToJson, answers)), True


def _tells_reason(error: aio.AioRpcError) -> bool:
    """Whether there is an ErrorInfo with a reason of the contracts. What this end gave up itself has none."""
    if error.code() is grpc.StatusCode.DEADLINE_EXCEEDED:
        return True
    status, info = rpc_status.from_call(error), error_details_pb2.ErrorInfo()
    found = [info.reason for detail in (status.details if status else ()) if detail.Unpack(info)]
    return [f"ERROR_REASON_{reason}" in errors_pb2.ErrorReason.keys() for reason in found] == [True]  # noqa: SIM118


def request_for(method: Method, organization: Victim) -> Message:
    """A request about things of an organization, as far as its fields' names tell; repeated messages have one item."""
    return _filled(method.request.DESCRIPTOR, organization, DEEPEST)


def _filled(descriptor: Descriptor, organization: Victim, depth: int) -> Message:
    message: Message = GetMessageClass(descriptor)()
    for field in descriptor.fields:
        value = organization.value_for(field.name)
        if field.message_type is not None:
            _fill_message(message, field, organization, depth)
        elif field.is_repeated:
            continue
        elif field.type == FieldDescriptor.TYPE_STRING:
            setattr(message, field.name, value or INVENTED.get(field.name, str)())
        elif field.enum_type is not None:
            setattr(message, field.name, field.enum_type.values[-1].number)
        elif field.name == "limit":
            setattr(message, field.name, 100)
    return message


def _fill_message(message: Message, field: FieldDescriptor, organization: Victim, depth: int) -> None:
    assert field.message_type is not None
    if depth == 0 or field.message_type.file.package.startswith("google."):
        return
    if field.message_type.GetOptions().map_entry:
        getattr(message, field.name)["city"] = "Olinda"
        return
    inner = _filled(field.message_type, organization, depth - 1)
    if field.message_type.GetOptions().map_entry:
        getattr(message, field.name)["walls"] = "walls"
    elif field.is_repeated:
        getattr(message, field.name).add().CopyFrom(inner)
    else:
        getattr(message, field.name).CopyFrom(inner)


def _id_fields(descriptor: Descriptor) -> list[str]:
    texts = [it.name for it in descriptor.fields if it.type == FieldDescriptor.TYPE_STRING and not it.is_repeated]
    return [name for name in texts if name.endswith("_id") or name in ("contact", "phone_number")]
