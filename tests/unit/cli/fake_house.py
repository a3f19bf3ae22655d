"""A house whose five rooms answer from memory, over real gRPC with real keys and policies, for the command line."""

# ruff: noqa: N802  (gRPC methods are named as in the proto)

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

from services.chassis.audit import audit_servicer
from services.chassis.errors import AlreadyExists, InvalidArgument, NotFound
from services.chassis.rpc import RpcServer, Servicer
from services.chassis.tenancy import TokenVerifier
from services.embedded.keys import ROOMS, ensure_service_keys, jwks_file, load_or_create_secrets
from services.embedded.state import State, house_lock, write_state
from services.pb.analytics.v1 import analytics_pb2, analytics_pb2_grpc
from services.pb.common.v1 import errors_pb2, lanes_pb2, lanes_pb2_grpc, sealing_pb2, sealing_pb2_grpc
from services.pb.executor.v1 import executor_pb2_grpc
from services.pb.ingress.v1 import ingress_pb2, ingress_pb2_grpc
from services.pb.router.v1 import router_pb2, router_pb2_grpc
from services.pb.sender.v1 import sender_pb2, sender_pb2_grpc
from tests.fakes.audit import MemoryLog
from tests.unit.cli.fake_flows import FakeFlows
from tests.unit.cli.fake_log import FakeReports
from tests.unit.cli.fake_media import media_servicers
from tests.unit.cli.fake_numbers import FakeCredentials, FakeHealth, FakeNumbers, FakeWebhooks
from tests.unit.cli.fake_privacy import FakeRights, privacy_servicers
from tests.unit.cli.fake_queues import FakeQueues
from tests.unit.cli.fake_secrets import FakeSecrets

NAMESPACE = UUID("6b1f5f0e-0000-4000-8000-000000000000")
"""A flow document with this text in it has an error."""


@dataclass
class Kept:
    """What the rooms were told, by kind and key, and how often anything was put.

    `key_ids` are the sealing keys that the rooms have, `sealed` how many values a room has under which key id; `asked`
    is what was asked of versions.
    """

    values: dict[tuple[str, ...], Any] = field(default_factory=dict)
    puts: int = 0
    letters: list[lanes_pb2.DeadLetter] = field(default_factory=list)
    events: list[ingress_pb2.KeptEvent] = field(default_factory=list)
    subjects: list[str] = field(default_factory=list)
    key_ids: list[str] = field(default_factory=list)
    sealed: dict[str, dict[str, int]] = field(default_factory=dict)
    refused_password: str = "refused"
    asked: list[Any] = field(default_factory=list)
    findings: list[sender_pb2.NumberFinding] = field(default_factory=list)
    log_pages: list[list[analytics_pb2.Record]] = field(default_factory=lambda: [[]])
    log_requests: list[Any] = field(default_factory=list)
    rights: FakeRights = field(default_factory=FakeRights)
    logs: dict[str, MemoryLog] = field(default_factory=lambda: {room: MemoryLog(room) for room in ROOMS})

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

    async def PutOptOutWords(self, request: Any, context: Any) -> router_pb2.PutOptOutWordsResponse:
        value = [(it.language, [*it.stop_words], [*it.start_words], it.stopped_text) for it in request.languages]
        return router_pb2.PutOptOutWordsResponse(
            is_changed=self.kept.put(request.organization_id, "opt_out", value=(value, request.is_off))
        )

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
        waba_id=request.waba_id,
    ).SerializeToString()


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

    async def EndRotation(self, request: Any, context: Any) -> ingress_pb2.EndRotationResponse:
        is_changed = self.kept.put(request.organization_id, "ended", request.name, value=True)
        return ingress_pb2.EndRotationResponse(is_changed=is_changed)


