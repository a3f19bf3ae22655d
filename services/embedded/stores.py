"""Where the house keeps things: embedded Postgres and Valkey, or the user's own servers."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

from services.embedded.console import PlainConsole
from services.embedded.databases import (
    Migrate,
    create_database,
    digest_of_migrations,
    is_migrated,
    note_migrated,
    role_passwords,
    run_migrations,
    url_for_role,
)
from services.embedded.errors import HouseError
from services.embedded.keys import load_or_create_secrets
from services.embedded.postgres import SUPERUSER, EmbeddedPostgres
from services.embedded.process import Command, last_lines
from services.embedded.supervisor import Supervisor
from services.embedded.valkey import EmbeddedValkey
from services.embedded.waiting import POLL_SECONDS

START_ATTEMPTS = 4


class Stores:
    """Postgres and Valkey of one data folder.

    Servers that the user names by DATABASE_URL and REDIS_URL are used instead, neither started nor stopped.
    """

    def __init__(
        self,
        data: Path,
        *,
        environment: Mapping[str, str],
        supervisor: Supervisor,
        console: PlainConsole,
        migrate: Migrate,
    ) -> None:
        self.secrets: Mapping[str, str] = {}
        self._data = data
        self._external_database = environment.get("DATABASE_URL", "")
        self._external_redis = environment.get("REDIS_URL", "")
        self._supervisor = supervisor
        self._console = console
        self._migrate = migrate
        self._postgres: EmbeddedPostgres | None = None
        self._valkey: EmbeddedValkey | None = None

    @property
    def database_url(self) -> str:
        """The administrator's URL; empty before Postgres has a port."""
        return self._postgres.url if self._postgres else self._external_database

    @property
    def redis_url(self) -> str:
        """The URL of Valkey or Redis; empty before Valkey has a port."""
        return self._valkey.url if self._valkey else self._external_redis

    def database_url_of(self, room: str) -> str:
        """Return the URL with the room's own login role."""
        role = f"svc_{room}"
        return url_for_role(self.database_url, role, self.secrets[role])

    async def start(self) -> None:
        """Start both, at the same time, and wait until they are ready."""
        self.secrets = load_or_create_secrets(self._data / "secrets")
        await asyncio.gather(self._start_postgres(), self._start_valkey())

    async def bring_up_to_date(self) -> None:
        """Migrate, unless this very cluster is known to be at this version: that saves seconds a start."""
        passwords = role_passwords(self.secrets)
        digest = digest_of_migrations(passwords)
        if self._postgres and is_migrated(self._postgres.cluster, digest):
            return
        with self._console.step("bringing the database up to date", "the database is up to date"):
            await self._migrate_with(passwords)
        if self._postgres:
            note_migrated(self._postgres.cluster, digest)

    async def _migrate_with(self, passwords: Mapping[str, str]) -> None:
        """Whatever a migration or somebody's own server raises becomes a sentence; a traceback helps nobody."""
        try:
            if self._postgres:
                await create_database(self._postgres.maintenance_url)
            await run_migrations(self._migrate, self.database_url, passwords, self._console.say)
        except Exception as error:
            mend = "" if self._postgres else " (is DATABASE_URL right, and its user an administrator?)"
            raise HouseError(f"the database could not be brought up to date{mend}: {error}") from error

    async def _start_postgres(self) -> None:
        if self._external_database:
            return
        postgres = EmbeddedPostgres(
            self._data / "postgres", log_folder=self._data / "log", password=self.secrets[SUPERUSER]
        )
        self._postgres = postgres

        async def prepare() -> Command:
            await postgres.prepare(self._console.say)
            return postgres.command()

        await self._start_server(prepare, postgres.wait_until_ready)

    async def _start_valkey(self) -> None:
        if self._external_redis:
            return
        valkey = EmbeddedValkey(self._data / "valkey", log_folder=self._data / "log", password=self.secrets["valkey"])
        self._valkey = valkey

        async def prepare() -> Command:
            valkey.prepare(self._console.say)
            return valkey.command()

        await self._start_server(prepare, valkey.wait_until_ready)

    async def _start_server(
        self, prepare: Callable[[], Awaitable[Command]], wait_until_ready: Callable[[], Awaitable[None]]
    ) -> None:
        """Start it, on another port if somebody else took the chosen one before it could."""
        for _ in range(START_ATTEMPTS):
            command = await prepare()
            await self._supervisor.start(command)
            if await self._becomes_ready(command.name, wait_until_ready):
                return
            await self._supervisor.stop(command.name)
        raise HouseError(f"{command.name} cannot start. The end of {command.log_file}:\n{last_lines(command.log_file)}")

    async def _becomes_ready(self, name: str, wait_until_ready: Callable[[], Awaitable[None]]) -> bool:
        """Wait until it is ready (True) or keeps dying (False)."""
        ready = asyncio.ensure_future(wait_until_ready())
        try:
            while not ready.done():
                if self._supervisor.is_failing(name):
                    return False
                await asyncio.wait({ready}, timeout=POLL_SECONDS)
            ready.result()
            return True
        finally:
            ready.cancel()
            await asyncio.wait({ready})
