"""How each baseline is run: its processes, their environment, and the URL of its webhook."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tests.benchmarks.baselines.names import AIOHTTP, HTTPX, NAIVE, PLAIN
from tests.benchmarks.monolith.provision import provision as provision_monolith
from tests.benchmarks.plain.provision import provision as provision_plain
from tests.benchmarks.variant import Surroundings

NAIVE_ROLES = ("router", "executor", "sender", "analytics", "ingress")


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """One process; `name` is shown in reports, `address` (host:port) is where it listens."""

    name: str
    arguments: tuple[str, ...]
    environment: Mapping[str, str]
    address: str


def programs(name: str, database_url: str, around: Surroundings, take_address: Callable[[], str]) -> list[Program]:
    """Return a baseline's processes in the order of their start; the last one has the webhook."""
    environment = {
        **os.environ,
        "DATABASE_URL": database_url if name == PLAIN else sqlalchemy_url(database_url),
        "META_GRAPH_API_BASE": around.graph_api_base,
        "META_APP_SECRET": around.app_secret,
    }
    if name == NAIVE:
        return _naive(environment, take_address)
    if name == PLAIN:
        return [_uvicorn("tests.benchmarks.plain.app:app_from_environment", environment, take_address())]
    client = {HTTPX: "httpx", AIOHTTP: "aiohttp"}[name]
    application = "tests.benchmarks.monolith.app:app_from_environment"
    return [_uvicorn(application, environment | {"HTTP_CLIENT": client}, take_address())]


async def provision(name: str, database_url: str, around: Surroundings) -> None:
    """Give a baseline its tables, numbers and flow."""
    if name == PLAIN:
        provision_plain(database_url, around.phone_number_ids)
        return
    await provision_monolith(sqlalchemy_url(database_url), around.phone_number_ids)


def sqlalchemy_url(database_url: str) -> str:
    """Return the URL as SQLAlchemy wants it for psycopg 3."""
    return database_url.replace("postgresql:", "postgresql+psycopg:", 1)


def _uvicorn(application: str, environment: Mapping[str, str], address: str) -> Program:
    host, _, port = address.rpartition(":")
    program = (sys.executable, "-m", "uvicorn", "--factory", application)
    options = ("--host", host, "--port", port, "--loop", "uvloop", "--http", "httptools")
    quiet = ("--no-access-log", "--log-level", "warning", "--timeout-keep-alive", "120")
    return Program(
        name="monolith", arguments=(*program, *options, *quiet), environment=environment, address=address
    )  # fmt: skip


def _naive(environment: Mapping[str, str], take_address: Callable[[], str]) -> list[Program]:
    addresses = {role: take_address() for role in NAIVE_ROLES}
    peers = {f"PEER_{role.upper()}": address for role, address in addresses.items()}
    return [
        Program(
            name=role,
            arguments=(sys.executable, "-m", "tests.benchmarks.naive", role),
            environment={**environment, **peers, "ADDRESS": address},
            address=address,
        )
        for role, address in addresses.items()
    ]
