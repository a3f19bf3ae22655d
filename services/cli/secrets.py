"""`pytake secrets`: rotate what is secret, and find a person in the logs (docs/operators.md: the order of steps)."""

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from services.cli.ending import Failed, WrongInput, told
from services.embedded.keys import new_sealing_key, read_sealing_keys, secrets_in_use, write_sealing_keys
from services.embedded.state import DEFAULT_DATA, State

if TYPE_CHECKING:
    from services.cli.rooms import Rooms
    from services.pb.common.v1 import sealing_pb2

app = typer.Typer(add_completion=False, no_args_is_help=True)

ROOMS_WITH_SECRETS = ("ingress", "executor", "sender")
FEWEST_DIGITS, MOST_DIGITS = 8, 15

Data = Annotated[Path, typer.Option(help="The house's data folder.")]


@app.callback()
def secrets() -> None:
    """Rotate sealing keys and app secrets; name a person as the logs do."""


@app.command(help="Count sealed values by the key they are under.")
def status(
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON object for each count.")] = False,
    data: Data = DEFAULT_DATA,
) -> None:
    with told():
        for count in _counts(_sealing(data)):
            line = "{place:<40} {count:>6} under {key_id} ({key})".format(**count)
            typer.echo(json.dumps(count) if as_json else line)


@app.command(help="Put a new sealing key ahead of the others; the services have it from their next start on.")
def rotate(data: Data = DEFAULT_DATA) -> None:
    with told():
        folder = _own_folder(data)
        write_sealing_keys(folder, [new_sealing_key(), *read_sealing_keys(folder)])
        typer.echo(f"a new key is in {folder / 'secrets.json'}. Stop the house and start it again: it moves its values")
        typer.echo("by itself. When `pytake secrets status` shows nothing old, run `pytake secrets retire`")


@app.command(help="Move values to the active key now; services do it by themselves every ten minutes.")
def reseal(data: Data = DEFAULT_DATA) -> None:
    with told():
        for room, (moved, unopened) in _reseal(data).items():
            typer.echo(f"{room}: {moved} moved" + (f", {unopened} do not open and stay" if unopened else ""))


@app.command(help="Throw away every sealing key but the active one; refused while a value needs another.")
def retire(data: Data = DEFAULT_DATA) -> None:
    with told():
        folder = _own_folder(data)
        active, *old = read_sealing_keys(folder)
        if not old:
            raise Failed("there is one key only; `pytake secrets rotate` makes another")
        _refuse_while_needed(_sealing(data), active)
        write_sealing_keys(folder, [active])
        typer.echo(f"old keys gone from {folder / 'secrets.json'}: {len(old)}. The next start forgets them")


@app.command(help="Believe the secret of before an app's rotation no longer.")
def end(
    name: Annotated[str, typer.Argument(metavar="APP", help="Name of the Meta app.")],
    organization: Annotated[str, typer.Option(help="Name of the organization that owns it.")],
    data: Data = DEFAULT_DATA,
) -> None:
    with told():
        was_believed = _end_rotation(data, organization, name)
        typer.echo(f"{name}: its previous secret is " + ("believed no longer" if was_believed else "not there"))


@app.command(help="Print the name under which a phone number stands in the logs.")
def alias(
    number: Annotated[str, typer.Argument(metavar="NUMBER", help="With its country code, such as +55 11 99999-0001.")],
    data: Data = DEFAULT_DATA,
) -> None:
    from services.chassis.logs import Redactor

    with told():
        if not FEWEST_DIGITS <= sum(sign.isdigit() for sign in number) <= MOST_DIGITS:
            raise WrongInput(f"a phone number has {FEWEST_DIGITS} to {MOST_DIGITS} digits, its country code among them")
        typer.echo(Redactor(_log_secret(data).encode()).alias(number))


def _own_folder(data: Path) -> Path:
    """The secrets' folder, if the house keeps its sealing keys itself. Raises Failed."""
    folder = data / "secrets"
    if not (folder / "secrets.json").exists():
        raise Failed(f"{data} holds no house; name its --data, or change SEALING_KEYS where your deployment keeps it")
    if os.environ.get("SEALING_KEYS") or secrets_in_use(folder)["SEALING_KEYS"] != ",".join(read_sealing_keys(folder)):
        raise Failed("SEALING_KEYS comes from the environment; change it there (docs/operators.md, Secrets)")
    return folder


def _log_secret(data: Path) -> str:
    if given := os.environ.get("LOG_SECRET"):
        return given
    if not (data / "secrets" / "secrets.json").exists():
        raise Failed(f"{data} holds no house; name its --data, or set LOG_SECRET as its services have it")
    return secrets_in_use(data / "secrets")["LOG_SECRET"]


def _sealing(data: Path) -> "dict[str, sealing_pb2.GetSealingResponse]":
    from services.cli.rooms import talk
    from services.pb.common.v1 import sealing_pb2, sealing_pb2_grpc

    async def work(rooms: "Rooms", _: State) -> "dict[str, sealing_pb2.GetSealingResponse]":
        answers = {}
        for room in ROOMS_WITH_SECRETS:
            stub = rooms.peer(room).stub(sealing_pb2_grpc.SealingStub)
            answers[room] = await rooms.call(room, stub.GetSealing, sealing_pb2.GetSealingRequest())
        return answers

    return talk(data, work)


def _counts(answers: "Mapping[str, sealing_pb2.GetSealingResponse]") -> Iterator[dict[str, object]]:
    for answer in answers.values():
        for found in answer.values:
            known = "old" if found.key_id in answer.key_ids else "unknown: these do not open"
            key = "active" if found.key_id == answer.active_key_id else known
            yield {"place": found.place, "count": found.count, "key_id": found.key_id, "key": key}


def _reseal(data: Path) -> dict[str, tuple[int, int]]:
    from services.cli.rooms import talk
    from services.pb.common.v1 import sealing_pb2, sealing_pb2_grpc

    async def work(rooms: "Rooms", _: State) -> dict[str, tuple[int, int]]:
        moved = {}
        for room in ROOMS_WITH_SECRETS:
            stub, total = rooms.peer(room).stub(sealing_pb2_grpc.SealingStub), 0
            while (answer := await rooms.call(room, stub.Reseal, sealing_pb2.ResealRequest())).resealed:
                total += answer.resealed
            moved[room] = (total, answer.unopened)
        return moved

    return talk(data, work)


def _refuse_while_needed(answers: "Mapping[str, sealing_pb2.GetSealingResponse]", active: str) -> None:
    import base64

    from services.chassis.sealing import key_id_of

    active_id = key_id_of(base64.b64decode(active)).hex()
    for room, answer in answers.items():
        if answer.active_key_id != active_id:
            raise Failed(f"{room} does not seal with the newest key yet; stop the house and start it again first")
        left = sum(found.count for found in answer.values if found.key_id != active_id)
        if left:
            raise Failed(f"{left} values of {room} are under other keys; run `pytake secrets reseal` first")


def _end_rotation(data: Path, organization: str, name: str) -> bool:
    from services.cli.rooms import talk
    from services.pb.ingress.v1 import ingress_pb2, ingress_pb2_grpc

    async def work(rooms: "Rooms", _: State) -> bool:
        stub = rooms.peer("ingress").stub(ingress_pb2_grpc.AppsStub)
        request = ingress_pb2.EndRotationRequest(organization_id=await rooms.organization_id(organization), name=name)
        return (await rooms.call("ingress", stub.EndRotation, request)).is_changed

    return talk(data, work)
