"""`pytake api-key`: the API keys of an organization, as the operator sees to them."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from services.cli.ending import told
from services.embedded.state import DEFAULT_DATA, State

if TYPE_CHECKING:
    from services.cli.rooms import Rooms
    from services.pb.ingress.v1 import ingress_pb2

app = typer.Typer(add_completion=False, no_args_is_help=True)

Data = Annotated[Path, typer.Option(help="The house's data folder.")]
Organization = Annotated[str, typer.Option(help="Name of the organization.")]
Name = Annotated[str, typer.Argument(metavar="NAME", help="What the key is for.")]


@app.callback()
def api_key() -> None:
    """Create, list and revoke API keys."""


@app.command(help="Create a key and print it, or change scopes and limit of the one with this name.")
def create(
    name: Name,
    organization: Organization,
    scope: Annotated[list[str], typer.Option(help="A permission, such as conversations:read; may be given often.")],
    days: Annotated[int, typer.Option(min=0, help="Days until a new key ends; 0 means that it has no end.")] = 0,
    per_minute: Annotated[int, typer.Option(min=0, help="Its own limit of requests; 0 means the usual one.")] = 0,
    data: Data = DEFAULT_DATA,
) -> None:
    with told():
        put = _put(data, organization, name, scope, days, per_minute)
        verb = "new" if put.is_new else "changed" if put.is_changed else "unchanged"
        typer.echo(f"{verb:<9} {name}")
        if put.key:
            typer.echo(f"key {put.key} (told this once)")


@app.command("list", help="List keys that are not revoked, without their texts.")
def list_(
    organization: Organization,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON object for each.")] = False,
    data: Data = DEFAULT_DATA,
) -> None:
    with told():
        for key in _listed(data, organization):
            typer.echo(json.dumps(_as_json(key), ensure_ascii=False) if as_json else _line(key))


@app.command(help="End a key; every process of ingress heeds it within 30 seconds.")
def revoke(name: Name, organization: Organization, data: Data = DEFAULT_DATA) -> None:
    with told():
        _revoke(data, organization, name)
        typer.echo(f"revoked   {name}")


def _put(
    data: Path, organization: str, name: str, scopes: Sequence[str], days: int, per_minute: int
) -> "ingress_pb2.PutApiKeyResponse":
    from services.cli.rooms import talk
    from services.pb.ingress.v1 import ingress_pb2, ingress_pb2_grpc

    async def work(rooms: "Rooms", _: State) -> ingress_pb2.PutApiKeyResponse:
        request = ingress_pb2.PutApiKeyRequest(
            organization_id=await rooms.organization_id(organization),
            name=name,
            scopes=scopes,
            expires_in_days=days,
            requests_per_minute=per_minute,
        )
        return await rooms.call("ingress", rooms.peer("ingress").stub(ingress_pb2_grpc.AccountsStub).PutApiKey, request)

    return talk(data, work)


def _listed(data: Path, organization: str) -> "list[ingress_pb2.ApiKey]":
    from services.cli.rooms import talk
    from services.pb.ingress.v1 import ingress_pb2, ingress_pb2_grpc

    async def work(rooms: "Rooms", _: State) -> list[ingress_pb2.ApiKey]:
        request = ingress_pb2.ListApiKeysRequest(organization_id=await rooms.organization_id(organization))
        stub = rooms.peer("ingress").stub(ingress_pb2_grpc.AccountsStub)
        return list((await rooms.call("ingress", stub.ListApiKeys, request)).api_keys)

    return talk(data, work)


def _revoke(data: Path, organization: str, name: str) -> None:
    from services.cli.rooms import talk
    from services.pb.ingress.v1 import ingress_pb2, ingress_pb2_grpc

    async def work(rooms: "Rooms", _: State) -> None:
        organization_id = await rooms.organization_id(organization)
        request = ingress_pb2.RevokeApiKeyRequest(organization_id=organization_id, name=name)
        await rooms.call("ingress", rooms.peer("ingress").stub(ingress_pb2_grpc.AccountsStub).RevokeApiKey, request)

    talk(data, work)


def _as_json(key: "ingress_pb2.ApiKey") -> dict[str, object]:
    times = {name: getattr(key, name).ToJsonString() for name in ("expires_at", "last_used_at") if key.HasField(name)}
    shown = {"key_id": key.key_id, "name": key.name, "scopes": list(key.scopes)}
    return shown | {"requests_per_minute": key.requests_per_minute or None} | times


def _line(key: "ingress_pb2.ApiKey") -> str:
    ends = f", until {key.expires_at.ToJsonString()}" if key.HasField("expires_at") else ""
    used = f", used {key.last_used_at.ToJsonString()}" if key.HasField("last_used_at") else ", never used"
    return f"{key.name}  {' '.join(key.scopes)}{ends}{used}"
