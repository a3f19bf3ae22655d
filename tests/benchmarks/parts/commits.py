"""Part 5: what a commit costs here: pgbench, one row inserted per transaction."""

import asyncio
import os
import resource
from collections.abc import Awaitable, Callable
from pathlib import Path
from urllib.parse import unquote, urlsplit

import psycopg

from services.embedded.binaries import find_postgres
from tests.benchmarks.errors import Void
from tests.benchmarks.parts.contest import Contestant, cpu_of, together
from tests.benchmarks.parts.ground import Ground

PART = "a commit of one row"
CLIENTS = (1, 16)
SCRIPT = "INSERT INTO commits (id, payload) VALUES (:client_id, repeat('x', 300));\n"


def name_of(clients: int) -> str:
    """Return the contestant's name."""
    return f"pgbench, {clients} client{'s' if clients > 1 else ''}"


async def contestants(ground: Ground, folder: Path, items: int) -> list[Contestant]:
    """Return pgbench with each number of clients; none when this Postgres came without pgbench."""
    program = find_postgres() / "pgbench"
    if not program.is_file():
        return []
    url = await ground.make_database("commits")
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        await connection.execute("CREATE TABLE commits (id bigint NOT NULL, payload text NOT NULL)")
    script = folder / "commit.sql"
    script.write_text(SCRIPT)
    meter = together(_ended_children, cpu_of({"Postgres": ground.postgres_pid}))
    return [
        Contestant(
            name=name_of(clients),
            items=items // clients * clients,
            run=_runner(program, script, url, clients),
            meter=meter,
            settle_seconds=0.3,
        )
        for clients in CLIENTS
    ]


def _runner(program: Path, script: Path, url: str, clients: int) -> Callable[[int], Awaitable[None]]:
    parts = urlsplit(url)
    environment = os.environ | {"PGPASSWORD": unquote(parts.password or "")}
    place = ("-h", str(parts.hostname), "-p", str(parts.port), "-U", str(parts.username), parts.path[1:])

    async def run(wanted: int) -> None:
        each = max(1, wanted // clients)
        process = await asyncio.create_subprocess_exec(
            str(program), "-n", "-M", "prepared", "-f", str(script), "-c", str(clients), "-t", str(each), *place,
            env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        told, _ = await process.communicate()
        if process.returncode != 0:
            raise Void(f"pgbench ended with {process.returncode}:\n{told.decode(errors='replace')}")

    return run


def _ended_children() -> dict[str, float]:
    """CPU seconds of this process' ended children: pgbench is one."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return {"pgbench": usage.ru_utime + usage.ru_stime}
