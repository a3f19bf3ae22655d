"""executor's composition root: the only file that names concrete classes."""

from __future__ import annotations

import asyncio
import random
from datetime import timedelta
from uuid import uuid4

import psycopg

from services.chassis.audit import AuditLog, audit_servicer
from services.chassis.clock import monotonic, now
from services.chassis.db import Database
from services.chassis.egress import Egress, networks_of, ports_of
from services.chassis.lifecycle import Closing, Periodic, Service
from services.chassis.logs import configure_logs
from services.chassis.ops import OpsServer
from services.chassis.queue import Batcher, Bell, DeadLetters, Lanes, Poll, Relay
from services.chassis.rpc import Certificates, Peer, PeerAddress, RpcServer, Servicer
from services.chassis.sealing import Resealing, Sealer, SealingServer
from services.chassis.settings import SettingsError
from services.chassis.tenancy import ServiceSigner, TokenVerifier
from services.executor import metrics
from services.executor.domain.limits import Limits
from services.executor.peers import GrpcAnalytics, GrpcRouter, GrpcSender, GrpcTemplates
from services.executor.server import ExecutionServer, FlowServer, PrivacyServer, SecretsServer, StatesServer
from services.executor.settings import Settings
from services.executor.store import (
    ANY_MIGRATION_DUE,
    ANY_TIMER_DUE,
    EFFECTS,
    INBOX,
    NOTICES,
    OUTBOX,
    RECORDS,
    SEALED,
    PostgresEffects,
    PostgresFlows,
    PostgresHands,
    PostgresMigrations,
    PostgresPrivacy,
    PostgresRecordings,
    PostgresSecrets,
    PostgresStates,
    PostgresVersions,
    Starting,
)
from services.executor.usecases import (
    CallOutside,
    Encoder,
    FlowKeeping,
    FlowLibrary,
    HandKeeping,
    Publishing,
    Replaying,
    SecretKeeping,
    StateKeeping,
    Telling,
    Turns,
)
from services.executor.worker import (
    EffectWorker,
    InboxWorker,
    Mover,
    TimerClock,
    encode_closed,
    encode_effect,
    encode_notice,
    encode_record,
    encode_said,
    encode_starts,
    hand_items,
    read_effect,
    recorded_arrival,
    submission_of,
    told_message,
    told_said,
)
from services.pb.common.v1 import lanes_pb2_grpc, sealing_pb2_grpc
from services.pb.executor.v1 import executor_pb2_grpc

PARTITIONS_SECONDS = 3600.0
CLEANING_SECONDS = 86_400.0
DEPTH_SECONDS = 5.0
# A transaction of more would only keep the events of all of them waiting.
LARGEST_TAKE = 256
# Nobody waits for the log: records gather for a moment, so that a busy second is a few batches.
RECORD_LINGER = 0.5
# After a rotation the first turn, at the start, moves everything; later ones keep the gauge true.
SEALING_SECONDS = 600.0


