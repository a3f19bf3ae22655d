"""Records of the log as lines of a file."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence

from services.ingress.domain.analytics import LogRecord

COLUMNS = (
    "occurred_at", "record_id", "sequence", "kind", "conversation_id", "phone_number", "flow_id", "flow_version",
    "node_id", "text", "status", "former_status", "error_code", "phone_number_id", "answered_after_us", "path",
    "pricing_category", "pricing_type", "campaign_id", "campaign_try", "agent_id",
)  # fmt: skip
"""Columns of an export, in order."""

# What a spreadsheet takes for a formula when a cell begins with it (OWASP, "CSV Injection").
_FORMULAS = ("=", "+", "-", "@", "\t", "\r")


def csv_header() -> bytes:
    """The first line."""
    return _written([COLUMNS])


def csv_lines(records: Sequence[LogRecord]) -> bytes:
    """A line each. A text that a spreadsheet would run gets an apostrophe before it."""
    return _written([[_harmless(record.columns[column]) for column in COLUMNS] for record in records])


def json_lines(records: Sequence[LogRecord]) -> bytes:
    """A JSON object each, on a line of its own."""
    lines = (
        json.dumps({column: record.columns[column] for column in COLUMNS}, ensure_ascii=False) for record in records
    )
    return "".join(f"{line}\n" for line in lines).encode()


def _harmless(value: str | int) -> str | int:
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULAS) else value


def _written(rows: Sequence[Sequence[str | int]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue().encode()
