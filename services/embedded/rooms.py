"""How the five services and the simulated Meta are run here: addresses, environments, commands."""

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from services.embedded.addresses import LOOPBACK, choose_port
from services.embedded.keys import ROOMS, jwks_file, key_file
from services.embedded.process import Command

GRAPH_API = "https://graph.facebook.com/v26.0"
GRAPH_API_VERSION = "v26.0"
WEBHOOK_PATH = "/api/v1/whatsapp/webhook"
STOP_SECONDS = 15.0

READERS: Mapping[str, tuple[str, ...]] = {
    "WEBHOOK_VERIFY_TOKEN": ("ingress",),
    "META_APP_SECRET": ("ingress",),
    "META_PREVIOUS_APP_SECRET": ("ingress",),
    "META_GRAPH_API_BASE": ("sender",),
    "SECRET_KEY": ("ingress",),
    "SEALING_KEYS": ("ingress", "executor", "sender"),
    "TOMBSTONE_KEY": ("router", "sender"),
    "LOG_SECRET": ROOMS,
    "META_ACCESS_TOKEN": (),  # sender reads tokens from its table; the simulator has a file
    "DATABASE_URL": (),  # the administrator's; each room is told its own
}
"""Secrets and addresses, the house's or the user's own → the rooms that are told them, and nobody else."""


@dataclass(frozen=True, slots=True)
class Replica:
    """One process of a room and where it listens (host:port)."""

    room: str
    number: int
    grpc: str
    ops: str
    http: str | None = None

    @property
    def name(self) -> str:
        """The name the supervisor and the log file use."""
        return self.room if self.number == 1 else f"{self.room}-{self.number}"


Programs = Callable[[str], tuple[str, ...]]
"""Room (or "simulator") → the program and its arguments that run it."""

Plan = Mapping[str, tuple[Replica, ...]]


def python_modules(name: str) -> tuple[str, ...]:
    """Return the programs of this package, run by this interpreter."""
    module = "services.embedded.meta" if name == "simulator" else f"services.{name}"
    return (sys.executable, "-m", module)


def free_address(taken: set[int]) -> str:
    return f"{LOOPBACK}:{choose_port(taken=taken)}"


def plan_replicas(count: int, http_address: str, taken: set[int]) -> dict[str, tuple[Replica, ...]]:
    """Give every process of every room its addresses; the first ingress has the one people are told."""
    return {
        room: tuple(plan_replica(room, number, http_address, taken) for number in range(1, count + 1)) for room in ROOMS
    }


def plan_replica(room: str, number: int, http_address: str, taken: set[int]) -> Replica:
    grpc, ops = free_address(taken), free_address(taken)
    if room != "ingress":
        return Replica(room, number, grpc, ops)
    return Replica(room, number, grpc, ops, http=http_address if number == 1 else free_address(taken))


def target(replicas: tuple[Replica, ...]) -> str:
    """Return the gRPC target that names all of them, for client-side balancing."""
    return "ipv4:" + ",".join(replica.grpc for replica in replicas)


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What every service is told, whatever its room.

    `database_urls` maps a room to the URL of its own login role; `secrets` is what keys.py keeps;
    `environment` is the user's.
    """

    plan: Plan
    http_address: str
    graph_api_base: str
    database_urls: Mapping[str, str]
    redis_url: str
    secrets: Mapping[str, str]
    secrets_folder: Path
    log_folder: Path
    environment: Mapping[str, str]
    programs: Programs = python_modules

    def command(self, replica: Replica) -> Command:
        """Return how to run one process of a room."""
        return self._command(replica.name, self.programs(replica.room), self._room_variables(replica))

    @property
    def webhook_url(self) -> str:
        """Where Meta, real or simulated, posts its webhooks."""
        return f"http://{self.http_address}{WEBHOOK_PATH}"

    def simulator_command(self, address: str, configuration: Path) -> Command:
        """Return how to run the simulated Meta with its configuration file."""
        _, _, port = address.rpartition(":")
        options = ("--port", port, "--config", str(configuration))
        return self._command("simulator", (*self.programs("simulator"), *options), self._variables_for("simulator"))

    def _command(self, name: str, arguments: tuple[str, ...], variables: Mapping[str, str]) -> Command:
        return Command(
            name=name,
            arguments=arguments,
            log_file=self.log_folder / f"{name}.log",
            working_directory=Path.cwd(),
            environment=variables,
            stop_seconds=STOP_SECONDS,
        )

    def _variables_for(self, reader: str) -> dict[str, str]:
        """The user's environment, and of the variables in READERS those that this program reads and no others."""
        ours = {"META_GRAPH_API_BASE": self.graph_api_base} | dict(self.secrets)
        told = {
            name: self.environment.get(name) or ours[name]
            for name, readers in READERS.items()
            if reader in readers and (name in ours or self.environment.get(name))
        }
        users = {name: value for name, value in self.environment.items() if name not in READERS}
        return users | {"REDIS_URL": self.redis_url, "PYTHONUNBUFFERED": "1"} | told

    def _room_variables(self, replica: Replica) -> dict[str, str]:
        targets = {f"{room.upper()}_TARGET": target(replicas) for room, replicas in self.plan.items()}
        variables = (
            self._variables_for(replica.room)
            | targets
            | {
                "DATABASE_URL": self.database_urls[replica.room],
                "GRPC_ADDRESS": replica.grpc,
                "OPS_ADDRESS": replica.ops,
                "SERVICE_KEY_FILE": str(key_file(self.secrets_folder, replica.room)),
                "SERVICE_JWKS_FILE": str(jwks_file(self.secrets_folder)),
            }
        )
        if replica.room == "sender" and "MEDIA_FOLDER" not in self.environment:
            variables["MEDIA_FOLDER"] = str(self.log_folder.parent / "media")
        if replica.room == "router" and self.graph_api_base.startswith("http://"):
            # What is reached in clear text is not Meta: a simulation knows the numbers of its own file only.
            variables.setdefault("NUMBERS_NEED_PROOF", "false")
        if replica.http is not None:
            variables["HTTP_ADDRESS"] = replica.http
        return variables


def graph_api_base(environment: Mapping[str, str], simulator_address: str | None) -> str:
    """Return where sends go: the user's choice, else the simulated Meta, else Meta."""
    if chosen := environment.get("META_GRAPH_API_BASE"):
        return chosen
    return f"http://{simulator_address}/{GRAPH_API_VERSION}" if simulator_address else GRAPH_API
