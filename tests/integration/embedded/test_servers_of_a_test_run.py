"""The fixtures every integration test stands on."""

import psycopg
import redis

from tests.fixtures.servers import Servers, copied_database, make_template


def fake_migration(url: str, passwords: object, on_progress: object) -> None:
    """Leave a table that shows whether a database was copied from the migrated template."""
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE migrated AS SELECT 'yes' AS answer")


def test_a_database_is_a_copy_of_its_own(servers: Servers) -> None:
    make_template(servers, fake_migration, name="template_of_the_fixtures_test")
    with (
        copied_database(servers, template="template_of_the_fixtures_test") as first,
        copied_database(servers, template="template_of_the_fixtures_test") as second,
        psycopg.connect(first.superuser_url) as one,
        psycopg.connect(second.superuser_url) as other,
    ):
        one.execute("UPDATE migrated SET answer = 'changed'")
        one.commit()
        assert other.execute("SELECT answer FROM migrated").fetchone() == ("yes",)


def test_the_template_is_migrated_once(servers: Servers) -> None:
    make_template(servers, fake_migration, name="template_made_twice")
    make_template(servers, fake_migration, name="template_made_twice")
    with copied_database(servers, template="template_made_twice") as copy:
        assert "template" not in copy.superuser_url


def test_a_copy_is_dropped_even_if_somebody_is_still_connected(servers: Servers) -> None:
    make_template(servers, fake_migration, name="template_of_the_drop_test")
    with copied_database(servers, template="template_of_the_drop_test") as copy:
        forgotten = psycopg.connect(copy.superuser_url)
    name = copy.superuser_url.rpartition("/")[2]
    with psycopg.connect(servers.postgres) as connection:
        found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,)).fetchone()
    forgotten.close()
    assert found is None


def test_a_room_logs_in_with_its_own_role(servers: Servers) -> None:
    make_template(servers, fake_migration, name="template_of_the_role_test")
    with copied_database(servers, template="template_of_the_role_test") as copy:
        assert copy.url_of("router").startswith("postgresql://svc_router:")


def test_the_runs_valkey_answers(valkey_url: str) -> None:
    with redis.from_url(valkey_url) as client:
        assert client.ping() is True
