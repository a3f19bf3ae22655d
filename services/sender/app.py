"""Composition root of sender: the only file that names concrete classes."""

from __future__ import annotations

import random
import secrets
from dataclasses import dataclass
from functools import partial

from services.chassis.audit import AuditLog, audit_servicer
from services.chassis.clock import monotonic, now
from services.chassis.db import Database
from services.chassis.egress import Egress
from services.chassis.lifecycle import Closing, Periodic, Service
from services.chassis.logs import configure_logs
from services.chassis.ops import OpsServer
from services.chassis.queue import Bell, Box, DeadLetters, Lanes, Poll, Relay
from services.chassis.redis import OptionalRedis
from services.chassis.rpc import Certificates, Peer, PeerAddress, RpcServer, Servicer
from services.chassis.sealing import Resealing, Sealer, SealingServer
from services.chassis.settings import SettingsError
from services.pb.common.v1 import lanes_pb2_grpc, sealing_pb2_grpc
from services.sender.cache import ManagementCalls, NumberLimits, Numbers, Pauses, StatusAges, Templates
from services.sender.campaigning import furnish_campaigns
from services.sender.domain.settling import PairLimit
from services.sender.filing import FileRoom, furnish_files
from services.sender.graph import Endpoint, GraphApi
from services.sender.peers import (
    AnalyticsIngest,
    ExecutorSubmit,
    IngressWatermark,
    RouterAudiences,
    RouterConversations,
    change_of,
    failure_bytes,
    record_bytes,
)
from services.sender.ports import Privacy, Watermark
from services.sender.ports.teams import Conversations
from services.sender.server import servicers, team_servicers, written
from services.sender.server.campaigns import campaign_servicer
from services.sender.settings import Settings, check_numbers, hasher_of, reach_of, sealer_of, signer_of, verifier_of
from services.sender.store import (
    SEALED,
    PostgresAliases,
    PostgresCalls,
    PostgresChanges,
    PostgresConsent,
    PostgresCredentials,
    PostgresHealth,
    PostgresMessages,
    PostgresNumbers,
    PostgresPauses,
    PostgresPrivacy,
    PostgresReach,
    PostgresStore,
    PostgresTemplates,
    PostgresWebhooks,
    Telling,
)
from services.sender.upkeep import Requeue, drop_old_items, ensure_partitions
from services.sender.usecases import ConcludeFromStatuses, Deliver, KeepCredentials, KeepNumbers
from services.sender.usecases.files_of_people import PrivacyWithFiles
from services.sender.usecases.health import TellHealth
from services.sender.usecases.names import MetasNames
from services.sender.usecases.notices import HearNotices
from services.sender.usecases.proving import ProveNumber
from services.sender.usecases.sending import Send
from services.sender.usecases.telling import TellMessages, WatchMessages
from services.sender.usecases.templates import KeepTemplates
from services.sender.usecases.webhooks import CallWebhook, KeepWebhooks
from services.sender.worker import Departing, SenderWorker, Settler, Surroundings, template_in
from services.sender.worker.calling import PER_LANE, WebhookWorker
from services.sender.worker.checking import broken_fields, call_bytes, call_of
from services.sender.worker.outside import Addresses, EgressPost

ROOM = "sender"

_DEPTH_SECONDS = 5.0
# A replica goes on sending so long what another was refused as a whole.
_PAUSES_SECONDS = 1.0
_REQUEUE_SECONDS = 2.0
_TEMPLATES_SECONDS = 10.0
# Nobody waits for the log: records gather for a moment, so that a busy second is a few batches.
_RECORD_LINGER = 0.5
_PARTITION_SECONDS = 3600.0
_DROP_SECONDS = 86400.0
# After a rotation the first turn, at the start, moves everything; later ones keep the gauge true.
_SEALING_SECONDS = 600.0
# Of the calls one process may have under way, one number gets this share: a slow number leaves room for others.
_SHARE_OF_ONE_NUMBER = 3
_FEWEST_CONNECTIONS = 256
# A webhook's call ends before its lane's lease, whenever in the lane's walk it began.
_CALL_SECONDS = 10.0
_CALL_LEASE_SECONDS = 30.0
# A doubt is old enough to end when statuses have told of nothing older than it for this part of its time.
_QUIET_SHARE = 0.25
# One organization gets this part of the calls of webhooks a process makes at a time.
_SHARES_OF_CALLS = 4


