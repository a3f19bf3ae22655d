"""Exports as files, written while what is in them comes in."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Literal

from services.ingress.domain.log_files import CsvFile, File, JsonLinesFile, Row, Shape

Form = Literal["csv", "jsonl", "parquet"]


def new_file(form: Form, shape: Shape) -> File:
    """A file of that form, with nothing in it yet."""
    if form == "parquet":
        # 40 MiB that a process pays with its first such file only (decision 0036).
        from services.ingress.files.parquet import ParquetFile

        return ParquetFile(shape)
    return CsvFile(shape) if form == "csv" else JsonLinesFile(shape)


async def streamed(form: Form, shape: Shape, pages: AsyncIterator[Sequence[Row]]) -> AsyncIterator[bytes]:
    """The file part by part; no more rows are held than its form needs. The loop does not wait for the work."""
    file = await asyncio.to_thread(new_file, form, shape)
    if part := file.begin():
        yield part
    async for rows in pages:
        if part := await asyncio.to_thread(file.add, rows):
            yield part
    if part := await asyncio.to_thread(file.end):
        yield part
