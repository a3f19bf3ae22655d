"""What Postgres itself says about tables, policies, grants and roles, held against deploy/postgres/roles.sql.

Every check gives one sentence per thing that is wrong, so that tests can also ask whether damage would be seen.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import psycopg

from services.embedded.keys import ROOMS
from tests.house.kustomize import ROOT

Connection = psycopg.Connection[tuple[Any, ...]]
Check = Callable[[Connection], Iterator[str]]

OWNER = "wa_owner"
SCHEMAS = list(ROOMS)
TENANT = (
    "(organization_id = ANY (( SELECT (string_to_array(NULLIF(current_setting('app.organization_ids'::text, true), "
    "''::text), ','::text))::uuid[] AS string_to_array)::uuid[]))"
)
"""The only expression that lets a tenant's row through, as Postgres writes it."""
HOUSE = (
    "(( SELECT (NULLIF(current_setting('app.organization_ids'::text, true), ''::text) IS NULL)) OR "
    "(organization_id = ANY (( SELECT (string_to_array(NULLIF(current_setting('app.organization_ids'::text, true), "
    "''::text), ','::text))::uuid[] AS string_to_array)::uuid[])))"
)
"""The same, and the whole house for a transaction that named nobody."""
RULES = {"tenant": TENANT, "house": HOUSE, "control": "true"}

# Alembic's note of the version; no service may read it.
VERSION_TABLE = "schema_version"
# Whose a number or an API key is must be found before the tenant is known, and names of organizations are unique in the
# house.
KEYS_OVER_ALL_ORGANIZATIONS = {
    "ingress.api_key_directory (key_hash)",
    "ingress.door (place)",
    "ingress.event (event_key)",
    "ingress.organization_name (name)",
    "router.number_directory (phone_number_id)",
    "router.organization (name)",
}
_ENTRY = re.compile(r"\('(svc_\w+)', '(\w+\.\w+)', '([A-Z, ]+)', '(tenant|house|control)'\)")
# The two lists of the twins' rule: shown though nobody's, hidden though somebody's.
_SHOWN = re.compile(r"WHEN 'control' THEN table_name IN \(([^)]*)\)\s+ELSE table_name NOT IN \(([^)]*)\) END;")
_CREATED = re.compile(r"CREATE TABLE (\w+\.\w+) \((.*?)\"\"\"")
_REFERENCE = re.compile(r"FOREIGN KEY \(([^)]+)\) REFERENCES (\w+\.\w+) ?\(([^)]+)\)")
_REFERENCE_OF_COLUMN = re.compile(r"(\w+) uuid NOT NULL REFERENCES (\w+\.\w+) ?\((\w+)\)")
_UNIQUE = re.compile(r"UNIQUE \(([^)]+)\)")
_UNIQUE_COLUMN = re.compile(r"(\w+) \w+ NOT NULL UNIQUE\b(?! \()")
_UNIQUE_INDEX = re.compile(r"CREATE UNIQUE INDEX (?:\w+ )?ON (\w+\.\w+) \(([^)]+)\)")
# Columns that hold secrets, sealed or digested; no twin reads a table that has one.
_SECRET = re.compile(r"secret|sealed|token|password|key_hash|email_hash")


@dataclass(frozen=True, slots=True)
class Trust:
    """One line of the trust map."""

    role: str
    table: str
    verbs: frozenset[str]
    scope: str
    is_shown: bool

    @property
    def is_tenant(self) -> bool:
        """Whether rows are seen for named organizations only."""
        return self.scope == "tenant"

    @property
    def is_owned(self) -> bool:
        """Whether every row belongs to an organization, and a transaction that names another does not see it."""
        return self.scope != "control"

    @property
    def twin(self) -> str:
        """The role's read-only twin."""
        return f"{self.role}_ro"

    @property
    def readers(self) -> list[str]:
        """The roles its policy is for."""
        return [self.role, self.twin] if self.is_shown else [self.role]


def trust_map() -> dict[str, Trust]:
    """The lines of the trust map by table."""
    text = (ROOT / "deploy" / "postgres" / "roles.sql").read_text()
    found = _SHOWN.search(text)
    assert found is not None, "what a twin sees is written in another form"
    shown, hidden = (set(re.findall(r"\w+\.\w+", names)) for names in found.groups())
    lines = [
        Trust(
            role,
            table,
            frozenset(verbs.split(", ")),
            scope,
            table in shown if scope == "control" else table not in hidden,
        )
        for role, table, verbs, scope in _ENTRY.findall(text)
    ]
    assert len(lines) == text.count("  ('svc_"), "a line of the trust map is written in another form"
    return {line.table: line for line in lines}