@dataclass(frozen=True, slots=True)
class Room:
    """Everything between the contracts and the outside; the tests build it as the process does."""

    inbox: Lanes
    inbox_bell: Bell
    records: Lanes
    records_bell: Bell
    failures: Lanes
    failures_bell: Bell
    poll: Poll
    audit: AuditLog
    graph: GraphApi
    worker: SenderWorker
    deliver: Deliver
    notices: HearNotices
    credentials: KeepCredentials
    numbers: KeepNumbers
    management: ManagementCalls
    templates: KeepTemplates
    pauses: Pauses
    requeue: Requeue
    privacy: Privacy
    resealing: Resealing
    files: FileRoom


@dataclass(frozen=True, slots=True)
class Teams:
    """What the room does for teams and their systems, on the same connections."""

    calls: Lanes
    calls_bell: Bell
    send: Send
    tell: TellMessages
    watching: WatchMessages
    webhooks: KeepWebhooks
    caller: WebhookWorker
    health: TellHealth


def furnish(settings: Settings, database: Database, redis: OptionalRedis, watermark: Watermark, sealer: Sealer) -> Room:
    """Put the room together on these connections. Raises SettingsError."""
    names = hasher_of(settings)
    lease_seconds = settings.lease_seconds
    inbox = Lanes(Box(ROOM, "inbox"), database, lease_seconds=lease_seconds)
    records = Lanes(Box(ROOM, "records"), database)
    failures = Lanes(Box(ROOM, "failures"), database)
    inbox_bell, records_bell, failures_bell = Bell(), Bell(), Bell()
    limit = PairLimit(settings.pair_burst, settings.pair_seconds)
    store = PostgresStore(
        database,
        inbox=inbox,
        tell=Telling(records, record_bytes, failures, failure_bytes),
        limit=limit,
        names=names,
        on_record=records_bell.ring,
        on_failure=failures_bell.ring,
    )
    audit = AuditLog(ROOM, database)
    tokens_at_rest = PostgresCredentials(database, sealer, audit)
    number_store = PostgresNumbers(database, tokens_at_rest.open, audit)
    pause_store = PostgresPauses(database, audit)
    numbers, pauses = Numbers(number_store, monotonic), Pauses(pause_store, monotonic)
    template_store = PostgresTemplates(database, audit)
    book = Templates(template_store, monotonic)
    graph = GraphApi(
        settings.graph_api_base,
        timeout_seconds=settings.http_timeout_seconds,
        connections=max(settings.lanes_in_flight, _FEWEST_CONNECTIONS),
    )
    files = furnish_files(settings, database, audit, numbers)
    ages = StatusAges(monotonic, quiet_seconds=settings.reconcile_seconds * _QUIET_SHARE)
    around = Surroundings(
        settle=Settler(store),
        graph=graph,
        files=files.ready,
        gate=NumberLimits(
            redis, replicas=settings.replicas, monotonic=monotonic, call_seconds=settings.http_timeout_seconds
        ),
        pauses=pauses,
        numbers=numbers,
        templates=book,
        reach=PostgresReach(database),
        watermark=watermark,
        ages=ages,
        monotonic=monotonic,
        reconcile_seconds=settings.reconcile_seconds,
        fresh_seconds=lease_seconds / 2,
        calls_per_number=max(settings.lanes_in_flight // _SHARE_OF_ONE_NUMBER, 1),
        messages_per_second=settings.messages_per_second,
    )
    worker = SenderWorker(
        store,
        inbox_bell,
        around,
        lanes=settings.lanes_in_flight,
        lease_seconds=lease_seconds,
        drain_seconds=settings.drain_seconds,
    )
    conclude = ConcludeFromStatuses(store, numbers, pauses, ages, template_in, files.ready.renew_of_stored)
    deliver = Deliver(Departing(store, worker.around, worker), store, inbox_bell, conclude)
    keep_numbers = KeepNumbers(number_store, numbers, pause_store, pauses, inbox_bell)
    calls = ManagementCalls(
        redis, per_hour=settings.management_calls_per_hour, replicas=settings.replicas, monotonic=monotonic
    )
    credentials = KeepCredentials(tokens_at_rest, keep_numbers)
    templates = KeepTemplates(template_store, graph, numbers, calls, book)
    notices = HearNotices(
        PostgresConsent(database, names), template_store, book, pauses, deliver.enqueue,
        number_store=number_store, numbers=numbers,
    )  # fmt: skip
    watched = ((inbox, inbox_bell), (records, records_bell), (failures, failures_bell))
    poll = Poll(database, [(lanes.is_any_ready, bell.ring) for lanes, bell in watched])
    return Room(
        inbox, inbox_bell, records, records_bell, failures, failures_bell, poll, audit, graph, worker, deliver,
        notices, credentials, keep_numbers, calls, templates, pauses, Requeue(store.requeue_due, inbox_bell),
        PrivacyWithFiles(PostgresPrivacy(database, names), files.book, files.store),
        Resealing(database, sealer, SEALED), files,
    )  # fmt: skip


def furnish_teams(
    settings: Settings, database: Database, room: Room, sealer: Sealer, conversations: Conversations, egress: Egress
) -> Teams:
    """Put together what teams call. Raises SettingsError."""
    calls, bell = Lanes(Box(ROOM, "hooks"), database, lease_seconds=_CALL_LEASE_SECONDS), Bell()
    book = PostgresMessages(database)
    conversations = MetasNames(PostgresAliases(database), conversations)
    store = PostgresWebhooks(database, sealer, room.audit, calls, decode=change_of, encode=call_bytes)
    ports, networks = reach_of(settings)
    addresses = Addresses(ports, is_plain_allowed=bool(networks))
    caller = WebhookWorker(
        store,
        PostgresCalls(database, calls, per_lane=PER_LANE),
        CallWebhook(store, EgressPost(egress, seconds=_CALL_SECONDS), now),
        bell,
        decode=call_of,
        now=now,
        monotonic=monotonic,
        dice=random.random,
        limit=settings.webhook_calls_in_flight,
        share=max(settings.webhook_calls_in_flight // _SHARES_OF_CALLS, 1),
        walk_seconds=_CALL_LEASE_SECONDS - 2 * _CALL_SECONDS,
        drain_seconds=settings.drain_seconds,
    )
    return Teams(
        calls=calls,
        calls_bell=bell,
        send=Send(book, conversations, room.deliver, check=broken_fields, write=written, now=now),
        tell=TellMessages(book),
        watching=WatchMessages(PostgresChanges(database, change_of), monotonic),
        webhooks=KeepWebhooks(store, why_not=addresses.why_not, new_secret=partial(secrets.token_urlsafe, 32)),
        caller=caller,
        health=TellHealth(
            PostgresCredentials(database, sealer, room.audit),
            room.graph,
            PostgresHealth(database),
            room.numbers,
            room.management,
            now,
        ),
    )


async def build(settings: Settings) -> Service:
    """The process of sender: it starts without Postgres, Redis and peers. Raises SettingsError."""
    _check(settings)
    configure_logs(ROOM, settings)
    certificates = Certificates.from_settings(settings)
    verifier, signer, sealer = verifier_of(settings), signer_of(settings), sealer_of(settings)
    database = await Database.open(
        settings.database_url, size=settings.database_pool_size, name=ROOM, prepare=settings.database_prepare
    )
    redis = OptionalRedis(settings.redis_url)
    ingress = Peer(PeerAddress("ingress", settings.ingress_target), signer, certificates=certificates)
    analytics = Peer(PeerAddress("analytics", settings.analytics_target), signer, certificates=certificates)
    executor_address = PeerAddress("executor", settings.executor_target)
    executor = Peer(executor_address, signer, is_repeating=False, certificates=certificates)
    submit = ExecutorSubmit(executor)
    router = Peer(PeerAddress("router", settings.router_target), signer, certificates=certificates)
    watermark = IngressWatermark(ingress, monotonic)
    room = furnish(settings, database, redis, watermark, sealer)
    ports, networks = reach_of(settings)
    egress = Egress(allowed=networks, ports=ports, connections=settings.webhook_calls_in_flight)
    teams = furnish_teams(settings, database, room, sealer, RouterConversations(router), egress)
    campaigns = furnish_campaigns(settings, database, room, RouterConversations(router), RouterAudiences(router))
    calls_poll = Poll(database, [(teams.calls.is_any_ready, teams.calls_bell.ring)])
    server = RpcServer(
        settings.grpc_address,
        [*served(room, teams), campaign_servicer(campaigns.keep)],
        verifier,
        drain_seconds=settings.drain_seconds,
        certificates=certificates,
    )
    return Service(
        ROOM,
        [
            Closing(database.close),
            Closing(redis.close),
            Closing(ingress.close),
            Closing(analytics.close),
            Closing(executor.close),
            Closing(router.close),
            Closing(egress.close),
            Closing(room.files.close),
            Periodic("partitions", _PARTITION_SECONDS, partial(ensure_partitions, database)),
            Periodic("old items", _DROP_SECONDS, partial(drop_old_items, database)),
            Periodic("sealing", _SEALING_SECONDS, room.resealing.turn),
            Periodic("pauses", _PAUSES_SECONDS, room.pauses.refresh),
            Periodic("deferred messages", _REQUEUE_SECONDS, room.requeue),
            Periodic("templates", _TEMPLATES_SECONDS, room.templates.read_due),
            Periodic("inbox depth", _DEPTH_SECONDS, room.inbox.measure),
            Periodic("records depth", _DEPTH_SECONDS, room.records.measure),
            Periodic("failures depth", _DEPTH_SECONDS, room.failures.measure),
            Periodic("calls depth", _DEPTH_SECONDS, teams.calls.measure),
            room.graph,
            Relay(
                room.records, database, room.records_bell, AnalyticsIngest(analytics, monotonic), linger=_RECORD_LINGER
            ),
            Relay(room.failures, database, room.failures_bell, submit.first, deliver_again=submit.again),
            room.worker,
            room.poll,
            teams.caller,
            campaigns.worker,
            calls_poll,
            room.files.fetcher,
            server,
            # After the server, so that its streams end before it waits for them.
            teams.watching,
            # Last, so that a room is ready only when everything else has started.
            OpsServer(settings.ops_address, database.is_reachable),
        ],
    )


def served(room: Room, teams: Teams) -> list[Servicer]:
    """What the room serves."""
    boxes = [
        (room.inbox, room.inbox_bell), (room.records, room.records_bell), (room.failures, room.failures_bell),
        (teams.calls, teams.calls_bell),
    ]  # fmt: skip
    dead_letters = Servicer(
        "pytake.common.v1.DeadLetters", lanes_pb2_grpc.add_DeadLettersServicer_to_server, DeadLetters(boxes, room.audit)
    )
    sealing = Servicer(
        "pytake.common.v1.Sealing", sealing_pb2_grpc.add_SealingServicer_to_server, SealingServer(room.resealing)
    )
    own = servicers(
        room.deliver, room.notices, room.credentials, ProveNumber(room.graph, room.management), room.numbers,
        room.templates, room.privacy,
    )  # fmt: skip
    files = room.files
    for_teams = team_servicers(
        teams.send, teams.tell, teams.watching, teams.webhooks, teams.health, files.keep, files.delete, files.received
    )
    return [*own, *for_teams, dead_letters, sealing, audit_servicer(room.audit)]


def _check(settings: Settings) -> None:
    check_numbers(settings)
    try:
        Endpoint.parse(settings.graph_api_base)
    except ValueError as error:
        raise SettingsError(f"META_GRAPH_API_BASE cannot be used: {error}") from error
    hasher_of(settings)
    reach_of(settings)
