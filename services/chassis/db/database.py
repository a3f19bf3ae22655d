"""Postgres: one small pool per process, and transactions that say for which organizations they work.

Row-level security reads the setting `app.organization_ids`, which lives as long as the transaction (it works through
PgBouncer in transaction mode). Without it no tenant row is seen or written; what work begins with (lanes, timers, whose
a number is) is seen of the whole house by a transaction that names nobody, and of the named by any other.
"""

from __future__ import annotations

import asyncio
import select
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any
from uuid import UUID

import psycopg
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool, PoolTimeout
from psycopg_pool.pool_async import MaintenanceTask, StopWorker

from services.chassis.db.pipeline import Connection, Rows, Step, run_steps
from services.chassis.db.query import Query
from services.chassis.errors import Unavailable
from services.chassis.logs import get_logger
from services.pb.common.v1 import errors_pb2

_log = get_logger(__name__)

# Longest wait for a connection: ingress may hold a webhook 3 s before it answers 503 (docs/architecture.md).
ACQUIRE_SECONDS = 3.0

_BEGIN: Step = (Query("BEGIN"), {})
_COMMIT: Step = (Query("COMMIT"), {})
_ROLLBACK: Step = (Query("ROLLBACK"), {})
_SCOPE = Query(
    "SELECT set_config('app.organization_ids', %(scope)s::text, true), "
    "set_config('synchronous_commit', %(durable)s::text, true)"
)
_RESCOPE = Query("SELECT set_config('app.organization_ids', %(scope)s::text, true)")


class Transaction:
    """A transaction whose statements travel in as few journeys as their results allow (Database.journey)."""

    def __init__(self, connection: Connection, opening: Sequence[Step]) -> None:
        self.connection = connection
        self._opening = list(opening)
        self.is_committed = False
        self.is_begun = False

    async def run(self, steps: Sequence[Step]) -> list[Rows]:
        """Run steps and wait for their rows; the transaction stays open."""
        opening, self._opening = self._opening, []
        self.is_begun = True
        return (await run_steps(self.connection, [*opening, *steps]))[len(opening) :]

    async def commit(self, steps: Sequence[Step] = ()) -> list[Rows]:
        """Run the last steps and commit, in one journey. A failing step leaves nothing of the transaction."""
        rows = await self.run([*steps, _COMMIT])
        self.is_committed = True
        return rows[:-1]


class _Pool(AsyncConnectionPool[Connection]):
    """A pool whose workers end when they are cancelled.

    psycopg_pool's own take a cancellation for a connection that failed, and wait for something else to do. Who closes a
    loop while they connect waits for them: a process that cannot start, or a test that failed, would never end.
    """

    @classmethod
    async def worker(cls, q: asyncio.Queue[MaintenanceTask]) -> None:
        """Work off what comes, until told to stop."""
        own = asyncio.current_task()
        while own is not None and not own.cancelling():
            task = await q.get()
            if isinstance(task, StopWorker):
                return
            try:
                await task.run()
            except Exception as error:
                _log.warning("pool_task_failed", error=error)


