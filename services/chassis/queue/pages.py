"""Rows of several tables, one after the other, page by page: for whoever takes everything along."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import orjson

from services.chassis.db import Database, Step
from services.chassis.errors import InvalidArgument
from services.pb.common.v1 import privacy_pb2

ROWS_AT_ONCE = 50
# A page travels twice, the second time as lines, and fits into one answer each time (chassis.rpc.sizes).
MOST_PAGE_BYTES = 2 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class PageRow:
    """One row: its columns in plain words, and, where it has one, the message that lies in it.

    `after` is the cursor with which a page begins that follows this row.
    """

    kind: str
    data: Mapping[str, object]
    payload: bytes = b""
    after: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """Rows in order; `cursor` is where the next page begins, empty after the last."""

    rows: Sequence[PageRow]
    cursor: str = ""


@dataclass(frozen=True, slots=True)
class WrittenPage:
    """As many of a page's rows as fit into an answer, each as its kind and its JSON; `cursor` as in Page."""

    rows: Sequence[tuple[str, bytes]]
    cursor: str


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
    while number < len(sections):
        section, wanted = sections[number], limit - len(rows)
        (found,) = await database.batch([organization_id], [section.reading(skip, wanted)], durable=False)
        rows += [replace(section.row_of(row), after=f"{number}:{skip + n}") for n, row in enumerate(found, start=1)]
        if len(found) == wanted:
            return Page(rows, f"{number}:{skip + wanted}")
        number, skip = number + 1, 0
    return Page(rows)


def json_section(kind: str, reading: Callable[[int, int], Step]) -> Section:
    """A part whose rows are one JSON object each."""
    return Section(reading, lambda row: PageRow(kind, row[0]))


def written(
    page: Page, data_of: Callable[[PageRow], Mapping[str, object]], *, most_bytes: int = MOST_PAGE_BYTES
) -> WrittenPage:
    """The page's rows as `data_of` tells them, as long as they fit; always at least one, if there is any."""
    rows: list[tuple[str, bytes]] = []
    left, cursor = most_bytes, ""
    for row in page.rows:
        text = orjson.dumps(data_of(row), default=str)
        left -= len(text)
        if left < 0 and rows:
            return WrittenPage(rows, cursor)
        rows.append((row.kind, text))
        cursor = row.after
    return WrittenPage(rows, page.cursor)


def export_page_of(page: Page, content_of: Callable[[str, bytes], object]) -> privacy_pb2.ExportPage:
    """As a room's Privacy service answers; `content_of(kind, payload)` says what lies in a row."""

    def whole(row: PageRow) -> Mapping[str, object]:
        return {**row.data, "content": content_of(row.kind, row.payload)} if row.payload else row.data

    told = written(page, whole)
    rows = [privacy_pb2.ExportedRow(kind=kind, data=text) for kind, text in told.rows]
    return privacy_pb2.ExportPage(rows=rows, cursor=told.cursor)


def _read(cursor: str, sections: int) -> tuple[int, int]:
    try:
        number, skip = map(int, cursor.split(":")) if cursor else (0, 0)
    except ValueError:
        number, skip = -1, 0
    if not 0 <= number <= sections or not 0 <= skip < 2**62:
        raise InvalidArgument("cursor is none that was given out; begin without one")
    return number, skip
