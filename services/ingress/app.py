"""ingress' composition root: the only file that names concrete classes."""

from __future__ import annotations

import asyncio
from importlib.metadata import version
from socket import gethostname
from uuid import uuid4

from services.chassis.audit import AuditLog, audit_servicer
from services.chassis.clock import monotonic, now
from services.chassis.db import Database
from services.chassis.lifecycle import Closing, Periodic, Service
from services.chassis.logs import configure_logs
from services.chassis.ops import OpsServer
from services.chassis.queue import Bell, DeadLetters, Lanes, Poll, Relay
from services.chassis.redis import OptionalRedis
from services.chassis.rpc import Certificates, Peer, PeerAddress, RpcServer, Servicer
from services.chassis.sealing import Resealing, Sealer, SealingServer
from services.chassis.tenancy import ServiceSigner, TeamSigner, TokenVerifier
from services.ingress.accounts import open_accounts
from services.ingress.accounts.server import AccountsServer
from services.ingress.accounts.store import PostgresAccounts
from services.ingress.analytics import Analytics
from services.ingress.apps import AppDirectory, house_app
from services.ingress.audit import AuditTrails
from services.ingress.cache import RateLimits
from services.ingress.conversations import Conversations
from services.ingress.dashboards import Dashboards
from services.ingress.domain.limits import Limit, RestLimits
from services.ingress.files.conversations import ConversationFiles
from services.ingress.http import Bodies, ForPeople, HttpServer, WebhookEndpoint, build_site
from services.ingress.live import LiveEvents
from services.ingress.peers import (
    AnalyticsPrivacy,
    ExecutorPrivacy,
    GrpcAnalytics,
    GrpcAudit,
    GrpcExecutor,
    GrpcFlows,
    GrpcQueues,
    GrpcRouter,
    GrpcTemplates,
    RouterPrivacy,
    SenderPrivacy,
)
from services.ingress.peers.analytics import GrpcReports
from services.ingress.peers.campaigns import GrpcCampaigns
from services.ingress.peers.dashboards import GrpcDashboards
from services.ingress.peers.media import GrpcMedia
from services.ingress.peers.outgoing import GrpcChanges, GrpcMessages, GrpcWebhooks
from services.ingress.peers.people import GrpcContacts, GrpcCredentials, GrpcInbox, GrpcSettings, GrpcViews
from services.ingress.ports import AuditTrail
from services.ingress.privacy import Exports, Requests, Work
from services.ingress.privacy.ports import Room
from services.ingress.server import AppsServer, EventsServer, IntakeServer, PrivacyServer
from services.ingress.settings import Settings, origins_of
from services.ingress.store import (
    ANY_JOB_DUE,
    MESSAGES,
    SEALED,
    STATUSES,
    OwnTrail,
    PostgresAnswers,
    PostgresJobs,
    PostgresPrivacy,
    PostgresStore,
)
from services.ingress.usecases import Door, Intake
from services.ingress.worker import JobWorker
from services.pb.common.v1 import lanes_pb2_grpc, sealing_pb2_grpc
from services.pb.ingress.v1 import ingress_pb2_grpc

PARTITIONS_SECONDS = 3600.0
CLEANING_SECONDS = 86_400.0
DEPTH_SECONDS = 5.0
DOOR_SECONDS = 2.0
RETENTION_SECONDS = 3600.0
ANSWERS_SECONDS = 3600.0
# After a rotation the first turn, at the start, moves everything; later ones keep the gauge true.
SEALING_SECONDS = 600.0
# Statuses come three to a reply and nobody waits for one: they gather for a moment.
STATUS_LINGER = 0.05


