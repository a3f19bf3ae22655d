"""Several statements in one journey to Postgres and back, over libpq's pipeline mode.

psycopg's own execute() costs a journey, a pair of selector changes and about 100 µs CPU a statement; its pipeline()
saves the journeys but not the CPU (docs/performance.md). Here the statements of a step leave together, one wake-up
reads all their answers, and rows come out through psycopg's own (C) loaders.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any
from weakref import WeakKeyDictionary

import psycopg
from psycopg import AsyncConnection, pq
from psycopg.adapt import Transformer
from psycopg.errors import error_from_result
from psycopg.rows import TupleRow

from services.chassis.db.query import Query, Values

Connection = AsyncConnection[TupleRow]
Step = tuple[Query, Values]
Rows = list[tuple[Any, ...]]

_PREPARED: WeakKeyDictionary[Connection, set[bytes]] = WeakKeyDictionary()
_BINARY = pq.Format.BINARY
# A prepared statement that no longer fits its tables (a migration), or that a pooler forgot.
_STALE = (psycopg.errors.FeatureNotSupported, psycopg.errors.InvalidSqlStatementName)


async def run_steps(connection: Connection, steps: Sequence[Step]) -> list[Rows]:
    """Send the steps, wait once, give the rows of each. The first failing step's error is raised, the rest never ran.

    Outside a transaction the steps are one: all or nothing. A connection whose `prepare_threshold` is None prepares
    nothing. Raises psycopg.Error, and UnicodeEncodeError before anything is sent.
    """
    # Written first: a value that cannot be written must leave the connection as it was.
    written = [query.written(values) for query, values in steps]
    prepared = _PREPARED.setdefault(connection, set())
    journey = _Journey(connection)
    try:
        if connection.prepare_threshold is None:
            for (query, _), values in zip(steps, written, strict=True):
                journey.send_unprepared(query, values)
        else:
            for (query, _), values in zip(steps, written, strict=True):
                journey.send(query, values, is_prepared=query.name in prepared)
                prepared.add(query.name)
        results = await journey.complete()
    except BaseException:
        # Answers may still be under way: this connection's order is lost. The pool replaces it.
        await connection.close()
        raise
    failure = journey.failure
    if failure is None:
        return [_rows_of(connection, result) for result in results]
    prepared -= journey.unprepared
    error = error_from_result(failure, encoding="utf-8")
    if isinstance(error, _STALE):
        await connection.close()
    raise error


class _Journey:
    """One trip: what was sent, what came back so far."""

    def __init__(self, connection: Connection) -> None:
        self._pgconn = connection.pgconn
        self._loop = asyncio.get_running_loop()
        self._pgconn.enter_pipeline_mode()
        # For each answer expected: the name that is prepared by it, or None for rows.
        self._expected: list[bytes | None] = []
        self._results: list[pq.abc.PGresult] = []
        self._answered = 0
        self._done: asyncio.Future[None] = self._loop.create_future()
        self._socket = -1
        self.failure: pq.abc.PGresult | None = None
        self.unprepared: set[bytes] = set()

    def send(self, query: Query, values: Sequence[bytes | None], *, is_prepared: bool) -> None:
        """Queue a statement."""
        if not is_prepared:
            self._pgconn.send_prepare(query.name, query.sql)
            self._expected.append(query.name)
        formats = [_BINARY] * len(values)
        self._pgconn.send_query_prepared(query.name, values, formats, _BINARY)
        self._expected.append(None)

    def send_unprepared(self, query: Query, values: Sequence[bytes | None]) -> None:
        """Queue a statement that Postgres parses and plans for this once."""
        self._pgconn.send_query_params(query.sql, values, None, [_BINARY] * len(values), _BINARY)
        self._expected.append(None)

    async def complete(self) -> list[pq.abc.PGresult]:
        """Send what is queued and read every answer."""
        self._pgconn.pipeline_sync()
        is_writing = bool(self._pgconn.flush())
        self._socket = self._pgconn.socket
        self._loop.add_reader(self._socket, self._read)
        if is_writing:
            self._loop.add_writer(self._socket, self._write)
        try:
            await self._done
        finally:
            self._let_go()
        self._pgconn.exit_pipeline_mode()
        return self._results

    def _write(self) -> None:
        try:
            if not self._pgconn.flush():
                self._loop.remove_writer(self._socket)
        except psycopg.Error as error:
            self._fail(error)

    def _let_go(self) -> None:
        """Watch the socket no more, at the very moment at which there is nothing to wait for.

        libpq closes the socket of a connection that ended, and its number may be another connection's in the next step
        of the loop: whoever let go later would make that one deaf.
        """
        if self._socket >= 0:
            self._loop.remove_reader(self._socket)
            self._loop.remove_writer(self._socket)
            self._socket = -1

    def _read(self) -> None:
        try:
            self._pgconn.consume_input()
            while not self._pgconn.is_busy():
                result = self._pgconn.get_result()
                if result is None:
                    # The end of one statement's answer; without a connection there is no other end.
                    if self._pgconn.status != pq.ConnStatus.OK:
                        raise psycopg.OperationalError("the connection is closed")
                    if self._done.done():
                        return
                    continue
                if result.status == pq.ExecStatus.PIPELINE_SYNC:
                    self._let_go()
                    if not self._done.done():
                        self._done.set_result(None)
                    return
                self._take(result)
        except psycopg.Error as error:
            self._fail(error)

    def _take(self, result: pq.abc.PGresult) -> None:
        name = self._expected[self._answered] if self._answered < len(self._expected) else None
        self._answered += 1
        if result.status in (pq.ExecStatus.COMMAND_OK, pq.ExecStatus.TUPLES_OK):
            if name is None:
                self._results.append(result)
            return
        if name is not None:
            self.unprepared.add(name)
        if self.failure is None and result.status == pq.ExecStatus.FATAL_ERROR:
            self.failure = result

    def _fail(self, error: psycopg.Error) -> None:
        self._let_go()
        if not self._done.done():
            self._done.set_exception(error)


def _rows_of(connection: Connection, result: pq.abc.PGresult) -> Rows:
    if result.status == pq.ExecStatus.COMMAND_OK or not result.ntuples:
        return []
    transformer = Transformer(connection)
    transformer.set_pgresult(result)
    rows: Rows = transformer.load_rows(0, result.ntuples, tuple)
    return rows
