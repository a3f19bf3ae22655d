"""Where the house keeps things: embedded Postgres and Valkey, or the user's own servers."""

import asyncio
from collections.abc import Mapping
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
from services.embedded.supervisor import Supervisor
from services.embedded.valkey import EmbeddedValkey


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
        await postgres.prepare(self._console.say)
        self._postgres = postgres
        await self._supervisor.start(postgres.command())
        await postgres.wait_until_ready()

    async def _start_valkey(self) -> None:
        if self._external_redis:
            return
        valkey = EmbeddedValkey(self._data / "valkey", log_folder=self._data / "log", password=self.secrets["valkey"])
        valkey.prepare(self._console.say)
        self._valkey = valkey
        await self._supervisor.start(valkey.command())
        await valkey.wait_until_ready()
