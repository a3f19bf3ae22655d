"""Migrations: the trust map, then Alembic per room in its own schema, then the trust map again for new tables."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Mapping
from pathlib import Path

import psycopg
from alembic import command
from alembic.config import Config
from psycopg import sql
from sqlalchemy import create_engine
from sqlalchemy.engine import make_url

ROOMS = ("ingress", "router", "executor", "sender", "analytics")
ROOT = Path(__file__).resolve().parents[2]
TRUST_MAP = ROOT / "deploy" / "postgres" / "roles.sql"

# Two migrations at once (two pods, two starts) take turns; the number is arbitrary and ours.
_LOCK = 7_210_415


def migrate(
    superuser_url: str,
    passwords: Mapping[str, str],
    on_progress: Callable[[str], None] = lambda _: None,
) -> None:
    """Bring the database at `superuser_url` to this version; safe to repeat and to run twice at once.

    `passwords` maps login roles (svc_<room>, and svc_<room>_ro for people who look) to their passwords; a missing one
    leaves the role's password as it is: a new role then has none, and nobody logs in as it.
    Raises psycopg or Alembic errors; a failed room's migration is rolled back whole.
    """
    with psycopg.connect(superuser_url, autocommit=True) as guard:
        guard.execute("SELECT pg_advisory_lock(%s)", (_LOCK,))
        on_progress("roles and schemas")
        _apply_trust_map(guard)
        set_passwords(guard, passwords)
        for room in ROOMS:
            on_progress(f"tables of {room}")
            _upgrade(superuser_url, room)
        on_progress("grants and row-level security")
        _apply_trust_map(guard)


def _apply_trust_map(connection: psycopg.Connection[tuple[object, ...]]) -> None:
    with connection.transaction():
        connection.execute(TRUST_MAP.read_text().encode())


def set_passwords(connection: psycopg.Connection[tuple[object, ...]], passwords: Mapping[str, str]) -> None:
    """Give login roles their passwords."""
    for role, password in passwords.items():
        # As its SCRAM verifier: statements may be logged, or seen in pg_stat_activity.
        verifier = connection.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256").decode()
        connection.execute(sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(role), sql.Literal(verifier)))


def _upgrade(superuser_url: str, room: str) -> None:
    """Run the room's Alembic migrations as the owner of all tables, in the room's schema, in one transaction."""
    url = make_url(superuser_url).set(drivername="postgresql+psycopg")
    engine = create_engine(url)
    try:
        with engine.begin() as connection:
            connection.exec_driver_sql("SET LOCAL ROLE wa_owner")
            connection.exec_driver_sql(f"SET LOCAL search_path TO {room}")
            config = Config()
            config.set_main_option("script_location", str(ROOT / "services" / "chassis" / "alembic"))
            config.set_main_option("version_locations", str(ROOT / "services" / room / "migrations"))
            config.set_main_option("path_separator", "newline")
            config.attributes["connection"] = connection
            config.attributes["room"] = room
            command.upgrade(config, "head")
    finally:
        engine.dispose()


def main() -> None:
    """`python -m services.chassis.migrate`: the job of a deployment; reads DATABASE_URL (an administrator's),
    SVC_<ROOM>_PASSWORD, and SVC_<ROOM>_RO_PASSWORD where people are to look."""
    argparse.ArgumentParser(description=main.__doc__).parse_args()
    roles = [role for room in ROOMS for role in (f"svc_{room}", f"svc_{room}_ro")]
    given = {role: os.environ.get(f"{role.upper()}_PASSWORD", "") for role in roles}
    passwords = {role: password for role, password in given.items() if password}
    migrate(os.environ["DATABASE_URL"], passwords, lambda line: print(line, flush=True))  # noqa: T201


if __name__ == "__main__":
    main()