class FakeAccounts(ingress_pb2_grpc.AccountsServicer):
    """Users by e-mail (those without a password are invited) and keys by name."""

    def __init__(self, kept: Kept) -> None:
        self.kept = kept

    async def PutUser(self, request: Any, context: Any) -> ingress_pb2.PutUserResponse:
        if request.password == self.kept.refused_password:
            raise InvalidArgument("password must be another one")
        key = (request.organization_id, "user", request.email)
        is_new, is_invited = key not in self.kept.values, not request.password
        value = (request.name, request.role, request.password, request.is_inactive)
        is_changed = self.kept.values.get(key) != value
        if not request.dry_run:
            self.kept.put(*key, value=value)
            self.kept.values["named", request.organization_id] = request.organization_name
        response = ingress_pb2.PutUserResponse(is_changed=is_changed, is_new=is_new)
        if is_new and is_invited and not request.dry_run:
            response.invitation_token = f"pti_for_{request.email}"
            response.invitation_expires_at.FromJsonString("2026-03-11T12:00:00Z")
        return response

    async def ListUsers(self, request: Any, context: Any) -> ingress_pb2.ListUsersResponse:
        response = ingress_pb2.ListUsersResponse()
        for email, (name, role, password, is_inactive) in self.kept.of(request.organization_id, "user").items():
            if password:
                user_id = str(uuid5(UUID(int=0), email))
                response.users.add(user_id=user_id, email=email, name=name, role=role, is_active=not is_inactive)
            else:
                response.invitations.add(email=email, role=role).expires_at.FromJsonString("2026-03-11T12:00:00Z")
        return response

    async def UnlockUser(self, request: Any, context: Any) -> ingress_pb2.UnlockUserResponse:
        self._find(request)
        self.kept.put(request.organization_id, "unlocked", value=request.email)
        return ingress_pb2.UnlockUserResponse()

    async def SetPassword(self, request: Any, context: Any) -> ingress_pb2.SetPasswordResponse:
        name, role, _, is_inactive = self._find(request)
        key = (request.organization_id, "user", request.email)
        self.kept.put(*key, value=(name, role, request.password, is_inactive))
        return ingress_pb2.SetPasswordResponse()

    def _find(self, request: Any) -> Any:
        found = self.kept.values.get((request.organization_id, "user", request.email))
        if found is None:
            raise NotFound("no user has this id or e-mail here", reason=errors_pb2.ERROR_REASON_USER_NOT_FOUND)
        return found

    async def PutApiKey(self, request: Any, context: Any) -> ingress_pb2.PutApiKeyResponse:
        key = (request.organization_id, "api_key", request.name)
        is_new = key not in self.kept.values
        value = (tuple(request.scopes), request.expires_in_days, request.requests_per_minute, request.key)
        is_changed = self.kept.values.get(key) != value
        text = ""
        if not request.dry_run:
            self.kept.put(*key, value=value)
            text = (request.key or f"ptk_for_{request.name}") if is_new else ""
        return ingress_pb2.PutApiKeyResponse(is_changed=is_changed, is_new=is_new, key=text)

    async def ListApiKeys(self, request: Any, context: Any) -> ingress_pb2.ListApiKeysResponse:
        return ingress_pb2.ListApiKeysResponse(
            api_keys=[
                ingress_pb2.ApiKey(key_id=f"id-{name}", name=name, scopes=scopes, requests_per_minute=per_minute)
                for name, (scopes, _, per_minute, _) in self.kept.of(request.organization_id, "api_key").items()
            ]
        )

    async def RevokeApiKey(self, request: Any, context: Any) -> ingress_pb2.RevokeApiKeyResponse:
        if self.kept.values.pop((request.organization_id, "api_key", request.name), None) is None:
            raise NotFound("no API key has this id or name here", reason=errors_pb2.ERROR_REASON_API_KEY_NOT_FOUND)
        return ingress_pb2.RevokeApiKeyResponse()


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


