"""A room's role sees and writes rows of the organizations its transaction named, and of no other."""

from collections.abc import Iterator
from dataclasses import replace
from uuid import uuid4

import psycopg
import pytest

from services.embedded.keys import ROOMS
from tests.fixtures.servers import Database
from tests.house.catalog import TRUST, Connection, Trust
from tests.house.isolation import become, count, leaks, plant

TENANT_LINES = [line for line in TRUST.values() if line.is_tenant]
OWNED_LINES = [line for line in TRUST.values() if line.is_owned]
OWN, OTHER = uuid4(), uuid4()


@pytest.fixture
def connection(module_database: Database) -> Iterator[Connection]:
    """The superuser in a transaction that is taken back; every organization's table holds a row of each of two."""
    with psycopg.connect(module_database.superuser_url) as superuser:
        for line in OWNED_LINES:
            plant(superuser, line.table, OWN)
            plant(superuser, line.table, OTHER)
        yield superuser
        superuser.rollback()


def found(connection: Connection, line: Trust) -> list[str]:
    return list(leaks(connection, line, own=OWN, other=OTHER))


def test_no_table_of_an_organization_leaks(connection: Connection) -> None:
    assert [leak for line in OWNED_LINES for leak in found(connection, line)] == []


def test_a_twin_sees_what_its_service_sees_and_changes_nothing(connection: Connection) -> None:
    shown = [replace(line, role=line.twin, verbs=frozenset({"SELECT"})) for line in OWNED_LINES if line.is_shown]

    assert [leak for line in shown for leak in found(connection, line)] == []


def test_the_owner_is_bound_as_well_and_would_not_be_without_force(connection: Connection) -> None:
    owner = replace(TRUST["router.contact"], role="wa_owner", verbs=frozenset({"SELECT"}))
    connection.execute("ALTER POLICY tenant ON router.contact TO svc_router, wa_owner")
    assert found(connection, owner) == []

    connection.execute("ALTER TABLE router.contact NO FORCE ROW LEVEL SECURITY")

    assert found(connection, owner)


def test_a_transaction_that_names_nobody_sees_the_whole_house_where_work_begins(connection: Connection) -> None:
    lanes = [line for line in OWNED_LINES if not line.is_tenant]

    for line in lanes:
        with connection.transaction(force_rollback=True):
            become(connection, line.role)
            assert count(connection, line.table) == 2
    assert {"executor.inbox_lane", "router.number_directory"} <= {line.table for line in lanes}


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


@pytest.mark.parametrize("room", ROOMS)
def test_a_twin_that_logs_in_reads_with_organizations_named_and_writes_nothing(
    module_database: Database, room: str
) -> None:
    lines = [line for line in TRUST.values() if line.role == f"svc_{room}"]
    with psycopg.connect(module_database.url_of(f"{room}_ro"), autocommit=True) as twin:
        for line in lines:
            if line.is_shown:
                twin.execute(f"SELECT FROM {line.table} LIMIT 1".encode())
            else:
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    twin.execute(f"SELECT FROM {line.table} LIMIT 1".encode())
            with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
                twin.execute(f"DELETE FROM {line.table}".encode())
        # What a session turns off stays refused: the grant is the wall.
        twin.execute("SET default_transaction_read_only = off")
        for line in lines:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                twin.execute(f"DELETE FROM {line.table}".encode())
    assert any(line.is_shown for line in lines)
