"""A house as operators deploy it: five processes, told by their environments, each with a certificate of its own."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from services.embedded.addresses import LOOPBACK, choose_port
from services.embedded.keys import ensure_service_keys, jwks_file, key_file, load_or_create_secrets
from services.embedded.rooms import READERS
from tests.fixtures.authority import Authority
from tests.fixtures.members import dns, issue
from tests.fixtures.servers import Database
from tests.journeys.house import ROOMS, ROOT, STOP_SECONDS, House
from tests.journeys.patience import eventually
from tests.walls import watch


@dataclass
class Deployment(House):
    """Its `process` is the simulated Meta's. Commands reach it as the operator, with the operator's certificate."""

    plan: Plan = field(kw_only=True)
    rooms: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def status(self) -> dict[str, Any]:
        """Where everything is; nobody starts a process again here, so it stays."""
        return self.plan.status()

    def running(self) -> tuple[str, ...]:
        """The rooms, if none has ended. Raises RuntimeError with what the first one that did logged."""
        for room, process in zip(ROOMS, self.rooms, strict=True):
            if process.poll() is not None:
                raise RuntimeError((self.data / "log" / f"{room}.log").read_text())
        return ROOMS

    def stop(self) -> int:
        """SIGTERM to all, in the order messages travel; the exit code of the simulated Meta."""
        self.web.close()
        for process in [*self.rooms, self.process]:
            process.terminate()
            process.wait(STOP_SECONDS)
        return self.process.returncode


@dataclass(frozen=True, slots=True)
class Plan:
    """Where everything of a deployment is, below one folder and on free ports."""

    folder: Path
    database: Database
    valkey_url: str
    addresses: Mapping[str, str]

    @classmethod
    def of(cls, folder: Path, database: Database, valkey_url: str) -> Plan:
        """Choose addresses, make keys and secrets, and found the authority that signs everybody's certificate."""
        taken: set[int] = set()
        names = (*(f"{room} {kind}" for room in ROOMS for kind in ("grpc", "ops")), "ingress http", "simulator")
        plan = cls(folder, database, valkey_url, {name: f"{LOOPBACK}:{choose_port(taken=taken)}" for name in names})
        for made in (plan.data / "run", plan.data / "log", folder / "certificates"):
            made.mkdir(parents=True)
        load_or_create_secrets(plan.secrets)
        ensure_service_keys(plan.secrets)
        authority = Authority.found(folder / "certificates")
        for who in (*ROOMS, "operator", "team"):
            issue(authority, folder / "certificates" / who, dns(who))
        # Where the watch over secrets in logs looks for the database.
        (plan.data / "run" / "state.json").write_text(json.dumps(plan.status()))
        return plan

    @property
    def data(self) -> Path:
        """The folder that commands are given."""
        return self.folder / "data"

    @property
    def secrets(self) -> Path:
        """The folder with keys and secrets."""
        return self.data / "secrets"

    @property
    def graph(self) -> str:
        """The simulated Meta."""
        return f"http://{self.addresses['simulator']}"

    def status(self) -> dict[str, Any]:
        """What `pytake status` would say of it."""
        return {
            "http": f"http://{self.addresses['ingress http']}",
            "simulator": {"url": self.graph},
            "postgres": {"url": self.database.superuser_url},
            "services": {room: {"grpc": self.addresses[f"{room} grpc"]} for room in ROOMS},
        }

    def certificate(self, who: str) -> dict[str, str]:
        """The settings that name somebody's certificate."""
        folder = self.folder / "certificates" / who
        return {
            "TLS_CERT_FILE": str(folder / "tls.crt"),
            "TLS_KEY_FILE": str(folder / "tls.key"),
            "TLS_CA_FILE": str(folder / "ca.crt"),
        }

    def caller(self, who: str) -> dict[str, str]:
        """What tells a room or the operator whom to call, and as whom."""
        targets = {f"{room.upper()}_TARGET": f"ipv4:{self.addresses[f'{room} grpc']}" for room in ROOMS}
        return targets | self.certificate(who) | {"SERVICE_KEY_FILE": str(key_file(self.secrets, who))}

    def environment(self, room: str) -> dict[str, str]:
        """Everything a room is told."""
        kept = load_or_create_secrets(self.secrets)
        return {
            "DATABASE_URL": self.database.url_of(room),
            "REDIS_URL": self.valkey_url,
            "GRPC_ADDRESS": self.addresses[f"{room} grpc"],
            "OPS_ADDRESS": self.addresses[f"{room} ops"],
            "HTTP_ADDRESS": self.addresses["ingress http"],
            "SERVICE_JWKS_FILE": str(jwks_file(self.secrets)),
            "META_GRAPH_API_BASE": f"{self.graph}/v26.0",
            **{name: kept[name] for name, readers in READERS.items() if room in readers and name in kept},
            **self.caller(room),
        }


@contextlib.contextmanager
def running_deployment(folder: Path, database: Database, valkey_url: str) -> Iterator[Deployment]:
    """Five rooms and a simulated Meta, ready to be used; stopped at the end, and their logs looked through."""
    plan = Plan.of(folder, database, valkey_url)
    port = plan.addresses["simulator"].rpartition(":")[2]
    with contextlib.ExitStack() as opened:
        meta = opened.enter_context(_running(plan, "simulator", ["-m", "services.embedded.meta", "--port", port], {}))
        deployment = Deployment(plan.data, meta, environment=plan.caller("operator"), plan=plan)
        for room in ROOMS:
            command = ["-m", "services", "serve", room]
            deployment.rooms.append(opened.enter_context(_running(plan, room, command, plan.environment(room))))
        eventually(
            lambda: all(_is_ready(plan, room) for room in deployment.running()), "a ready deployment", seconds=120
        )
        yield deployment
        canaries = watch.gather(plan.data)
        deployment.stop()
    watch.check(plan.data, canaries)


@contextlib.contextmanager
def _running(
    plan: Plan, name: str, arguments: list[str], environment: Mapping[str, str]
) -> Iterator[subprocess.Popen[bytes]]:
    """A process that is not there any more at the end, whatever happened."""
    with (plan.data / "log" / f"{name}.log").open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, *arguments],
            cwd=ROOT,
            env={"PATH": os.environ["PATH"]} | environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()
                process.wait(STOP_SECONDS)


def _is_ready(plan: Plan, room: str) -> bool:
    try:
        answer = httpx.get(f"http://{plan.addresses[f'{room} ops']}/readyz", trust_env=False)
    except httpx.TransportError:
        return False
    return answer.status_code == httpx.codes.OK