class FakeSealing(sealing_pb2_grpc.SealingServicer):
    def __init__(self, kept: Kept, room: str) -> None:
        self.kept, self.room = kept, room

    async def GetSealing(self, request: Any, context: Any) -> sealing_pb2.GetSealingResponse:
        values = [
            sealing_pb2.SealedValues(place=f"{self.room}.table.column", key_id=key_id, count=count)
            for key_id, count in self.kept.sealed.get(self.room, {}).items()
        ]
        return sealing_pb2.GetSealingResponse(
            active_key_id=self.kept.key_ids[0], key_ids=self.kept.key_ids, values=values
        )

    async def Reseal(self, request: Any, context: Any) -> sealing_pb2.ResealResponse:
        """Two values a call at most."""
        counts = self.kept.sealed.setdefault(self.room, {})
        old = [key_id for key_id in counts if key_id in self.kept.key_ids[1:]]
        moved = min(2, sum(counts[key_id] for key_id in old))
        each = [key_id for key_id in old for _ in range(counts[key_id])]
        for key_id in each[:moved]:
            counts[key_id] -= 1
            counts[self.kept.key_ids[0]] = counts.get(self.kept.key_ids[0], 0) + 1
        unopened = sum(count for key_id, count in counts.items() if key_id not in self.kept.key_ids)
        return sealing_pb2.ResealResponse(resealed=moved, unopened=unopened)


def _servicers(kept: Kept, room: str) -> list[Servicer]:
    dead = Servicer(
        "pytake.common.v1.DeadLetters", lanes_pb2_grpc.add_DeadLettersServicer_to_server, FakeDeadLetters(kept, room)
    )
    sealing = Servicer(
        "pytake.common.v1.Sealing", sealing_pb2_grpc.add_SealingServicer_to_server, FakeSealing(kept, room)
    )
    own = {
        "analytics": [
            Servicer(
                "pytake.analytics.v1.Reports",
                analytics_pb2_grpc.add_ReportsServicer_to_server,
                FakeReports(kept.log_pages, kept.log_requests),
            )
        ],
        "router": [
            Servicer(
                "pytake.router.v1.Directory", router_pb2_grpc.add_DirectoryServicer_to_server, FakeDirectory(kept)
            ),
            Servicer("pytake.router.v1.Queues", router_pb2_grpc.add_QueuesServicer_to_server, FakeQueues(kept)),
        ],
        "executor": [
            Servicer(
                "pytake.executor.v1.FlowService", executor_pb2_grpc.add_FlowServiceServicer_to_server, FakeFlows(kept)
            ),
            Servicer("pytake.executor.v1.Secrets", executor_pb2_grpc.add_SecretsServicer_to_server, FakeSecrets(kept)),
            dead,
            sealing,
        ],
        "sender": [
            Servicer(
                "pytake.sender.v1.Credentials",
                sender_pb2_grpc.add_CredentialsServicer_to_server,
                FakeCredentials(kept),
            ),
            Servicer("pytake.sender.v1.Health", sender_pb2_grpc.add_HealthServicer_to_server, FakeHealth(kept)),
            *media_servicers(kept),
            Servicer("pytake.sender.v1.Webhooks", sender_pb2_grpc.add_WebhooksServicer_to_server, FakeWebhooks(kept)),
            Servicer("pytake.sender.v1.Numbers", sender_pb2_grpc.add_NumbersServicer_to_server, FakeNumbers(kept)),
            dead,
            sealing,
        ],
        "ingress": [
            Servicer("pytake.ingress.v1.Apps", ingress_pb2_grpc.add_AppsServicer_to_server, FakeApps(kept)),
            Servicer("pytake.ingress.v1.Accounts", ingress_pb2_grpc.add_AccountsServicer_to_server, FakeAccounts(kept)),
            Servicer("pytake.ingress.v1.Events", ingress_pb2_grpc.add_EventsServicer_to_server, FakeEvents(kept)),
            dead,
            sealing,
        ],
    }
    return [*own.get(room, []), *privacy_servicers(kept.rights, room), audit_servicer(kept.logs[room])]


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
