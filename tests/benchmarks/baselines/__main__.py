"""Runs the baselines: one Postgres set up as the house's with a database for each, and each one's processes.

`python -m tests.benchmarks.baselines FOLDER` reads {baseline: surroundings} as one line of JSON, writes the variants
as one line of JSON when they answer, and stops them when its input ends.
"""

import asyncio
import json
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
from tests.benchmarks.baselines.programs import Program, programs, provision
from tests.benchmarks.monolith.app import WEBHOOK_PATH
from tests.benchmarks.variant import Surroundings, Variant

ROOT = Path(__file__).resolve().parents[3]
START_SECONDS = 60.0


class Baselines:
    """One Postgres with a database for each baseline; everything is watched by one supervisor."""

    def __init__(self, folder: Path) -> None:
        self._logs = folder / "log"
        self._taken: set[int] = set()
        self._started: list[str] = []
        self._supervisor = Supervisor(say=lambda text: print(text, file=sys.stderr))
        self._postgres = EmbeddedPostgres(
            folder / "postgres", log_folder=self._logs, password=secrets.token_urlsafe(16), preferred_port=None
        )

    async def start(self, arounds: Mapping[str, Surroundings]) -> list[Variant]:
        """Start everything and return the variants."""
        await self._postgres.prepare(lambda text: None)
        await self._supervisor.start(self._postgres.command())
        await self._postgres.wait_until_ready()
        return [await self._start_one(name, around) for name, around in arounds.items()]

    async def stop(self) -> None:
        """Stop the processes, those with a webhook first, then Postgres."""
        await self._supervisor.stop_in_order([*((name,) for name in reversed(self._started)), ("postgres",)])

    async def _start_one(self, name: str, around: Surroundings) -> Variant:
        url = await self._make_database(name, around)
        pids: dict[str, tuple[int, ...]] = {}
        webhook = ""
        for program in programs(name, url, around, self._take_address):
            pids[program.name] = (await self._start_program(name, program),)
            webhook = f"http://{program.address}{WEBHOOK_PATH}"
        postgres = self._supervisor.pid("postgres")
        assert postgres is not None
        return Variant(name, (webhook,), pids | {"Postgres": (postgres,)})

    async def _start_program(self, name: str, program: Program) -> int:
        command = Command(
            name=f"{name}: {program.name}",
            arguments=program.arguments,
            log_file=self._logs / f"{name}-{program.name}.log".replace(", ", "-").replace(" ", "-"),
            working_directory=ROOT,
            environment=program.environment,
        )
        self._started.append(command.name)
        await self._supervisor.start(command)
        await wait_until(
            lambda: is_listening(program.address),
            timeout_seconds=START_SECONDS,
            otherwise=lambda: f"{command.name} did not start:\n{last_lines(command.log_file)}",
        )
        pid = self._supervisor.pid(command.name)
        assert pid is not None
        return pid

    async def _make_database(self, name: str, around: Surroundings) -> str:
        database = "".join(letter for letter in name if letter.isalpha())
        await create_database(self._postgres.maintenance_url, database)
        url = f"{self._postgres.maintenance_url.rpartition('/')[0]}/{database}"
        await provision(name, url, around)
        return url

    def _take_address(self) -> str:
        port = choose_port(taken=self._taken)
        self._taken.add(port)
        return f"{LOOPBACK}:{port}"


async def main() -> None:
    """Serve until the input ends: whoever started this is then gone, or has had enough."""
    baselines = Baselines(Path(sys.argv[1]))
    arounds = {name: Surroundings(**fields) for name, fields in json.loads(sys.stdin.readline()).items()}
    try:
        variants = await baselines.start(arounds)
        print(json.dumps([asdict(variant) for variant in variants]), flush=True)
        await asyncio.to_thread(sys.stdin.read)
    finally:
        await baselines.stop()


if __name__ == "__main__":
    asyncio.run(main())
