"""Every way to damage a wall of Postgres, one at a time: for each table, each partition, each room.

Nothing is named here but kinds of damage: tables come from the trust map, their keys from the catalog.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from services.embedded.keys import ROOMS
from tests.house.catalog import OWNER, Connection, Trust, declared_references

# The verbs Postgres knows for a table; REFERENCES, TRIGGER, TRUNCATE and MAINTAIN are given to nobody.
VERBS = ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER", "MAINTAIN")
_SETTING = "current_setting('app.organization_ids', true)"
_UNNAMED = f"string_to_array({_SETTING}, ',')::uuid[]"
# The policies' rules as they would be without NULLIF.
_WITHOUT_NULLIF = {
    "tenant": f"organization_id = ANY ((SELECT {_UNNAMED})::uuid[])",
    "house": f"(SELECT {_SETTING} = '') OR organization_id = ANY ((SELECT {_UNNAMED})::uuid[])",
}


@dataclass(frozen=True, slots=True)
class Damage:
    """What is done to which table, schema or role."""

    kind: str
    target: str
    statements: tuple[str, ...]


def damages_of_table(connection: Connection, line: Trust) -> Iterator[Damage]:
    """Damage to a table of the trust map."""
    for kind, *statements in (*_to_policy(line), *_to_grants(line), *_roads_around(line)):
        yield Damage(kind, line.table, tuple(statements))
    if line.is_owned:
        yield from _to_keys(connection, line.table)


def damages_of_partition(partition: str, line: Trust) -> Iterator[Damage]:
    """Damage to a table that nobody may read but through its parent."""
    for kind, statement in (
        ("row-level security off", f"ALTER TABLE {partition} DISABLE ROW LEVEL SECURITY"),
        ("row-level security not forced", f"ALTER TABLE {partition} NO FORCE ROW LEVEL SECURITY"),
        ("a policy", f"CREATE POLICY more ON {partition} TO {line.role} USING (true)"),
        ("SELECT granted", f"GRANT SELECT ON {partition} TO {line.role}"),
        ("owned by the service", f"ALTER TABLE {partition} OWNER TO {line.role}"),
    ):
        yield Damage(f"partition: {kind}", partition, (statement,))


def damages_of_room(room: str, line: Trust) -> Iterator[Damage]:
    """Damage to a room's schema and roles; `line` is one of its tables."""
    role, neighbour = f"svc_{room}", f"svc_{_neighbour_of(room)}"
    for kind, statement in (
        ("role above row-level security", f"ALTER ROLE {role} BYPASSRLS"),
        ("twin above row-level security", f"ALTER ROLE {role}_ro BYPASSRLS"),
        ("role is a superuser", f"ALTER ROLE {role} SUPERUSER"),
        ("role makes roles", f"ALTER ROLE {role} CREATEROLE"),
        ("role is a member of the owner", f"GRANT {OWNER} TO {role}"),
        ("role is a member of another", f"GRANT {neighbour} TO {role}"),
        ("twin begins writing", f"ALTER ROLE {role}_ro RESET default_transaction_read_only"),
        ("schema used by another room", f"GRANT USAGE ON SCHEMA {room} TO {neighbour}"),
        ("schema used by everybody", f"GRANT USAGE ON SCHEMA {room} TO PUBLIC"),
        ("tables made by the role", f"GRANT CREATE ON SCHEMA {room} TO {role}"),
        ("default privileges", f"ALTER DEFAULT PRIVILEGES IN SCHEMA {room} GRANT SELECT ON TABLES TO {role}"),
        ("a table without a line in the trust map", f"CREATE TABLE {room}.loose AS SELECT * FROM {line.table}"),
    ):
        yield Damage(kind, room, (statement,))


def _to_policy(line: Trust) -> Iterator[tuple[str, ...]]:
    table, scope = line.table, line.scope
    roles = ", ".join(line.readers)
    yield "row-level security off", f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY"
    yield "row-level security not forced", f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY"
    yield "policy dropped", f"DROP POLICY {scope} ON {table}"
    yield "policy for everybody", f"ALTER POLICY {scope} ON {table} TO PUBLIC"
    yield "policy for the owner as well", f"ALTER POLICY {scope} ON {table} TO {roles}, {OWNER}"
    yield "a second policy", f"CREATE POLICY more ON {table} TO {line.role} USING (true)"
    if line.is_owned:
        rule = _WITHOUT_NULLIF[scope]
        yield "policy without NULLIF", f"ALTER POLICY {scope} ON {table} USING ({rule}) WITH CHECK ({rule})"
        yield "policy shows all", f"ALTER POLICY {scope} ON {table} USING (true)"
        yield "policy takes all", f"ALTER POLICY {scope} ON {table} WITH CHECK (true)"


