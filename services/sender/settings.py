"""Settings of sender, and what is made of them alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from services.chassis.egress import Network, networks_of, ports_of
from services.chassis.sealing import NameHasher, Sealer
from services.chassis.settings import Secret, ServiceSettings, SettingsError, setting
from services.chassis.tenancy import ServiceSigner, TokenVerifier

_ROOM = "sender"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings(ServiceSettings):
    """What sender needs besides what every room needs."""

    ingress_target: str = setting("INGRESS_TARGET", "gRPC target of ingress, asked before a message is sent again")
    analytics_target: str = setting("ANALYTICS_TARGET", "gRPC target of analytics, which keeps delivery records")
    executor_target: str = setting(
        "EXECUTOR_TARGET",
        "gRPC target of executor, which is told of messages of flows that did not arrive",
        default="dns:///127.0.0.1:7020",
    )
    sealing_keys: Secret = setting(
        "SEALING_KEYS", "base64 keys of 32 bytes, comma-separated, the active one first; they seal access tokens"
    )
    tombstone_key: Secret = setting(
        "TOMBSTONE_KEY",
        "base64 key of 32 bytes, the same for router and sender and for good: it knows people who were erased without "
        "keeping their names; with another key, repeats of their messages would bring them back",
    )
    graph_api_base: str = setting(
        "META_GRAPH_API_BASE", "URL of the Graph API with its version", default="https://graph.facebook.com/v26.0"
    )
    http_timeout_seconds: float = setting(
        "HTTP_TIMEOUT_SECONDS", "seconds a Graph call may take; must be less than RECONCILE_SECONDS", default=10.0
    )
    reconcile_seconds: float = setting(
        "RECONCILE_SECONDS",
        "seconds a message without a known outcome waits for a status before it is sent again; at most 60",
        default=20.0,
    )
    messages_per_second: float = setting(
        "NUMBER_MESSAGES_PER_SECOND", "messages one business number may send per second", default=80.0
    )
    management_calls_per_hour: float = setting(
        "MANAGEMENT_CALLS_PER_HOUR",
        "calls beside messages that may be made for one account an hour; Meta allows 200, and 5,000 once a number is "
        "registered",
        default=5000.0,
    )
    pair_burst: int = setting("PAIR_BURST", "messages one user may get at once from one number", default=45)
    pair_seconds: float = setting(
        "PAIR_SECONDS", "seconds per message to one user from one number after the burst", default=6.0
    )
    lanes_in_flight: int = setting("LANES_IN_FLIGHT", "conversations one process sends for at a time", default=384)
    lease_seconds: float = setting(
        "SENDER_LEASE_SECONDS", "seconds after which the conversations of a dead process are taken over", default=6.0
    )
    replicas: int = setting(
        "SENDER_REPLICAS", "sender processes among which limits are shared while Redis is away", default=2
    )
    router_target: str = setting(
        "ROUTER_TARGET",
        "gRPC target of router, asked for the conversations of teams' messages",
        default="dns:///127.0.0.1:7010",
    )
    webhook_calls_in_flight: int = setting(
        "WEBHOOK_CALLS_IN_FLIGHT",
        "calls of organizations' webhooks one process makes at a time; one organization gets a quarter of them",
        default=64,
    )
    webhook_allowed_networks: str = setting(
        "WEBHOOK_ALLOWED_NETWORKS",
        "networks that organizations' webhooks may reach though they are not public, and then without TLS too, such as "
        "10.20.0.0/16, comma-separated",
        default="",
    )
    webhook_ports: str = setting(
        "WEBHOOK_PORTS",
        "ports that organizations' webhooks may reach, comma-separated; ranges such as 8000-8099",
        default="443",
    )
    media_folder: str = setting(
        "MEDIA_FOLDER",
        "folder in which files that messages send are kept, the same for all replicas of sender; not used when "
        "MEDIA_S3_ENDPOINT is set",
        default="pytake-media",
    )
    media_s3_endpoint: str = setting(
        "MEDIA_S3_ENDPOINT",
        "URL of a store that speaks S3, without the bucket; it keeps files in place of MEDIA_FOLDER; empty means the "
        "folder",
        default="",
    )
    media_s3_bucket: str = setting("MEDIA_S3_BUCKET", "the bucket for files at MEDIA_S3_ENDPOINT", default="")
    media_s3_region: str = setting(
        "MEDIA_S3_REGION", "the region that requests to the store are signed for", default="us-east-1"
    )
    media_s3_access_key_id: str = setting(
        "MEDIA_S3_ACCESS_KEY_ID", "id of the key that signs requests to the store", default=""
    )
    media_s3_secret_access_key: Secret = setting(
        "MEDIA_S3_SECRET_ACCESS_KEY", "the key that signs requests to the store", default=Secret("")
    )
    media_scan_command: str = setting(
        "MEDIA_SCAN_COMMAND",
        "program that looks into contacts' files before they are kept; it gets a path and ends with 0 (harmless) or 1; "
        "empty means none",
        default="",
    )
    media_clamd_socket: str = setting(
        "MEDIA_CLAMD_SOCKET",
        "path of the socket of a clamd that looks into contacts' files, in place of MEDIA_SCAN_COMMAND; empty: none",
        default="",
    )


def reach_of(settings: Settings) -> tuple[frozenset[int], Sequence[Network]]:
    """Ports and networks of the house's own that webhooks may reach. Raises SettingsError."""
    try:
        ports = ports_of(settings.webhook_ports)
    except ValueError as error:
        raise SettingsError(f"WEBHOOK_PORTS cannot be used: {error}") from error
    try:
        return ports, networks_of(settings.webhook_allowed_networks)
    except ValueError as error:
        raise SettingsError(f"WEBHOOK_ALLOWED_NETWORKS cannot be used: {error}") from error


