"""Router over gRPC on real Postgres, with an executor and a sender that only take notes."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import grpc
from joserfc.jwk import OKPKey

from services.chassis.audit import AuditLog, audit_servicer
from services.chassis.clock import monotonic
from services.chassis.db import Database
from services.chassis.rpc import Peer, PeerAddress, RpcServer, Servicer
from services.chassis.sealing import NameHasher
from services.chassis.tenancy import ServiceSigner, TeamSigner, TokenVerifier
from services.pb.common.v1 import events_pb2, results_pb2
from services.pb.executor.v1 import executor_pb2, executor_pb2_grpc
from services.pb.router.v1 import router_pb2, router_pb2_grpc
from services.pb.sender.v1 import sender_pb2, sender_pb2_grpc
from services.router.app import Surroundings, servicers
from services.router.peers import GrpcExecutor, GrpcHands, GrpcSender
from services.router.store import (
    PostgresAudiences,
    PostgresConversations,
    PostgresDirectory,
    PostgresEntries,
    PostgresInbox,
    PostgresOrders,
    PostgresPeople,
    PostgresPrivacy,
    PostgresQueues,
    PostgresRouting,
)
from services.router.usecases import WatchConversations
from tests.fixtures.teams import Team

CALLERS = ("operator", "ingress", "router", "sender")
NAMES = NameHasher(b"names of the erased are hashed so")


def keys_in(folder: Path) -> tuple[dict[str, ServiceSigner], Team]:
    """Write the callers' public keys into `folder` and return their signers."""
    keys = {name: OKPKey.generate_key("Ed25519", parameters={"kid": name}) for name in CALLERS}
    public = [key.as_dict(private=False) | {"kid": name} for name, key in keys.items()]
    (folder / "jwks.json").write_text(json.dumps({"keys": public}))
    (folder / "router.jwk.json").write_text(json.dumps(keys["router"].as_dict(private=True) | {"kid": "router"}))
    team = Team(TeamSigner("operator", keys["operator"]), permissions=["conversations:read"])
    return {name: ServiceSigner(name, key) for name, key in keys.items()}, team


@dataclass
class Notes(executor_pb2_grpc.ExecutionServicer, executor_pb2_grpc.StatesServicer, sender_pb2_grpc.DeliveryServicer):
    """What executor and sender were given; each event counts once."""

    events: list[executor_pb2.ConversationEvent] = field(default_factory=list)
    statuses: list[sender_pb2.OrganizationStatus] = field(default_factory=list)
    notices: list[sender_pb2.OrganizationNotice] = field(default_factory=list)
    hands: list[executor_pb2.TakeConversationRequest | executor_pb2.ReleaseConversationRequest] = field(
        default_factory=list
    )
    repeats: list[bool] = field(default_factory=list)
    refusals: int = 0

    async def Submit(self, request: executor_pb2.SubmitRequest, context: Any) -> executor_pb2.SubmitResponse:  # noqa: N802
        self.repeats.append(request.is_repeat)
        if self.refusals:
            self.refusals -= 1
            await context.abort(grpc.StatusCode.UNAVAILABLE, "away")
        return executor_pb2.SubmitResponse(results=[self._take(event) for event in request.events])

    async def TakeConversation(self, request: Any, context: Any) -> Any:  # noqa: N802
        self.hands.append(request)
        return executor_pb2.TakeConversationResponse(conversation_id=request.conversation_id)

    async def ReleaseConversation(self, request: Any, context: Any) -> Any:  # noqa: N802
        self.hands.append(request)
        return executor_pb2.ReleaseConversationResponse(conversation_id=request.conversation_id)

    async def ApplyNotices(self, request: sender_pb2.ApplyNoticesRequest, context: Any) -> Any:  # noqa: N802
        self.notices.extend(request.notices)
        ok = results_pb2.ItemResult(outcome=results_pb2.ITEM_OUTCOME_OK)
        return sender_pb2.ApplyNoticesResponse(results=[ok for _ in request.notices])

    async def ApplyStatuses(self, request: sender_pb2.ApplyStatusesRequest, context: Any) -> Any:  # noqa: N802
        self.statuses.extend(request.statuses)
        ok = results_pb2.ItemResult(outcome=results_pb2.ITEM_OUTCOME_OK)
        return sender_pb2.ApplyStatusesResponse(results=[ok for _ in request.statuses])

    def _take(self, event: executor_pb2.ConversationEvent) -> results_pb2.ItemResult:
        if any(known.event_id == event.event_id for known in self.events):
            return results_pb2.ItemResult(outcome=results_pb2.ITEM_OUTCOME_DUPLICATE)
        self.events.append(event)
        return results_pb2.ItemResult(outcome=results_pb2.ITEM_OUTCOME_OK)


