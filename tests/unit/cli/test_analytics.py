"""`pytake analytics export`: the log page by page, as CSV, JSON lines and Parquet."""

import csv
import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from services.ingress.domain.log_files import LOG
from services.pb.analytics.v1 import analytics_pb2
from tests.unit.cli.conftest import Line

ACME = ("analytics", "export", "--organization", "acme")


@pytest.fixture
def log(line: Line) -> Line:
    """Three records on two pages."""
    line.kept.put("organization", "acme", value=("America/Belem", ""))
    line.kept.log_pages[:] = [
        [_record(1, "olá"), _record(2, "=1+1")],
        [_record(3, "tchau")],
    ]
    return line


def _record(number: int, text: str) -> analytics_pb2.Record:
    return analytics_pb2.Record(
        record_id=f"record-{number}",
        occurred_at_us=1_772_630_311_000_000 + number,
        kind=analytics_pb2.RECORD_KIND_CONTACT_MESSAGE,
        text=text,
        path=["", "next", "ask"],
    )


async def test_every_page_is_written_as_json_lines(log: Line, tmp_path: Path) -> None:
    out = tmp_path / "log.jsonl"

    result = await log.run(*ACME, "--out", str(out), "--json", "--since", "2026-03-01")

    lines = [json.loads(line) for line in out.read_text().splitlines()]
    assert [line["text"] for line in lines] == ["olá", "=1+1", "tchau"]
    assert lines[0] | {"text": ""} == {
        **dict.fromkeys(LOG, ""), "occurred_at": "2026-03-04T13:18:31.000001Z", "record_id": "record-1",
        "sequence": 0, "kind": "contact_message", "flow_version": 0, "error_code": 0, "answered_after_us": 0,
        "path": " > next > ask", "campaign_try": 0,
    }  # fmt: skip
    assert json.loads(result.stderr) == {"records": 3, "bytes": out.stat().st_size, "format": "jsonl"}
    assert log.kept.log_requests[0].since.ToJsonString() == "2026-03-01T00:00:00Z"
    assert out.stat().st_mode & 0o077 == 0


async def test_a_table_has_a_header_and_runs_nothing(log: Line, tmp_path: Path) -> None:
    out = tmp_path / "log.csv"

    result = await log.run(*ACME, "--format", "csv", "--out", str(out))

    header, *rows = csv.reader(out.read_text().splitlines())
    assert result.exit_code == 0
    assert header == list(LOG)
    assert [row[header.index("text")] for row in rows] == ["olá", "'=1+1", "tchau"]


async def test_parquet_holds_what_json_lines_hold(log: Line, tmp_path: Path) -> None:
    lines, out = tmp_path / "log.jsonl", tmp_path / "log.parquet"

    await log.run(*ACME, "--out", str(lines))
    result = await log.run(*ACME, "--format", "parquet", "--out", str(out), "--json")

    told = [json.loads(line) for line in lines.read_text().splitlines()]
    read = pq.read_table(out).to_pylist()
    assert [row["occurred_at"].isoformat() for row in read] == [
        row["occurred_at"].replace("Z", "+00:00") for row in told
    ]
    assert [row | {"occurred_at": ""} for row in read] == [row | {"occurred_at": ""} for row in told]
    assert json.loads(result.stderr) == {"records": 3, "bytes": out.stat().st_size, "format": "parquet"}


async def test_an_organization_that_is_not_there_is_said_so(log: Line) -> None:
    result = await log.run("analytics", "export", "--organization", "nobody")

    assert result.exit_code == 1
    assert "no organization is called 'nobody'" in result.output
