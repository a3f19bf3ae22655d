"""The five rooms in one process on real Postgres, each logged in as its own role: servicers, use cases and stores.

Nothing runs by itself. What relays and workers do is done when `settle` is called, so that what a call answers depends
on calls alone.
"""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import MISSING, dataclass, fields
from datetime import timedelta
from typing import Any

from google.protobuf.message import Message

from services.analytics.app import servicers as analytics_servicers
from services.analytics.store import PostgresStore as AnalyticsStore
from services.chassis.audit import AuditLog, audit_servicer
from services.chassis.clock import monotonic, now
from services.chassis.db import Database
from services.chassis.queue import Batcher, Bell, Box, Lanes, StoredItem
from services.chassis.queue.relay import plan_of
from services.chassis.redis import OptionalRedis
from services.chassis.rpc import Servicer
from services.chassis.sealing import Sealer
from services.chassis.settings import Secret
from services.embedded.keys import ROOMS
from services.executor.domain.engine import Limits
from services.executor.peers import GrpcAnalytics, GrpcSender
from services.executor.server import ExecutionServer, FlowsServer, StatesServer
from services.executor.store import INBOX, OUTBOX, RECORDS, PostgresFlows, PostgresStates
from services.executor.usecases import Encoder, FlowKeeping, FlowLibrary, StateKeeping, Turns
from services.executor.worker import decode, encode_record, encode_said, submission_of
from services.ingress.accounts import Accounts, open_accounts
from services.ingress.accounts.passwords import Passwords
from services.ingress.accounts.server import AccountsServer
from services.ingress.accounts.store import PostgresAccounts
from services.ingress.apps import AppDirectory
from services.ingress.cache import RateLimits
from services.ingress.server import AppsServer
from services.ingress.store import MESSAGES, STATUSES
from services.ingress.store import PostgresStore as IngressStore
from services.ingress.usecases import Door, Intake
from services.pb.common.v1 import results_pb2
from services.pb.executor.v1 import executor_pb2_grpc
from services.pb.ingress.v1 import ingress_pb2_grpc
from services.router.app import Surroundings
from services.router.app import servicers as router_servicers
from services.router.peers import GrpcExecutor
from services.router.peers import GrpcSender as RouterSender
from services.router.store import PostgresConversations, PostgresDirectory, PostgresRouting
from services.sender.app import furnish
from services.sender.domain.settling import PairLimit
from services.sender.peers import record_bytes
from services.sender.server import servicers as sender_servicers
from services.sender.settings import Settings as SenderSettings
from services.sender.store import PostgresCredentials
from services.sender.store import PostgresStore as SenderStore
from services.sender.usecases import Deliver
from tests.fixtures.accounts import CHEAP
from tests.fixtures.rest import NO_LIMITS, SIGNER, rest_verifier
from tests.walls.wire import Neighbour, Wire

SEALING_KEY = base64.b64encode(b"w" * 32).decode()

Results = Sequence[results_pb2.ItemResult]


@dataclass(frozen=True, slots=True)
class Belt:
    """A box, and where its items go."""

    lanes: Lanes
    database: Database
    deliver: Callable[[Sequence[StoredItem]], Awaitable[Results]]

    async def run(self) -> bool:
        """Hand over what is ready; tells whether there was anything."""
        claims = await self.lanes.claim()
        if not claims:
            return False
        results = await self.deliver([item for claim in claims for item in claim.items])
        plan = plan_of(claims, results)
        async with self.database.transaction({claim.group_id for claim in claims}) as connection:
            for claim, item, reason in plan.buried:
                await self.lanes.bury(connection, claim, item, reason)
            await self.lanes.finish(connection, plan.finishes)
        return True


@dataclass(frozen=True, slots=True)
class World:
    """The rooms, and the two ways to use them: calls, and stores by room."""

    wire: Wire
    stores: dict[str, tuple[Any, ...]]
    inbox: Lanes
    turns: Turns
    belts: tuple[Belt, ...]
    boxes: tuple[tuple[Lanes, Database], ...]
    accounts: Accounts

    async def call(self, path: str, request: Message) -> Any:
        """The response. Raises the PytakeError a caller would see."""
        return await self.wire.call(path, request)

    async def settle(self) -> None:
        """Everything that waits in lanes goes on, until nothing waits."""
        is_moving = True
        while is_moving:
            is_moving = False
            while claims := await self.inbox.claim(which="fresh"):
                await self.turns.work_off([decode(claim) for claim in claims])
                is_moving = True
            for belt in self.belts:
                is_moving = await belt.run() or is_moving


