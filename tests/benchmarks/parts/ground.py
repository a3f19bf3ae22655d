"""What parts stand on: one migrated Postgres set up as the house's, and servers that are watched and stopped."""

import asyncio
import secrets
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from services.chassis.migrate import migrate
from services.embedded.databases import create_database, url_for_role
from services.embedded.keys import ROOMS, ensure_service_keys
from services.embedded.postgres import EmbeddedPostgres
from services.embedded.probes import is_listening
from services.embedded.process import Command, last_lines
from services.embedded.supervisor import Supervisor
from services.embedded.waiting import wait_until
from tests.benchmarks.errors import Void

ROOT = Path(__file__).resolve().parents[3]
START_SECONDS = 60.0


class Ground:
    """Servers of one folder; `postgres_pid` and `pid_of` give what a meter reads."""

    def __init__(self, folder: Path) -> None:
        self.secrets_folder = folder / "secrets"
        self._logs = folder / "log"
        self._passwords = {f"svc_{room}": secrets.token_urlsafe(16) for room in ROOMS}
        self._supervisor = Supervisor(say=lambda text: print(text, file=sys.stderr))
        self._postgres = EmbeddedPostgres(
            folder / "postgres", log_folder=self._logs, password=secrets.token_urlsafe(16), preferred_port=None
        )

    @property
    def superuser_url(self) -> str:
        return self._postgres.url

    @property
    def postgres_pid(self) -> int:
        return self.pid_of("postgres")

    def url_of(self, room: str) -> str:
        """Return the migrated database's URL with the room's own role."""
        return url_for_role(self._postgres.url, f"svc_{room}", self._passwords[f"svc_{room}"])

    def pid_of(self, name: str) -> int:
        """Return a server's process id. Raises Void when it does not run."""
        pid = self._supervisor.pid(name)
        if pid is None:
            raise Void(f"{name} does not run")
        return pid

    async def prepare(self) -> None:
        """Make the cluster and the services' keys. On asyncio's own loop: uvloop starts no program as another user."""
        self.secrets_folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        ensure_service_keys(self.secrets_folder)
        await self._postgres.prepare(lambda text: None)

    async def start(self) -> None:
        """Start the prepared Postgres and make the database."""
        await self._supervisor.start(self._postgres.command())
        await self._postgres.wait_until_ready()
        await create_database(self._postgres.maintenance_url)
        await asyncio.to_thread(migrate, self._postgres.url, self._passwords, lambda text: None)

    async def stop(self) -> None:
        """Stop the servers, then Postgres."""
        await self._supervisor.stop_in_order([()])

    async def make_database(self, name: str) -> str:
        """Create an empty database and return the superuser's URL of it."""
        await create_database(self._postgres.maintenance_url, name)
        return self._postgres.maintenance_url.rpartition("/")[0] + f"/{name}"

    async def serve(self, name: str, *arguments: str, address: str, environment: Mapping[str, str]) -> None:
        """Start a Python module with its arguments and wait until it listens at `address` (host:port)."""
        command = Command(
            name=name,
            arguments=(sys.executable, "-m", *arguments),
            log_file=self._logs / f"{name}.log",
            working_directory=ROOT,
            environment=environment,
        )
        await self._supervisor.start(command)
        await wait_until(
            lambda: is_listening(address),
            timeout_seconds=START_SECONDS,
            otherwise=lambda: f"{name} did not start:\n{last_lines(command.log_file)}",
        )


@asynccontextmanager
async def running(ground: Ground) -> AsyncIterator[Ground]:
    """Start a prepared ground, and stop everything on it at the end."""
    try:
        await ground.start()
        yield ground
    finally:
        await ground.stop()
