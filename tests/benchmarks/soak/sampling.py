"""What is looked at every few seconds: memory of each process, size and rows of each table, WAL, Redis commands."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import psycopg
from redis.asyncio import Redis

from tests.benchmarks.cpu import Process, process_table
from tests.benchmarks.errors import Void

PROC = Path("/proc")
KIB = 1024

# Partitions are added to the table they belong to. Counts are the collector's: exact for rows put in and taken out,
# an estimate for live and dead ones.
_TABLES = """
    SELECT n.nspname || '.' || root.relname, sum(pg_total_relation_size(c.oid))::bigint,
           sum(coalesce(s.n_live_tup, 0))::bigint, sum(coalesce(s.n_dead_tup, 0))::bigint,
           sum(coalesce(s.n_tup_ins, 0) - coalesce(s.n_tup_del, 0))::bigint
    FROM pg_class c
    JOIN pg_class root ON root.oid = coalesce(pg_partition_root(c.oid), c.oid)
    JOIN pg_namespace n ON n.oid = root.relnamespace
    LEFT JOIN pg_stat_all_tables s ON s.relid = c.oid
    WHERE c.relkind IN ('r', 'p') AND n.nspname = ANY(%s)
    GROUP BY 1 ORDER BY 1"""


@dataclass(frozen=True, slots=True)
class Table:
    """One table with its indexes and partitions; `rows` is what was put in less what was taken out."""

    total_bytes: int
    live: int
    dead: int
    rows: int


@dataclass(frozen=True, slots=True)
class Look:
    """Everything at one moment; `at` is seconds since the soak began."""

    at: float
    memory_bytes: Mapping[str, int]
    tables: Mapping[str, Table]
    wal_bytes: int
    redis_commands: int


def memory_of(pids: Mapping[str, tuple[int, ...]], *, shared: frozenset[str] = frozenset()) -> dict[str, int]:
    """Return the resident bytes of each process by name, its children included. Raises Void when one is gone.

    Those named in `shared` share their memory with their children (Postgres): theirs is what is no file's and nobody
    else's, so that shared buffers are not counted once for every connection.
    """
    table = process_table()
    found = {}
    for name, members in pids.items():
        if not all(pid in table for pid in members):
            raise Void(f"{name} ended during the soak")
        tree = [pid for pid in table if any(_descends(pid, member, table) for member in members)]
        field = "RssAnon" if name in shared else "VmRSS"
        found[name] = sum(_memory(pid, field) for pid in tree)
    return found


def _descends(pid: int, ancestor: int, table: Mapping[int, Process]) -> bool:
    while pid != ancestor and pid in table:
        pid = table[pid].parent
    return pid == ancestor


def _memory(pid: int, field: str) -> int:
    try:
        return parse_status((PROC / str(pid) / "status").read_text(), field)
    except (FileNotFoundError, ProcessLookupError):
        return 0  # a connection's backend that ended meanwhile


def parse_status(text: str, field: str) -> int:
    """Read a field of /proc/PID/status in bytes; 0 when it is not there (a process that is ending has no memory)."""
    for line in text.splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1]) * KIB
    return 0


async def tables_of(connection: psycopg.AsyncConnection[tuple[object, ...]], schemas: list[str]) -> dict[str, Table]:
    """Return every table of these schemas."""
    rows = await (await connection.execute(_TABLES, (schemas,))).fetchall()
    return {str(row[0]): Table(*(int(str(value)) for value in row[1:])) for row in rows}


async def wal_written(connection: psycopg.AsyncConnection[tuple[object, ...]]) -> int:
    """Return how many bytes of WAL were ever written."""
    row = await (await connection.execute("SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint")).fetchone()
    assert row is not None
    return int(str(row[0]))


async def redis_commands(url: str) -> int:
    """Return how many commands Redis or Valkey has processed, this one among them."""
    async with Redis.from_url(url) as client:
        return int((await client.info("stats"))["total_commands_processed"])
