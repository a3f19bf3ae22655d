"""What a table's walls do when they are tried: as each login role, and as the owner; every hole is one sentence.

The table must hold one row of each of two organizations (`planted`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from uuid import UUID, uuid4

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from services.embedded.keys import LOGINS
from tests.house.catalog import (
    KEYS_OVER_ALL_ORGANIZATIONS,
    OWNER,
    SCHEMAS,
    Connection,
    Trust,
    declared_references,
)
from tests.house.isolation import Row, become, count, insert, leaks, name, plant, sample_row

OWN, OTHER = uuid4(), uuid4()

# Tries every verb as every role, for real, and takes each back. What is refused for another reason than a missing right
# (a NOT NULL, a row-level policy) was permitted as far as grants go.
_ATTEMPTS = """
CREATE OR REPLACE FUNCTION pg_temp.attempts(target regclass, roles text[], OUT role_name text, OUT verb text)
RETURNS SETOF record LANGUAGE plpgsql AS $$
DECLARE
  first_column text := (SELECT quote_ident(attname) FROM pg_attribute WHERE attrelid = target AND attnum = 1);
  attempt text;
BEGIN
  FOREACH role_name IN ARRAY roles LOOP
    FOREACH verb IN ARRAY ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'TRIGGER'] LOOP
      attempt := CASE verb
        WHEN 'SELECT' THEN format('SELECT FROM %s LIMIT 0', target)
        WHEN 'INSERT' THEN format('INSERT INTO %s DEFAULT VALUES', target)
        WHEN 'UPDATE' THEN format('UPDATE %s SET %s = DEFAULT WHERE false', target, first_column)
        WHEN 'DELETE' THEN format('DELETE FROM %s WHERE false', target)
        WHEN 'TRUNCATE' THEN format('TRUNCATE %s', target)
        ELSE format('CREATE TRIGGER attempt BEFORE UPDATE ON %s FOR EACH ROW '
                    'EXECUTE FUNCTION suppress_redundant_updates_trigger()', target) END;
      BEGIN
        EXECUTE format('SET LOCAL ROLE %I', role_name);
        EXECUTE attempt;
        RAISE EXCEPTION 'it was done' USING ERRCODE = 'PT002';
      EXCEPTION WHEN OTHERS THEN
        IF SQLSTATE <> '42501' OR SQLERRM LIKE '%%row-level security%%' THEN
          RETURN NEXT;
        END IF;
      END;
    END LOOP;
  END LOOP;
