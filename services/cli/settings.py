"""Which house the commands talk to, as the environment says it. The names are those that the services have."""

from __future__ import annotations

from dataclasses import dataclass

from services.chassis.settings import setting


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Without a key file: the house of `pytake up` on this machine."""

    service_key_file: str = setting(
        "SERVICE_KEY_FILE",
        "file with the operator's private key (operator.jwk.json of `pytake keys`): commands talk to the services that "
        "the five targets name; empty means to the house of `pytake up` in --data",
        default="",
    )
    ingress_target: str = setting("INGRESS_TARGET", "gRPC target of ingress; needed with SERVICE_KEY_FILE", default="")
    router_target: str = setting("ROUTER_TARGET", "gRPC target of router; needed with SERVICE_KEY_FILE", default="")
    executor_target: str = setting(
        "EXECUTOR_TARGET", "gRPC target of executor; needed with SERVICE_KEY_FILE", default=""
    )
    sender_target: str = setting("SENDER_TARGET", "gRPC target of sender; needed with SERVICE_KEY_FILE", default="")
    analytics_target: str = setting(
        "ANALYTICS_TARGET", "gRPC target of analytics; needed with SERVICE_KEY_FILE", default=""
    )
    tls_cert_file: str = setting(
        "TLS_CERT_FILE",
        "file with the operator's certificate (PEM) for gRPC; empty, with the other two, means clear text",
        default="",
    )
    tls_key_file: str = setting("TLS_KEY_FILE", "file with the private key (PEM) of TLS_CERT_FILE", default="")
    tls_ca_file: str = setting(
        "TLS_CA_FILE", "file with the certificates (PEM) of the authority that signs every service's", default=""
    )
