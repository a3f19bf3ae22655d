"""`pytake webhooks`: where an organization's systems are told what becomes of its messages."""

import json
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from services.cli.ending import Failed, WrongInput, told
from services.embedded.state import DEFAULT_DATA, State

if TYPE_CHECKING:
    from services.cli.rooms import Rooms
    from services.pb.sender.v1 import sender_pb2, sender_pb2_grpc

app = typer.Typer(add_completion=False, no_args_is_help=True)

Result = TypeVar("Result")

Data = Annotated[Path, typer.Option(help="The house's data folder.")]
Organization = Annotated[str, typer.Option(help="Name of the organization.")]
Name = Annotated[str, typer.Argument(metavar="NAME", help="What the webhook is called.")]


@app.callback()
def webhooks() -> None:
    """Put, list and delete webhooks: calls that tell what became of messages."""


@app.command(help="Make a webhook, or change the one with this name; the secret that signs is printed when it is made.")
def put(
    name: Name,
    url: Annotated[str, typer.Argument(metavar="URL", help="An https address of the public Internet.")],
    organization: Organization,
    event: Annotated[
        list[str] | None, typer.Option(help="What to tell, such as message.failed; may be given often; else all.")
    ] = None,
    is_active: Annotated[bool, typer.Option("--active/--inactive", help="Whether it is called at all.")] = True,
    with_secret: Annotated[bool, typer.Option("--with-secret", help="Read a secret from standard input.")] = False,
    renew_secret: Annotated[bool, typer.Option("--renew-secret", help="Make another secret.")] = False,
    is_dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what would change.")] = False,
    data: Data = DEFAULT_DATA,
) -> None:
    with told():
        secret = _secret() if with_secret else ""
    from services.pb.sender.v1 import sender_pb2

    async def work(rooms: "Rooms", stub: "sender_pb2_grpc.WebhooksAsyncStub", organization_id: str) -> None:
        request = sender_pb2.PutWebhookRequest(
            organization_id=organization_id,
            name=name,
            url=url,
            events=event or (),
            is_active=is_active,
            secret=secret,
            is_secret_renewed=renew_secret,
            dry_run=is_dry_run,
        )
        answer = await rooms.call("sender", stub.PutWebhook, request)
        verb = "new" if answer.is_new else "changed" if answer.is_changed else "unchanged"
        typer.echo(f"{verb:<9} {name}")
        if answer.secret:
            typer.echo(f"secret {answer.secret} (told this once)")

    _talk(data, organization, work)


@app.command("list", help="List webhooks, without their secrets.")
def list_(
    organization: Organization,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON object for each.")] = False,
    data: Data = DEFAULT_DATA,
) -> None:
    async def work(rooms: "Rooms", stub: "sender_pb2_grpc.WebhooksAsyncStub", organization_id: str) -> None:
        for each in await _listed(rooms, stub, organization_id):
            typer.echo(json.dumps(_as_json(each), ensure_ascii=False) if as_json else _line(each))

    _talk(data, organization, work)


@app.command(help="Delete a webhook; what waits for it is dropped.")
def delete(name: Name, organization: Organization, data: Data = DEFAULT_DATA) -> None:
    from services.pb.sender.v1 import sender_pb2

    async def work(rooms: "Rooms", stub: "sender_pb2_grpc.WebhooksAsyncStub", organization_id: str) -> None:
        found = [each for each in await _listed(rooms, stub, organization_id) if each.name == name]
        if not found:
            raise Failed(f"{organization} has no webhook {name!r}; `pytake webhooks list` names those there are")
        request = sender_pb2.DeleteWebhookRequest(organization_id=organization_id, webhook_id=found[0].webhook_id)
        await rooms.call("sender", stub.DeleteWebhook, request)
        typer.echo(f"deleted   {name}")

    _talk(data, organization, work)


def _secret() -> str:
    secret = sys.stdin.readline().rstrip("\r\n")
    if not secret:
        raise WrongInput("standard input is empty; write the secret there")
    return secret


async def _listed(
    rooms: "Rooms", stub: "sender_pb2_grpc.WebhooksAsyncStub", organization_id: str
) -> "list[sender_pb2.Webhook]":
    from services.pb.sender.v1 import sender_pb2

    request = sender_pb2.ListWebhooksRequest(organization_id=organization_id)
    return list((await rooms.call("sender", stub.ListWebhooks, request)).webhooks)


def _talk(
    data: Path,
    organization: str,
    work: "Callable[[Rooms, sender_pb2_grpc.WebhooksAsyncStub, str], Awaitable[Result]]",
) -> None:
    from services.cli.rooms import talk
    from services.pb.sender.v1 import sender_pb2_grpc

    async def with_stub(rooms: "Rooms", _: State) -> Result:
        stub = rooms.peer("sender").stub(sender_pb2_grpc.WebhooksStub)
        return await work(rooms, stub, await rooms.organization_id(organization))

    with told():
        talk(data, with_stub)


def _as_json(webhook: "sender_pb2.Webhook") -> dict[str, object]:
    return {
        "webhook_id": webhook.webhook_id,
        "name": webhook.name,
        "url": webhook.url,
        "events": list(webhook.events),
        "active": webhook.is_active,
        "created_at": webhook.created_at.ToJsonString(),
    }


def _line(webhook: "sender_pb2.Webhook") -> str:
    what = ", ".join(webhook.events) or "all events"
    return f"{webhook.name}  {webhook.url}  {what}{'' if webhook.is_active else ', inactive'}"