@dataclass
class Replica:
    """One router, and the ways to call it."""

    ingress: Peer
    operator: Peer
    sender: Peer
    audit: AuditLog
    team: Peer
    bearer: Team
    watching: WatchConversations

    async def route(
        self, *messages: events_pb2.InboundMessage, is_repeat: bool = False
    ) -> Sequence[results_pb2.ItemResult]:
        stub = self.ingress.stub(router_pb2_grpc.RoutingStub)
        request = router_pb2.RouteMessagesRequest(messages=messages, is_repeat=is_repeat)
        return list((await self.ingress.call(stub.RouteMessages, request, seconds=10)).results)

    async def route_statuses(self, *statuses: events_pb2.MessageStatus) -> Sequence[results_pb2.ItemResult]:
        stub = self.ingress.stub(router_pb2_grpc.RoutingStub)
        request = router_pb2.RouteStatusesRequest(statuses=statuses)
        return list((await self.ingress.call(stub.RouteStatuses, request, seconds=10)).results)

    async def directory(self, method: str, request: Any) -> Any:
        stub = self.operator.stub(router_pb2_grpc.DirectoryStub)
        return await self.operator.call(getattr(stub, method), request, seconds=10)

    async def set_owner(self, **fields: Any) -> router_pb2.SetOwnerResponse:
        stub = self.operator.stub(router_pb2_grpc.ConversationsStub)
        return await self.operator.call(stub.SetOwner, router_pb2.SetOwnerRequest(**fields), seconds=10)

    async def trial(self, **fields: Any) -> router_pb2.SubmitTestMessageResponse:
        stub = self.ingress.stub(router_pb2_grpc.RoutingStub)
        request = router_pb2.SubmitTestMessageRequest(**fields)
        return await self.ingress.call(stub.SubmitTestMessage, request, seconds=10)

    async def organization(self, phone_number_id: str, **number: Any) -> str:
        """A new organization with one active number."""
        request = router_pb2.PutOrganizationRequest(name=f"Loja {uuid4()}", time_zone="America/Belem")
        organization_id: str = (await self.directory("PutOrganization", request)).organization_id
        await self.put_number(organization_id, phone_number_id, **number)
        return organization_id

    async def put_number(self, organization_id: str, phone_number_id: str, **number: Any) -> bool:
        fields = {"is_active": True, "display_phone_number": "+55 91 3000-0000"} | number
        request = router_pb2.PutNumberRequest(
            organization_id=organization_id, phone_number_id=phone_number_id, **fields
        )
        return bool((await self.directory("PutNumber", request)).is_changed)


@dataclass
class House:
    """Replicas of router in front of the same notes."""

    notes: Notes
    replicas: list[Replica]


@asynccontextmanager
async def house(url: str, folder: Path, replicas: int = 1) -> AsyncIterator[House]:
    """A running house; `url` is the database with router's role."""
    signers, team = keys_in(folder)
    servers: list[RpcServer] = []
    async with AsyncExitStack() as stack:
        # All at once: each gives its callers a moment to turn away.
        stack.push_async_callback(_stop_all, servers)
        notes = Notes()
        rooms = {
            "executor": [
                Servicer("pytake.executor.v1.Execution", executor_pb2_grpc.add_ExecutionServicer_to_server, notes),
                Servicer("pytake.executor.v1.States", executor_pb2_grpc.add_StatesServicer_to_server, notes),
            ],
            "sender": [Servicer("pytake.sender.v1.Delivery", sender_pb2_grpc.add_DeliveryServicer_to_server, notes)],
        }
        peers = [
            _peer(stack, await _serve(servers, folder, room, served), signers["router"])
            for room, served in rooms.items()
        ]
        made = [await _replica(stack, servers, url, folder, signers, team, peers) for _ in range(replicas)]
        yield House(notes, made)


async def _replica(
    stack: AsyncExitStack,
    servers: list[RpcServer],
    url: str,
    folder: Path,
    signers: dict[str, ServiceSigner],
    team: Team,
    peers: list[Peer],
) -> Replica:
    database = await Database.open(url, size=4, name="router")
    stack.push_async_callback(database.close)
    audit = AuditLog("router", database)
    directory, inbox = PostgresDirectory(database, audit), PostgresInbox(database, audit)
    watching = WatchConversations(inbox, most=8, look_seconds=0.05, monotonic=monotonic)
    surroundings = Surroundings(
        routing=PostgresRouting(database, NAMES),
        directory=directory,
        conversations=PostgresConversations(database, audit),
        audiences=PostgresAudiences(database),
        privacy=PostgresPrivacy(database, NAMES, audit),
        orders=PostgresOrders(database),
        people=PostgresPeople(database, NAMES, audit),
        inbox=inbox,
        watching=watching,
        settings=directory,
        queues=PostgresQueues(database, audit),
        entries=PostgresEntries(database, audit),
        executor=GrpcExecutor(peers[0], seconds=10),
        hands=GrpcHands(peers[0], seconds=10),
        sender=GrpcSender(peers[1], seconds=10),
    )
    address = await _serve(servers, folder, "router", [*servicers(surroundings), audit_servicer(audit)])
    ingress, operator, sender = (_peer(stack, address, signers[name]) for name in ("ingress", "operator", "sender"))
    as_team = team.peer(address)
    stack.push_async_callback(as_team.close)
    return Replica(ingress, operator, sender, audit, as_team, team, watching)


async def _serve(servers: list[RpcServer], folder: Path, room: str, served: list[Servicer]) -> PeerAddress:
    """Serve on a free port."""
    verifier = TokenVerifier.from_file(audience=room, jwks_file=str(folder / "jwks.json"))
    server = RpcServer("127.0.0.1:0", served, verifier, drain_seconds=0.0)
    await server.start()
    servers.append(server)
    return PeerAddress(room, f"ipv4:127.0.0.1:{server.port}")


def _peer(stack: AsyncExitStack, address: PeerAddress, signer: ServiceSigner) -> Peer:
    peer = Peer(address, signer, is_repeating=False)
    stack.push_async_callback(peer.close)
    return peer


async def _stop_all(servers: list[RpcServer]) -> None:
    await asyncio.gather(*(server.stop() for server in servers))
