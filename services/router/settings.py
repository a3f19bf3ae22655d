"""Settings of router."""

from __future__ import annotations

from dataclasses import dataclass

from services.chassis.settings import Secret, ServiceSettings, setting


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings(ServiceSettings):
    """What router needs beside what every room needs."""

    executor_target: str = setting("EXECUTOR_TARGET", "gRPC target of executor, such as dns:///executor:7000")
    sender_target: str = setting("SENDER_TARGET", "gRPC target of sender, such as dns:///sender:7000")
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
