"""A house whose five rooms answer from memory, over real gRPC with real keys and policies, for the command line."""

# ruff: noqa: N802  (gRPC methods are named as in the proto)

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

from services.chassis.errors import AlreadyExists, InvalidArgument
from services.chassis.rpc import RpcServer, Servicer
from services.chassis.tenancy import TokenVerifier
from services.embedded.keys import ROOMS, ensure_service_keys, jwks_file, load_or_create_secrets
from services.embedded.state import State, house_lock, write_state
from services.pb.common.v1 import errors_pb2, lanes_pb2, lanes_pb2_grpc
from services.pb.executor.v1 import executor_pb2, executor_pb2_grpc
from services.pb.ingress.v1 import ingress_pb2, ingress_pb2_grpc
from services.pb.router.v1 import router_pb2, router_pb2_grpc
from services.pb.sender.v1 import sender_pb2, sender_pb2_grpc

NAMESPACE = UUID("6b1f5f0e-0000-4000-8000-000000000000")
BROKEN = "broken"
"""A flow document with this text in it has an error."""


@dataclass
class Kept:
    """What the rooms were told, by kind and key, and how often anything was put."""

    values: dict[tuple[str, ...], Any] = field(default_factory=dict)
    puts: int = 0
    letters: list[lanes_pb2.DeadLetter] = field(default_factory=list)
    events: list[ingress_pb2.KeptEvent] = field(default_factory=list)
    subjects: list[str] = field(default_factory=list)

    def put(self, *key: str, value: object) -> bool:
        """Keep a value; says whether it is news."""
        self.puts += 1
        is_changed = self.values.get(key) != value
        self.values[key] = value
        return is_changed

    def of(self, *prefix: str) -> dict[str, Any]:
        """Values by the last part of their key."""
        return {key[-1]: value for key, value in self.values.items() if key[:-1] == prefix}


class FakeDirectory(router_pb2_grpc.DirectoryServicer):
    def __init__(self, kept: Kept) -> None:
        self.kept = kept

    async def PutOrganization(self, request: Any, context: Any) -> router_pb2.PutOrganizationResponse:
        organization_id = str(uuid5(NAMESPACE, request.name))
        zone = request.time_zone or "America/Sao_Paulo"
        is_changed = False
        if request.replace or request.name not in self.kept.of("organization"):
            is_changed = self.kept.put("organization", request.name, value=(zone, request.fallback_flow_id))
        return router_pb2.PutOrganizationResponse(organization_id=organization_id, is_changed=is_changed)

    async def ListOrganizations(self, request: Any, context: Any) -> router_pb2.ListOrganizationsResponse:
        return router_pb2.ListOrganizationsResponse(
            organizations=[
                router_pb2.Organization(
                    name=name,
                    organization_id=str(uuid5(NAMESPACE, name)),
                    time_zone=zone,
                    fallback_flow_id=fallback,
                )
                for name, (zone, fallback) in sorted(self.kept.of("organization").items())
            ]
        )

    async def PutChatbot(self, request: Any, context: Any) -> router_pb2.PutChatbotResponse:
        value = (request.main_flow_id, request.is_active)
        is_changed = self.kept.put(request.organization_id, "chatbot", request.name, value=value)
        return router_pb2.PutChatbotResponse(chatbot_id=f"bot-{request.name}", is_changed=is_changed)

    async def PutNumber(self, request: Any, context: Any) -> router_pb2.PutNumberResponse:
        for key in self.kept.values:
            if key[1:] == ("number", request.phone_number_id) and key[0] != request.organization_id:
                raise AlreadyExists("another organization has this number", reason=errors_pb2.ERROR_REASON_NUMBER_TAKEN)
        value = router_pb2.Number()
        value.ParseFromString(_without_organization(request))
        is_changed = self.kept.put(request.organization_id, "number", request.phone_number_id, value=value)
        return router_pb2.PutNumberResponse(is_changed=is_changed)

    async def ListNumbers(self, request: Any, context: Any) -> router_pb2.ListNumbersResponse:
        return router_pb2.ListNumbersResponse(numbers=self.kept.of(request.organization_id, "number").values())

    async def PutTriggers(self, request: Any, context: Any) -> router_pb2.PutTriggersResponse:
        value = [(it.keyword, it.match, it.flow_id, it.phone_number_id) for it in request.triggers]
        return router_pb2.PutTriggersResponse(
            is_changed=self.kept.put(request.organization_id, "triggers", value=value)
        )


def _without_organization(request: router_pb2.PutNumberRequest) -> bytes:
    return router_pb2.Number(
        phone_number_id=request.phone_number_id,
        display_phone_number=request.display_phone_number,
        chatbot_id=request.chatbot_id,
        default_flow_id=request.default_flow_id,
        app=request.app,
        is_active=request.is_active,
    ).SerializeToString()


class FakeFlows(executor_pb2_grpc.FlowsServicer):
    def __init__(self, kept: Kept) -> None:
        self.kept = kept

    async def PutFlow(self, request: Any, context: Any) -> executor_pb2.PutFlowResponse:
        if b"nodes" not in request.document:
            raise InvalidArgument("document holds no flow")
        findings = []
        if BROKEN.encode() in request.document:
            findings.append(
                executor_pb2.Finding(code="x", severity="error", node_id="n1", message="It is broken.", mend="Glue it.")
            )
        published = 1 if request.publish and not findings else 0
        value = (request.document, published)
        key = (request.organization_id, "flow", request.name)
        is_changed = self.kept.values.get(key) != value
        if not request.dry_run:
            self.kept.put(*key, value=value)
        return executor_pb2.PutFlowResponse(
            flow_id=f"flow-{request.name}", published_version=published, is_changed=is_changed, findings=findings
        )

    async def ListFlows(self, request: Any, context: Any) -> executor_pb2.ListFlowsResponse:
        return executor_pb2.ListFlowsResponse(
            flows=[
                executor_pb2.Flow(flow_id=f"flow-{name}", name=name, published_version=published)
                for name, (_, published) in self.kept.of(request.organization_id, "flow").items()
            ]
        )


