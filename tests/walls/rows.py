"""Everything that belongs to an organization, in every table there is, as a superuser sees it."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

import psycopg
from psycopg import sql

from services.embedded.keys import ROOMS
from services.ingress.entries import number_key
from tests.house.catalog import Connection
from tests.walls.tenants import Tenant

Digests = dict[str, tuple[int, str]]


def rows_of(url: str, tenant: Tenant) -> Digests:
    """How many rows each table has of the organization, and a digest of them all; tables without any are left out."""
    found: Digests = {}
    with psycopg.connect(url, autocommit=True) as connection:
        for table, column, keys in _places(connection, tenant):
            statement = sql.SQL(
                "SELECT count(*), coalesce(md5(string_agg(t::text, '|' ORDER BY t::text)), '') FROM {} t "
                "WHERE {} = ANY (%s)"
            ).format(sql.Identifier(*table.split(".")), sql.Identifier(column))
            ((count, digest),) = connection.execute(statement, (keys,)).fetchall()
            if count:
                found[table] = (count, digest)
    return found


def tables_with_tag(url: str, tenant: Tenant, tag: str) -> list[str]:
    """The tables in which a row of the organization has this tag in it, as text or in a payload."""
    found = []
    with psycopg.connect(url, autocommit=True) as connection:
        for table, column, keys in _places(connection, tenant):
            statement = sql.SQL("SELECT 1 FROM {} t WHERE {} = ANY (%s) AND t::text LIKE ANY (%s) LIMIT 1").format(
                sql.Identifier(*table.split(".")), sql.Identifier(column)
            )
            if connection.execute(statement, (keys, [f"%{tag}%", f"%{tag.encode().hex()}%"])).fetchall():
                found.append(table)
    return found


def _places(connection: Connection, tenant: Tenant) -> Iterator[tuple[str, str, list[UUID]]]:
    """Each table whose rows have an owner, the column that says so, and what stands there for this organization."""
    keys: dict[str, list[UUID]] = {
        "organization_id": [tenant.organization_id],
        "number_key": [number_key(number) for number in tenant.numbers],
    }
    for table, column in connection.execute(
        """SELECT a.attrelid::regclass::text, a.attname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
           WHERE a.attname = ANY (%s) AND c.relkind IN ('r', 'p') AND NOT c.relispartition
             AND c.relnamespace::regnamespace::text = ANY (%s) ORDER BY 1, 2""",
        (list(keys), list(ROOMS)),
    ).fetchall():
        yield table, column, keys[column]
