"""The database is walled as deploy/postgres/roles.sql says, and damage to any wall would be seen."""

from collections.abc import Iterator

import psycopg
import pytest

from services.embedded.keys import ROOMS
from tests.fixtures.servers import Database
from tests.house import catalog
from tests.house.catalog import CHECKS, TRUST, Check, Connection


@pytest.fixture
def connection(module_database: Database) -> Iterator[Connection]:
    """The superuser in a transaction that is taken back."""
    with psycopg.connect(module_database.superuser_url) as superuser:
        yield superuser
        superuser.rollback()


def seen(connection: Connection) -> list[str]:
    """What all checks find."""
    return [sentence for check in CHECKS for sentence in check(connection)]


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_the_catalog_agrees_with_the_trust_map(connection: Connection, check: Check) -> None:
    assert list(check(connection)) == []


def test_the_trust_map_has_tables_of_every_room_and_their_partitions_are_there(connection: Connection) -> None:
    assert {table.partition(".")[0] for table in TRUST} == set(ROOMS)
    assert len(catalog.tables(connection, partitions=True)) > 20


def test_every_unique_key_of_the_catalog_is_one_that_a_migration_declares(connection: Connection) -> None:
    found = connection.execute(
        """SELECT x.indrelid::regclass::text, (SELECT string_agg(a.attname, ', ' ORDER BY k.n)
             FROM unnest(x.indkey::int2[]) WITH ORDINALITY k(attnum, n)
             JOIN pg_attribute a ON a.attrelid = x.indrelid AND a.attnum = k.attnum)
           FROM pg_index x JOIN pg_class c ON c.oid = x.indrelid
           WHERE x.indisunique AND NOT x.indisprimary AND NOT c.relispartition
             AND c.relnamespace::regnamespace::text = ANY (%s)""",
        (list(ROOMS),),
    ).fetchall()

    assert found
    assert set(found) - catalog.declared_unique_keys() == set()


@pytest.mark.parametrize(
    "damage",
    [
        "ALTER ROLE svc_router BYPASSRLS",
        "ALTER ROLE svc_router_ro BYPASSRLS",
        "ALTER ROLE svc_router_ro RESET default_transaction_read_only",
        "GRANT SELECT ON sender.credential TO svc_sender_ro",
        "ALTER TABLE router.contact ADD COLUMN access_token text",
        "ALTER ROLE wa_owner LOGIN",
        "GRANT wa_owner TO svc_sender",
        "GRANT USAGE ON SCHEMA sender TO svc_executor",
        "GRANT CREATE ON SCHEMA router TO svc_router",
        "GRANT USAGE ON SCHEMA public TO PUBLIC",
        "CREATE TABLE router.loose (organization_id uuid PRIMARY KEY)",
        "CREATE VIEW router.all_contacts AS SELECT * FROM router.contact",
        "CREATE MATERIALIZED VIEW router.kept_contacts AS SELECT * FROM router.contact",
        "CREATE FUNCTION app.peek() RETURNS text LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog RETURN ''",
        "ALTER FUNCTION app.ensure_partitions(regclass, text, int) RESET search_path",
        "GRANT EXECUTE ON FUNCTION app.drop_old_items(regclass, int) TO PUBLIC",
        "CREATE UNIQUE INDEX ON router.contact (contact_id)",
        "DROP INDEX executor.one_active_state",
        "ALTER TABLE router.chatbot DROP CONSTRAINT chatbot_organization_id_name_key",
        "ALTER TABLE sender.message ADD FOREIGN KEY (lane_id) REFERENCES router.loose_contact (id)",
        "ALTER DEFAULT PRIVILEGES IN SCHEMA router GRANT SELECT ON TABLES TO svc_router",
        "CREATE TABLE sender.inbox_item_spare PARTITION OF sender.inbox_item DEFAULT",
    ],
)
def test_damage_elsewhere_is_seen(connection: Connection, damage: str) -> None:
    connection.execute("CREATE TABLE router.loose_contact (id uuid PRIMARY KEY)")
    connection.execute("GRANT REFERENCES ON router.loose_contact TO wa_owner")
    before = set(seen(connection))

    connection.execute(damage.encode())

    assert set(seen(connection)) - before
