"""`pytake apply FILE…`"""

import asyncio
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from services.cli.ending import told
from services.cli.house import house_of
from services.embedded.state import DEFAULT_DATA, State

if TYPE_CHECKING:
    from services.cli.apply.plan import Change

app = typer.Typer(add_completion=False)


@app.command(help="Make organizations, Meta apps, numbers, chatbots, flows, triggers, users and API keys as files say.")
def apply(
    files: Annotated[list[Path], typer.Argument(metavar="FILE…", help="YAML or JSON; several are merged.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Change nothing; print the difference.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    data: Annotated[Path, typer.Option(help="The house's data folder.")] = DEFAULT_DATA,
) -> None:
    with told():
        house_of(data)  # before the files: without a house nothing else matters, and gRPC need not be loaded
        _apply(files, data, is_dry_run=dry_run, as_json=as_json)


def _apply(files: Sequence[Path], data: Path, *, is_dry_run: bool, as_json: bool) -> None:
    from services.cli.apply.document import read_documents
    from services.cli.apply.house import House
    from services.cli.apply.memory import Memory
    from services.cli.apply.simulator import register_numbers
    from services.cli.apply.steps import apply as apply_documents
    from services.cli.rooms import Rooms, house_secret, is_deployment, secrets_folder, talk

    wanted = read_documents(files, os.environ)

    async def work(rooms: Rooms, state: State) -> "list[Change]":
        # Nothing of a deployment's secrets stays on the machine of whoever applied them.
        memory = Memory() if is_deployment(state) else Memory.of(secrets_folder(state))
        changes = await apply_documents(House(rooms), memory, wanted, is_dry_run=is_dry_run)
        if not (is_dry_run or is_deployment(state)):
            await asyncio.to_thread(register_numbers, state, memory, house_secret=house_secret(state))
        return changes

    changes = talk(data, work)
    if as_json:
        typer.echo(json.dumps({"dry_run": is_dry_run, "objects": [_as_json(change) for change in changes]}, indent=2))
        return
    for change in changes:
        typer.echo("\n".join(_lines(change)))
    typer.echo(_total([change.verb for change in changes], is_dry_run=is_dry_run))


def _lines(change: "Change") -> list[str]:
    detail = f" ({change.detail})" if change.detail else ""
    name = "" if change.kind == "organization" else f": {change.kind} {change.name}"
    lines = [f"{change.verb:<9} {change.organization}{name}{detail}"]
    for finding in change.findings:
        node = f" node {finding.node_id}:" if finding.node_id else ""
        lines.append(f"          {finding.severity}{node} {finding.message} {finding.mend}")
    lines += [f"          {called} {text} (told this once)" for called, text in change.secrets.items()]
    return lines


def _as_json(change: "Change") -> dict[str, object]:
    names = ("code", "severity", "node_id", "message", "mend")
    return {
        "organization": change.organization,
        "kind": change.kind,
        "name": change.name,
        "change": change.verb,
        "findings": [{name: getattr(finding, name) for name in names} for finding in change.findings],
        **change.secrets,
    }


def _total(verbs: Sequence[str], *, is_dry_run: bool) -> str:
    count = sum(verb != "unchanged" for verb in verbs)
    if not count:
        return "nothing to change"
    return f"{count} of {len(verbs)} objects {'would change; nothing was changed' if is_dry_run else 'changed'}"