def sealer_of(settings: Settings) -> Sealer:
    """What seals access tokens. Raises SettingsError."""
    try:
        return Sealer.from_text(settings.sealing_keys)
    except ValueError as error:
        raise SettingsError(str(error)) from error


def hasher_of(settings: Settings) -> NameHasher:
    """What knows people who were erased. Raises SettingsError."""
    try:
        return NameHasher.from_text(settings.tombstone_key)
    except ValueError as error:
        raise SettingsError(str(error)) from error


def verifier_of(settings: Settings) -> TokenVerifier:
    """What checks callers. Raises SettingsError."""
    try:
        return TokenVerifier.from_file(audience=_ROOM, jwks_file=settings.service_jwks_file)
    except (OSError, ValueError) as error:
        raise SettingsError(f"SERVICE_JWKS_FILE cannot be read as a JWKS: {error}") from error


def signer_of(settings: Settings) -> ServiceSigner:
    """What signs our own calls. Raises SettingsError."""
    try:
        return ServiceSigner.from_file(_ROOM, settings.service_key_file)
    except (OSError, ValueError) as error:
        raise SettingsError(f"SERVICE_KEY_FILE cannot be read as a private JWK: {error}") from error


def check_numbers(settings: Settings) -> None:
    """Whether numbers go together. Raises SettingsError."""
    if not 0 < settings.http_timeout_seconds < settings.reconcile_seconds <= 60:
        raise SettingsError("HTTP_TIMEOUT_SECONDS must be less than RECONCILE_SECONDS, and that at most 60")
    if settings.webhook_calls_in_flight < 1:
        raise SettingsError("WEBHOOK_CALLS_IN_FLIGHT must be more than 0")
    if settings.messages_per_second <= 0 or settings.pair_burst < 1 or settings.lanes_in_flight < 1:
        raise SettingsError("NUMBER_MESSAGES_PER_SECOND, PAIR_BURST and LANES_IN_FLIGHT must be more than 0")
    if settings.management_calls_per_hour <= 0:
        raise SettingsError("MANAGEMENT_CALLS_PER_HOUR must be more than 0")
