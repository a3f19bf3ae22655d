"""`pytake doctor`: what is wrong with the running house, and how to mend it."""

import asyncio
import json
import os
from pathlib import Path
from typing import Annotated

import typer

from services.cli.ending import told
from services.embedded.state import DEFAULT_DATA, read_state

app = typer.Typer(add_completion=False)


@app.command(help="Check settings, Postgres, Redis, services, access tokens and webhooks; 1 when there are problems.")
def doctor(
    organization: Annotated[str, typer.Option(help="Check the numbers of this organization only.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON object for each check.")] = False,
    data: Annotated[Path, typer.Option(help="The house's data folder.")] = DEFAULT_DATA,
) -> None:
    with told():
        state = read_state(data)
        from services.cli.checks import examine

        findings = asyncio.run(examine(state, os.environ, organization))
    for finding in findings:
        if as_json:
            shown = {"check": finding.check, "result": finding.result, "text": finding.text, "mend": finding.mend}
            typer.echo(json.dumps(shown, ensure_ascii=False))
        else:
            mend = f" {finding.mend}" if finding.mend else ""
            typer.echo(f"{finding.result:<12} {finding.check}: {finding.text}{mend}")
    raise typer.Exit(int(any(finding.result == "problem" for finding in findings)))
