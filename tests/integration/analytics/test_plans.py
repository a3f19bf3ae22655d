"""How Postgres looks for things before it has any statistics: in a database without rows, so that it never has any."""

import psycopg

from services.analytics.store.records import PAGE_OF_CONTACT
from tests.fixtures.servers import Database as OwnDatabase


def test_a_contacts_messages_are_found_without_the_rest_of_the_log(module_database: OwnDatabase) -> None:
    with psycopg.connect(module_database.url_of("analytics")) as connection:
        rows = connection.execute(b"EXPLAIN (GENERIC_PLAN) " + PAGE_OF_CONTACT.sql).fetchall()

    plan = "\n".join(row[0] for row in rows)
    assert "organization_id_phone_number_oc" in plan
    assert "_pkey" not in plan
    assert "Seq Scan" not in plan
