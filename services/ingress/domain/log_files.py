"""What is written into files: their columns, and the forms that are text."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from enum import Enum
from typing import Protocol


class Kind(Enum):
    """What a column holds."""

    MOMENT = "moment"
    """ISO 8601 in UTC, to the microsecond, with Z."""
    NAME = "name"
    """A short text that comes again and again."""
    TEXT = "text"
    INT32 = "int32"
    INT64 = "int64"


Shape = Mapping[str, Kind]
"""The columns of a file, in order."""
Row = Mapping[str, str | int]
"""A value for every column; what there is not is an empty text or 0."""

LOG: Shape = {
    "occurred_at": Kind.MOMENT,
    "record_id": Kind.TEXT,
    "sequence": Kind.INT32,
    "kind": Kind.NAME,
    "conversation_id": Kind.NAME,
    "phone_number": Kind.NAME,
    "flow_id": Kind.NAME,
    "flow_version": Kind.INT32,
    "node_id": Kind.NAME,
    "text": Kind.TEXT,
    "status": Kind.NAME,
    "former_status": Kind.NAME,
    "error_code": Kind.INT32,
    "phone_number_id": Kind.NAME,
    "answered_after_us": Kind.INT64,
    "path": Kind.NAME,
    "pricing_category": Kind.NAME,
    "pricing_type": Kind.NAME,
    "campaign_id": Kind.NAME,
    "campaign_try": Kind.INT32,
    "agent_id": Kind.NAME,
}
"""Records of the log."""

MESSAGES: Shape = {
    "occurred_at": Kind.MOMENT,
    "phone_number": Kind.NAME,
    "speaker": Kind.NAME,
    "text": Kind.TEXT,
    "flow_name": Kind.NAME,
    "flow_id": Kind.NAME,
    "flow_version": Kind.INT32,
    "node_id": Kind.NAME,
    "conversation_id": Kind.NAME,
    "phone_number_id": Kind.NAME,
    "sequence": Kind.INT32,
    "record_id": Kind.TEXT,
}
"""What was said in conversations; `speaker` is user or bot."""

# What a spreadsheet takes for a formula when a cell begins with it (OWASP, "CSV Injection").
_FORMULAS = ("=", "+", "-", "@", "\t", "\r")


class File(Protocol):
    """A file that comes into being: each method gives the bytes that are ready, which may be none."""

    def begin(self) -> bytes:
        """What stands before the first row."""

    def add(self, rows: Sequence[Row]) -> bytes:
        """More rows."""

    def end(self) -> bytes:
        """The rest; nothing is added after it."""


class CsvFile:
    """A line each behind a header. A text that a spreadsheet would run gets an apostrophe before it."""

    def __init__(self, shape: Shape) -> None:
        self._columns = tuple(shape)

    def begin(self) -> bytes:
        """The header."""
        return _written([self._columns])

    def add(self, rows: Sequence[Row]) -> bytes:
        """Their lines."""
        return _written([_harmless(row[column]) for column in self._columns] for row in rows)

    def end(self) -> bytes:
        """Nothing."""
        return b""


class JsonLinesFile:
    """A JSON object each, on a line of its own."""

    def __init__(self, shape: Shape) -> None:
        self._columns = tuple(shape)

    def begin(self) -> bytes:
        """Nothing."""
        return b""

    def add(self, rows: Sequence[Row]) -> bytes:
        """Their lines."""
        lines = (json.dumps({column: row[column] for column in self._columns}, ensure_ascii=False) for row in rows)
        return "".join(f"{line}\n" for line in lines).encode()

    def end(self) -> bytes:
        """Nothing."""
        return b""


def _harmless(value: str | int) -> str | int:
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULAS) else value


def _written(rows: Iterable[Sequence[str | int]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue().encode()
