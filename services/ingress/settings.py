"""What the environment may set for ingress."""

from __future__ import annotations

from dataclasses import dataclass

from services.chassis.settings import Secret, ServiceSettings, setting


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings(ServiceSettings):
    """ingress' settings."""

    http_address: str = setting(
        "HTTP_ADDRESS", "host:port of the webhook, the REST API and /docs", default="127.0.0.1:8000"
    )
    router_target: str = setting("ROUTER_TARGET", "gRPC target of router", default="dns:///127.0.0.1:7010")
    executor_target: str = setting("EXECUTOR_TARGET", "gRPC target of executor", default="dns:///127.0.0.1:7020")
    analytics_target: str = setting("ANALYTICS_TARGET", "gRPC target of analytics", default="dns:///127.0.0.1:7040")
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
    max_body_bytes: int = setting(
        "MAX_BODY_BYTES", "largest webhook body in bytes; Meta sends up to 3 MiB", default=4 * 1024 * 1024
    )