class FakeCredentials(sender_pb2_grpc.CredentialsServicer):
    def __init__(self, kept: Kept) -> None:
        self.kept = kept

    async def PutCredential(self, request: Any, context: Any) -> sender_pb2.PutCredentialResponse:
        is_changed = self.kept.put("token", request.phone_number_id, value=request.access_token)
        return sender_pb2.PutCredentialResponse(is_changed=is_changed)

    async def CheckCredentials(self, request: Any, context: Any) -> sender_pb2.CheckCredentialsResponse:
        checks = [
            sender_pb2.CredentialCheck(phone_number_id=name, is_valid=token != "bad", problem="the token has expired")
            for name, token in self.kept.of("token").items()
            if (request.organization_id, "number", name) in self.kept.values
        ]
        return sender_pb2.CheckCredentialsResponse(checks=checks)


class FakeApps(ingress_pb2_grpc.AppsServicer):
    def __init__(self, kept: Kept) -> None:
        self.kept = kept

    async def PutApp(self, request: Any, context: Any) -> ingress_pb2.PutAppResponse:
        value = (request.app_secret, request.verify_token)
        is_changed = self.kept.put(request.organization_id, "app", request.name, value=value)
        return ingress_pb2.PutAppResponse(is_changed=is_changed)

    async def ListApps(self, request: Any, context: Any) -> ingress_pb2.ListAppsResponse:
        names = self.kept.of(request.organization_id, "app")
        return ingress_pb2.ListAppsResponse(apps=[ingress_pb2.App(name=name) for name in names])


class FakeEvents(ingress_pb2_grpc.EventsServicer):
    def __init__(self, kept: Kept) -> None:
        self.kept = kept

    async def ListEvents(self, request: Any, context: Any) -> ingress_pb2.ListEventsResponse:
        fitting = [it for it in self.kept.events if request.disposition in ("", it.disposition)]
        return ingress_pb2.ListEventsResponse(events=fitting[: request.limit])


class FakeDeadLetters(lanes_pb2_grpc.DeadLettersServicer):
    def __init__(self, kept: Kept, room: str) -> None:
        self.kept, self.room = kept, room

    async def ListDeadLetters(self, request: Any, context: Any) -> lanes_pb2.ListDeadLettersResponse:
        fitting = [
            it
            for it in self.kept.letters
            if it.box.startswith(self.room) and request.box in ("", it.box) and request.dead_id in (0, it.dead_id)
        ]
        return lanes_pb2.ListDeadLettersResponse(dead_letters=fitting)

    async def ReplayDeadLetters(self, request: Any, context: Any) -> lanes_pb2.ReplayDeadLettersResponse:
        found = [it for it in self.kept.letters if it.box == request.box and it.dead_id in request.dead_ids]
        return lanes_pb2.ReplayDeadLettersResponse(replayed=len(found))


def _servicers(kept: Kept, room: str) -> list[Servicer]:
    dead = Servicer(
        "pytake.common.v1.DeadLetters", lanes_pb2_grpc.add_DeadLettersServicer_to_server, FakeDeadLetters(kept, room)
    )
    own = {
        "router": [
            Servicer("pytake.router.v1.Directory", router_pb2_grpc.add_DirectoryServicer_to_server, FakeDirectory(kept))
        ],
        "executor": [
            Servicer("pytake.executor.v1.Flows", executor_pb2_grpc.add_FlowsServicer_to_server, FakeFlows(kept)),
            dead,
        ],
        "sender": [
            Servicer(
                "pytake.sender.v1.Credentials",
                sender_pb2_grpc.add_CredentialsServicer_to_server,
                FakeCredentials(kept),
            ),
            dead,
        ],
        "ingress": [
            Servicer("pytake.ingress.v1.Apps", ingress_pb2_grpc.add_AppsServicer_to_server, FakeApps(kept)),
            Servicer("pytake.ingress.v1.Events", ingress_pb2_grpc.add_EventsServicer_to_server, FakeEvents(kept)),
            dead,
        ],
    }
    return own.get(room, [])


@asynccontextmanager
async def fake_house(data: Path, *, http: str = "http://127.0.0.1:9", simulator: str = "") -> AsyncIterator[Kept]:
    """Run the rooms on free ports, and write the state that the command line finds them by."""
    secrets = data / "secrets"
    (data / "run").mkdir()
    load_or_create_secrets(secrets)
    ensure_service_keys(secrets)
    kept = Kept()
    servers: dict[str, RpcServer] = {}
    for room in ROOMS:
        verifier = TokenVerifier.from_file(audience=room, jwks_file=str(jwks_file(secrets)))
        servers[room] = RpcServer("127.0.0.1:0", _servicers(kept, room), verifier, drain_seconds=0)
    for server in servers.values():
        await server.start()
    services = {
        room: {"pids": [1], "grpc": _address(it), "processes": [{"pid": 1, "grpc": _address(it)}]}
        for room, it in servers.items()
    }
    state: State = {
        "data": str(data),
        "http": http,
        "services": services,
        "postgres": {"pid": None, "url": ""},
        "redis": {"pid": None, "url": ""},
        "simulator": {"pid": 1, "url": simulator} if simulator else None,
    }
    with house_lock(data):
        write_state(data, state)
        try:
            yield kept
        finally:
            await asyncio.gather(*(server.stop() for server in servers.values()))


def _address(server: RpcServer) -> str:
    return f"127.0.0.1:{server.port}"
