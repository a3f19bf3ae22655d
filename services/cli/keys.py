"""`pytake keys`: the key pairs that services sign their calls with, for a deployment."""

from pathlib import Path
from typing import Annotated

import typer

from services.cli.ending import WrongInput, told
from services.embedded.keys import SIGNERS, ensure_service_keys, jwks_file, key_file, retire_key, rotate_key

app = typer.Typer(add_completion=False)


@app.command(help="Make the services' key pairs in a folder; those that are there stay as they are. Or replace one.")
def keys(
    folder: Annotated[Path, typer.Argument(help="Folder for <service>.jwk.json and jwks.json.")],
    rotate: Annotated[str, typer.Option(help="Give this signer a new key; its old public keys stay believed.")] = "",
    retire: Annotated[str, typer.Option(help="Take the public key with this id out: nobody believes it.")] = "",
) -> None:
    with told():
        if rotate and retire:
            raise WrongInput("--rotate and --retire are two steps: between them everybody learns of the new key")
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        typer.echo(_retired(folder, retire) if retire else _rotated(folder, rotate) if rotate else _made(folder))


def _made(folder: Path) -> str:
    ensure_service_keys(folder)
    return f"private keys of {', '.join(SIGNERS)} are in {folder}, their public keys in {jwks_file(folder)}"


def _rotated(folder: Path, signer: str) -> str:
    if signer not in SIGNERS:
        raise WrongInput(f"--rotate {signer} is no signer; use one of {', '.join(SIGNERS)}")
    key_id = rotate_key(folder, signer)
    return f"{key_file(folder, signer)} holds {key_id} now; give {jwks_file(folder)} to every service before it"


def _retired(folder: Path, key_id: str) -> str:
    try:
        retire_key(folder, key_id)
    except ValueError as error:
        raise WrongInput(f"--retire: {error}") from None
    return f"{key_id} is no longer in {jwks_file(folder)}; what it signed is refused where that file is read"
