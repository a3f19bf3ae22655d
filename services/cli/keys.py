"""`pytake keys`: the key pairs that services sign their calls with, for a deployment."""

from pathlib import Path
from typing import Annotated

import typer

from services.embedded.keys import SIGNERS, ensure_service_keys, jwks_file

app = typer.Typer(add_completion=False)


@app.command(help="Make the services' key pairs in a folder; those that are there stay as they are.")
def keys(folder: Annotated[Path, typer.Argument(help="Folder for <service>.jwk.json and jwks.json.")]) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    ensure_service_keys(folder)
    typer.echo(f"private keys of {', '.join(SIGNERS)} are in {folder}, their public keys in {jwks_file(folder)}")
