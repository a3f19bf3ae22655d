"""Runs the monoliths: a Postgres set up as the house's, and one uvicorn process for each HTTP client.

`python -m tests.benchmarks.monolith FOLDER` reads {HTTP client: surroundings} as one line of JSON, writes the variants
as one line of JSON when they answer, and stops them when its input ends.
"""

import asyncio
import json
import os
import secrets
import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from services.embedded.addresses import LOOPBACK, choose_port
from services.embedded.databases import create_database
from services.embedded.postgres import EmbeddedPostgres
from services.embedded.probes import is_listening
from services.embedded.process import Command, last_lines
from services.embedded.supervisor import Supervisor
from services.embedded.waiting import wait_until
from tests.benchmarks.monolith.app import WEBHOOK_PATH
from tests.benchmarks.monolith.names import name_of
from tests.benchmarks.monolith.provision import provision
from tests.benchmarks.variant import Surroundings, Variant

ROOT = Path(__file__).resolve().parents[3]
START_SECONDS = 60.0


class MonolithHouse:
    """One Postgres with a database for each monolith; everything is watched by one supervisor."""

    def __init__(self, folder: Path) -> None:
        self._logs = folder / "log"
        self._supervisor = Supervisor(say=lambda text: print(text, file=sys.stderr))
        self._postgres = EmbeddedPostgres(
            folder / "postgres", log_folder=self._logs, password=secrets.token_urlsafe(16), preferred_port=None
        )

    async def start(self, arounds: Mapping[str, Surroundings]) -> list[Variant]:
        """Start everything and return the variants, one for each HTTP client."""
        await self._postgres.prepare(lambda text: None)
        await self._supervisor.start(self._postgres.command())
        await self._postgres.wait_until_ready()
        return [await self._start_monolith(client, around) for client, around in arounds.items()]

    async def stop(self, clients: Mapping[str, Surroundings]) -> None:
        """Stop the monoliths, then Postgres."""
        await self._supervisor.stop_in_order([tuple(map(name_of, clients)), ("postgres",)])

    async def _start_monolith(self, client: str, around: Surroundings) -> Variant:
        name, address = name_of(client), f"{LOOPBACK}:{choose_port()}"
        url = await self._make_database(f"monolith_{client}", around)
        command = self._command(client, address, _environment(client, around, url))
        await self._supervisor.start(command)
        await wait_until(
            lambda: is_listening(address),
            timeout_seconds=START_SECONDS,
            otherwise=lambda: f"{name} did not start:\n{last_lines(command.log_file)}",
        )
        pids = {"monolith": self._supervisor.pid(name), "Postgres": self._supervisor.pid("postgres")}
        return Variant(
            name, f"http://{address}{WEBHOOK_PATH}", {key: (pid,) for key, pid in pids.items() if pid is not None}
        )

    async def _make_database(self, database: str, around: Surroundings) -> str:
        await create_database(self._postgres.maintenance_url, database)
        server = self._postgres.maintenance_url.rpartition("/")[0]
        url = server.replace("postgresql:", "postgresql+psycopg:") + f"/{database}"
        await provision(url, around.phone_number_ids)
        return url

    def _command(self, client: str, address: str, environment: Mapping[str, str]) -> Command:
        host, _, port = address.rpartition(":")
        program = (sys.executable, "-m", "uvicorn", "--factory", "tests.benchmarks.monolith.app:app_from_environment")
        options = ("--host", host, "--port", port, "--loop", "uvloop", "--http", "httptools")
        quiet = ("--no-access-log", "--log-level", "warning", "--timeout-keep-alive", "120")
        return Command(
            name=name_of(client),
            arguments=(*program, *options, *quiet),
            log_file=self._logs / f"monolith-{client}.log",
            working_directory=ROOT,
            environment=environment,
        )


def _environment(client: str, around: Surroundings, database_url: str) -> dict[str, str]:
    return {
        **os.environ,
        "DATABASE_URL": database_url,
        "META_GRAPH_API_BASE": around.graph_api_base,
        "META_APP_SECRET": around.app_secret,
        "HTTP_CLIENT": client,
    }


async def main() -> None:
    """Serve until the input ends: whoever started this is then gone, or has had enough."""
    house = MonolithHouse(Path(sys.argv[1]))
    arounds = {client: Surroundings(**fields) for client, fields in json.loads(sys.stdin.readline()).items()}
    try:
        variants = await house.start(arounds)
        print(json.dumps([asdict(variant) for variant in variants]), flush=True)
        await asyncio.to_thread(sys.stdin.read)
    finally:
        await house.stop(arounds)


if __name__ == "__main__":
    asyncio.run(main())