TRUST = trust_map()


def tables(connection: Connection, *, partitions: bool) -> list[str]:
    """Tables of the five schemas, either those that are partitions or all others, without Alembic's."""
    rows = connection.execute(
        """SELECT c.relnamespace::regnamespace || '.' || c.relname FROM pg_class c
           WHERE c.relkind IN ('r', 'p') AND c.relnamespace::regnamespace::text = ANY (%s)
             AND c.relispartition = %s AND c.relname <> %s ORDER BY 1""",
        (SCHEMAS, partitions, VERSION_TABLE),
    )
    return [str(row[0]) for row in rows]


def unlisted_tables(connection: Connection) -> Iterator[str]:
    """The trust map and the tables name each other."""
    found = set(tables(connection, partitions=False))
    yield from (f"{table} is not in the trust map" for table in sorted(found - set(TRUST)))
    yield from (f"the trust map names {table}, which does not exist" for table in sorted(set(TRUST) - found))


def unguarded_tables(connection: Connection) -> Iterator[str]:
    """Row-level security is on and forced, on partitions as well."""
    rows = connection.execute(
        """SELECT oid::regclass::text, relrowsecurity, relforcerowsecurity FROM pg_class
           WHERE relkind IN ('r', 'p') AND relnamespace::regnamespace::text = ANY (%s) AND relname <> %s ORDER BY 1""",
        (SCHEMAS, VERSION_TABLE),
    )
    for table, is_enabled, is_forced in rows:
        if not is_enabled:
            yield f"{table}: row-level security is off"
        if not is_forced:
            yield f"{table}: row-level security is not forced on its owner"


def wrong_policies(connection: Connection) -> Iterator[str]:
    """One policy a table, for its own role and every verb, in the canonical words; none on a partition."""
    rows = connection.execute(
        """SELECT schemaname || '.' || tablename, permissive, roles::text[], cmd, qual, with_check FROM pg_policies
           WHERE schemaname = ANY (%s)""",
        (SCHEMAS,),
    )
    found: dict[str, list[tuple[Any, ...]]] = {}
    for table, *policy in rows:
        found.setdefault(table, []).append(tuple(policy))
    for table, line in sorted(TRUST.items()):
        rule = RULES[line.scope]
        if found.pop(table, []) != [("PERMISSIVE", line.readers, "ALL", rule, rule)]:
            yield f"{table}: its policy is not the one of scope {line.scope} for {line.role}"
    yield from (f"{table} has a policy that the trust map does not give" for table in sorted(found))


def wrong_grants(connection: Connection) -> Iterator[str]:
    """Exactly the verbs of the trust map: so nothing for PUBLIC, other rooms, or TRUNCATE, REFERENCES and TRIGGER."""
    rows = connection.execute(
        """SELECT c.relnamespace::regnamespace || '.' || c.relname, coalesce(r.rolname, 'PUBLIC'),
                  array_agg(a.privilege_type), bool_or(a.is_grantable)
           FROM pg_class c CROSS JOIN LATERAL aclexplode(c.relacl) a LEFT JOIN pg_roles r ON r.oid = a.grantee
           WHERE c.relnamespace::regnamespace::text = ANY (%s) AND a.grantee <> c.relowner GROUP BY 1, 2""",
        (SCHEMAS,),
    )
    found = {(table, role): (frozenset(verbs), is_grantable) for table, role, verbs, is_grantable in rows}
    wanted = {(line.table, line.role): (line.verbs, False) for line in TRUST.values()}
    wanted |= {(line.table, line.twin): (frozenset({"SELECT"}), False) for line in TRUST.values() if line.is_shown}
    for key in sorted(found.keys() | wanted.keys()):
        if found.get(key) != wanted.get(key):
            yield f"{key[1]} has {found.get(key)} on {key[0]}, not {wanted.get(key)}"
    columns = connection.execute(
        "SELECT attrelid::regclass::text FROM pg_attribute WHERE attacl IS NOT NULL AND attnum > 0"
    )
    yield from (f"{row[0]} has a grant on a column" for row in columns if row[0].partition(".")[0] in ROOMS)
    if connection.execute("SELECT 1 FROM pg_default_acl").fetchone():
        yield "there are default privileges: tables to come would be granted without the trust map"


def leaking_keys(connection: Connection) -> Iterator[str]:
    """A tenant's keys, unique indexes and foreign keys begin with organization_id, so none tells of another tenant."""
    for table, columns in _unique_keys(connection):
        first = "number_key" if table.startswith(("ingress.out_", "ingress.status_")) else "organization_id"
        if columns.split(", ")[0] != first and f"{table} ({columns})" not in KEYS_OVER_ALL_ORGANIZATIONS:
            yield f"{table}: the key ({columns}) does not begin with {first}"
    yield from _leaking_references(connection)


