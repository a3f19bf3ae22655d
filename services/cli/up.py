"""`pytake up`: the whole house on this machine."""

import asyncio
import os
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Annotated

import typer

from services.embedded.console import open_console
from services.embedded.errors import HouseError
from services.embedded.house import House, HouseOptions
from services.embedded.state import DEFAULT_DATA, State

app = typer.Typer(add_completion=False)

HIGHEST_PORT = 65_535
MIGRATIONS = "services.chassis.migrate"


@app.command(help="Start the whole house on this machine; Ctrl-C stops it and keeps the data.")
def up(
    data: Annotated[Path, typer.Option(help="Folder for databases, secrets and logs.")] = DEFAULT_DATA,
    http_port: Annotated[
        int | None, typer.Option(min=1, max=HIGHEST_PORT, help="Port of the HTTP side; 8000 if it is free.")
    ] = None,
    demo: Annotated[bool, typer.Option(help="Provide a demo organization with a demo flow.")] = True,
    simulator: Annotated[bool, typer.Option(help="Simulate Meta instead of talking to it.")] = True,
    replicas: Annotated[int, typer.Option(min=1, max=8, help="Processes of each service.")] = 1,
) -> None:
    options = HouseOptions(
        environment=dict(os.environ),
        data=data,
        http_port=http_port,
        replicas=replicas,
        with_simulator=simulator,
    )
    try:
        asyncio.run(run_house(options, with_demo=demo))
    except HouseError as error:
        typer.echo(f"pytake: {error}", err=True)
        raise typer.Exit(1) from None


async def run_house(options: HouseOptions, *, with_demo: bool) -> None:
    """Compose the house with the real migrations and its first organization."""
    if is_new(options.data):
        # Alembic's second passes while Postgres makes the cluster on the other core.
        asyncio.get_running_loop().run_in_executor(None, import_module, MIGRATIONS)
    provide = partial(provision, with_demo=with_demo)
    await House(options, console=open_console(), migrate=migrate, provision_demo=provide).run()


def migrate(url: str, passwords: Mapping[str, str], on_progress: Callable[[str], None]) -> None:
    """Load the migrations only when there is something to migrate: Alembic takes a second."""
    from services.chassis.migrate import migrate as run

    run(url, passwords, on_progress)


def is_new(data: Path) -> bool:
    """Say whether nothing was ever kept here, so that there is all to migrate."""
    return not (data / "postgres").exists()


def provision(state: State, *, with_demo: bool) -> Awaitable[None]:
    """Load what provides the demo and the first number only when the services run."""
    from services.cli.demo import provision as run

    return run(state, with_demo=with_demo)
