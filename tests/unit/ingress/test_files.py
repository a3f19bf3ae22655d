"""Files of rows: the three forms tell the same, whatever somebody wrote, and none holds all of it."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingress.domain.log_files import LOG, MESSAGES, Row, Shape
from services.ingress.files import Form, new_file, streamed
from services.ingress.files.parquet import GROUP_BYTES, GROUP_ROWS
from tests.fakes.ingress_analytics import log_record

MICRO = "microseconds"
NOON = datetime(2026, 3, 4, 12, tzinfo=UTC).replace(tzinfo=None)  # hypothesis takes moments without a zone
# Everything but half characters: protobuf takes none.
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
ROWS = st.builds(
    lambda text, path, sequence, waited, at: log_record(
        text=text, path=path, sequence=sequence, answered_after_us=waited, occurred_at=f"{at.isoformat('T', MICRO)}Z"
    ).columns,
    TEXTS, TEXTS, st.integers(-(2**31), 2**31 - 1), st.integers(-(2**63), 2**63 - 1),
    st.datetimes(NOON.replace(year=1970), NOON.replace(year=2200)),
)  # fmt: skip


def written(form: Form, pages: Sequence[Sequence[Row]], shape: Shape = LOG) -> bytes:
    file = new_file(form, shape)
    return b"".join([file.begin(), *(file.add(page) for page in pages), file.end()])


def read_back(parquet: bytes) -> list[Row]:
    rows: list[Row] = pq.read_table(io.BytesIO(parquet)).to_pylist()
    return [row | {"occurred_at": f"{row['occurred_at'].isoformat(timespec=MICRO)[:26]}Z"} for row in rows]


@given(st.lists(st.lists(ROWS, max_size=4), max_size=4))
def test_parquet_and_json_lines_tell_the_same_row_by_row(pages: list[list[Row]]) -> None:
    lines = [json.loads(line) for line in written("jsonl", pages).split(b"\n") if line]

    assert read_back(written("parquet", pages)) == lines == [dict(row) for page in pages for row in page]


@given(st.lists(ROWS, max_size=4))
def test_a_table_holds_every_text_and_runs_none(rows: list[Row]) -> None:
    header, *lines = csv.reader(io.StringIO(written("csv", [rows]).decode(), newline=""))

    assert header == list(LOG)
    for row, line in zip(rows, lines, strict=True):
        found, said = line[header.index("text")], str(row["text"])
        assert found in (said, f"'{said}")
        assert not found.startswith(("=", "+", "-", "@", "\t", "\r"))


def test_columns_have_the_types_they_are_of() -> None:
    schema = pq.read_schema(io.BytesIO(written("parquet", [])))

    assert schema.names == list(LOG)
    assert schema.field("occurred_at").type == pa.timestamp("us", tz="UTC")
    assert {schema.field(name).type for name in ("sequence", "flow_version", "error_code")} == {pa.int32()}
    assert schema.field("answered_after_us").type == pa.int64()
    assert schema.field("text").type == pa.string()
    assert pq.read_schema(io.BytesIO(written("parquet", [], MESSAGES))).names == list(MESSAGES)


def test_names_have_dictionaries_and_everything_is_compressed() -> None:
    rows = [log_record(kind="delivery", record_id=str(number)).columns for number in range(9)]
    group = pq.ParquetFile(io.BytesIO(written("parquet", [rows]))).metadata.row_group(0)
    by_name = {group.column(place).path_in_schema: group.column(place) for place in range(group.num_columns)}

    assert {column.compression for column in by_name.values()} == {"ZSTD"}
    assert by_name["kind"].has_dictionary_page
    assert not by_name["record_id"].has_dictionary_page


def test_row_groups_go_out_while_pages_come_in_and_are_bounded() -> None:
    page = [log_record(text=f"bolo {number}").columns for number in range(1000)]
    file = new_file("parquet", LOG)
    parts = [file.begin(), *(file.add(page) for _ in range(2 * GROUP_ROWS // 1000 + 3)), file.end()]

    assert [place for place, part in enumerate(parts) if part] == [0, 50, 100, len(parts) - 1]
    metadata = pq.ParquetFile(io.BytesIO(b"".join(parts))).metadata
    assert [metadata.row_group(n).num_rows for n in range(metadata.num_row_groups)] == [GROUP_ROWS, GROUP_ROWS, 3000]


def test_long_texts_end_a_row_group_sooner() -> None:
    file = new_file("parquet", LOG)
    page = [log_record(text="x" * 4096).columns for _ in range(500)]
    file.begin()
    parts = [file.add(page) for _ in range(10)]

    assert next(n for n, part in enumerate(parts) if part) == GROUP_BYTES // (500 * 4096)


async def test_a_stream_gives_what_is_ready_and_ends_with_the_rest() -> None:
    async def pages() -> AsyncIterator[list[Row]]:
        for number in range(3):
            yield [log_record(text=str(number)).columns]

    parts = [part async for part in streamed("parquet", LOG, pages())]
    lines = [part async for part in streamed("jsonl", LOG, pages())]

    assert [row["text"] for row in read_back(b"".join(parts))] == ["0", "1", "2"]
    assert parts[0] == b"PAR1"
    assert len(lines) == 3


@pytest.mark.parametrize("library", ["pyarrow", "reportlab"])
def test_a_process_pays_for_a_library_with_its_first_file_only(library: str) -> None:
    program = (
        "import sys, services.ingress.app, services.cli.analytics, services.cli.conversations; print(*sys.modules)"
    )
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()

    assert "services.ingress.files" in loaded
    assert library not in loaded