def missing_keys(connection: Connection) -> Iterator[str]:
    """Every table has a primary key; all unique and foreign keys of the migrations are there: they refuse a mix-up."""
    rows = connection.execute(
        """SELECT c.oid::regclass::text FROM pg_class c
           WHERE c.relkind IN ('r', 'p') AND c.relnamespace::regnamespace::text = ANY (%s) AND c.relname <> %s
             AND NOT EXISTS (SELECT FROM pg_index x WHERE x.indrelid = c.oid AND x.indisprimary)""",
        (SCHEMAS, VERSION_TABLE),
    )
    yield from (f"{row[0]} has no primary key" for row in rows)
    found = {(table, *reference) for table, text in _references(connection) for reference in _REFERENCE.findall(text)}
    yield from (f"{key[0]}: the foreign key ({key[1]}) is gone" for key in sorted(declared_references() - found))
    gone = declared_unique_keys() - set(_unique_keys(connection))
    yield from (f"{table}: the unique key ({columns}) is gone" for table, columns in sorted(gone))


@cache
def declared_unique_keys() -> frozenset[tuple[str, str]]:
    """Table and columns of every unique key that a migration makes, beside primary keys."""
    found = set()
    for path in sorted(ROOT.glob("services/*/migrations/*.py")):
        text = " ".join(path.read_text().split())
        found |= set(_UNIQUE_INDEX.findall(text))
        for table, body in _CREATED.findall(text):
            found |= {(table, columns) for columns in (*_UNIQUE.findall(body), *_UNIQUE_COLUMN.findall(body))}
    return frozenset(found)


def _unique_keys(connection: Connection) -> list[tuple[str, str]]:
    """Table and columns of every unique index, those of primary keys among them."""
    return connection.execute(
        """SELECT x.indrelid::regclass::text, (SELECT string_agg(a.attname, ', ' ORDER BY k.n)
             FROM unnest(x.indkey::int2[]) WITH ORDINALITY k(attnum, n)
             JOIN pg_attribute a ON a.attrelid = x.indrelid AND a.attnum = k.attnum)
           FROM pg_index x JOIN pg_class c ON c.oid = x.indrelid
           WHERE x.indisunique AND NOT c.relispartition AND c.relnamespace::regnamespace::text = ANY (%s)
             AND c.relname <> %s""",
        (SCHEMAS, VERSION_TABLE),
    ).fetchall()


@cache
def declared_references() -> frozenset[tuple[str, str, str, str]]:
    """Table, columns, other table and its columns of every foreign key that a migration makes."""
    found = set()
    for path in sorted(ROOT.glob("services/*/migrations/*.py")):
        for table, body in _CREATED.findall(" ".join(path.read_text().split())):
            found |= {(table, *reference) for reference in _REFERENCE.findall(body)}
            found |= {(table, *reference) for reference in _REFERENCE_OF_COLUMN.findall(body)}
    return frozenset(found)


def _references(connection: Connection) -> list[tuple[str, str]]:
    return connection.execute(
        """SELECT conrelid::regclass::text, pg_get_constraintdef(oid) FROM pg_constraint
           WHERE contype = 'f' AND conparentid = 0 AND connamespace::regnamespace::text = ANY (%s)""",
        (SCHEMAS,),
    ).fetchall()


def _leaking_references(connection: Connection) -> Iterator[str]:
    # Foreign keys are checked without row-level security: one without the organization accepts another tenant's row.
    for table, definition in _references(connection):
        if not re.match(r"FOREIGN KEY \(organization_id\b.*?\) REFERENCES \S+\(organization_id\b", definition):
            yield f"{table}: {definition} does not begin with organization_id on both sides"


def tables_without_organization(connection: Connection) -> Iterator[str]:
    """Every table whose rows belong to organizations has an organization_id that is a uuid and never null."""
    rows = connection.execute(
        """SELECT attrelid::regclass::text FROM pg_attribute
           WHERE attname = 'organization_id' AND attnotnull AND atttypid = 'uuid'::regtype"""
    )
    found = {row[0] for row in rows}
    yield from (
        f"{line.table} has no organization_id" for line in TRUST.values() if line.is_owned and line.table not in found
    )


