"""Everything that belongs to an organization, in every table there is, as a superuser sees it."""

from __future__ import annotations

from uuid import UUID

import psycopg
from psycopg import sql

from services.embedded.keys import ROOMS
from services.ingress.entries import number_key
from tests.walls.tenants import Tenant

Digests = dict[str, tuple[int, str]]


def rows_of(url: str, tenant: Tenant) -> Digests:
    """How many rows each table has of the organization, and a digest of them all; tables without any are left out."""
    keys: dict[str, list[UUID]] = {
        "organization_id": [tenant.organization_id],
        "number_key": [number_key(number) for number in tenant.numbers],
    }
    found: Digests = {}
    with psycopg.connect(url, autocommit=True) as connection:
        for table, column in connection.execute(
            """SELECT a.attrelid::regclass::text, a.attname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
               WHERE a.attname = ANY (%s) AND c.relkind IN ('r', 'p') AND NOT c.relispartition
                 AND c.relnamespace::regnamespace::text = ANY (%s) ORDER BY 1, 2""",
            (list(keys), list(ROOMS)),
        ).fetchall():
            statement = sql.SQL(
                "SELECT count(*), coalesce(md5(string_agg(t::text, '|' ORDER BY t::text)), '') FROM {} t "
                "WHERE {} = ANY (%s)"
            ).format(sql.Identifier(*table.split(".")), sql.Identifier(column))
            ((count, digest),) = connection.execute(statement, (keys[column],)).fetchall()
            if count:
                found[table] = (count, digest)
    return found
