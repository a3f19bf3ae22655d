"""`pytake campaign`: templates to many contacts, from a CSV file or an audience of contacts."""

import json
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from services.cli.ending import WrongInput, told
from services.embedded.state import DEFAULT_DATA, State

if TYPE_CHECKING:
    from services.cli.rooms import Rooms
    from services.pb.common.v1 import content_pb2
    from services.pb.sender.v1 import sender_pb2

app = typer.Typer(add_completion=False, no_args_is_help=True)

Data = Annotated[Path, typer.Option(help="The house's data folder.")]
Organization = Annotated[str, typer.Option(help="Name of the organization.")]
Id = Annotated[str, typer.Argument(metavar="CAMPAIGN", help="Its id, as create and list tell it.")]

_PER_CALL = 1000
_PHONES, _USER_IDS = ("phone_number", "phone", "telefone", "wa_id"), ("user_id",)


@app.callback()
def campaign() -> None:
    """Make, fill, start, watch and stop campaigns."""


@app.command(help="Make a draft; under the same key there is one, however often it is asked for. Prints its id.")
def create(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What people call it.")],
    organization: Organization,
    number: Annotated[str, typer.Option(help="phone_number_id it leaves from.")],
    template: Annotated[Path, typer.Option(help="JSON file with the template, a Content of the contract.")],
    key: Annotated[str, typer.Option(help="Under which it counts once; the name if left out.")] = "",
    audience: Annotated[str, typer.Option(help="custom_list, uploaded_file, tags or all_contacts.")] = "custom_list",
    tag: Annotated[list[str] | None, typer.Option(help="For the audience tags; may be given often.")] = None,
    attribute: Annotated[
        list[str] | None, typer.Option(help="NAME=VALUE a contact must have; may be repeated.")
    ] = None,
    per_hour: Annotated[int, typer.Option(min=0, help="Messages an hour at most; 0 means 100.")] = 0,
    tries: Annotated[int, typer.Option(min=0, help="Tries when a failure may pass; 0 means 3.")] = 0,
    time_zone: Annotated[str, typer.Option(help="IANA name, for its schedule.")] = "UTC",
    skip_active: Annotated[bool, typer.Option(help="Leave out who is in a conversation.")] = False,
    ignore_opt_out: Annotated[bool, typer.Option(help="Write to those too who refused messages.")] = False,
    data: Data = DEFAULT_DATA,
) -> None:
    with told():
        fields: dict[str, object] = {
            "idempotency_key": key or name, "name": name, "phone_number_id": number, "audience": audience,
            "tags": tag or [], "attributes": dict(map(_pair, attribute or [])), "messages_per_hour": per_hour,
            "max_tries": tries, "time_zone": time_zone, "skip_active_conversations": skip_active,
            "respect_opt_out": not ignore_opt_out,
        }  # fmt: skip
        typer.echo(_create(data, organization, template, fields))


@app.command(help="Add recipients from a CSV file: a column phone_number or user_id, the others are parameters.")
def add(
    campaign: Id,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="CSV in UTF-8 with a line of names.")],
    organization: Organization,
    data: Data = DEFAULT_DATA,
) -> None:
    with told():
        added, repeated, refused = _add(data, organization, campaign, file)
        for line, problem in refused:
            typer.echo(f"line {line}: {problem}", err=True)
        typer.echo(f"{added} added, {repeated} there already, {len(refused)} refused")
        if refused:
            raise typer.Exit(1)


@app.command(help="Start it now.")
def start(campaign: Id, organization: Organization, data: Data = DEFAULT_DATA) -> None:
    _moved(data, organization, campaign, "Start")


@app.command(help="Have it start at a moment on its time zone's clocks, as 2026-12-01T09:00.")
def schedule(
    campaign: Id,
    moment: Annotated[str, typer.Argument(metavar="MOMENT")],
    organization: Organization,
    data: Data = DEFAULT_DATA,
) -> None:
    _moved(data, organization, campaign, "Schedule", local_time=moment)


@app.command(help="Stop it for now.")
def pause(campaign: Id, organization: Organization, data: Data = DEFAULT_DATA) -> None:
    _moved(data, organization, campaign, "Pause")


@app.command(help="Let it go on.")
def resume(campaign: Id, organization: Organization, data: Data = DEFAULT_DATA) -> None:
    _moved(data, organization, campaign, "Resume")


