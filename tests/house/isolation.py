"""What a room's role sees and may write of two organizations' rows; every leak is one sentence."""

import re
from collections.abc import Callable, Iterator
from uuid import UUID, uuid4

import psycopg
from psycopg import sql

from tests.house.catalog import Connection, Trust

_CHOICE = re.compile(r"\((\w+) = ANY \(ARRAY\['(\w*)'::text")

Row = dict[str, object]


def sample_row(connection: Connection, table: str, organization_id: UUID) -> Row:
    """A row the table would take, with whatever has neither default nor NULL filled in."""
    columns = connection.execute(
        """SELECT attname, atttypid::regtype::text FROM pg_attribute
           WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped
             AND attnotnull AND NOT atthasdef AND attidentity = '' ORDER BY attnum""",
        (table,),
    ).fetchall()
    checks = connection.execute(
        "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE contype = 'c' AND conrelid = %s::regclass", (table,)
    ).fetchall()
    choices = dict(found for (text,) in checks for found in _CHOICE.findall(text))
    return {
        name: organization_id if name == "organization_id" else choices.get(name, _sample(kind))
        for name, kind in columns
    }


def _sample(kind: str) -> object:
    samples: dict[str, object] = {
        "uuid": uuid4(),
        "text": uuid4().hex,
        "bytea": uuid4().bytes,
        "boolean": True,
        "smallint": uuid4().int % 2**15,
        "integer": uuid4().int % 2**31,
        "bigint": uuid4().int % 2**31,
        "double precision": 1.0,
        "jsonb": "{}",
        "text[]": [],
        "uuid[]": [],
        "bigint[]": [],
        "date": "today",
        "timestamp with time zone": "now",
    }
    return samples[kind]


def plant(connection: Connection, table: str, organization_id: UUID) -> None:
    """As superuser: put a row in. Foreign keys are switched off, for a row alone is all that is wanted."""
    connection.execute("SET LOCAL session_replication_role = replica")
    insert(connection, table, sample_row(connection, table, organization_id))
    connection.execute("SET LOCAL session_replication_role = origin")


def insert(connection: Connection, table: str, row: Row) -> None:
    """One INSERT with the columns named."""
    statement = sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
        sql.Identifier(*table.split(".")),
        sql.SQL(", ").join(map(sql.Identifier, row)),
        sql.SQL(", ").join([sql.Placeholder()] * len(row)),
    )
    connection.execute(statement, list(row.values()))


def leaks(connection: Connection, line: Trust, *, own: UUID, other: UUID) -> Iterator[str]:
    """Act as the room's role on a table that holds one row of each organization; leaves the connection as it was."""
    with connection.transaction(force_rollback=True):
        become(connection, line.role)
        if line.is_tenant:
            yield from _seen_without_a_name(connection, line.table)
        name(connection, str(own))
        yield from _seen_by_a_neighbour(connection, line.table, own, other)
        yield from _written_to_a_neighbour(connection, line, own, other)


def become(connection: Connection, role: str) -> None:
    """Act as a role until the transaction ends."""
    connection.execute(sql.SQL("SET LOCAL ROLE {}").format(sql.Identifier(role)))


def name(connection: Connection, organization_ids: str) -> None:
    """Say for which organizations the transaction works."""
    connection.execute("SELECT set_config('app.organization_ids', %s, true)", (organization_ids,))


def _seen_without_a_name(connection: Connection, table: str) -> Iterator[str]:
    for organization_ids in (None, ""):
        if organization_ids is not None:
            name(connection, organization_ids)
        if count(connection, table):
            yield f"{table}: rows are seen though no organization is named ({organization_ids!r})"


def _seen_by_a_neighbour(connection: Connection, table: str, own: UUID, other: UUID) -> Iterator[str]:
    if count(connection, table) != 1 or count(connection, table, own) != 1:
        yield f"{table}: not exactly the row of the organization named is seen"
    if count(connection, table, other):
        yield f"{table}: a neighbour's row is seen"


def _written_to_a_neighbour(connection: Connection, line: Trust, own: UUID, other: UUID) -> Iterator[str]:
    row = sample_row(connection, line.table, other)
    if "INSERT" in line.verbs and not _refuses(connection, lambda: insert(connection, line.table, row)):
        yield f"{line.table}: a row of a neighbour can be written"
    table = sql.Identifier(*line.table.split("."))
    move = sql.SQL("UPDATE {} SET organization_id = %s WHERE organization_id = %s").format(table)
    if "UPDATE" in line.verbs:
        if not _refuses(connection, lambda: connection.execute(move, (other, own))):
            yield f"{line.table}: a row can be given to a neighbour"
        if _reaches(connection, move, (other, other)):
            yield f"{line.table}: a neighbour's row can be changed"
    delete = sql.SQL("DELETE FROM {} WHERE organization_id = %s").format(table)
    if "DELETE" in line.verbs and _reaches(connection, delete, (other,)):
        yield f"{line.table}: a neighbour's row can be deleted"


def _reaches(connection: Connection, statement: sql.Composed, values: tuple[UUID, ...]) -> bool:
    """Whether a row is touched; only one that was reached can break a key or be refused in its new form."""
    try:
        with connection.transaction(force_rollback=True):
            return connection.execute(statement, values).rowcount > 0
    except (psycopg.errors.IntegrityError, psycopg.errors.InsufficientPrivilege):
        return True


def _refuses(connection: Connection, act: Callable[[], object]) -> bool:
    try:
        with connection.transaction(force_rollback=True):
            act()
    except psycopg.errors.InsufficientPrivilege as error:
        return "row-level security" in str(error)
    except psycopg.errors.IntegrityError:
        return False
    return False


def count(connection: Connection, table: str, organization_id: UUID | None = None) -> int:
    """How many rows the present role sees, of one organization or at all."""
    statement = sql.SQL("SELECT count(*) FROM {} WHERE %s::uuid IS NULL OR organization_id = %s").format(
        sql.Identifier(*table.split("."))
    )
    row = connection.execute(statement, (organization_id, organization_id)).fetchone()
    assert row is not None
    return int(row[0])
