"""`pytake status`: what runs."""

import json
from pathlib import Path
from typing import Annotated

import typer

from services.cli.ending import told
from services.embedded.errors import HouseError
from services.embedded.state import DEFAULT_DATA, State, read_state

app = typer.Typer(add_completion=False)

NOT_RUNNING = 3
"""The exit code service managers use for a program that is not running (LSB)."""


@app.command(help="Tell what runs: processes, addresses, databases. Exit code 3 when nothing does.")
def status(
    data: Annotated[Path, typer.Option(help="The house's data folder.")] = DEFAULT_DATA,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, with the databases' passwords.")] = False,
    numbers: Annotated[
        bool, typer.Option(help="Tell how business numbers do, a line each: asks sender and Meta.")
    ] = False,
) -> None:
    try:
        state = read_state(data)
    except HouseError as error:
        typer.echo(f"pytake: {error}", err=True)
        raise typer.Exit(NOT_RUNNING) from None
    typer.echo(json.dumps(state, indent=2) if as_json else describe(state))
    if numbers:
        with told():
            from services.cli.numbers import lines_of_numbers

            for line in lines_of_numbers(data, as_json=as_json):
                typer.echo(line)


def describe(state: State) -> str:
    """Return a few lines for people, without passwords."""
    services = state["services"]
    assert isinstance(services, dict)
    lines = [f"HTTP       {state['http'] or 'not ready yet'}"]
    lines += [f"{room:<10} gRPC {it['grpc']}, processes {it['pids'] or 'restarting'}" for room, it in services.items()]
    lines += [describe_process(name, state[name]) for name in ("postgres", "redis", "simulator", "supervisor")]
    return "\n".join(lines)


def describe_process(name: str, process: object) -> str:
    if not isinstance(process, dict):
        return f"{name:<10} not used"
    return f"{name:<10} process {process['pid'] or 'not ours'}"