@app.command(help="End it for good.")
def cancel(campaign: Id, organization: Organization, data: Data = DEFAULT_DATA) -> None:
    _moved(data, organization, campaign, "Cancel")


@app.command("list", help="List campaigns, newest first.")
def list_(organization: Organization, data: Data = DEFAULT_DATA) -> None:
    with told():
        for each in _listed(data, organization):
            typer.echo(f"{each.campaign_id} {each.state:<9} {each.done}/{each.recipients} {each.name}")


@app.command(help="Tell how it does; with --watch a bar moves until it ends or is paused.")
def show(
    campaign: Id,
    organization: Organization,
    watch: Annotated[bool, typer.Option(help="Go on until it ends or is paused.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON object.")] = False,
    data: Data = DEFAULT_DATA,
) -> None:
    with told():
        got = _watched(data, organization, campaign) if watch else _got(data, organization, campaign)
        typer.echo(_as_json(got) if as_json else _lines(got))


def _create(data: Path, organization: str, template: Path, fields: dict[str, object]) -> str:
    from services.cli.rooms import talk
    from services.pb.sender.v1 import sender_pb2, sender_pb2_grpc

    content = _content(template)

    async def work(rooms: "Rooms", _: State) -> str:
        organization_id = await rooms.organization_id(organization)
        request = sender_pb2.CreateCampaignRequest(organization_id=organization_id, content=content)
        _set(request, fields)
        stub = rooms.peer("sender").stub(sender_pb2_grpc.CampaignsStub)
        return (await rooms.call("sender", stub.Create, request)).campaign.campaign_id

    return talk(data, work)


def _set(request: "sender_pb2.CreateCampaignRequest", fields: dict[str, object]) -> None:
    from google.protobuf.json_format import ParseDict

    ParseDict({name: value for name, value in fields.items() if value not in ("", [], {})}, request)


def _content(template: Path) -> "content_pb2.Content":
    from google.protobuf.json_format import Parse, ParseError

    from services.pb.common.v1 import content_pb2

    try:
        return Parse(template.read_text(), content_pb2.Content())
    except OSError as error:
        raise WrongInput(f"{template} cannot be read: {error.strerror}") from None
    except (ParseError, UnicodeDecodeError) as error:
        raise WrongInput(f"{template} is no content of the contract: {error}") from None


def _pair(text: str) -> tuple[str, str]:
    name, mark, value = text.partition("=")
    if not name or not mark:
        raise WrongInput(f"--attribute {text} has no value; write NAME=VALUE")
    return name, value


def _add(data: Path, organization: str, campaign: str, file: Path) -> tuple[int, int, list[tuple[int, str]]]:
    from services.cli.rooms import talk
    from services.pb.sender.v1 import sender_pb2, sender_pb2_grpc

    async def work(rooms: "Rooms", _: State) -> tuple[int, int, list[tuple[int, str]]]:
        organization_id = await rooms.organization_id(organization)
        stub = rooms.peer("sender").stub(sender_pb2_grpc.CampaignsStub)
        added = repeated = 0
        refused: list[tuple[int, str]] = []
        rows = _rows(file)
        # The file is read as it is sent: memory does not grow with it.
        while chunk := list(islice(rows, _PER_CALL)):
            request = sender_pb2.AddRecipientsRequest(
                organization_id=organization_id, campaign_id=campaign, recipients=[row for _, row in chunk]
            )
            answer = await rooms.call("sender", stub.AddRecipients, request)
            added += answer.added
            repeated += answer.repeated_ones
            refused += [(chunk[each.index][0], each.problem) for each in answer.refused]
        return added, repeated, refused

    return talk(data, work)


def _rows(file: Path) -> "Iterator[tuple[int, sender_pb2.CampaignRecipient]]":
    """Recipients with the numbers of their lines."""
    import csv

    from services.pb.sender.v1 import sender_pb2

    try:
        with file.open(encoding="utf-8-sig", newline="") as text:
            reader = csv.DictReader(text)
            names = list(reader.fieldnames or [])
            phone, user = _column(names, _PHONES), _column(names, _USER_IDS)
            if not phone and not user:
                raise WrongInput(f"{file} has no column phone_number or user_id in its first line")
            for row in reader:
                others = {name: row[name] or "" for name in names if name not in (phone, user)}
                yield (
                    reader.line_num,
                    sender_pb2.CampaignRecipient(
                        phone_number=row.get(phone) or "", user_id=row.get(user) or "", parameters=others
                    ),
                )
    except OSError as error:
        raise WrongInput(f"{file} cannot be read: {error.strerror}") from None
    except (csv.Error, UnicodeDecodeError) as error:
        raise WrongInput(f"{file} is no CSV in UTF-8: {error}") from None


