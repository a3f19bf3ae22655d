"""Flow files of any source, for the commands that read one, and what they write."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from services.cli.ending import WrongInput

if TYPE_CHECKING:
    from services.executor.domain.importers import Imported, ReportItem


def imported(file: Path) -> "Imported":
    """Return the flow a file holds, in the native form, and the report. Raises WrongInput with one sentence."""
    from services.executor.domain.importers import UnreadableFlow, import_flow, read_document

    try:
        return import_flow(read_document(file.read_bytes()))
    except OSError as error:
        raise WrongInput(f"{file} cannot be read: {error.strerror}") from None
    except UnreadableFlow as error:
        raise WrongInput(f"{file}: {error}") from None


def report_line(item: "ReportItem") -> str:
    """Say one line of an import's report."""
    node = f" node {item.node_id}:" if item.node_id else ""
    return f"{item.level}{node} {item.message}"


def report_as_json(flow: "Imported") -> dict[str, object]:
    """The report of an import: what the source is, and a line per finding."""
    lines = [
        {"level": item.level, "node": item.node_id or None, "field": item.field, "message": item.message}
        for item in flow.report.items
    ]
    return {"dialect": flow.report.dialect, "findings": lines}


def written(value: Mapping[str, object], output: Path | None) -> None:
    """Write JSON to a file, else to standard output. Raises WrongInput when the file cannot be written."""
    text = json.dumps(value, ensure_ascii=False, indent=2) + "\n"
    if output is None:
        typer.echo(text, nl=False)
        return
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise WrongInput(f"{output} cannot be written: {error.strerror}") from None
