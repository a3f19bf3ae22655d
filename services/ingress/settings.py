"""What the environment may set for ingress."""

from __future__ import annotations

from dataclasses import dataclass

from services.chassis.settings import Secret, ServiceSettings, SettingsError, setting
from services.ingress.domain.origins import read_origins


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings(ServiceSettings):
    """ingress' settings."""

    http_address: str = setting(
        "HTTP_ADDRESS", "host:port of the webhook, the REST API and /docs", default="127.0.0.1:8000"
    )
    router_target: str = setting("ROUTER_TARGET", "gRPC target of router", default="dns:///127.0.0.1:7010")
    executor_target: str = setting("EXECUTOR_TARGET", "gRPC target of executor", default="dns:///127.0.0.1:7020")
    analytics_target: str = setting("ANALYTICS_TARGET", "gRPC target of analytics", default="dns:///127.0.0.1:7040")
    sender_target: str = setting("SENDER_TARGET", "gRPC target of sender", default="dns:///127.0.0.1:7030")
    privacy_settle_seconds: float = setting(
        "PRIVACY_SETTLE_SECONDS",
        "seconds between two looks of an erasure: longer than a call between services may still be under way",
        default=30.0,
    )
    secret_key: Secret = setting(
        "SECRET_KEY", "key of at least 32 characters; REST believes tokens of people that it signs (HS256)"
    )
    sealing_keys: Secret = setting(
        "SEALING_KEYS", "base64 keys of 32 bytes that encrypt secrets at rest, comma-separated, the active one first"
    )
    webhook_verify_token: Secret = setting(
        "WEBHOOK_VERIFY_TOKEN", "verify token of the house's own Meta app; more apps come by apply", default=Secret("")
    )
    meta_app_secret: Secret = setting(
        "META_APP_SECRET", "app secret of the house's own Meta app; more apps come by apply", default=Secret("")
    )
    meta_previous_app_secret: Secret = setting(
        "META_PREVIOUS_APP_SECRET",
        "secret of before a rotation of META_APP_SECRET, believed as well; empty once Meta signs with the new one",
        default=Secret(""),
    )
    app_secret_rotation_days: float = setting(
        "APP_SECRET_ROTATION_DAYS",
        "days the secret of before a rotation of an applied Meta app is still believed",
        default=7.0,
    )
    max_body_bytes: int = setting(
        "MAX_BODY_BYTES", "largest webhook body in bytes; Meta sends up to 3 MiB", default=4 * 1024 * 1024
    )
    max_bodies_bytes: int = setting(
        "MAX_BODIES_BYTES",
        "bytes of large webhook bodies (above 64 KiB) that one process holds at a time",
        default=64 * 1024 * 1024,
    )
    max_connections: int = setting(
        "MAX_CONNECTIONS",
        "HTTP connections one process keeps; who has been silent for longest makes room",
        default=1000,
    )
    organization_requests_per_minute: int = setting(
        "ORGANIZATION_REQUESTS_PER_MINUTE",
        "REST requests of one organization in a minute; 0 means no limit",
        default=1000,
    )
    caller_requests_per_minute: int = setting(
        "CALLER_REQUESTS_PER_MINUTE",
        "REST requests of one person or API key in a minute, unless the key has a limit of its own; 0 means no limit",
        default=300,
    )
    logins_per_minute: int = setting(
        "LOGINS_PER_MINUTE", "logins from one address, and with one e-mail, in a minute; 0 means no limit", default=5
    )
    refreshes_per_minute: int = setting(
        "REFRESHES_PER_MINUTE", "refreshed sessions from one address in a minute; 0 means no limit", default=10
    )
    acceptances_per_hour: int = setting(
        "ACCEPTANCES_PER_HOUR", "invitations accepted from one address in an hour; 0 means no limit", default=3
    )
    sends_per_minute: int = setting(
        "SENDS_PER_MINUTE", "messages said over REST in one organization in a minute; 0 means no limit", default=100
    )
    uploads_per_minute: int = setting(
        "UPLOADS_PER_MINUTE", "files uploaded over REST in one organization in a minute; 0 means no limit", default=50
    )
    event_streams: int = setting(
        "EVENT_STREAMS",
        "streams of live events one process serves at a time; one organization may have a quarter of them",
        default=200,
    )
    trusted_proxies: int = setting(
        "TRUSTED_PROXIES",
        "how many proxies before ingress append to X-Forwarded-For; 0 means that whoever connects is the client",
        default=0,
    )
    cors_allowed_origins: str = setting(
        "CORS_ALLOWED_ORIGINS",
        "origins of web pages that may call REST from a browser, comma-separated, such as https://app.example.com; "
        "* means every one, empty means none",
        default="",
    )


def origins_of(settings: Settings) -> frozenset[str]:
    """Origins of pages that may call REST. Raises SettingsError."""
    try:
        return read_origins(settings.cors_allowed_origins)
    except ValueError as error:
        raise SettingsError(f"CORS_ALLOWED_ORIGINS cannot be used: {error}") from error