def _column(names: Sequence[str], wanted: Sequence[str]) -> str:
    return next((name for name in names if name.strip().lower() in wanted), "")


def _moved(data: Path, organization: str, campaign: str, verb: str, **fields: str) -> None:
    from services.cli.rooms import talk
    from services.pb.sender.v1 import sender_pb2, sender_pb2_grpc

    async def work(rooms: "Rooms", _: State) -> str:
        organization_id = await rooms.organization_id(organization)
        stub = rooms.peer("sender").stub(sender_pb2_grpc.CampaignsStub)
        make = getattr(sender_pb2, f"{verb}CampaignRequest")
        request = make(organization_id=organization_id, campaign_id=campaign, **fields)
        answer: sender_pb2.StartCampaignResponse = await rooms.call("sender", getattr(stub, verb), request)
        return answer.campaign.state

    with told():
        typer.echo(f"{talk(data, work):<9} {campaign}")


def _listed(data: Path, organization: str) -> "Sequence[sender_pb2.Campaign]":
    from services.cli.rooms import talk
    from services.pb.sender.v1 import sender_pb2, sender_pb2_grpc

    async def work(rooms: "Rooms", _: State) -> Sequence[sender_pb2.Campaign]:
        stub = rooms.peer("sender").stub(sender_pb2_grpc.CampaignsStub)
        request = sender_pb2.ListCampaignsRequest(organization_id=await rooms.organization_id(organization))
        return list((await rooms.call("sender", stub.List, request)).campaigns)

    return talk(data, work)


def _got(data: Path, organization: str, campaign: str) -> "sender_pb2.GetCampaignResponse":
    from services.cli.rooms import talk
    from services.pb.sender.v1 import sender_pb2, sender_pb2_grpc

    async def work(rooms: "Rooms", _: State) -> sender_pb2.GetCampaignResponse:
        stub = rooms.peer("sender").stub(sender_pb2_grpc.CampaignsStub)
        organization_id = await rooms.organization_id(organization)
        request = sender_pb2.GetCampaignRequest(organization_id=organization_id, campaign_id=campaign)
        return await rooms.call("sender", stub.Get, request)

    return talk(data, work)


def _watched(data: Path, organization: str, campaign: str) -> "sender_pb2.GetCampaignResponse":
    import time

    began = time.monotonic()
    got = _got(data, organization, campaign)
    # The bar goes to standard error: what is piped gets the end alone.
    with typer.progressbar(length=max(got.campaign.recipients, 1), label=got.campaign.name, file=_stderr()) as bar:
        while True:
            bar.update(got.campaign.done - bar.pos)
            if got.campaign.state not in ("scheduled", "running"):
                return got
            # Sender counts the figures anew for each look, longer the more recipients there are: it is left alone for
            # four times as long.
            time.sleep(max(1.0, 4 * (time.monotonic() - began)))
            began = time.monotonic()
            got = _got(data, organization, campaign)


def _stderr() -> "typer.FileTextWrite":
    import sys
    from typing import cast

    return cast("typer.FileTextWrite", sys.stderr)


def _lines(got: "sender_pb2.GetCampaignResponse") -> str:
    told_of, figures = got.campaign, got.figures
    note = f" ({told_of.note})" if told_of.note else ""
    counts = "\n".join(f"{field.name:<10} {getattr(figures, field.name)}" for field in figures.DESCRIPTOR.fields)
    return f"{told_of.state} {told_of.name}{note}\n{counts}"


def _as_json(got: "sender_pb2.GetCampaignResponse") -> str:
    from google.protobuf.json_format import MessageToDict

    told_of = MessageToDict(got.campaign, preserving_proto_field_name=True)
    figures = {field.name: getattr(got.figures, field.name) for field in got.figures.DESCRIPTOR.fields}
    return json.dumps(told_of | {"figures": figures}, ensure_ascii=False)
