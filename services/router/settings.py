"""Settings of router."""

from __future__ import annotations

from dataclasses import dataclass

from services.chassis.settings import Secret, ServiceSettings, setting


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings(ServiceSettings):
    """What router needs beside what every room needs."""

    executor_target: str = setting("EXECUTOR_TARGET", "gRPC target of executor, such as dns:///executor:7000")
    sender_target: str = setting("SENDER_TARGET", "gRPC target of sender, such as dns:///sender:7000")
    analytics_target: str = setting("ANALYTICS_TARGET", "gRPC target of analytics", default="dns:///127.0.0.1:7040")
    tombstone_key: Secret = setting(
        "TOMBSTONE_KEY",
        "base64 key of 32 bytes, the same for router and sender and for good: it knows people who were erased without "
        "keeping their names; with another key, repeats of their messages would bring them back",
    )
    numbers_need_proof: bool = setting(
        "NUMBERS_NEED_PROOF",
        "whether an organization that sets up a number itself must show a token that opens it at Meta; without it, "
        "whoever comes first has the number. What the operator applies needs none",
        default=True,
    )
    peer_seconds: float = setting(
        "PEER_SECONDS", "seconds executor and sender have to take a batch before it is tried again", default=5.0
    )
    conversation_streams: int = setting(
        "CONVERSATION_STREAMS",
        "streams of watched conversations one process serves at a time; one organization may have a quarter of them",
        default=200,
    )
    conversation_look_seconds: float = setting(
        "CONVERSATION_LOOK_SECONDS", "seconds between two looks at a conversation that is watched", default=0.5
    )