@asynccontextmanager
async def open_world(url_of: Callable[[str], str], *, prepare: bool = True, size: int = 2) -> AsyncIterator[World]:
    """Open all rooms; `url_of` gives a room's URL with its own role."""
    async with AsyncExitStack() as stack:
        databases: dict[str, Database] = {}
        for room in ROOMS:
            databases[room] = await Database.open(url_of(room), size=size, name=room, prepare=prepare)
            stack.push_async_callback(databases[room].close)
        wire = Wire()
        peer: Any = Neighbour(wire)
        audits = {room: AuditLog(room, database) for room, database in databases.items()}
        for room, audit in audits.items():
            wire.serve(room, [audit_servicer(audit)])
        directory = PostgresDirectory(databases["router"], audits["router"])
        conversations = PostgresConversations(databases["router"], audits["router"])
        routing = PostgresRouting(databases["router"])
        surroundings = Surroundings(
            routing=routing,
            directory=directory,
            conversations=conversations,
            executor=GrpcExecutor(peer, seconds=10),
            sender=RouterSender(peer, seconds=10),
        )
        wire.serve("router", router_servicers(surroundings))
        inbox, belts, turns, executor_stores = _executor(audits["executor"], databases["executor"], wire, peer)
        sender_belts, sender_stores = _sender(audits["sender"], databases["sender"], wire, peer)
        analytics = AnalyticsStore(databases["analytics"])
        wire.serve("analytics", analytics_servicers(analytics, now, 256))
        ingress, accounts = _ingress(audits["ingress"], databases["ingress"], wire)
        stores = {
            "router": (routing, directory, conversations),
            "executor": executor_stores,
            "sender": sender_stores,
            "analytics": (analytics,),
            "ingress": ingress,
        }
        outgoing = (*belts, *sender_belts)
        boxes = [(inbox, databases["executor"]), *((belt.lanes, belt.database) for belt in outgoing)]
        boxes.append((Lanes(Box("sender", "inbox"), databases["sender"]), databases["sender"]))
        yield World(wire, stores, inbox, turns, outgoing, tuple(boxes), accounts)


def _executor(
    audit: AuditLog, database: Database, wire: Wire, peer: Any
) -> tuple[Lanes, list[Belt], Turns, tuple[Any, ...]]:
    inbox, outbox, records = (Lanes(box, database) for box in (INBOX, OUTBOX, RECORDS))
    states = PostgresStates(database, inbox, outbox, records, audit=audit, on_queued=_nothing)
    flows = PostgresFlows(database, audit)
    turns = Turns(
        states=states,
        library=FlowLibrary(flows),
        encoder=Encoder(encode_said, encode_record),
        limits=Limits(),
        ttl=timedelta(hours=24),
        monotonic=monotonic,
    )
    execution = ExecutionServer(submission_of, take=Batcher(turns.take), keep=Batcher(turns.keep))
    added = (
        ("Execution", executor_pb2_grpc.add_ExecutionServicer_to_server, execution),
        ("Flows", executor_pb2_grpc.add_FlowsServicer_to_server, FlowsServer(FlowKeeping(flows))),
        ("States", executor_pb2_grpc.add_StatesServicer_to_server, StatesServer(StateKeeping(states))),
    )
    wire.serve("executor", (Servicer(name, add, implementation) for name, add, implementation in added))
    belts = [
        Belt(outbox, database, GrpcSender(peer).enqueue),
        Belt(records, database, GrpcAnalytics(peer).ingest),
    ]
    return inbox, belts, turns, (states, flows)


def _sender(audit: AuditLog, database: Database, wire: Wire, peer: Any) -> tuple[list[Belt], tuple[Any, ...]]:
    required = {field.name: Secret("") for field in fields(SenderSettings) if field.default is MISSING}
    settings = SenderSettings(
        **{**required, "sealing_keys": Secret(SEALING_KEY), "graph_api_base": "http://127.0.0.1:9/v1"}
    )
    sealer = Sealer.from_text(SEALING_KEY)
    room = furnish(settings, database, OptionalRedis(""), _Never(), sealer)
    inbox, records = (Lanes(Box("sender", name), database) for name in ("inbox", "records"))
    limit = PairLimit(settings.pair_burst, settings.pair_seconds)
    store = SenderStore(database, inbox=inbox, records=records, limit=limit, encode=record_bytes, on_record=_nothing)
    # Messages are stored and wait: nothing calls Meta.
    deliver = Deliver(store.enqueue, store, Bell())
    wire.serve("sender", sender_servicers(deliver, room.credentials, room.list_messages))
    return [Belt(records, database, GrpcAnalytics(peer).ingest)], (store, PostgresCredentials(database, sealer, audit))


def _ingress(audit: AuditLog, database: Database, wire: Wire) -> tuple[tuple[Any, ...], Accounts]:
    store = IngressStore(
        database,
        Lanes(MESSAGES, database),
        Lanes(STATUSES, database),
        sealer=Sealer.from_text(SEALING_KEY),
        audit=audit,
    )
    apps = AppDirectory(store.list_apps, fixed=(), monotonic=monotonic)
    intake = Intake(store=store, apps=apps, door=Door(monotonic), now=now)
    people = PostgresAccounts(database, audit)
    accounts = open_accounts(
        store=people,
        verifier=rest_verifier(),
        signer=SIGNER,
        rates=RateLimits(OptionalRedis(""), monotonic),
        limits=NO_LIMITS,
        now=now,
        monotonic=monotonic,
        passwords=Passwords(CHEAP),
    )
    served = (
        ("Apps", ingress_pb2_grpc.add_AppsServicer_to_server, AppsServer(intake)),
        ("Accounts", ingress_pb2_grpc.add_AccountsServicer_to_server, AccountsServer(accounts.provisioning)),
    )
    wire.serve("ingress", (Servicer(name, add, implementation) for name, add, implementation in served))
    return (store, people), accounts


class _Never:
    """A watermark that is never clear."""

    async def is_clear(self) -> bool:
        return False


def _nothing() -> None:
    """Nobody waits to be told."""
