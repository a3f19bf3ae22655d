"""Every house that the suite starts is looked through when it ends: its logs must not hold what it kept secret.

`gather` while the house runs (its database tells of people and of tokens that were applied), `check` when it has
stopped. The run's figures are summed over all processes of the run in one file beside its servers.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from services.chassis.sealing import SealBroken, SealedColumn, Sealer
from services.executor.store import SEALED as SEALED_BY_EXECUTOR
from services.ingress.store import SEALED as SEALED_BY_INGRESS
from services.sender.store import SEALED as SEALED_BY_SENDER
from tests.fixtures.servers import FOLDER_VARIABLE, run_folder
from tests.walls.canaries import SHORTEST, Found, LeakFound, Scan, Source, files_in, files_open_to_others, look

SEALED: tuple[SealedColumn, ...] = (*SEALED_BY_INGRESS, *SEALED_BY_EXECUTOR, *SEALED_BY_SENDER)
TALLY = "canaries.jsonl"
OF_PEOPLE = "number, user id or name"


def gather(data: Path) -> dict[str, str]:
    """What the house in this data folder must not tell: its own secrets, tokens given to it, people it knows.

    Without a database that answers there are only the secrets of its folder.
    """
    kept = dict(_secrets_in(data / "secrets"))
    try:
        url = json.loads((data / "run" / "state.json").read_text())["postgres"]["url"]
        with psycopg.connect(url, connect_timeout=5) as connection:
            keys = [value for name, value in kept.items() if "SEALING_KEYS" in name]
            return kept | dict(_applied(connection, keys)) | dict(_people(connection))
    except (OSError, psycopg.Error):
        return kept


def check(data: Path, canaries: dict[str, str], more: Iterable[Source] = ()) -> Scan:
    """Look through the logs of a house of this run, its open files and `more`, and record it. Raises LeakFound."""
    scan = examine(data, canaries, more)
    record(scan)
    return scan


def examine(data: Path, canaries: dict[str, str], more: Iterable[Source] = ()) -> Scan:
    """Look through the logs of a house, its open files and `more`. Raises LeakFound."""
    scan = look([*files_in(data / "log"), *files_open_to_others(data), *more], canaries)
    if scan.found:
        raise LeakFound(scan.table())
    return scan


def record(scan: Scan) -> None:
    """Add a scan to the run's figures."""
    if FOLDER_VARIABLE in os.environ:
        with (run_folder() / TALLY).open("a") as file:
            file.write(json.dumps(asdict(scan)) + "\n")


def tally() -> tuple[int, Scan]:
    """How many scans the run has made so far, and their sum."""
    file = run_folder() / TALLY
    lines = [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []
    total = Scan()
    for line in lines:
        total = total.plus(Scan(**line | {"found": tuple(Found(**found) for found in line["found"])}))
    return len(lines), total


def _secrets_in(folder: Path) -> Iterator[tuple[str, str]]:
    for name in ("secrets.json", "in_use.json"):
        file = folder / name
        values: dict[str, str] = json.loads(file.read_text()) if file.exists() else {}
        for variable, value in values.items():
            yield from ((f"{variable} ({name}, {nth})", part) for nth, part in enumerate(value.split(",")))
    for file in sorted(folder.glob("*.jwk.json")):
        yield f"private key {file.name}", json.loads(file.read_text())["d"]


def _applied(connection: psycopg.Connection[Any], keys: list[str]) -> Iterator[tuple[str, str]]:
    """Sealed values, opened with the house's own keys."""
    sealer = Sealer.from_text(",".join(keys))
    for column in SEALED:
        if not _exists(connection, column.table):
            continue
        statement = sql.SQL("SELECT organization_id::text, {}::text, {} FROM {}").format(
            sql.Identifier(column.key), sql.Identifier(column.column), sql.Identifier(*column.table.split("."))
        )
        for organization_id, key, sealed in connection.execute(statement).fetchall():
            row = column.row.format(key=key)
            try:
                value = sealer.open(sealed, table=column.table, organization_id=organization_id, row=row)
            except (SealBroken, TypeError):  # of a lost key, or NULL
                continue
            yield f"{column.place} of {organization_id}/{key}", value


def _people(connection: psycopg.Connection[Any]) -> Iterator[tuple[str, str]]:
    if not _exists(connection, "router.contact"):
        return
    values = connection.execute(
        "SELECT value FROM router.contact_identity UNION SELECT name FROM router.contact ORDER BY 1"
    ).fetchall()
    for nth, (value,) in enumerate(values):
        if len(value) >= SHORTEST:
            yield f"{OF_PEOPLE} {nth} of a person", value
    if _exists(connection, "ingress.user_account"):
        emails = "SELECT email FROM ingress.user_account UNION SELECT email FROM ingress.invitation ORDER BY 1"
        yield from ((f"e-mail {nth} of a user", email) for nth, (email,) in enumerate(connection.execute(emails)))


def _exists(connection: psycopg.Connection[Any], table: str) -> bool:
    found = connection.execute("SELECT to_regclass(%s)", (table,)).fetchone()
    return found is not None and found[0] is not None
