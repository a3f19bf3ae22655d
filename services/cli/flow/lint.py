"""`pytake flow lint`; it needs no running house."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from services.cli.ending import told
from services.cli.flow.reading import imported

if TYPE_CHECKING:
    from services.executor.domain.finding import Finding


def lint(
    files: Annotated[list[Path], typer.Argument(metavar="FILE…", help="JSON or YAML.")],
    strict: Annotated[bool, typer.Option("--strict", help="Warnings count as errors.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON object for each finding.")] = False,
) -> None:
    """Print what is wrong with each flow, in any dialect that can be imported; 1 when there are errors."""
    with told():
        findings = [(file, finding) for file in files for finding in _findings(file)]
    for file, finding in findings:
        as_object = json.dumps({"file": str(file), **asdict(finding)}, ensure_ascii=False) if as_json else ""
        typer.echo(as_object or f"{file}: {_line(finding)}")
    if not as_json:
        typer.echo(f"{len(findings)} findings" if findings else "nothing to mend")
    refused = ("error", "warning") if strict else ("error",)
    raise typer.Exit(1 if any(finding.severity in refused for _, finding in findings) else 0)


def _findings(file: Path) -> "Iterator[Finding]":
    from services.executor.domain.document import parse_document
    from services.executor.domain.finding import InvalidFlow, warning
    from services.executor.domain.lint import problems

    flow = imported(file)
    for item in flow.report.items:
        if item.level in ("problem", "dropped"):
            yield warning("import", item.node_id or None, item.message, "")
    try:
        yield from problems(parse_document(flow.flow))
    except InvalidFlow as invalid:
        yield from invalid.findings


def _line(finding: "Finding") -> str:
    node = f" node {finding.node_id}:" if finding.node_id else ""
    return f"{finding.severity}{node} {finding.message} {finding.mend}".rstrip()