def mighty_roles(connection: Connection) -> Iterator[str]:
    """No role of ours is above row-level security, and no service is a member of another role."""
    rows = connection.execute(
        """SELECT rolname, rolcanlogin FROM pg_roles WHERE (rolname LIKE 'svc\\_%%' OR rolname = %s)
             AND (rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb OR rolreplication
                  OR rolcanlogin = (rolname = %s))""",
        (OWNER, OWNER),
    )
    yield from (f"{row[0]} may do more than it should (login: {row[1]})" for row in rows)
    members = connection.execute(
        """SELECT member::regrole::text, roleid::regrole::text FROM pg_auth_members
           WHERE member::regrole::text LIKE 'svc\\_%' OR roleid::regrole::text LIKE 'svc\\_%'"""
    )
    yield from (f"{member} is a member of {role}" for member, role in members)


def twins_that_write(connection: Connection) -> Iterator[str]:
    """Every service has a twin that begins read-only; no twin reads a table with a column that is called a secret."""
    rows = connection.execute("SELECT rolname FROM pg_roles WHERE 'default_transaction_read_only=on' = ANY (rolconfig)")
    found = {row[0] for row in rows}
    yield from (f"{twin} does not begin read-only" for room in ROOMS if (twin := f"svc_{room}_ro") not in found)
    columns = connection.execute(
        """SELECT attrelid::regclass::text, attname FROM pg_attribute
           WHERE attrelid::regclass::text = ANY (%s) AND attnum > 0 AND NOT attisdropped""",
        ([line.table for line in TRUST.values() if line.is_shown],),
    )
    yield from (f"{table}.{column} is shown to a twin" for table, column in columns if _SECRET.search(column))


def open_schemas(connection: Connection) -> Iterator[str]:
    """A service uses its own schema and `app`; nobody but the owner creates anything, and PUBLIC has nothing."""
    rows = connection.execute(
        """SELECT n.nspname, coalesce(r.rolname, 'PUBLIC'), a.privilege_type
           FROM pg_namespace n CROSS JOIN LATERAL aclexplode(n.nspacl) a LEFT JOIN pg_roles r ON r.oid = a.grantee
           WHERE n.nspname = ANY (%s) AND a.grantee <> n.nspowner""",
        ([*SCHEMAS, "app", "public"],),
    )
    services = {f"svc_{room}" for room in ROOMS}
    for schema, role, privilege in rows:
        users = services if schema == "app" else {f"svc_{schema}", f"svc_{schema}_ro"}
        if role not in users or privilege != "USAGE":
            yield f"{role} has {privilege} on schema {schema}"


def roads_around(connection: Connection) -> Iterator[str]:
    """Nothing reads with other rights than the caller's: no views, no definer functions of the mighty or for all."""
    rows = connection.execute(
        """SELECT p.oid::regprocedure::text, r.rolname, r.rolsuper OR r.rolbypassrls,
                  p.proconfig IS NULL OR NOT 'search_path=pg_catalog' = ANY (p.proconfig),
                  p.proacl IS NULL OR EXISTS (SELECT FROM aclexplode(p.proacl) a WHERE a.grantee = 0)
           FROM pg_proc p JOIN pg_roles r ON r.oid = p.proowner
           WHERE p.prosecdef AND p.pronamespace::regnamespace::text NOT IN ('pg_catalog', 'information_schema')"""
    )
    for function, owner, is_mighty, is_misled, is_public in rows:
        if is_mighty:
            yield f"{function} runs with the rights of {owner}, whom row-level security does not bind"
        if is_misled:
            yield f"{function} finds its names through the caller's search_path"
        if is_public:
            yield f"{function} may be called by everybody"
    views = connection.execute(
        """SELECT oid::regclass::text FROM pg_class
           WHERE relkind IN ('v', 'm') AND relnamespace::regnamespace::text = ANY (%s)""",
        ([*SCHEMAS, "app"],),
    )
    yield from (f"{row[0]} is a view" for row in views)


def foreign_owners(connection: Connection) -> Iterator[str]:
    """Everything belongs to the role that nobody logs in as."""
    rows = connection.execute(
        """SELECT oid::regclass::text FROM pg_class WHERE relnamespace::regnamespace::text = ANY (%s)
             AND relowner <> %s::regrole""",
        ([*SCHEMAS, "app"], OWNER),
    )
    yield from (f"{row[0]} does not belong to {OWNER}" for row in rows)


CHECKS: tuple[Check, ...] = (
    unlisted_tables,
    unguarded_tables,
    wrong_policies,
    wrong_grants,
    leaking_keys,
    missing_keys,
    tables_without_organization,
    mighty_roles,
    twins_that_write,
    open_schemas,
    roads_around,
    foreign_owners,
)
