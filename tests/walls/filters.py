"""Takes the organization out of every condition of a room's statements, as a careless change would.

Statements are rewritten on their way to Postgres, where none can be forgotten. A condition on organization_id becomes
`(TRUE OR …)`: its parameters stay where they are, and it lets every organization through. What is asked of the whole
house (whose is this number?) stays as it is: its transaction names nobody, and what it joins is no filter.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

from psycopg import AsyncConnection

from services.chassis.db import pipeline

_COLUMN = r"(?:\w+\.)?organization_id"
_VALUE = r"(?:ANY\s*\([^()]*\)|%\(\w+\)[sb](?:::\w+)?|%s|\$\d+(?:::\w+)?|\w+(?:\.\w+)?)"
# A column's own name, not one that a rewriting has dealt with already.
_FRESH = r"(?<!TRUE OR )(?<![\w.])"
_ONE = re.compile(rf"{_FRESH}{_COLUMN}\s*(?:=|IS NOT DISTINCT FROM)\s*{_VALUE}")
_ROW = re.compile(rf"\(({_COLUMN}(?:,\s*[\w.]+)+)\)\s*=\s*\(([\w.]+(?:,\s*[\w.]+)+)\)")
_LEFT = re.compile(rf"{_FRESH}{_COLUMN}\s*(?:=|<>|IS\b|IN\b)|\({_COLUMN},[^)]*\)\s*(?:=|<>|IN\b)")


@dataclass(slots=True)
class Removed:
    """Which statements of a room went without their filters, and which kept one all the same."""

    rewritten: set[str] = field(default_factory=set)
    kept: set[str] = field(default_factory=set)

    def rewrite(self, text: str) -> str:
        """The statement without its filters; noted."""
        stripped = without_organization(text)
        if stripped != text:
            self.rewritten.add(text)
        if _LEFT.search(stripped):
            self.kept.add(text)
        return stripped


def without_organization(text: str) -> str:
    """A statement that looks at every organization."""

    def row(match: re.Match[str]) -> str:
        pairs = zip(match[1].split(","), match[2].split(","), strict=True)
        first, *rest = (f"{one.strip()} = {other.strip()}" for one, other in pairs)
        return "(" + " AND ".join([f"(TRUE OR {first})", *rest]) + ")"

    return _ONE.sub(lambda match: f"(TRUE OR {match[0]})", _ROW.sub(row, text))


@contextmanager
def filters_removed(*rooms: str) -> Iterator[dict[str, Removed]]:
    """While this lasts, what these rooms send has no filter by organization; their databases must not prepare."""
    removed = {f"svc_{room}": Removed() for room in rooms}
    send, execute = pipeline._Journey.send_unprepared, AsyncConnection.execute
    # The connections whose present transaction has named somebody.
    naming: set[int] = set()

    def note_of(pgconn: Any) -> Removed | None:
        return removed.get(pgconn.user.decode()) if id(pgconn) in naming else None

    def send_stripped(journey: Any, query: Any, values: Any) -> None:
        pgconn = journey._pgconn
        if b"set_config('app.organization_ids'" in query.sql:
            (naming.add if values[0] else naming.discard)(id(pgconn))
        note = note_of(pgconn)
        if note is not None:
            query = SimpleNamespace(sql=note.rewrite(query.sql.decode()).encode())
        send(journey, query, values)

    async def execute_stripped(connection: Any, query: Any, *values: Any, **options: Any) -> Any:
        note = note_of(connection.pgconn)
        if note is not None and isinstance(query, str):
            query = note.rewrite(query)
        return await execute(connection, query, *values, **options)

    with (
        patch.object(pipeline._Journey, "send_unprepared", send_stripped),
        patch.object(AsyncConnection, "execute", execute_stripped),
    ):
        yield {role.removeprefix("svc_"): note for role, note in removed.items()}
