"""Two organizations in a house: ours, which attacks, and theirs, of which nothing may be seen or changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from uuid import NAMESPACE_OID, UUID, uuid5

import psycopg
from psycopg import sql

from tests.journeys.house import House
from tests.journeys.shop import Shop, flow_of

# What their people say and are called; no request of ours contains it.
SECRETS = ("Aubergine-7341", "Wallflower-9920")

# A flow_id that stands for no flow.
NOTHING = str(UUID(int=0))

# Fields of requests that stand for a column of another name.
ALIASES = {
    "state_id": "id",
    "contact": "wa_id",
    "phone": "wa_id",
    "phone_number": "wa_id",
    "recipient_wa_id": "wa_id",
    "contact_wa_id": "wa_id",
    "main_flow_id": "flow_id",
    "default_flow_id": "flow_id",
    "fallback_flow_id": "flow_id",
    "start_flow_id": "flow_id",
    "group_id": "organization_id",
}


# They give an organization its own log, in which lies what attackers wrote before: a message in the name of a number
# that is another's as well, a record under another's key. The values that attackers have, and keys that are made from
# them (a record's from its event's), are no sign there; all others are.
OWN_LOG = frozenset({"GET /api/v1/analytics/export", "/pytake.analytics.v1.Reports/ListRecords"})


@dataclass(frozen=True, slots=True)
class Victim:
    """An organization's id, a value of it for every column, and words by which its data is known."""

    organization_id: str
    columns: Mapping[str, str]
    marks: frozenset[str]

    def value_for(self, field: str) -> str | None:
        """What to put into a request's field; None when the field names nothing of an organization."""
        return self.columns.get(ALIASES.get(field, field))

    def seen_in(self, answer: str, request: str, target: str = "") -> list[str]:
        """Marks of theirs in an answer that were not in the request."""
        written = tuple(value for value in self.columns.values() if target in OWN_LOG and len(value) > 8)
        return sorted(
            mark for mark in self.marks if mark in answer and mark not in request and not mark.startswith(written)
        )


def settle_in(house: House, serial: int, *, secrets: tuple[str, ...] = ()) -> Shop:
    """An organization with two flows, two contacts, conversations, messages and logs, a file, people, an API key."""
    shop = Shop(house, serial)
    flows = {f"seedlings {serial}": flow_of("seedlings"), f"echo {serial}": flow_of("echo")}
    people = {"password": "três tigres tristes"}, {"role": "org_admin", "password": "três tigres tristes"}, {}
    users = [
        {"email": f"member-{serial}-{nth}@example.com", "name": f"member {serial}-{nth}", "role": "agent"} | more
        for nth, more in enumerate(people)
    ]
    api_keys = [{"name": f"till {serial}", "scopes": ["flows:read"]}]
    shop.apply(shop.document(flows, users=users, api_keys=api_keys))
    for nth, words in enumerate(secrets or ("Ana", "Rui"), start=1):
        shop.hear_text(shop.person(nth), "Oi", words)
    kept = shop.ask(
        "PUT", f"/media/{uuid5(NAMESPACE_OID, shop.name)}?kind=image", token=shop.token(),
        content=f"picture of {shop.name}".encode(), headers={"Content-Type": "image/png"},
    )  # fmt: skip
    assert kept.status_code == 200, kept.text
    return shop


def look_up_both(house: House, our_shop: Shop, their_shop: Shop, secrets: tuple[str, ...]) -> tuple[Victim, Victim]:
    """Ours and theirs; what both have, such as names of nodes, gives nobody away."""
    ours, theirs = look_up(house, our_shop), look_up(house, their_shop, secrets)
    return replace(ours, marks=ours.marks - theirs.marks), replace(theirs, marks=theirs.marks - ours.marks)


def look_up(house: House, shop: Shop, secrets: tuple[str, ...] = ()) -> Victim:
    """Read an organization's ids from its rows."""
    with psycopg.connect(house.first_status["postgres"]["url"], autocommit=True) as connection:
        row = connection.execute(
            "SELECT organization_id::text FROM router.organization WHERE name = %s", (shop.name,)
        ).fetchone()
        assert row is not None
        columns: dict[str, str] = {}
        marks: set[str] = {shop.name, *secrets}
        for table, column in _id_columns(connection):
            values = _values(connection, table, column, row[0])
            for value in values[:1]:
                columns.setdefault(column, value)
            marks.update(value for value in values if len(value) > 8)
    return Victim(row[0], columns | {"organization_id": row[0]}, frozenset(marks))


def rows_of(house: House, victim: Victim) -> Mapping[str, str]:
    """A digest of all rows of an organization, by table."""
    with psycopg.connect(house.first_status["postgres"]["url"], autocommit=True) as connection:
        return {
            ".".join(table): _digest(connection, table, victim.organization_id)
            for table in dict.fromkeys(table for table, _ in _id_columns(connection))
        }


Table = tuple[str, str]


def _id_columns(connection: psycopg.Connection) -> Iterator[tuple[Table, str]]:
    """Columns that hold ids, in tables of tenants."""
    found = connection.execute(
        """
        SELECT c.table_schema, c.table_name, c.column_name
        FROM information_schema.columns c
        JOIN pg_class r ON r.oid = format('%I.%I', c.table_schema, c.table_name)::regclass
        WHERE c.table_schema IN ('ingress', 'router', 'executor', 'sender', 'analytics')
          AND r.relkind IN ('r', 'p') AND NOT r.relispartition
          AND c.data_type IN ('uuid', 'text', 'character varying')
          AND (c.column_name LIKE '%id' OR c.column_name IN ('phone_number', 'name', 'value'))
          AND EXISTS (
            SELECT FROM information_schema.columns o
            WHERE o.table_schema = c.table_schema AND o.table_name = c.table_name
              AND o.column_name = 'organization_id' AND o.data_type = 'uuid')
        ORDER BY 1, 2, 3
        """
    ).fetchall()
    return iter(((schema, table), column) for schema, table, column in found)


def _values(connection: psycopg.Connection, table: Table, column: str, organization_id: str) -> list[str]:
    query = sql.SQL("SELECT DISTINCT {}::text FROM {} WHERE organization_id = %s ORDER BY 1").format(
        sql.Identifier(column), sql.Identifier(*table)
    )
    return [value for (value,) in connection.execute(query, (organization_id,)) if value and value != NOTHING]


def _digest(connection: psycopg.Connection, table: Table, organization_id: str) -> str:
    query = sql.SQL("SELECT md5(string_agg(t::text, E'\\n' ORDER BY t::text)) FROM {} t WHERE organization_id = %s")
    row = connection.execute(query.format(sql.Identifier(*table)), (organization_id,)).fetchone()
    return str(row and row[0])
