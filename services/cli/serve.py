"""`pytake serve`: become one service process; what the container image runs."""

import os
import sys
from typing import Annotated

import typer

from services.embedded.keys import ROOMS

app = typer.Typer(add_completion=False)

MODULES = {room: f"services.{room}" for room in ROOMS} | {"migrate": "services.chassis.migrate"}


@app.command(help="Become one service process, or bring the database to this version; the environment says how.")
def serve(room: Annotated[str, typer.Argument(help=f"One of {', '.join(MODULES)}.")]) -> None:
    if room not in MODULES:
        typer.echo(f"pytake: {room} is no service; use one of {', '.join(MODULES)}", err=True)
        raise typer.Exit(2)
    # In place of this process: the signals of whoever started it reach the service itself.
    os.execv(sys.executable, [sys.executable, "-m", MODULES[room]])  # noqa: S606 - no shell is meant
