"""executor's composition root: the only file that names concrete classes."""

from __future__ import annotations

from datetime import timedelta

import psycopg

from services.chassis.audit import AuditLog, audit_servicer
from services.chassis.clock import monotonic
from services.chassis.db import Database
from services.chassis.lifecycle import Closing, Periodic, Service
from services.chassis.logs import configure_logs
from services.chassis.ops import OpsServer
from services.chassis.queue import Batcher, Bell, DeadLetters, Lanes, Poll, Relay
from services.chassis.rpc import Certificates, Peer, PeerAddress, RpcServer, Servicer
from services.chassis.tenancy import ServiceSigner, TokenVerifier
from services.executor.domain.limits import Limits
from services.executor.peers import GrpcAnalytics, GrpcSender
from services.executor.server import ExecutionServer, FlowsServer, PrivacyServer, StatesServer
from services.executor.settings import Settings
from services.executor.store import (
    ANY_TIMER_DUE,
    INBOX,
    OUTBOX,
    RECORDS,
    PostgresFlows,
    PostgresPrivacy,
    PostgresStates,
)
from services.executor.usecases import Encoder, FlowKeeping, FlowLibrary, StateKeeping, Turns
from services.executor.worker import InboxWorker, TimerClock, encode_record, encode_said, submission_of
from services.pb.common.v1 import lanes_pb2_grpc
from services.pb.executor.v1 import executor_pb2_grpc

PARTITIONS_SECONDS = 3600.0
CLEANING_SECONDS = 86_400.0
DEPTH_SECONDS = 5.0
# A transaction of more would only keep the events of all of them waiting.
LARGEST_TAKE = 256
# Nobody waits for the log: records gather for a moment, so that a busy second is a few batches.
RECORD_LINGER = 0.5


async def build(settings: Settings) -> Service:
    """Put the room together; nothing runs until the service does."""
    configure_logs("executor", settings)
    certificates = Certificates.from_settings(settings)
    database = await Database.open(
        settings.database_url,
        size=settings.database_pool_size,
        name="pytake-executor",
        prepare=settings.database_prepare,
    )
    signer = ServiceSigner.from_file("executor", settings.service_key_file)
    verifier = TokenVerifier.from_file(audience="executor", jwks_file=settings.service_jwks_file)
    inbox, outbox, records = Lanes(INBOX, database), Lanes(OUTBOX, database), Lanes(RECORDS, database)
    inbox_bell, outbox_bell, records_bell = Bell(), Bell(), Bell()
    audit = AuditLog("executor", database)
    states = PostgresStates(database, inbox, outbox, records, audit=audit, on_queued=inbox_bell.ring)
    flows = PostgresFlows(database, audit)
    turns = Turns(
        states=states,
        library=FlowLibrary(flows),
        encoder=Encoder(encode_said, encode_record),
        limits=Limits(settings.max_flow_iterations, settings.flow_execution_timeout_ms),
        ttl=timedelta(hours=settings.conversation_session_ttl_hours),
        monotonic=monotonic,
    )
    sender_peer = Peer(PeerAddress("sender", settings.sender_target), signer, certificates=certificates)
    analytics_peer = Peer(PeerAddress("analytics", settings.analytics_target), signer, certificates=certificates)

    async def measure() -> None:
        for lanes in (inbox, outbox, records):
            await lanes.measure()

    poison = (psycopg.DataError,)
    execution = ExecutionServer(
        submission_of,
        take=Batcher(turns.take, limit=LARGEST_TAKE, poison=poison),
        keep=Batcher(turns.keep, limit=LARGEST_TAKE, poison=poison),
    )
    timers = TimerClock(states)
    rpc = RpcServer(
        settings.grpc_address,
        [
            Servicer(
                "pytake.executor.v1.Execution",
                executor_pb2_grpc.add_ExecutionServicer_to_server,
                execution,
            ),
            Servicer(
                "pytake.executor.v1.Flows",
                executor_pb2_grpc.add_FlowsServicer_to_server,
                FlowsServer(FlowKeeping(flows)),
            ),
            Servicer(
                "pytake.executor.v1.States",
                executor_pb2_grpc.add_StatesServicer_to_server,
                StatesServer(StateKeeping(states)),
            ),
            Servicer(
                "pytake.executor.v1.Privacy",
                executor_pb2_grpc.add_PrivacyServicer_to_server,
                PrivacyServer(PostgresPrivacy(database)),
            ),
            Servicer(
                "pytake.common.v1.DeadLetters",
                lanes_pb2_grpc.add_DeadLettersServicer_to_server,
                DeadLetters([(inbox, inbox_bell), (outbox, outbox_bell), (records, records_bell)], audit),
            ),
            audit_servicer(audit),
        ],
        verifier,
        drain_seconds=settings.drain_seconds,
        certificates=certificates,
    )
    return Service(
        "executor",
        [
            Closing(database.close),
            Closing(sender_peer.close),
            Closing(analytics_peer.close),
            Periodic("partitions", PARTITIONS_SECONDS, states.prepare_partitions),
            Periodic("cleaning", CLEANING_SECONDS, states.drop_old),
            Periodic("depth", DEPTH_SECONDS, measure),
            Relay(outbox, database, outbox_bell, GrpcSender(sender_peer).enqueue),
            Relay(
                records, database, records_bell, GrpcAnalytics(analytics_peer).ingest, limit=32, linger=RECORD_LINGER
            ),
            InboxWorker(inbox, turns, bell=inbox_bell, monotonic=monotonic),
            timers,
            Poll(
                database,
                [
                    (inbox.is_any_ready, inbox_bell.ring),
                    (outbox.is_any_ready, outbox_bell.ring),
                    (records.is_any_ready, records_bell.ring),
                    (ANY_TIMER_DUE, timers.ring),
                ],
            ),
            rpc,
            # Last, so that a room is ready only when everything else has started.
            OpsServer(settings.ops_address, database.is_reachable),
        ],
    )