async def build(settings: Settings) -> Service:
    """Put the room together; nothing runs until the service does. Raises SettingsError."""
    sealer, egress = _sealer(settings), _egress(settings)
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
    effects, notices = Lanes(EFFECTS, database), Lanes(NOTICES, database)
    inbox_bell, outbox_bell, records_bell, effects_bell, notices_bell = (Bell() for _ in range(5))
    audit = AuditLog("executor", database)
    states = PostgresStates(
        database,
        inbox,
        outbox,
        records,
        effects,
        notices,
        audit=audit,
        on_queued=inbox_bell.ring,
        encode_closed=encode_closed,
    )
    starting = Starting(notices, encode_starts, on_told=notices_bell.ring)
    flows = PostgresFlows(database, audit, starting)
    library = FlowLibrary(flows)
    limits = Limits(settings.max_flow_iterations, settings.flow_execution_timeout_ms)
    ttl = timedelta(hours=settings.conversation_session_ttl_hours)
    turns = Turns(
        states=states,
        library=library,
        encoder=Encoder(encode_said, encode_record, encode_effect, encode_notice),
        limits=limits,
        ttl=ttl,
        monotonic=monotonic,
    )
    telling = Telling(recorded_arrival, told_message, told_said)
    replaying = Replaying(
        flows, PostgresRecordings(database), library, telling, limits=limits, ttl=ttl, monotonic=monotonic
    )
    secrets = PostgresSecrets(database, sealer, audit)
    effect_worker = EffectWorker(
        PostgresEffects(database, effects, inbox, read=read_effect, on_told=inbox_bell.ring),
        CallOutside(
            egress,
            secrets,
            now=now,
            monotonic=monotonic,
            pause=asyncio.sleep,
            dice=random.random,
            on_try=lambda kind: metrics.effect_tries_total.labels(kind).inc(),
        ),
        effects_bell,
        limit=settings.effects_in_flight,
        share=settings.effects_of_one_organization,
        lease_seconds=effects.lease_seconds,
        drain_seconds=settings.drain_seconds,
        monotonic=monotonic,
    )
    effects.attach(effect_worker)
    resealing = Resealing(database, sealer, SEALED)
    sender_peer = Peer(PeerAddress("sender", settings.sender_target), signer, certificates=certificates)
    analytics_peer = Peer(PeerAddress("analytics", settings.analytics_target), signer, certificates=certificates)

    router_peer = Peer(PeerAddress("router", settings.router_target), signer, certificates=certificates)

    def ring() -> None:
        inbox_bell.ring()
        notices_bell.ring()

    keeping = StateKeeping(states)
    hands = PostgresHands(database, inbox, notices, audit, encode=hand_items, on_queued=ring)
    boxes = (
        (inbox, inbox_bell),
        (outbox, outbox_bell),
        (records, records_bell),
        (effects, effects_bell),
        (notices, notices_bell),
    )

    async def measure() -> None:
        for lanes, _ in boxes:
            await lanes.measure()

    poison = (psycopg.DataError,)
    execution = ExecutionServer(
        submission_of,
        take=Batcher(turns.take, limit=LARGEST_TAKE, poison=poison),
        keep=Batcher(turns.keep, limit=LARGEST_TAKE, poison=poison),
    )
    timers = TimerClock(states)
    mover = Mover(PostgresMigrations(database, records, encode_closed))
    templates = GrpcTemplates(sender_peer)
    versions = PostgresVersions(database, audit, starting, on_begun=mover.ring)
    rpc = RpcServer(
        settings.grpc_address,
        [
            Servicer(
                "pytake.executor.v1.Execution",
                executor_pb2_grpc.add_ExecutionServicer_to_server,
                execution,
            ),
            Servicer(
                "pytake.executor.v1.FlowService",
                executor_pb2_grpc.add_FlowServiceServicer_to_server,
                FlowServer(FlowKeeping(flows, templates), Publishing(flows, versions, templates), replaying),
            ),
            Servicer(
                "pytake.executor.v1.States",
                executor_pb2_grpc.add_StatesServicer_to_server,
                StatesServer(keeping, HandKeeping(states, keeping, hands, lambda: str(uuid4()))),
            ),
            Servicer(
                "pytake.executor.v1.Secrets",
                executor_pb2_grpc.add_SecretsServicer_to_server,
                SecretsServer(SecretKeeping(secrets)),
            ),
            Servicer(
                "pytake.common.v1.Sealing",
                sealing_pb2_grpc.add_SealingServicer_to_server,
                SealingServer(resealing),
            ),
            Servicer(
                "pytake.executor.v1.Privacy",
                executor_pb2_grpc.add_PrivacyServicer_to_server,
                PrivacyServer(PostgresPrivacy(database)),
            ),
            Servicer(
                "pytake.common.v1.DeadLetters",
                lanes_pb2_grpc.add_DeadLettersServicer_to_server,
                DeadLetters(boxes, audit),
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
            Closing(router_peer.close),
            Closing(egress.close),
            Periodic("partitions", PARTITIONS_SECONDS, states.prepare_partitions),
            Periodic("cleaning", CLEANING_SECONDS, states.drop_old),
            Periodic("depth", DEPTH_SECONDS, measure),
            Periodic("sealing", SEALING_SECONDS, resealing.turn),
            Relay(outbox, database, outbox_bell, GrpcSender(sender_peer).enqueue),
            Relay(
                records, database, records_bell, GrpcAnalytics(analytics_peer).ingest, limit=32, linger=RECORD_LINGER
            ),
            Relay(notices, database, notices_bell, GrpcRouter(router_peer).apply),
            InboxWorker(inbox, turns, bell=inbox_bell, monotonic=monotonic),
            effect_worker,
            timers,
            mover,
            Poll(
                database,
                [
                    *((lanes.is_any_ready, bell.ring) for lanes, bell in boxes),
                    (ANY_TIMER_DUE, timers.ring),
                    (ANY_MIGRATION_DUE, mover.ring),
                ],
            ),
            rpc,
            # Last, so that a room is ready only when everything else has started.
            OpsServer(settings.ops_address, database.is_reachable),
        ],
    )


def _sealer(settings: Settings) -> Sealer:
    try:
        return Sealer.from_text(settings.sealing_keys)
    except ValueError as error:
        raise SettingsError(str(error)) from error


def _egress(settings: Settings) -> Egress:
    """The way out, with the operator's policy."""
    if settings.effects_in_flight < 1 or settings.effects_of_one_organization < 1:
        raise SettingsError("EFFECTS_IN_FLIGHT and EFFECTS_OF_ONE_ORGANIZATION must be more than 0")
    try:
        allowed = networks_of(settings.effects_allowed_networks)
    except ValueError as error:
        raise SettingsError(f"EFFECTS_ALLOWED_NETWORKS cannot be used: {error}") from error
    try:
        ports = ports_of(settings.effects_ports)
    except ValueError as error:
        raise SettingsError(f"EFFECTS_PORTS cannot be used: {error}") from error
    return Egress(allowed=allowed, ports=ports, connections=settings.effects_in_flight)
