"""`pytake template`: message templates of a number's WhatsApp Business Account."""

import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from services.cli.ending import WrongInput, told
from services.embedded.state import DEFAULT_DATA, State

if TYPE_CHECKING:
    from services.cli.rooms import Rooms
    from services.pb.sender.v1 import sender_pb2, sender_pb2_grpc

app = typer.Typer(add_completion=False, no_args_is_help=True)

Result = TypeVar("Result")

Organization = Annotated[str, typer.Argument(metavar="ORGANIZATION", help="The organization's name.")]
NumberId = Annotated[str, typer.Argument(metavar="NUMBER", help="phone_number_id of a number of the account.")]
Data = Annotated[Path, typer.Option(help="The house's data folder.")]


@app.callback()
def template() -> None:
    """List, create and delete message templates; read them from Meta."""


@app.command("list", help="List templates as Meta last told of them.")
def list_(
    organization: Organization,
    number: Annotated[str, typer.Option(help="Only those of this number's account.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON object for each template.")] = False,
    data: Data = DEFAULT_DATA,
) -> None:
    from services.pb.sender.v1 import sender_pb2

    async def work(rooms: "Rooms", stub: "sender_pb2_grpc.TemplatesAsyncStub", organization_id: str) -> None:
        request = sender_pb2.ListTemplatesRequest(organization_id=organization_id, phone_number_id=number)
        for each in (await rooms.call("sender", stub.ListTemplates, request)).templates:
            typer.echo(json.dumps(_as_json(each), ensure_ascii=False) if as_json else _line(each))

    _talk(data, organization, work)


@app.command(help="Read all templates of a number's account from Meta.")
def sync(organization: Organization, number: NumberId, data: Data = DEFAULT_DATA) -> None:
    from services.pb.sender.v1 import sender_pb2

    async def work(rooms: "Rooms", stub: "sender_pb2_grpc.TemplatesAsyncStub", organization_id: str) -> None:
        request = sender_pb2.SyncTemplatesRequest(organization_id=organization_id, phone_number_id=number)
        read = await rooms.call("sender", stub.SyncTemplates, request)
        typer.echo(f"{read.found} templates, {read.changed} new or changed, {read.removed} gone")

    _talk(data, organization, work)


@app.command(help="Create a template at Meta, where it waits for approval.")
def create(
    organization: Organization,
    number: NumberId,
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="JSON: name, language, category, components, as Meta wants them.")
    ],
    data: Data = DEFAULT_DATA,
) -> None:
    with told():
        wanted = _read(file)
    from services.pb.sender.v1 import sender_pb2

    async def work(rooms: "Rooms", stub: "sender_pb2_grpc.TemplatesAsyncStub", organization_id: str) -> None:
        request = sender_pb2.CreateTemplateRequest(
            organization_id=organization_id,
            phone_number_id=number,
            name=str(wanted.get("name", "")),
            language=str(wanted.get("language", "")),
            category=str(wanted.get("category", "")),
            components=json.dumps(wanted.get("components"), ensure_ascii=False).encode(),
        )
        typer.echo(_line((await rooms.call("sender", stub.CreateTemplate, request)).template))

    _talk(data, organization, work)


@app.command(help="Delete a template at Meta.")
def delete(
    organization: Organization,
    number: NumberId,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The template's name.")],
    language: Annotated[str, typer.Option(help="Only in this language, such as pt_BR; left out, in all.")] = "",
    data: Data = DEFAULT_DATA,
) -> None:
    from services.pb.sender.v1 import sender_pb2

    async def work(rooms: "Rooms", stub: "sender_pb2_grpc.TemplatesAsyncStub", organization_id: str) -> None:
        request = sender_pb2.DeleteTemplateRequest(
            organization_id=organization_id, phone_number_id=number, name=name, language=language
        )
        typer.echo(f"{(await rooms.call('sender', stub.DeleteTemplate, request)).deleted} gone")

    _talk(data, organization, work)


def _talk(
    data: Path,
    organization: str,
    work: "Callable[[Rooms, sender_pb2_grpc.TemplatesAsyncStub, str], Awaitable[Result]]",
) -> Result:
    from services.cli.rooms import talk
    from services.pb.sender.v1 import sender_pb2_grpc

    async def session(rooms: "Rooms", _: State) -> Result:
        stub = rooms.peer("sender").stub(sender_pb2_grpc.TemplatesStub)
        return await work(rooms, stub, await rooms.organization_id(organization))

    with told():
        return talk(data, session)


def _read(file: Path) -> dict[str, object]:
    try:
        wanted = json.loads(file.read_bytes())
    except OSError as error:
        raise WrongInput(f"{file} cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise WrongInput(f"{file} is no JSON: {error}") from None
    if not isinstance(wanted, dict):
        raise WrongInput(f"{file} holds no JSON object; write name, language, category and components")
    return wanted


def _line(template: "sender_pb2.Template") -> str:
    parts = (
        template.name,
        template.language,
        template.category or "-",
        template.status or "-",
        template.quality or "-",
    )
    return "\t".join([*parts, *([template.reason] if template.reason else [])])


def _as_json(template: "sender_pb2.Template") -> dict[str, object]:
    return {
        "id": template.template_id,
        "name": template.name,
        "language": template.language,
        "waba_id": template.waba_id,
        "category": template.category,
        "status": template.status,
        "quality": template.quality,
        "reason": template.reason,
        "components": json.loads(template.components) if template.components else [],
        "synced_at": template.synced_at.ToJsonString() if template.HasField("synced_at") else None,
    }