END $$"""


def prepare(connection: Connection) -> None:
    """As superuser, once a connection: make what the attempts need."""
    connection.execute(_ATTEMPTS)


@contextmanager
def planted(connection: Connection, lines: Sequence[Trust]) -> Iterator[None]:
    """A row of each organization in every table whose rows belong to one, and a row in the others; then taken back."""
    with connection.transaction(force_rollback=True):
        for line in lines:
            plant(connection, line.table, OWN)
            if line.is_owned:
                plant(connection, line.table, OTHER)
        yield


def holes(connection: Connection, line: Trust) -> Iterator[str]:
    """Everything that should have been refused and was not, or the other way round."""
    yield from _wrong_rights(connection, line)
    yield from _seen_by_the_owner(connection, line.table)
    yield from _hidden_from_its_service(connection, line)
    if line.is_owned:
        yield from leaks(connection, line, own=OWN, other=OTHER)
        if line.is_shown:
            twin = replace(line, role=line.twin, verbs=frozenset({"SELECT"}))
            yield from (f"twin: {leak}" for leak in leaks(connection, twin, own=OWN, other=OTHER))
        yield from _taken_keys(connection, line)
        yield from _foreign_targets(connection, line)
    yield from _shown_by_views(connection, line)


def holes_of_partition(connection: Connection, partition: str) -> Iterator[str]:
    """A partition is reached through its parent only."""
    for role, verb in _attempts(connection, partition):
        yield f"{partition}: {role} may {verb}"
    yield from _seen_by_the_owner(connection, partition)


def _attempts(connection: Connection, table: str) -> list[tuple[str, str]]:
    with connection.transaction(force_rollback=True):
        return connection.execute("SELECT * FROM pg_temp.attempts(%s::regclass, %s)", (table, list(LOGINS))).fetchall()


def _wrong_rights(connection: Connection, line: Trust) -> Iterator[str]:
    wanted = {(line.role, verb) for verb in line.verbs} | ({(line.twin, "SELECT")} if line.is_shown else set())
    found = set(_attempts(connection, line.table))
    yield from (f"{line.table}: {role} may {verb}" for role, verb in sorted(found - wanted))
    yield from (f"{line.table}: {role} may not {verb}" for role, verb in sorted(wanted - found))


def _seen_by_the_owner(connection: Connection, table: str) -> Iterator[str]:
    """Row-level security binds the owner, and no policy is for him."""
    with connection.transaction(force_rollback=True):
        become(connection, OWNER)
        name(connection, str(OWN))
        statement = sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(*table.split(".")))
        try:
            rows = connection.execute(statement).fetchall()
        except psycopg.errors.InsufficientPrivilege:
            yield f"{table}: does not belong to the owner"
            return
        if rows != [(0,)]:
            yield f"{table}: the owner sees rows"


def _hidden_from_its_service(connection: Connection, line: Trust) -> Iterator[str]:
    if line.is_owned:
        return
    with connection.transaction(force_rollback=True):
        become(connection, line.role)
        try:
            rows = connection.execute(f"SELECT FROM {line.table} LIMIT 1".encode()).fetchall()
        except psycopg.errors.InsufficientPrivilege:
            rows = []
        if not rows:
            yield f"{line.table}: its service does not see its rows"


def _taken_keys(connection: Connection, line: Trust) -> Iterator[str]:
    """A neighbour's key is free: a refusal would tell that the neighbour has such a row."""
    if "INSERT" not in line.verbs or any(key.startswith(f"{line.table} (") for key in KEYS_OVER_ALL_ORGANIZATIONS):
        return
    table, columns = sql.Identifier(*line.table.split(".")), _columns(connection, line.table)
    ((document,),) = connection.execute(
        sql.SQL("SELECT to_jsonb(t) || jsonb_build_object('organization_id', %s::uuid) FROM {} t "
                "WHERE organization_id = %s").format(table), (OWN, OTHER),
    ).fetchall()  # fmt: skip
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    copy = sql.SQL("INSERT INTO {} ({}) SELECT {} FROM jsonb_populate_record(NULL::{}, %s)").format(
        table, names, names, table
    )
    with connection.transaction(force_rollback=True):
        # Only the neighbour's row may be in the way.
        connection.execute(sql.SQL("DELETE FROM {} WHERE organization_id = %s").format(table), (OWN,))
        become(connection, line.role)
        name(connection, str(OWN))
        try:
            connection.execute(copy, (Jsonb(document),))
        except psycopg.errors.UniqueViolation:
            yield f"{line.table}: a neighbour's key cannot be used"
        except psycopg.Error:
            return


def _foreign_targets(connection: Connection, line: Trust) -> Iterator[str]:
    """A row that points at a neighbour's row is refused."""
    references = [(own, other, theirs) for table, own, other, theirs in declared_references() if table == line.table]
    if "INSERT" not in line.verbs:
        return
    for tried in references:
        if "," not in tried[0]:
            continue
        row = sample_row(connection, line.table, OWN)
        for reference in references:
            row |= _pointing(connection, reference, OTHER if reference is tried else OWN)
        with connection.transaction(force_rollback=True):
            become(connection, line.role)
            name(connection, str(OWN))
            try:
                insert(connection, line.table, {**row, "organization_id": OWN})
            except psycopg.Error:
                continue
            yield f"{line.table} ({tried[0]}): a row points at a neighbour's"


def _pointing(connection: Connection, reference: tuple[str, str, str], organization_id: UUID) -> Row:
    own, other, theirs = reference
    statement = sql.SQL("SELECT {} FROM {} WHERE organization_id = %s LIMIT 1").format(
        sql.SQL(", ").join(map(sql.Identifier, theirs.split(", "))), sql.Identifier(*other.split("."))
    )
    (values,) = connection.execute(statement, (organization_id,)).fetchall()
    return dict(zip(own.split(", "), values, strict=True))


def _shown_by_views(connection: Connection, line: Trust) -> Iterator[str]:
    """Whatever else the service reads in the house's schemas shows no neighbour's row."""
    views = connection.execute(
        """SELECT oid::regclass::text FROM pg_class WHERE relkind IN ('v', 'm', 'f')
             AND relnamespace::regnamespace::text = ANY (%s) AND has_table_privilege(%s, oid, 'SELECT')
             AND EXISTS (SELECT FROM pg_attribute WHERE attrelid = pg_class.oid AND attname = 'organization_id')""",
        ([*SCHEMAS, "app"], line.role),
    ).fetchall()
    for (view,) in views:
        with connection.transaction(force_rollback=True):
            become(connection, line.role)
            name(connection, str(OWN))
            if count(connection, view, OTHER):
                yield f"{view}: shows a neighbour's row"


def _columns(connection: Connection, table: str) -> list[str]:
    """Columns a row may be given; identities are Postgres' own."""
    rows = connection.execute(
        """SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped
             AND attidentity = '' AND attgenerated = '' ORDER BY attnum""",
        (table,),
    )
    return [str(row[0]) for row in rows]
