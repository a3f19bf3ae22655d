"""Where a text lies in the database: every column of every table of every room, in whatever clothes."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator

import psycopg
from psycopg import sql

from tests.journeys.house import ROOMS, House

Place = str
"""Schema, table and column, such as router.contact.name; a partition goes by its table's name."""

_WAMID = re.compile(rb"wamid\.([A-Za-z0-9+/]+=*)")


def places_of(house: House, canaries: Iterable[str]) -> Counter[Place]:
    """How many rows hold one of the canaries, by place; asked as superuser, whom no row is hidden from."""
    needles = sorted({clothed for canary in canaries if canary for clothed in _clothed(canary)})
    found: Counter[Place] = Counter()
    with psycopg.connect(house.first_status["postgres"]["url"], autocommit=True) as connection:
        for schema, name, table in _tables(connection):
            cursor = connection.execute(sql.SQL("SELECT * FROM ONLY {}").format(table))
            columns = [column.name for column in cursor.description or ()]
            for row in cursor:
                for column, value in zip(columns, row, strict=True):
                    said = _bytes_of(value)
                    found[f"{schema}.{name}.{column}"] += any(needle in said for needle in needles)
    return +found


def _tables(connection: psycopg.Connection) -> Iterator[tuple[str, str, sql.Identifier]]:
    rows = connection.execute(
        """SELECT c.relnamespace::regnamespace::text, coalesce(p.relname, c.relname), c.relname FROM pg_class c
           LEFT JOIN pg_inherits i ON i.inhrelid = c.oid LEFT JOIN pg_class p ON p.oid = i.inhparent
           WHERE c.relkind = 'r' AND c.relnamespace::regnamespace::text = ANY (%s) ORDER BY 1, 2, 3""",
        (list(ROOMS),),
    ).fetchall()
    for schema, name, table in rows:
        yield schema, name, sql.Identifier(schema, table)


def _bytes_of(value: object) -> bytes:
    """A value as bytes, with what Meta's ids in it hold: they say the phone number in base64."""
    if isinstance(value, bytes | memoryview):
        said = bytes(value)
    elif isinstance(value, dict | list):
        said = json.dumps(value, ensure_ascii=False, default=str).encode()
    else:
        said = str(value).encode()
    return b"\n".join([said, *map(_decoded, _WAMID.findall(said))])


def _decoded(text: bytes) -> bytes:
    try:
        return base64.b64decode(text + b"=" * (-len(text) % 4))
    except binascii.Error:
        return b""


def _clothed(text: str) -> Iterator[bytes]:
    """The text as it is, and escaped as JSON may."""
    yield text.encode()
    yield json.dumps(text)[1:-1].encode()
