"""`pytake flow templates`: flows that are shipped, with their tests; it needs no running house."""

import json
from pathlib import Path
from typing import Annotated

import typer

from services.cli.ending import WrongInput, told

SHIPPED = Path(__file__).parent / "shipped"


def templates(
    copy: Annotated[str, typer.Option("--copy", metavar="NAME", help="Copy this one; without its language, all.")] = "",
    folder: Annotated[
        Path | None, typer.Argument(metavar="DIR", help="Where to copy it; this folder by default.")
    ] = None,
) -> None:
    """List the flows that are shipped, in Portuguese and English, or copy one with its tests to begin from."""
    with told():
        if not copy:
            for flow in shipped_flows():
                typer.echo(f"{flow.stem:28}{json.loads(flow.read_text(encoding='utf-8'))['name']}")
            return
        for file in _copied(copy, folder or Path()):
            typer.echo(str(file))


def shipped_flows() -> list[Path]:
    """The files of the flows, by name; each has its test beside it."""
    return sorted(SHIPPED.glob("*.json"))


def _copied(name: str, folder: Path) -> list[Path]:
    chosen = [flow for flow in shipped_flows() if name in (flow.stem, flow.stem.partition(".")[0])]
    if not chosen:
        raise WrongInput(f"no flow {name!r} is shipped; `pytake flow templates` lists them")
    sources = [file for flow in chosen for file in (flow, flow.with_suffix(".test.yaml"))]
    targets = [folder / source.name for source in sources]
    there = [str(target) for target in targets if target.exists()]
    if there:
        raise WrongInput(f"{', '.join(there)} already there; move it away, or name another folder")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for source, target in zip(sources, targets, strict=True):
            target.write_bytes(source.read_bytes())
    except OSError as error:
        raise WrongInput(f"{folder} cannot be written: {error.strerror}") from None
    return targets
