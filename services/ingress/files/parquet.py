"""Parquet: row groups of bounded size, each given out as soon as it is whole."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import pyarrow as pa
import pyarrow.parquet as pq

from services.ingress.domain.log_files import Kind, Row, Shape

# Readers take a group at a time, and so do we: whichever comes first ends one. Fewer rows compress worse.
GROUP_ROWS = 50_000
GROUP_BYTES = 16 * 1024 * 1024

_TYPES = {
    Kind.MOMENT: pa.timestamp("us", tz="UTC"),
    Kind.NAME: pa.string(),
    Kind.TEXT: pa.string(),
    Kind.INT32: pa.int32(),
    Kind.INT64: pa.int64(),
}


class ParquetFile:
    """See domain.log_files.File. Compressed by zstd; columns of names have dictionaries."""

    def __init__(self, shape: Shape) -> None:
        self._shape = shape
        self._schema = pa.schema([pa.field(name, _TYPES[kind], nullable=False) for name, kind in shape.items()])
        self._sink = _Sink()
        self._writer = pq.ParquetWriter(
            self._sink,
            self._schema,
            compression="zstd",
            use_dictionary=[name for name, kind in shape.items() if kind is Kind.NAME],
        )
        self._group: list[pa.RecordBatch] = []

    def begin(self) -> bytes:
        """The format's mark."""
        return self._sink.taken()

    def add(self, rows: Sequence[Row]) -> bytes:
        """A row group when one is whole."""
        if rows:
            columns = [self._column(name, kind, rows) for name, kind in self._shape.items()]
            self._group.append(pa.RecordBatch.from_arrays(columns, schema=self._schema))
        if self._rows() >= GROUP_ROWS or sum(batch.nbytes for batch in self._group) >= GROUP_BYTES:
            self._write_group()
        return self._sink.taken()

    def end(self) -> bytes:
        """The last row group, and where all groups are."""
        if self._group:
            self._write_group()
        self._writer.close()
        return self._sink.taken()

    def _column(self, name: str, kind: Kind, rows: Sequence[Row]) -> pa.Array:
        if kind is Kind.MOMENT:
            return pa.array([datetime.fromisoformat(str(row[name])) for row in rows], _TYPES[kind])
        return pa.array([row[name] for row in rows], _TYPES[kind])

    def _rows(self) -> int:
        return sum(batch.num_rows for batch in self._group)

    def _write_group(self) -> None:
        self._writer.write_table(pa.Table.from_batches(self._group), row_group_size=self._rows())
        self._group = []


class _Sink:
    """What pyarrow takes for an open file; what it wrote is taken away part by part."""

    closed = False

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def write(self, part: bytes) -> int:
        self._parts.append(bytes(part))
        return len(part)

    def flush(self) -> None:
        """Nothing waits here."""

    def close(self) -> None:
        self.closed = True

    def taken(self) -> bytes:
        parts, self._parts = self._parts, []
        return b"".join(parts)
