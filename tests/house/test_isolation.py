"""A room's role sees and writes rows of the organizations its transaction named, and of no other."""

from collections.abc import Iterator
from uuid import uuid4

import psycopg
import pytest

from services.embedded.keys import ROOMS
from tests.fixtures.servers import Database
from tests.house.catalog import TRUST, Connection, Trust
from tests.house.isolation import leaks, plant

TENANT_LINES = [line for line in TRUST.values() if line.is_tenant]
OWN, OTHER = uuid4(), uuid4()


@pytest.fixture
def connection(module_database: Database) -> Iterator[Connection]:
    """The superuser in a transaction that is taken back; every tenant's table holds a row of each organization."""
    with psycopg.connect(module_database.superuser_url) as superuser:
        for line in TENANT_LINES:
            plant(superuser, line.table, OWN)
            plant(superuser, line.table, OTHER)
        yield superuser
        superuser.rollback()


def found(connection: Connection, line: Trust) -> list[str]:
    return list(leaks(connection, line, own=OWN, other=OTHER))


def test_no_table_of_a_tenant_leaks(connection: Connection) -> None:
    assert [leak for line in TENANT_LINES for leak in found(connection, line)] == []


@pytest.mark.parametrize(
    "damage",
    [
        "ALTER TABLE {table} DISABLE ROW LEVEL SECURITY",
        "DROP POLICY tenant ON {table}",
        "ALTER POLICY tenant ON {table} USING (true) WITH CHECK (true)",
        "ALTER POLICY tenant ON {table} USING (true)",
        "ALTER POLICY tenant ON {table} WITH CHECK (true)",
        "CREATE POLICY more ON {table} TO {role} USING (true)",
    ],
)
def test_a_damaged_wall_leaks_at_every_table(connection: Connection, damage: str) -> None:
    for line in TENANT_LINES:
        connection.execute(damage.format(table=line.table, role=line.role).encode())

    assert [line.table for line in TENANT_LINES if not found(connection, line)] == []


def test_the_owner_is_bound_as_well_and_would_not_be_without_force(connection: Connection) -> None:
    owner = Trust("wa_owner", "router.contact", frozenset({"SELECT"}), "tenant")
    connection.execute("ALTER POLICY tenant ON router.contact TO svc_router, wa_owner")
    assert found(connection, owner) == []

    connection.execute("ALTER TABLE router.contact NO FORCE ROW LEVEL SECURITY")

    assert found(connection, owner)


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_that_logs_in_reaches_no_table_of_another_room(module_database: Database, room: str) -> None:
    with psycopg.connect(module_database.url_of(room), autocommit=True) as service:
        for line in TRUST.values():
            if line.role != f"svc_{room}":
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    service.execute(f"SELECT FROM {line.table} LIMIT 1".encode())


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_that_logs_in_reaches_its_own_tables(module_database: Database, room: str) -> None:
    with psycopg.connect(module_database.url_of(room), autocommit=True) as service:
        for line in TRUST.values():
            if line.role == f"svc_{room}":
                service.execute(f"SELECT FROM {line.table} LIMIT 1".encode())


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_cannot_switch_the_wall_off(module_database: Database, room: str) -> None:
    tables = [line.table for line in TENANT_LINES if line.role == f"svc_{room}"]
    with psycopg.connect(module_database.url_of(room), autocommit=True) as service:
        service.execute("SET row_security = off")
        for table in tables:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                service.execute(f"SELECT FROM {table} LIMIT 1".encode())


def test_after_a_transaction_nothing_of_its_scope_is_left_on_the_connection(module_database: Database) -> None:
    with psycopg.connect(module_database.superuser_url, autocommit=True) as superuser, superuser.transaction():
        plant(superuser, "router.contact_identity", OWN)
    with psycopg.connect(module_database.url_of("router"), autocommit=True) as service:
        with service.transaction():
            service.execute("SELECT set_config('app.organization_ids', %s, true)", (str(OWN),))
            assert service.execute("SELECT count(*) FROM router.contact_identity").fetchone() == (1,)

        assert service.execute("SELECT count(*) FROM router.contact_identity").fetchone() == (0,)