def _to_grants(line: Trust) -> Iterator[tuple[str, ...]]:
    table, role, twin = line.table, line.role, line.twin
    room, _, _ = table.partition(".")
    neighbour = f"svc_{_neighbour_of(room)}"
    for verb in VERBS:
        if verb in line.verbs:
            yield f"{verb} revoked", f"REVOKE {verb} ON {table} FROM {role}"
        else:
            yield f"{verb} granted", f"GRANT {verb} ON {table} TO {role}"
    if line.is_shown:
        yield "SELECT revoked from the twin", f"REVOKE SELECT ON {table} FROM {twin}"
        yield "INSERT granted to the twin", f"GRANT INSERT ON {table} TO {twin}"
    else:
        yield "SELECT granted to the twin", f"GRANT SELECT ON {table} TO {twin}"
    yield "may be granted on", f"GRANT SELECT ON {table} TO {role} WITH GRANT OPTION"
    yield "SELECT for another room", f"GRANT SELECT ON {table} TO {neighbour}"
    yield (
        "SELECT and schema for another room",
        f"GRANT SELECT ON {table} TO {neighbour}",
        f"GRANT USAGE ON SCHEMA {room} TO {neighbour}",
    )
    yield "SELECT for everybody", f"GRANT SELECT ON {table} TO PUBLIC"
    yield "owned by the service", f"ALTER TABLE {table} OWNER TO {role}"


def _roads_around(line: Trust) -> Iterator[tuple[str, ...]]:
    table, role = line.table, line.role
    room, _, _ = table.partition(".")
    yield (
        "a superuser's view",
        f"CREATE VIEW {room}.road AS SELECT * FROM {table}",
        f"GRANT SELECT ON {room}.road TO {role}",
    )
    yield (
        "a materialized view",
        f"CREATE MATERIALIZED VIEW {room}.road AS SELECT * FROM {table}",
        f"GRANT SELECT ON {room}.road TO {role}",
    )
    function = f"CREATE FUNCTION {room}.road() RETURNS SETOF {table} LANGUAGE sql SECURITY DEFINER"
    yield (
        "a superuser's function",
        f"{function} SET search_path = pg_catalog AS 'SELECT * FROM {table}'",
        f"REVOKE ALL ON FUNCTION {room}.road() FROM PUBLIC",
        f"GRANT EXECUTE ON FUNCTION {room}.road() TO {role}",
    )


def _to_keys(connection: Connection, table: str) -> Iterator[Damage]:
    for index, constraint, is_primary, columns, predicate in _unique_indexes(connection, table):
        drop = f"ALTER TABLE {table} DROP CONSTRAINT {constraint} CASCADE" if constraint else f"DROP INDEX {index}"
        name = "primary key" if is_primary else "unique key"
        yield Damage(f"{name} gone", table, (drop,))
        rest = [column for column in columns if column != "organization_id"]
        if rest and columns[0] == "organization_id":
            where = f" WHERE {predicate}" if predicate else ""
            short = f"CREATE UNIQUE INDEX ON {table} ({', '.join(rest)}){where}"
            yield Damage(f"{name} without the organization", table, (drop, short))
    for owner, own, other, theirs in sorted(declared_references()):
        if owner != table:
            continue
        (constraint,) = _foreign_key(connection, table, own)
        drop = f"ALTER TABLE {table} DROP CONSTRAINT {constraint}"
        yield Damage("foreign key gone", table, (drop,))
        if "," in own:
            short, target = own.partition(", ")[2], theirs.partition(", ")[2]
            yield Damage(
                "foreign key of one column",
                table,
                (
                    drop,
                    f"CREATE UNIQUE INDEX ON {other} ({target})",
                    f"ALTER TABLE {table} ADD FOREIGN KEY ({short}) REFERENCES {other} ({target}) NOT VALID",
                ),
            )


def _unique_indexes(connection: Connection, table: str) -> list[tuple[str, str | None, bool, list[str], str | None]]:
    """Index, constraint, whether it is the primary key, columns, predicate."""
    return connection.execute(
        """SELECT x.indexrelid::regclass::text, quote_ident(c.conname), x.indisprimary,
                  (SELECT array_agg(a.attname::text ORDER BY k.n)
                   FROM unnest(x.indkey::int2[]) WITH ORDINALITY k(attnum, n)
                   JOIN pg_attribute a ON a.attrelid = x.indrelid AND a.attnum = k.attnum),
                  pg_get_expr(x.indpred, x.indrelid)
           FROM pg_index x LEFT JOIN pg_constraint c ON c.conindid = x.indexrelid AND c.contype IN ('p', 'u')
           WHERE x.indisunique AND x.indrelid = %s::regclass ORDER BY 1""",
        (table,),
    ).fetchall()


def _foreign_key(connection: Connection, table: str, columns: str) -> list[str]:
    rows = connection.execute(
        "SELECT quote_ident(conname), pg_get_constraintdef(oid) FROM pg_constraint "
        "WHERE contype = 'f' AND conrelid = %s::regclass",
        (table,),
    ).fetchall()
    return [name for name, text in rows if re.match(rf"FOREIGN KEY \({re.escape(columns)}\)", text)]


def _neighbour_of(room: str) -> str:
    return ROOMS[(ROOMS.index(room) + 1) % len(ROOMS)]
