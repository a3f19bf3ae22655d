"""Puts analytics together: the only file that names concrete classes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from services.analytics.domain.record import Record
from services.analytics.ports import DashboardStore, PrivacyStore, ReportStore, Store
from services.analytics.server import PrivacyServer, RecordingServer, ReportsServer
from services.analytics.settings import Settings
from services.analytics.store import PostgresDashboards, PostgresPrivacy, PostgresReports, PostgresStore
from services.analytics.usecases import Dashboards, Outcome, Privacy, Recording, Reports
from services.chassis.audit import AuditLog, audit_servicer
from services.chassis.clock import Now, now
from services.chassis.db import Database
from services.chassis.lifecycle import Closing, Periodic, Service
from services.chassis.logs import configure_logs
from services.chassis.ops import OpsServer
from services.chassis.queue import Batcher
from services.chassis.rpc import Certificates, RpcServer, Servicer
from services.chassis.settings import SettingsError
from services.chassis.tenancy import TokenVerifier
from services.pb.analytics.v1 import analytics_pb2, analytics_pb2_grpc

ROOM = "analytics"

_PARTITION_SECONDS = timedelta(hours=1).total_seconds()


async def build(settings: Settings) -> Service:
    """The service on its real Postgres. Raises SettingsError."""
    configure_logs(ROOM, settings)
    verifier = _verifier(settings)
    database = await Database.open(
        settings.database_url, size=settings.database_pool_size, name=ROOM, prepare=settings.database_prepare
    )
    store = PostgresStore(database)
    served = servicers(
        store,
        PostgresReports(database),
        PostgresDashboards(database),
        PostgresPrivacy(database),
        now,
        settings.record_batch_size,
    )
    server = RpcServer(
        settings.grpc_address,
        [*served, audit_servicer(AuditLog(ROOM, database))],
        verifier,
        drain_seconds=settings.drain_seconds,
        certificates=Certificates.from_settings(settings),
    )
    return Service(
        ROOM,
        [
            Closing(database.close),
            Periodic("partitions", _PARTITION_SECONDS, store.ensure_partitions),
            server,
            # Last, so that a room is ready only when everything else has started.
            OpsServer(settings.ops_address, database.is_reachable),
        ],
    )


def servicers(
    store: Store, reports: ReportStore, dashboards: DashboardStore, privacy: PrivacyStore, now: Now, batch_size: int
) -> Sequence[Servicer]:
    """What the room serves, on any stores."""
    batcher: Batcher[Record, Outcome] = Batcher(Recording(store, now).record, limit=batch_size)
    services = analytics_pb2.DESCRIPTOR.services_by_name
    return (
        Servicer(
            services["Recording"].full_name,
            analytics_pb2_grpc.add_RecordingServicer_to_server,
            RecordingServer(batcher),
        ),
        Servicer(
            services["Reports"].full_name,
            analytics_pb2_grpc.add_ReportsServicer_to_server,
            ReportsServer(Reports(store, reports, now), Dashboards(reports, dashboards, now)),
        ),
        Servicer(
            services["Privacy"].full_name,
            analytics_pb2_grpc.add_PrivacyServicer_to_server,
            PrivacyServer(Privacy(privacy, now)),
        ),
    )


def _verifier(settings: Settings) -> TokenVerifier:
    try:
        return TokenVerifier.from_file(audience=ROOM, jwks_file=settings.service_jwks_file)
    except (OSError, ValueError) as error:
        raise SettingsError(f"SERVICE_JWKS_FILE cannot be read as a JWKS: {error}") from error
