"""`pytake user`: the people of an organization, as the operator sees to them."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from services.cli.ending import WrongInput, told
from services.embedded.state import DEFAULT_DATA, State

if TYPE_CHECKING:
    from services.cli.rooms import Rooms
    from services.pb.ingress.v1 import ingress_pb2

app = typer.Typer(add_completion=False, no_args_is_help=True)

Data = Annotated[Path, typer.Option(help="The house's data folder.")]
Organization = Annotated[str, typer.Option(help="Name of the organization.")]
Email = Annotated[str, typer.Argument(metavar="EMAIL")]


@app.callback()
def user() -> None:
    """Add, list and unlock users; set their passwords."""


@app.command(help="Add a user, or change name and role of one who is there. Without a password, invite.")
def add(
    email: Email,
    organization: Organization,
    role: Annotated[str, typer.Option(help="super_admin, org_admin, supervisor, agent or viewer.")],
    name: Annotated[str, typer.Option(help="The name people see.")] = "",
    with_password: Annotated[
        bool, typer.Option("--with-password", help="Read a password: asked for, or the first line of standard input.")
    ] = False,
    data: Data = DEFAULT_DATA,
) -> None:
    with told():
        put = _put(data, organization, email, role, name, _password() if with_password else "")
        verb = "new" if put.is_new else "changed" if put.is_changed else "unchanged"
        typer.echo(f"{verb:<9} {email}")
        if put.invitation_token:
            typer.echo(f"invitation_token {put.invitation_token} (told this once)")


@app.command("list", help="List users, and who is invited.")
def list_(
    organization: Organization,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON object for each.")] = False,
    data: Data = DEFAULT_DATA,
) -> None:
    with told():
        listed = _listed(data, organization)
        for each in listed.users:
            typer.echo(json.dumps(_as_json(each), ensure_ascii=False) if as_json else _line(each))
        for invited in listed.invitations:
            ends = invited.expires_at.ToJsonString()
            shown = {"email": invited.email, "role": invited.role, "invited_until": ends}
            line = f"{invited.email}  {invited.role}, invited until {ends}"
            typer.echo(json.dumps(shown, ensure_ascii=False) if as_json else line)


@app.command(help="Forget a user's wrong passwords, so that he may log in at once.")
def unlock(email: Email, organization: Organization, data: Data = DEFAULT_DATA) -> None:
    with told():
        _unlock(data, organization, email)
        typer.echo(f"unlocked  {email}")


@app.command("set-password", help="Give a user another password; all his sessions end.")
def set_password(email: Email, organization: Organization, data: Data = DEFAULT_DATA) -> None:
    with told():
        _set_password(data, organization, email, _password())
        typer.echo(f"changed   {email}")


def _password() -> str:
    """A password of a terminal, unseen, or of a pipe; never of the command line, which the whole machine sees."""
    if sys.stdin.isatty():
        return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True))
    password = sys.stdin.readline().rstrip("\r\n")
    if not password:
        raise WrongInput("standard input is empty; write the password there")
    return password


def _put(
    data: Path, organization: str, email: str, role: str, name: str, password: str
) -> "ingress_pb2.PutUserResponse":
    from services.cli.rooms import talk
    from services.pb.ingress.v1 import ingress_pb2, ingress_pb2_grpc

    async def work(rooms: "Rooms", _: State) -> ingress_pb2.PutUserResponse:
        request = ingress_pb2.PutUserRequest(
            organization_id=await rooms.organization_id(organization),
            organization_name=organization,
            email=email,
            name=name,
            role=role,
            password=password,
        )
        return await rooms.call("ingress", rooms.peer("ingress").stub(ingress_pb2_grpc.AccountsStub).PutUser, request)

    return talk(data, work)


def _listed(data: Path, organization: str) -> "ingress_pb2.ListUsersResponse":
    from services.cli.rooms import talk
    from services.pb.ingress.v1 import ingress_pb2, ingress_pb2_grpc

    async def work(rooms: "Rooms", _: State) -> ingress_pb2.ListUsersResponse:
        request = ingress_pb2.ListUsersRequest(organization_id=await rooms.organization_id(organization))
        return await rooms.call("ingress", rooms.peer("ingress").stub(ingress_pb2_grpc.AccountsStub).ListUsers, request)

    return talk(data, work)


def _unlock(data: Path, organization: str, email: str) -> None:
    from services.cli.rooms import talk
    from services.pb.ingress.v1 import ingress_pb2, ingress_pb2_grpc

    async def work(rooms: "Rooms", _: State) -> None:
        organization_id = await rooms.organization_id(organization)
        request = ingress_pb2.UnlockUserRequest(organization_id=organization_id, email=email)
        await rooms.call("ingress", rooms.peer("ingress").stub(ingress_pb2_grpc.AccountsStub).UnlockUser, request)

    talk(data, work)


def _set_password(data: Path, organization: str, email: str, password: str) -> None:
    from services.cli.rooms import talk
    from services.pb.ingress.v1 import ingress_pb2, ingress_pb2_grpc

    async def work(rooms: "Rooms", _: State) -> None:
        organization_id = await rooms.organization_id(organization)
        request = ingress_pb2.SetPasswordRequest(organization_id=organization_id, email=email, password=password)
        await rooms.call("ingress", rooms.peer("ingress").stub(ingress_pb2_grpc.AccountsStub).SetPassword, request)

    talk(data, work)


def _as_json(user: "ingress_pb2.User") -> dict[str, object]:
    names = ("user_id", "email", "name", "role", "is_active")
    times = {
        name: getattr(user, name).ToJsonString() for name in ("locked_until", "last_login_at") if user.HasField(name)
    }
    return {name: getattr(user, name) for name in names} | times


def _line(user: "ingress_pb2.User") -> str:
    closed = "" if user.is_active else ", closed"
    locked = f", locked until {user.locked_until.ToJsonString()}" if user.HasField("locked_until") else ""
    name = f" ({user.name})" if user.name else ""
    return f"{user.email}{name}  {user.role}{closed}{locked}"
