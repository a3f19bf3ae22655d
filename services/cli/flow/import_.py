"""`pytake flow import`; it needs no running house."""

import json
from pathlib import Path
from typing import Annotated

import typer

from services.cli.ending import WrongInput, told
from services.cli.flow.reading import imported


def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="JSON or YAML.")],
    output: Annotated[Path | None, typer.Option("-o", "--output", metavar="OUT", help="Else standard output.")] = None,
) -> None:
    """Turn a flow of another dialect into a native one; says what was changed or dropped."""
    with told():
        flow = imported(file)
        for item in flow.report.items:
            node = f" node {item.node_id}:" if item.node_id else ""
            typer.echo(f"{file}: {item.level}{node} {item.message}", err=True)
        text = json.dumps(flow.flow, ensure_ascii=False, indent=2) + "\n"
        if output is None:
            typer.echo(text, nl=False)
            return
        try:
            output.write_text(text)
        except OSError as error:
            raise WrongInput(f"{output} cannot be written: {error.strerror}") from None
