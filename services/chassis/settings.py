"""Settings: read once from the environment into a frozen dataclass, with a sentence for every wrong value.

A room declares its settings with `setting(...)` fields; `.env.example` and docs/settings.md are written from them.
"""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Iterator, Mapping
from typing import Any, TypeVar
from urllib.parse import unquote, urlsplit

Settings = TypeVar("Settings")


class SettingsError(Exception):
    """A variable is missing or has a value that cannot be used; the sentence names it and the mend."""


class Secret(str):
    """A text whose repr and log form is ***; `str.__str__` gives the value."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'***'"


def setting(variable: str, help_text: str, *, default: object = dataclasses.MISSING) -> Any:
    """Declare a field read from the environment `variable`; without default it is required."""
    metadata = {"variable": variable, "help": help_text}
    if default is dataclasses.MISSING:
        return dataclasses.field(metadata=metadata)
    return dataclasses.field(default=default, metadata=metadata)


def read_settings(cls: type[Settings], environ: Mapping[str, str]) -> Settings:
    """Read `cls` from `environ`; empty values count as unset. Raises SettingsError at the first wrong one."""
    hints = typing.get_type_hints(cls)
    values: dict[str, object] = {}
    for field in dataclasses.fields(cls):  # type: ignore[arg-type]  # every settings class is a dataclass
        variable = field.metadata["variable"]
        text = environ.get(variable, "").strip()
        if text:
            values[field.name] = _convert(variable, text, hints[field.name])
        elif field.default is dataclasses.MISSING:
            raise SettingsError(f"{variable} is not set; give it a value: {field.metadata['help']}")
    return cls(**values)


def secrets_in(settings: object) -> Iterator[str]:
    """The secret values of a settings object: passwords of URLs, the parts of lists, and all other secrets whole."""
    for field in dataclasses.fields(settings):  # type: ignore[arg-type]  # every settings class is a dataclass
        value = getattr(settings, field.name)
        if not isinstance(value, Secret):
            continue
        if "://" in value:
            yield unquote(urlsplit(value).password or "")
        else:
            yield from value.split(",")


def _convert(variable: str, text: str, kind: object) -> object:
    try:
        if kind is bool:
            return _as_bool(text)
        if kind is int or kind is float:
            number = int(text) if kind is int else float(text)
            if number < 0:
                raise ValueError
            return number
    except ValueError:
        wanted = "true or false" if kind is bool else "a number that is not negative"
        raise SettingsError(f"{variable} is {text!r}; it must be {wanted}") from None
    return Secret(text) if kind is Secret else text


def _as_bool(text: str) -> bool:
    if text.lower() in {"1", "true", "yes", "on"}:
        return True
    if text.lower() in {"0", "false", "no", "off"}:
        return False
    raise ValueError


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ServiceSettings:
    """What every room needs."""

    database_url: Secret = setting("DATABASE_URL", "Postgres URL with the room's own login role (svc_<room>)")
    grpc_address: str = setting("GRPC_ADDRESS", "host:port the gRPC server binds", default="127.0.0.1:7000")
    ops_address: str = setting(
        "OPS_ADDRESS", "host:port that serves /healthz, /readyz and /metrics", default="127.0.0.1:7001"
    )
    service_key_file: str = setting(
        "SERVICE_KEY_FILE", "file with this service's private Ed25519 key as JWK; signs its calls to peers"
    )
    service_jwks_file: str = setting(
        "SERVICE_JWKS_FILE", "file with the public keys of all services as JWKS; whose calls are believed"
    )
    tls_cert_file: str = setting(
        "TLS_CERT_FILE",
        "file with this service's certificate (PEM) for gRPC; empty, with the other two, means clear text",
        default="",
    )
    tls_key_file: str = setting("TLS_KEY_FILE", "file with the private key (PEM) of TLS_CERT_FILE", default="")
    tls_ca_file: str = setting(
        "TLS_CA_FILE", "file with the certificates (PEM) of the authority that signs every service's", default=""
    )
    redis_url: Secret = setting(
        "REDIS_URL",
        "Redis or Valkey URL; empty means none: limits fall back to a local share",
        default=Secret(""),
    )
    database_pool_size: int = setting("DATABASE_POOL_SIZE", "connections to Postgres per process", default=6)
    database_prepare: bool = setting(
        "DATABASE_PREPARE",
        "whether statements are prepared once a connection; false behind a pooler in transaction mode that knows no "
        "prepared statements (PgBouncer before 1.21)",
        default=True,
    )
    log_level: str = setting("LOG_LEVEL", "debug, info, warning or error", default="info")
    log_secret: Secret = setting(
        "LOG_SECRET",
        "key that turns phone numbers into names in the logs, the same in all services to follow a person through "
        "them; empty means a new one at every start",
        default=Secret(""),
    )
    drain_seconds: float = setting(
        "DRAIN_SECONDS", "seconds a process may take to finish its work after SIGTERM", default=10.0
    )
