"""What the environment may set for executor."""

from __future__ import annotations

from dataclasses import dataclass

from services.chassis.settings import Secret, ServiceSettings, setting


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings(ServiceSettings):
    """executor's settings."""

    sender_target: str = setting("SENDER_TARGET", "gRPC target of sender", default="dns:///127.0.0.1:7030")
    analytics_target: str = setting("ANALYTICS_TARGET", "gRPC target of analytics", default="dns:///127.0.0.1:7040")
    router_target: str = setting("ROUTER_TARGET", "gRPC target of router", default="dns:///127.0.0.1:7010")
    sealing_keys: Secret = setting(
        "SEALING_KEYS", "base64 keys of 32 bytes, comma-separated, the active one first; they seal the secrets of flows"
    )
    effects_in_flight: int = setting("EFFECTS_IN_FLIGHT", "calls of flows one process makes at a time", default=32)
    effects_of_one_organization: int = setting(
        "EFFECTS_OF_ONE_ORGANIZATION",
        "of these, those one organization may have at a time, so that its slow API stops nobody else",
        default=8,
    )
    effects_allowed_networks: str = setting(
        "EFFECTS_ALLOWED_NETWORKS",
        "networks that calls of flows may reach though they are not public, such as 10.20.0.0/16, comma-separated",
        default="",
    )
    effects_ports: str = setting(
        "EFFECTS_PORTS",
        "ports that calls of flows may reach, comma-separated; ranges such as 8000-8099",
        default="80,443",
    )
    max_flow_iterations: int = setting(
        "MAX_FLOW_ITERATIONS", "nodes a flow may enter in one turn before it is stopped", default=100
    )
    flow_execution_timeout_ms: int = setting(
        "FLOW_EXECUTION_TIMEOUT_MS", "milliseconds one turn of a flow may take before it is stopped", default=30_000
    )
    conversation_session_ttl_hours: float = setting(
        "CONVERSATION_SESSION_TTL_HOURS", "hours without a message after which a session ends", default=24.0
    )