async def build(settings: Settings) -> Service:
    """Put the room together; nothing runs until the service does."""
    configure_logs("ingress", settings)
    certificates = Certificates.from_settings(settings)
    database = await Database.open(
        settings.database_url,
        size=settings.database_pool_size,
        name="pytake-ingress",
        prepare=settings.database_prepare,
    )
    signer = ServiceSigner.from_file("ingress", settings.service_key_file)
    verifier = TokenVerifier.from_file(audience="ingress", jwks_file=settings.service_jwks_file)
    # Only REST believes what SECRET_KEY signs (product contract, section 8).
    rest_verifier = TokenVerifier.from_file(
        audience="ingress", jwks_file=settings.service_jwks_file, secret_key=settings.secret_key
    )
    messages, statuses = Lanes(MESSAGES, database), Lanes(STATUSES, database)
    message_bell, status_bell = Bell(), Bell()
    sealer = Sealer.from_text(settings.sealing_keys)
    audit = AuditLog("ingress", database)
    store = PostgresStore(
        database, messages, statuses, sealer=sealer, audit=audit, rotation_days=settings.app_secret_rotation_days
    )
    resealing = Resealing(database, sealer, SEALED)
    apps = AppDirectory(
        store.list_apps,
        fixed=house_app(
            settings.meta_app_secret, settings.webhook_verify_token, previous=settings.meta_previous_app_secret
        ),
        monotonic=monotonic,
    )
    intake = Intake(
        store=store,
        apps=apps,
        door=Door(monotonic),
        now=now,
        # The same after a restart, so that a killed door's time begins anew with its successor.
        place=f"{gethostname()}/{settings.http_address}",
    )
    router_address = PeerAddress("router", settings.router_target)
    # Who hands messages over must know of every repeat, to say so; people's calls may be repeated for them.
    relay_peer = Peer(router_address, signer, is_repeating=False, certificates=certificates)
    router_peer = Peer(router_address, signer, certificates=certificates)
    executor_peer = Peer(PeerAddress("executor", settings.executor_target), signer, certificates=certificates)
    analytics_peer = Peer(PeerAddress("analytics", settings.analytics_target), signer, certificates=certificates)
    sender_peer = Peer(PeerAddress("sender", settings.sender_target), signer, certificates=certificates)
    router = GrpcRouter(relay_peer)
    conversations = Conversations(
        executor=GrpcExecutor(executor_peer),
        router=GrpcRouter(router_peer),
        analytics=GrpcAnalytics(analytics_peer),
        monotonic=monotonic,
        sleep=asyncio.sleep,
        new_id=uuid4,
    )
    jobs, job_bell, people = PostgresJobs(database, audit), Bell(), RouterPrivacy(router_peer)
    rooms: dict[str, Room] = {
        "router": people,
        "ingress": PostgresPrivacy(database),
        "executor": ExecutorPrivacy(executor_peer),
        "sender": SenderPrivacy(sender_peer),
        "analytics": AnalyticsPrivacy(analytics_peer),
    }
    requests = Requests(jobs=jobs, people=people, new_id=uuid4, now=now, on_begun=job_bell.ring)
    exports = Exports(jobs=jobs, people=people, rooms=rooms, new_id=uuid4, now=now)
    work = Work(jobs=jobs, rooms=rooms, now=now, settle_seconds=settings.privacy_settle_seconds)
    redis = OptionalRedis(settings.redis_url)
    accounts = open_accounts(
        store=PostgresAccounts(database, audit),
        verifier=rest_verifier,
        signer=TeamSigner.from_file("ingress", settings.service_key_file),
        rates=RateLimits(redis, monotonic),
        limits=_rest_limits(settings),
        now=now,
        monotonic=monotonic,
    )
    rpc = RpcServer(
        settings.grpc_address,
        [
            Servicer("pytake.ingress.v1.Intake", ingress_pb2_grpc.add_IntakeServicer_to_server, IntakeServer(intake)),
            Servicer("pytake.ingress.v1.Apps", ingress_pb2_grpc.add_AppsServicer_to_server, AppsServer(intake)),
            Servicer("pytake.ingress.v1.Events", ingress_pb2_grpc.add_EventsServicer_to_server, EventsServer(intake)),
            Servicer(
                "pytake.ingress.v1.Privacy",
                ingress_pb2_grpc.add_PrivacyServicer_to_server,
                PrivacyServer(requests, exports),
            ),
            Servicer(
                "pytake.ingress.v1.Accounts",
                ingress_pb2_grpc.add_AccountsServicer_to_server,
                AccountsServer(
                    provisioning=accounts.provisioning,
                    people=accounts.people,
                    invitations=accounts.invitations,
                    keys=accounts.keys,
                ),
            ),
            Servicer(
                "pytake.common.v1.DeadLetters",
                lanes_pb2_grpc.add_DeadLettersServicer_to_server,
                DeadLetters([(messages, message_bell), (statuses, status_bell)], audit),
            ),
            Servicer(
                "pytake.common.v1.Sealing", sealing_pb2_grpc.add_SealingServicer_to_server, SealingServer(resealing)
            ),
            audit_servicer(audit),
        ],
        verifier,
        drain_seconds=settings.drain_seconds,
        certificates=certificates,
    )
    trails: dict[str, AuditTrail] = {
        "ingress": OwnTrail(audit),
        "router": GrpcAudit(router_peer),
        "executor": GrpcAudit(executor_peer),
        "sender": GrpcAudit(sender_peer),
        "analytics": GrpcAudit(analytics_peer),
    }
    answers = PostgresAnswers(database)
    live = LiveEvents(
        GrpcChanges(sender_peer), GrpcViews(router_peer), most=settings.event_streams, monotonic=monotonic,
        sleep=asyncio.sleep,
    )  # fmt: skip
    analytics = Analytics(
        executor=GrpcExecutor(executor_peer),
        campaigns=GrpcCampaigns(sender_peer),
        reports=GrpcReports(analytics_peer),
        transcripts=GrpcAnalytics(analytics_peer),
    )
    site = build_site(
        version=version("pytake"),
        is_ready=database.is_reachable,
        conversations=conversations,
        analytics=analytics,
        dashboards=Dashboards(
            executor=GrpcExecutor(executor_peer),
            settings=GrpcSettings(router_peer),
            queues=GrpcQueues(router_peer),
            reports=GrpcReports(analytics_peer),
            dashboards=GrpcDashboards(analytics_peer),
            analytics=analytics,
        ),
        files=ConversationFiles(
            executor=GrpcExecutor(executor_peer),
            reports=GrpcReports(analytics_peer),
            organizations=GrpcSettings(router_peer),
            now=now,
        ),
        flows=GrpcFlows(executor_peer),
        templates=GrpcTemplates(sender_peer),
        messages=GrpcMessages(sender_peer),
        media=GrpcMedia(sender_peer),
        webhooks=GrpcWebhooks(sender_peer),
        queues=GrpcQueues(router_peer),
        campaigns=GrpcCampaigns(sender_peer),
        people=ForPeople(
            contacts=GrpcContacts(router_peer),
            inbox=GrpcInbox(router_peer),
            settings=GrpcSettings(router_peer),
            credentials=GrpcCredentials(sender_peer),
            live=live,
        ),
        requests=requests,
        exports=exports,
        accounts=accounts,
        audit=AuditTrails(trails),
        answers=answers,
        trusted_proxies=settings.trusted_proxies,
        origins=origins_of(settings),
    )
    webhook = WebhookEndpoint(intake, max_body_bytes=settings.max_body_bytes, bodies=Bodies(settings.max_bodies_bytes))

    async def measure() -> None:
        await messages.measure()
        await statuses.measure()

    return Service(
        "ingress",
        [
            Closing(database.close),
            Closing(redis.close),
            Closing(relay_peer.close),
            Closing(router_peer.close),
            Closing(executor_peer.close),
            Closing(analytics_peer.close),
            Closing(sender_peer.close),
            Closing(intake.leave_door),
            Periodic("door", DOOR_SECONDS, intake.announce_door),
            Periodic("partitions", PARTITIONS_SECONDS, store.prepare_partitions),
            Periodic("cleaning", CLEANING_SECONDS, store.drop_old),
            Periodic("kept answers", ANSWERS_SECONDS, answers.clear_old),
            Periodic("retention", RETENTION_SECONDS, requests.begin_retention),
            Periodic("sealing", SEALING_SECONDS, resealing.turn),
            Periodic("depth", DEPTH_SECONDS, measure),
            Relay(
                messages,
                database,
                message_bell,
                router.route_messages,
                deliver_again=router.route_messages_again,
                keep=store.keep_unroutable_message,
            ),
            Relay(
                statuses,
                database,
                status_bell,
                router.route_statuses,
                keep=store.keep_unroutable_status,
                linger=STATUS_LINGER,
            ),
            JobWorker(work, job_bell),
            Poll(
                database,
                [
                    (messages.is_any_ready, message_bell.ring),
                    (statuses.is_any_ready, status_bell.ring),
                    (ANY_JOB_DUE, job_bell.ring),
                ],
            ),
            rpc,
            HttpServer(
                settings.http_address,
                webhook,
                site,
                drain_seconds=settings.drain_seconds,
                most_connections=settings.max_connections,
            ),
            # Listeners leave before the server waits for them.
            Closing(live.close),
            # Last, so that a room is ready only when everything else has started.
            OpsServer(settings.ops_address, database.is_reachable),
        ],
    )


def _rest_limits(settings: Settings) -> RestLimits:
    return RestLimits(
        organization=Limit(settings.organization_requests_per_minute, 60.0),
        caller=Limit(settings.caller_requests_per_minute, 60.0),
        login=Limit(settings.logins_per_minute, 60.0),
        refresh=Limit(settings.refreshes_per_minute, 60.0),
        acceptance=Limit(settings.acceptances_per_hour, 3600.0),
        sending=Limit(settings.sends_per_minute, 60.0),
        upload=Limit(settings.uploads_per_minute, 60.0),
    )
