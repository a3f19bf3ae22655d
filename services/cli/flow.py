"""`pytake flow lint` and `pytake flow import`; they need no running house."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from services.cli.ending import WrongInput, told

if TYPE_CHECKING:
    from services.executor.domain.finding import Finding
    from services.executor.domain.importers import Imported

app = typer.Typer(add_completion=False, no_args_is_help=True)


@app.callback()
def flow() -> None:
    """Check flow files, or turn other dialects into the native one."""


@app.command(help="Print what is wrong with each flow, in any dialect that can be imported; 1 when there are errors.")
def lint(files: Annotated[list[Path], typer.Argument(metavar="FILE…", help="JSON or YAML.")]) -> None:
    with told():
        findings = [(file, finding) for file in files for finding in _findings(file)]
    for file, finding in findings:
        typer.echo(f"{file}: {_line(finding)}")
    is_sound = all(finding.severity != "error" for _, finding in findings)
    typer.echo(f"{len(findings)} findings" if findings else "nothing to mend")
    raise typer.Exit(0 if is_sound else 1)


@app.command("import", help="Turn a flow of another dialect into a native one; says what was changed or dropped.")
def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="JSON or YAML.")],
    output: Annotated[Path | None, typer.Option("-o", "--output", metavar="OUT", help="Else standard output.")] = None,
) -> None:
    with told():
        imported = _import(file)
        for item in imported.report.items:
            node = f" node {item.node_id}:" if item.node_id else ""
            typer.echo(f"{file}: {item.level}{node} {item.message}", err=True)
        text = json.dumps(imported.flow, ensure_ascii=False, indent=2) + "\n"
        if output is None:
            typer.echo(text, nl=False)
            return
        try:
            output.write_text(text)
        except OSError as error:
            raise WrongInput(f"{output} cannot be written: {error.strerror}") from None


def _import(file: Path) -> "Imported":
    from services.cli.apply.flow_source import read_flow
    from services.executor.domain.importers import UnreadableFlow, import_flow

    try:
        return import_flow(json.loads(read_flow(file, None)))
    except UnreadableFlow as error:
        raise WrongInput(f"{file}: {error}") from None
    except ValueError as error:
        raise WrongInput(str(error)) from None


def _findings(file: Path) -> "Iterator[Finding]":
    from services.executor.domain.document import parse_document
    from services.executor.domain.finding import InvalidFlow, warning
    from services.executor.domain.lint import problems

    imported = _import(file)
    for item in imported.report.items:
        if item.level in ("problem", "dropped"):
            yield warning("import", item.node_id or None, item.message, "")
    try:
        yield from problems(parse_document(imported.flow))
    except InvalidFlow as invalid:
        yield from invalid.findings


def _line(finding: "Finding") -> str:
    node = f" node {finding.node_id}:" if finding.node_id else ""
    return f"{finding.severity}{node} {finding.message} {finding.mend}".rstrip()