class Database:
    """A pool of connections, and the only way to a transaction."""

    def __init__(self, pool: _Pool) -> None:
        self._pool = pool

    @classmethod
    async def open(cls, url: str, *, size: int, name: str, prepare: bool = True) -> Database:
        """Open the pool without waiting for Postgres, so that a service starts while the database is down.

        Without `prepare` no statement has a name: a pooler that knows no prepared statements would mix them up.
        """
        pool = _Pool(
            url,
            min_size=1,
            max_size=size,
            timeout=ACQUIRE_SECONDS,
            reconnect_timeout=float("inf"),
            max_idle=60.0,
            kwargs={
                "application_name": name,
                "autocommit": True,
                "connect_timeout": 3,
                # Statements are constants: parsed once a connection, from the first time on.
                "prepare_threshold": 0 if prepare else None,
            },
            open=False,
        )
        await pool.open(wait=False)
        return cls(pool)

    async def close(self) -> None:
        """Close every connection."""
        await self._pool.close()

    async def batch(
        self, organization_ids: Iterable[UUID | str], steps: Sequence[Step], *, durable: bool = True
    ) -> list[Rows]:
        """A whole transaction in one journey: the steps' rows, or nothing happened.

        Raises what `transaction` raises. Statements up to the pipeline's end are one transaction of their own
        (PostgreSQL documentation, "Pipelining"), so it needs neither BEGIN nor COMMIT.
        """
        opening = (_SCOPE, {"scope": _scope_of(organization_ids), "durable": "on" if durable else "off"})
        async with self._connection() as connection:
            return (await run_steps(connection, [opening, *steps]))[1:]

    @asynccontextmanager
    async def journey(
        self, organization_ids: Iterable[UUID | str], *, durable: bool = True
    ) -> AsyncIterator[Transaction]:
        """A transaction of several journeys; without a `commit` at its end nothing of it remains.

        Raises what `transaction` raises.
        """
        opening = (_SCOPE, {"scope": _scope_of(organization_ids), "durable": "on" if durable else "off"})
        async with self._connection() as connection:
            transaction = Transaction(connection, (_BEGIN, opening))
            try:
                yield transaction
            finally:
                if transaction.is_begun and not transaction.is_committed and not connection.closed:
                    with suppress(psycopg.Error):
                        await run_steps(connection, [_ROLLBACK])

    @asynccontextmanager
    async def transaction(
        self, organization_ids: Iterable[UUID | str], *, durable: bool = True
    ) -> AsyncIterator[Connection]:
        """A transaction for these organizations only; `durable=False` may lose its commit in a Postgres crash.

        Raises Unavailable when Postgres is out of reach before the commit was asked for. An error of the commit itself
        is Unavailable too: the caller must treat the transaction as unknown and rely on its idempotency keys.
        """
        async with self.journey(organization_ids, durable=durable) as journey:
            await journey.run(())
            yield journey.connection
            await journey.commit()

    async def ask(self, questions: Sequence[Query]) -> list[bool]:
        """The answers to yes-or-no questions about control-plane rows, in one journey without a transaction's frame.

        Raises Unavailable when Postgres is out of reach.
        """
        async with self._connection() as connection:
            answers = await run_steps(connection, [(question, {}) for question in questions])
        return [bool(rows and rows[0][0]) for rows in answers]

    async def is_reachable(self) -> bool:
        """Whether a trivial query is answered, for readiness."""
        try:
            async with self._connection(seconds=1.0) as connection:
                await connection.execute("SELECT 1")
        except (Unavailable, psycopg.Error):
            return False
        return True

    @asynccontextmanager
    async def _connection(self, *, seconds: float = ACQUIRE_SECONDS) -> AsyncIterator[Connection]:
        try:
            connection = await self._living_connection(seconds)
            try:
                yield connection
            finally:
                await self._pool.putconn(connection)
        except (PoolTimeout, psycopg.OperationalError, psycopg.InterfaceError) as error:
            raise _unavailable() from error

    async def _living_connection(self, seconds: float) -> Connection:
        """One that Postgres did not close while it lay in the pool. Raises PoolTimeout.

        Not the pool's own check: it would put a dead connection back, and wait a second before it tries another.
        """
        while True:
            connection = await self._pool.getconn(timeout=seconds)
            if not _has_farewell(connection):
                return connection
            await connection.close()
            await self._pool.putconn(connection)


def is_fenced(error: psycopg.DatabaseError) -> bool:
    """Whether app.fence (deploy/postgres/roles.sql) raised it."""
    return error.diag.sqlstate == "PT001"


def rescoping(organization_ids: Iterable[UUID | str]) -> Step:
    """The step that names the organizations of a running transaction."""
    return _RESCOPE, {"scope": _scope_of(organization_ids)}


async def fetch_all(connection: Connection, statement: str, values: Any = None) -> list[TupleRow]:
    """Run one statement and give its rows."""
    # Statements are constants of a store module; only values come from outside.
    cursor = await connection.execute(statement, values)
    rows: list[TupleRow] = await cursor.fetchall()
    return rows


async def fetch_one(connection: Connection, statement: str, values: Any = None) -> TupleRow | None:
    """Run one statement and give its first row."""
    cursor = await connection.execute(statement, values)
    row: TupleRow | None = await cursor.fetchone()
    return row


async def run(connection: Connection, statement: str, values: Any = None) -> None:
    """Run one statement."""
    await connection.execute(statement, values)


async def run_counted(connection: Connection, statement: str, values: Any = None) -> int:
    """Run one statement and give the number of rows it touched."""
    cursor = await connection.execute(statement, values)
    return int(cursor.rowcount)


def _scope_of(organization_ids: Iterable[UUID | str]) -> str:
    """UUIDs as Postgres reads them in the setting; raises ValueError for anything else."""
    return ",".join(sorted({str(_uuid_of(organization_id)) for organization_id in organization_ids}))


def _uuid_of(organization_id: UUID | str) -> UUID:
    return organization_id if isinstance(organization_id, UUID) else UUID(organization_id)


def _has_farewell(connection: Connection) -> bool:
    """Whether Postgres closed the connection; no journey when the socket looks alive."""
    if connection.closed:
        return True
    # An idle connection has nothing to say; a readable socket is Postgres' farewell after a crash or stop.
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    return bool(poll.poll(0))


def _unavailable() -> Unavailable:
    return Unavailable("the database is out of reach; try again", reason=errors_pb2.ERROR_REASON_STORE_UNAVAILABLE)
