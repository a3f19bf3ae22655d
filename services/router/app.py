"""Composition root of router: the only file that names concrete classes."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import uuid4

from services.chassis import clock
from services.chassis.audit import AuditLog, audit_servicer
from services.chassis.db import Database
from services.chassis.lifecycle import Closing, Periodic, Service
from services.chassis.logs import configure_logs
from services.chassis.ops import OpsServer
from services.chassis.rpc import Certificates, Peer, PeerAddress, RpcServer, Servicer
from services.chassis.sealing import NameHasher
from services.chassis.settings import SettingsError
from services.chassis.tenancy import ServiceSigner, TokenVerifier
from services.pb.router.v1 import router_pb2_grpc
from services.router.cache import ContactCache, PlanCache
from services.router.peers import GrpcExecutor, GrpcFiles, GrpcHands, GrpcProof, GrpcSender
from services.router.ports import (
    AudienceStore,
    ConversationStore,
    DirectoryStore,
    Executor,
    OrderStore,
    PrivacyStore,
    RoutingStore,
    Sender,
)
from services.router.ports.people import InboxStore, NumberProof, PeopleStore, SettingsStore
from services.router.ports.queues import EntryStore, Hands, QueueStore
from services.router.server import (
    AddressesServer,
    ContactsServer,
    ConversationsServer,
    DirectoryServer,
    InboxServer,
    OrdersServer,
    PeopleServer,
    PrivacyServer,
    QueuesServer,
    RoutingServer,
    SettingsServer,
)
from services.router.settings import Settings
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
    PostgresQueueWork,
    PostgresRouting,
)
from services.router.usecases import (
    ApplyOrders,
    Directory,
    ExecutorThenFiles,
    Handling,
    Inbox,
    LearnAccounts,
    ListContacts,
    NoteConsents,
    OpenConversations,
    OwnSettings,
    People,
    Privacy,
    PutFlowTriggers,
    QueueSetup,
    RouteMessages,
    RouteStatuses,
    SetOwner,
    SubmitTestMessage,
    WorkQueues,
)

ROOM = "router"
# Somebody who waits for an agent waits so long at most for a free one to be found.
QUEUES_SECONDS = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """Everything the use cases talk to."""

    routing: RoutingStore
    directory: DirectoryStore
    conversations: ConversationStore
    audiences: AudienceStore
    privacy: PrivacyStore
    orders: OrderStore
    people: PeopleStore
    inbox: InboxStore
    settings: SettingsStore
    queues: QueueStore
    entries: EntryStore
    executor: Executor
    hands: Hands
    sender: Sender
    proof: NumberProof | None = None
    now: clock.Now = clock.now


async def build(settings: Settings) -> Service:
    """The process of router: it starts without Postgres and peers. Raises SettingsError."""
    configure_logs(ROOM, settings)
    certificates = Certificates.from_settings(settings)
    verifier, signer, names = _verifier(settings), _signer(settings), _names(settings)
    database = await Database.open(
        settings.database_url, size=settings.database_pool_size, name=ROOM, prepare=settings.database_prepare
    )
    executor_address = PeerAddress("executor", settings.executor_target)
    executor = Peer(executor_address, signer, is_repeating=False, certificates=certificates)
    # Executor is told of repeats of messages; what people do with conversations has keys.
    states = Peer(executor_address, signer, certificates=certificates)
    sender = Peer(PeerAddress("sender", settings.sender_target), signer, certificates=certificates)
    audit = AuditLog(ROOM, database)
    directory = PostgresDirectory(database, audit)
    speaker = GrpcSender(sender, seconds=settings.peer_seconds)
    surroundings = Surroundings(
        routing=PostgresRouting(database, names),
        directory=directory,
        conversations=PostgresConversations(database, audit),
        audiences=PostgresAudiences(database),
        privacy=PostgresPrivacy(database, names, audit),
        orders=PostgresOrders(database, audit.who),
        people=PostgresPeople(database, names, audit),
        inbox=PostgresInbox(database, audit),
        settings=directory,
        queues=PostgresQueues(database, audit),
        entries=PostgresEntries(database, audit),
        executor=ExecutorThenFiles(
            GrpcExecutor(executor, seconds=settings.peer_seconds), GrpcFiles(sender, seconds=settings.peer_seconds)
        ),
        hands=GrpcHands(states, seconds=settings.peer_seconds),
        sender=speaker,
        proof=GrpcProof(sender) if settings.numbers_need_proof else None,
    )
    work = WorkQueues(PostgresQueueWork(database), speaker, surroundings.now)
    server = RpcServer(
        settings.grpc_address,
        [*servicers(surroundings), audit_servicer(audit)],
        verifier,
        drain_seconds=settings.drain_seconds,
        certificates=certificates,
    )
    return Service(
        ROOM,
        [
            Closing(database.close),
            Closing(executor.close),
            Closing(states.close),
            Closing(sender.close),
            Periodic("queues", QUEUES_SECONDS, work.turn),
            server,
            # Last, so that a room is ready only when everything else has started.
            OpsServer(settings.ops_address, database.is_reachable),
        ],
    )


def servicers(surroundings: Surroundings) -> list[Servicer]:
    """The gRPC services of router."""
    cache, accounts = PlanCache(), LearnAccounts(surroundings.routing)
    consents = NoteConsents(surroundings.routing, surroundings.sender)
    orders = ApplyOrders(surroundings.orders, surroundings.sender, surroundings.now)
    routing = RoutingServer(
        RouteMessages(
            surroundings.routing,
            surroundings.executor,
            consents,
            accounts,
            cache,
            ContactCache(),
            surroundings.now,
        ),
        RouteStatuses(surroundings.routing, surroundings.sender, cache, accounts),
        SubmitTestMessage(surroundings.routing, surroundings.executor, surroundings.now),
    )
    directory = DirectoryServer(Directory(surroundings.directory, uuid4))
    conversations = ConversationsServer(SetOwner(surroundings.conversations))
    privacy = PrivacyServer(Privacy(surroundings.privacy))
    queues = QueuesServer(
        QueueSetup(surroundings.queues, surroundings.now),
        Handling(surroundings.entries, surroundings.hands, surroundings.now, uuid4),
    )
    opening = OpenConversations(surroundings.routing, surroundings.conversations, surroundings.now)
    return [
        Servicer("pytake.router.v1.Routing", router_pb2_grpc.add_RoutingServicer_to_server, routing),
        Servicer("pytake.router.v1.Directory", router_pb2_grpc.add_DirectoryServicer_to_server, directory),
        Servicer("pytake.router.v1.Conversations", router_pb2_grpc.add_ConversationsServicer_to_server, conversations),
        Servicer(
            "pytake.router.v1.Contacts",
            router_pb2_grpc.add_ContactsServicer_to_server,
            ContactsServer(ListContacts(surroundings.audiences)),
        ),
        Servicer(
            "pytake.router.v1.Addresses", router_pb2_grpc.add_AddressesServicer_to_server, AddressesServer(opening)
        ),
        Servicer(
            "pytake.router.v1.Orders",
            router_pb2_grpc.add_OrdersServicer_to_server,
            OrdersServer(orders, PutFlowTriggers(surroundings.directory)),
        ),
        *_for_people(surroundings),
        Servicer("pytake.router.v1.Queues", router_pb2_grpc.add_QueuesServicer_to_server, queues),
        Servicer("pytake.router.v1.Privacy", router_pb2_grpc.add_PrivacyServicer_to_server, privacy),
    ]


def _for_people(surroundings: Surroundings) -> list[Servicer]:
    people = PeopleServer(People(surroundings.people, surroundings.sender, surroundings.now))
    inbox = InboxServer(Inbox(surroundings.inbox, uuid4))
    own_settings = SettingsServer(OwnSettings(surroundings.settings, surroundings.proof))
    return [
        Servicer("pytake.router.v1.People", router_pb2_grpc.add_PeopleServicer_to_server, people),
        Servicer("pytake.router.v1.Inbox", router_pb2_grpc.add_InboxServicer_to_server, inbox),
        Servicer("pytake.router.v1.Settings", router_pb2_grpc.add_SettingsServicer_to_server, own_settings),
    ]


def _verifier(settings: Settings) -> TokenVerifier:
    try:
        return TokenVerifier.from_file(audience=ROOM, jwks_file=settings.service_jwks_file)
    except (OSError, ValueError) as error:
        raise SettingsError(f"SERVICE_JWKS_FILE cannot be read as a JWKS: {error}") from error


def _names(settings: Settings) -> NameHasher:
    try:
        return NameHasher.from_text(settings.tombstone_key)
    except ValueError as error:
        raise SettingsError(str(error)) from error


def _signer(settings: Settings) -> ServiceSigner:
    try:
        return ServiceSigner.from_file(ROOM, settings.service_key_file)
    except (OSError, ValueError) as error:
        raise SettingsError(f"SERVICE_KEY_FILE cannot be read as a private JWK: {error}") from error
