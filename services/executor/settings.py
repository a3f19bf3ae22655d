"""What the environment may set for executor."""

from __future__ import annotations

from dataclasses import dataclass

from services.chassis.settings import ServiceSettings, setting


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings(ServiceSettings):
    """executor's settings."""

    sender_target: str = setting("SENDER_TARGET", "gRPC target of sender", default="dns:///127.0.0.1:7030")
    analytics_target: str = setting("ANALYTICS_TARGET", "gRPC target of analytics", default="dns:///127.0.0.1:7040")
    max_flow_iterations: int = setting(
        "MAX_FLOW_ITERATIONS", "nodes a flow may enter in one turn before it is stopped", default=100
    )
    flow_execution_timeout_ms: int = setting(
        "FLOW_EXECUTION_TIMEOUT_MS", "milliseconds one turn of a flow may take before it is stopped", default=30_000
    )
    conversation_session_ttl_hours: float = setting(
        "CONVERSATION_SESSION_TTL_HOURS", "hours without a message after which a session ends", default=24.0
    )
