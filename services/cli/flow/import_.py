"""`pytake flow import`; it needs no running house."""

from pathlib import Path
from typing import Annotated

import typer

from services.cli.ending import told
from services.cli.flow.export import Form, exported
from services.cli.flow.reading import imported, report_as_json, report_line, written


def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="JSON or YAML, told by its structure.")],
    output: Annotated[Path | None, typer.Option("-o", "--output", metavar="OUT", help="Else standard output.")] = None,
    to: Annotated[Form, typer.Option("--to", help="The native form, or the envelope of older builders.")] = Form.NATIVE,
    report: Annotated[Path | None, typer.Option("--report", metavar="FILE", help="Write the report as JSON.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print flow and report together as one JSON object.")] = False,
) -> None:
    """Turn a flow of another product or dialect into a native one; says what was changed or dropped."""
    with told():
        flow = imported(file)
        document = exported(flow, to, file) if to is Form.ENVELOPE else flow.flow
        if report is not None:
            written(report_as_json(flow), report)
        if as_json:
            written({"flow": document, "report": report_as_json(flow)}, output)
            return
        for item in flow.report.items:
            typer.echo(f"{file}: {report_line(item)}", err=True)
        written(document, output)
