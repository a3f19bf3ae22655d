"""Rows of several tables, one after the other, page by page: for whoever takes everything along."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson

from services.chassis.db import Database, Step
from services.chassis.errors import InvalidArgument
from services.chassis.rpc.sizes import MOST_LISTED_BYTES
from services.pb.common.v1 import privacy_pb2

ROWS_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class PageRow:
    """One row: its columns in plain words, and, where it has one, the message that lies in it."""

    kind: str
    data: Mapping[str, object]
    payload: bytes = b""


@dataclass(frozen=True, slots=True)
class Page:
    """Rows in order; `cursor` is where the next page begins, empty after the last.

    `cursors` says for each row where a page would begin that goes on after it.
    """

    rows: Sequence[PageRow]
    cursor: str = ""
    cursors: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Section:
    """One table's part: `reading(skip, limit)` gives the step, `row_of` turns one of its rows."""

    reading: Callable[[int, int], Step]
    row_of: Callable[[tuple[Any, ...]], PageRow]


async def read_page(
    database: Database, organization_id: UUID, sections: Sequence[Section], cursor: str, *, limit: int = ROWS_AT_ONCE
) -> Page:
    """The next `limit` rows from `cursor` on. Raises InvalidArgument for a cursor that was never given out."""
    number, skip = _read(cursor, len(sections))
    rows: list[PageRow] = []
    cursors: list[str] = []
    while number < len(sections):
        section, wanted = sections[number], limit - len(rows)
        (found,) = await database.batch([organization_id], [section.reading(skip, wanted)], durable=False)
        rows += map(section.row_of, found)
        cursors += (f"{number}:{skip + count}" for count in range(1, len(found) + 1))
        if len(found) == wanted:
            return Page(rows, cursors[-1], cursors)
        number, skip = number + 1, 0
    return Page(rows, "", cursors)


def json_section(kind: str, reading: Callable[[int, int], Step]) -> Section:
    """A part whose rows are one JSON object each."""
    return Section(reading, lambda row: PageRow(kind, row[0]))


def within_an_answer(page: Page, write: Callable[[PageRow], bytes]) -> tuple[list[tuple[str, bytes]], str]:
    """Kind and JSON of as many rows as fit into one answer, and the cursor after them.

    A row that fits into none says that it was left out: no page may stand in the way of those after it.
    """
    written: list[tuple[str, bytes]] = []
    left = MOST_LISTED_BYTES
    for row in page.rows:
        data = write(row)
        if len(data) > MOST_LISTED_BYTES:
            data = orjson.dumps({"left_out": f"the row has {len(data)} bytes"})
        left -= len(data)
        if left < 0:
            return written, page.cursors[len(written) - 1]
        written.append((row.kind, data))
    return written, page.cursor


def export_page_of(page: Page, content_of: Callable[[str, bytes], object]) -> privacy_pb2.ExportPage:
    """As a room's Privacy service answers; `content_of(kind, payload)` says what lies in a row."""

    def write(row: PageRow) -> bytes:
        more = {"content": content_of(row.kind, row.payload)} if row.payload else {}
        return orjson.dumps({**row.data, **more}, default=str)

    written, cursor = within_an_answer(page, write)
    rows = [privacy_pb2.ExportedRow(kind=kind, data=data) for kind, data in written]
    return privacy_pb2.ExportPage(rows=rows, cursor=cursor)


def _read(cursor: str, sections: int) -> tuple[int, int]:
    try:
        number, skip = map(int, cursor.split(":")) if cursor else (0, 0)
    except ValueError:
        number, skip = -1, 0
    if not 0 <= number <= sections or not 0 <= skip < 2**62:
        raise InvalidArgument("cursor is none that was given out; begin without one")
    return number, skip
