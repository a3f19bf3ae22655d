"""`pytake flow secret`: what calls of flows are made with; values go in and nobody tells them again."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from services.cli.ending import Failed, WrongInput, told
from services.embedded.state import DEFAULT_DATA, State

if TYPE_CHECKING:
    from services.cli.rooms import Rooms
    from services.pb.executor.v1 import executor_pb2

app = typer.Typer(add_completion=False, no_args_is_help=True)

Data = Annotated[Path, typer.Option(help="The house's data folder.")]
Organization = Annotated[str, typer.Option(help="Name of the organization.")]
Name = Annotated[str, typer.Argument(metavar="NAME", help="Flows write {{secret.NAME}}.")]
File = Annotated[Path | None, typer.Option("--file", metavar="FILE", help="Read the value from here, else from input.")]


@app.callback()
def secret() -> None:
    """Put, list and delete the secrets that calls of flows are made with."""


@app.command(help="Store a secret, or another value of the one with this name; never as an argument, which others see.")
def put(name: Name, organization: Organization, file: File = None, data: Data = DEFAULT_DATA) -> None:
    with told():
        is_changed = _put(data, organization, name, _value(file))
        typer.echo(f"{'stored' if is_changed else 'unchanged':<9} {name}")


@app.command("list", help="List secrets, without their values.")
def list_(
    organization: Organization,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON object for each.")] = False,
    data: Data = DEFAULT_DATA,
) -> None:
    with told():
        for found in _listed(data, organization):
            changed = found.updated_at.ToJsonString()
            shown = json.dumps({"name": found.name, "updated_at": changed})
            typer.echo(shown if as_json else f"{found.name}  changed {changed}")


@app.command(help="Remove a secret; calls that name it fail from then on.")
def delete(name: Name, organization: Organization, data: Data = DEFAULT_DATA) -> None:
    with told():
        if not _delete(data, organization, name):
            raise Failed(f"{organization} has no secret {name}")
        typer.echo(f"deleted   {name}")


def _value(file: Path | None) -> str:
    """The value without the line break that editors and `echo` put behind it. Raises WrongInput."""
    try:
        text = sys.stdin.read() if file is None else file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise WrongInput(f"{file or 'the input'} cannot be read as text: {type(error).__name__}") from None
    return text.removesuffix("\n").removesuffix("\r")


def _put(data: Path, organization: str, name: str, value: str) -> bool:
    from services.cli.rooms import talk
    from services.pb.executor.v1 import executor_pb2, executor_pb2_grpc

    async def work(rooms: "Rooms", _: State) -> bool:
        organization_id = await rooms.organization_id(organization)
        request = executor_pb2.PutSecretRequest(organization_id=organization_id, name=name, value=value)
        stub = rooms.peer("executor").stub(executor_pb2_grpc.SecretsStub)
        return (await rooms.call("executor", stub.PutSecret, request)).is_changed

    return talk(data, work)


def _listed(data: Path, organization: str) -> "list[executor_pb2.SecretName]":
    from services.cli.rooms import talk
    from services.pb.executor.v1 import executor_pb2, executor_pb2_grpc

    async def work(rooms: "Rooms", _: State) -> list[executor_pb2.SecretName]:
        request = executor_pb2.ListSecretsRequest(organization_id=await rooms.organization_id(organization))
        stub = rooms.peer("executor").stub(executor_pb2_grpc.SecretsStub)
        return list((await rooms.call("executor", stub.ListSecrets, request)).secrets)

    return talk(data, work)


def _delete(data: Path, organization: str, name: str) -> bool:
    from services.cli.rooms import talk
    from services.pb.executor.v1 import executor_pb2, executor_pb2_grpc

    async def work(rooms: "Rooms", _: State) -> bool:
        organization_id = await rooms.organization_id(organization)
        request = executor_pb2.DeleteSecretRequest(organization_id=organization_id, name=name)
        stub = rooms.peer("executor").stub(executor_pb2_grpc.SecretsStub)
        return (await rooms.call("executor", stub.DeleteSecret, request)).was_there

    return talk(data, work)
