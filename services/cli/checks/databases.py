"""Checks Postgres, the version of its tables, and Redis or Valkey."""

import asyncio

import psycopg
import redis.asyncio
from alembic.config import Config
from alembic.script import ScriptDirectory
from psycopg import sql
from redis.exceptions import RedisError

from services.chassis.migrate import ROOMS, ROOT
from services.cli.checks.finding import Finding, not_checked, ok, problem
from services.embedded.state import State

SECONDS = 5
MEND_POSTGRES = "See log/postgres.log in the data folder, or check DATABASE_URL; `pytake up` starts it anew."
MEND_TABLES = "Stop the house and start it again: `pytake up` migrates."


async def check_postgres(state: State) -> list[Finding]:
    """Connect, and compare every room's tables with this program."""
    server = state["postgres"]
    assert isinstance(server, dict)
    try:
        async with await psycopg.AsyncConnection.connect(server["url"], connect_timeout=SECONDS) as connection:
            version = connection.info.server_version // 10_000
            behind = [room for room in ROOMS if await _revision(connection, room) != _newest(room)]
    except (psycopg.Error, OSError) as error:
        return [problem("Postgres", f"it does not answer ({_first_line(error)}).", MEND_POSTGRES)]
    found = [ok("Postgres", f"version {version} answers")]
    if behind:
        text = f"the tables of {', '.join(behind)} are not of this version."
        return [*found, problem("migrations", text, MEND_TABLES)]
    return [*found, ok("migrations", f"the tables of all {len(ROOMS)} services are of this version")]


async def _revision(connection: psycopg.AsyncConnection[tuple[object, ...]], room: str) -> object:
    """The revision the database has of a room's tables; None when it has none."""
    table = sql.Identifier(room, "schema_version")
    try:
        async with connection.transaction():
            cursor = await connection.execute(sql.SQL("SELECT version_num FROM {}").format(table))
            row = await cursor.fetchone()
    except psycopg.errors.UndefinedTable:
        return None
    return row[0] if row else None


def _newest(room: str) -> object:
    """The revision this program would migrate a room to."""
    config = Config()
    config.set_main_option("script_location", str(ROOT / "services" / "chassis" / "alembic"))
    config.set_main_option("version_locations", str(ROOT / "services" / room / "migrations"))
    config.set_main_option("path_separator", "newline")
    return ScriptDirectory.from_config(config).get_current_head()


async def check_redis(state: State) -> list[Finding]:
    """Ping Redis or Valkey; without one, limits are kept per process."""
    server = state["redis"]
    assert isinstance(server, dict)
    if not server["url"]:
        return [not_checked("Redis", "none is used; limits are kept per process")]
    client = redis.asyncio.Redis.from_url(server["url"], socket_timeout=SECONDS, socket_connect_timeout=SECONDS)
    try:
        async with asyncio.timeout(SECONDS):
            await client.execute_command("PING")  # type: ignore[no-untyped-call]  # redis-py's own
    except (RedisError, OSError, TimeoutError) as error:
        mend = "See log/valkey.log in the data folder, or check REDIS_URL."
        return [problem("Redis", f"it does not answer ({_first_line(error)}).", mend)]
    finally:
        await client.aclose()
    return [ok("Redis", "it answers")]


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
