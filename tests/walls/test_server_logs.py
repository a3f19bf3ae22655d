"""Postgres' own log: what went wrong in a statement is told to who asked, never written down with its values."""

from __future__ import annotations

from typing import Any, cast

import psycopg
import pytest
import yaml
from psycopg import sql

from services.chassis.logs.errors import trace_of
from services.chassis.migrate import set_passwords
from services.embedded.postgres import QUIET_LOG
from tests.fixtures.servers import ROOT, Servers, run_folder
from tests.walls.canaries import look

PHONE, WORDS, TOKEN = "5511976543210", "canary words in a statement", "EAAcanaryTokenInAStatement"
CANARIES = {"a phone number": PHONE, "words": WORDS, "a token": TOKEN}

FAILING: tuple[tuple[str, tuple[object, ...]], ...] = (
    ("INSERT INTO people VALUES (%s, %s)", (PHONE, WORDS)),  # the key is there: DETAIL names it
    ("INSERT INTO people VALUES (%s, NULL)", (PHONE[::-1],)),  # DETAIL shows the row
    (f"INSERT INTO people VALUES ('{PHONE}', '{WORDS}')", ()),  # the statement itself
    ("SELECT %s::text::uuid", (WORDS,)),  # the message itself quotes the value
    ("SELECT %s::text::timestamptz", (TOKEN,)),
    ("SELECT %s::jsonb", ('{"a": ' + WORDS,)),
    (f"SELEC '{TOKEN}'", ()),
    ("SELECT app_no_such(%s)", (TOKEN,)),
    (f"ALTER ROLE nobody_at_all PASSWORD '{TOKEN}'", ()),
    (f"DO $$ BEGIN RAISE EXCEPTION '{WORDS}'; END $$", ()),
    (f"DO $$ BEGIN RAISE WARNING '{WORDS}'; PERFORM 1/0; END $$", ()),
)


@pytest.fixture
def connection(servers: Servers) -> Any:
    with psycopg.connect(servers.postgres, autocommit=True) as opened:
        opened.execute("CREATE TEMP TABLE people (phone text PRIMARY KEY, words text NOT NULL)")
        opened.execute("INSERT INTO people VALUES (%s, %s)", (PHONE, WORDS))
        yield opened


@pytest.mark.parametrize(("statement", "values"), FAILING)
def test_a_statement_that_fails_leaves_no_value_in_the_log(
    connection: psycopg.Connection[Any], statement: str, values: tuple[object, ...]
) -> None:
    with pytest.raises(psycopg.Error) as caught:
        connection.execute(cast(Any, statement), values or None)

    log = (run_folder() / "log" / "postgres.log").read_bytes()
    assert b"database system is ready" in log
    assert look([("postgres.log", log)], CANARIES).found == ()
    # Nor would the service that asked log one: not even before redaction.
    trace = trace_of(caught.value).replace("connection.execute(cast(Any, statement), values or None)", "")
    assert look([("the error", trace.encode())], CANARIES).found == ()
    assert caught.value.sqlstate is not None
    assert caught.value.sqlstate in trace


def test_compose_runs_postgres_as_quietly_as_the_embedded_one() -> None:
    compose = yaml.safe_load((ROOT / "compose.yaml").read_text())
    words = compose["services"]["postgres"]["command"]

    assert dict(word.split("=") for word in words if "=" in word) == QUIET_LOG


def test_passwords_of_roles_travel_as_verifiers(connection: psycopg.Connection[Any]) -> None:
    statements: list[str] = []

    class Listening:
        pgconn = connection.pgconn

        def execute(self, statement: sql.Composed) -> None:
            statements.append(statement.as_string(connection))

    set_passwords(cast(Any, Listening()), {"svc_sender": "canary-role-password"})

    (statement,) = statements
    assert statement.startswith('ALTER ROLE "svc_sender" PASSWORD \'SCRAM-SHA-256$4096:')
    assert "canary" not in statement
