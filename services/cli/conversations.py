"""`pytake conversations`: what was said, as a file."""

import json
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from services.cli.ending import WrongInput, told
from services.cli.output import opened
from services.cli.progress import bar_of_time
from services.embedded.state import DEFAULT_DATA, State

if TYPE_CHECKING:
    from services.cli.rooms import Rooms
    from services.ingress.domain.log_files import Row
    from services.ingress.domain.people import OrganizationView
    from services.ingress.files.conversations import Wanted

app = typer.Typer(add_completion=False, no_args_is_help=True)


class Form(Enum):
    """What the file is."""

    CSV = "csv"
    JSONL = "jsonl"
    PARQUET = "parquet"
    PDF = "pdf"


@app.callback()
def conversations() -> None:
    """Write what was said in conversations as CSV, JSON lines, Parquet or PDF."""


@app.command(help="Write what contacts wrote and flows answered. A PDF is for people: at most 10,000 messages.")
def export(
    organization: Annotated[str, typer.Option(help="Name of the organization.")],
    form: Annotated[Form, typer.Option("--format", help="csv with a header, jsonl, parquet or pdf.")] = Form.JSONL,
    phone: Annotated[
        list[str] | None, typer.Option(metavar="NUMBER", help="Only of this contact; may be given again and again.")
    ] = None,
    flow: Annotated[UUID | None, typer.Option(metavar="ID", help="Only what was said in this flow.")] = None,
    since: Annotated[datetime | None, typer.Option(help="From this moment on (UTC).")] = None,
    until: Annotated[datetime | None, typer.Option(help="Up to, and without, this moment (UTC).")] = None,
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Else standard output.")] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Say on standard error, in JSON, how many messages and bytes it was.")
    ] = False,
    data: Annotated[Path, typer.Option(help="The house's data folder.")] = DEFAULT_DATA,
) -> None:
    is_shown = not as_json and sys.stderr.isatty()
    with told():
        wanted = _wanted(phone or [], flow, since, until)
        with opened(out) as file, bar_of_time("conversations", until, is_shown=is_shown) as advance:
            messages, size = _export(organization, form, wanted, file, advance, data)
    if as_json:
        typer.echo(json.dumps({"messages": messages, "bytes": size, "format": form.value}), err=True)


def _wanted(phones: Sequence[str], flow: UUID | None, since: datetime | None, until: datetime | None) -> "Wanted":
    from services.ingress.domain.phone import read_phone
    from services.ingress.files.conversations import Wanted

    try:
        phone_numbers = [read_phone(phone) for phone in phones]
    except ValueError as error:
        raise WrongInput(f"--phone {error}") from None
    return Wanted(
        phone_numbers=phone_numbers,
        flow_id=flow,
        since=since.replace(tzinfo=UTC) if since else None,
        until=until.replace(tzinfo=UTC) if until else None,
    )


def _export(
    organization: str, form: Form, wanted: "Wanted", file: IO[bytes], advance: Callable[[int], None], data: Path
) -> tuple[int, int]:
    from services.chassis.clock import now
    from services.cli.rooms import talk
    from services.ingress.files.conversations import ConversationFiles
    from services.ingress.peers import GrpcExecutor
    from services.ingress.peers.analytics import GrpcReports

    messages = 0

    def count(rows: "Sequence[Row]") -> None:
        nonlocal messages
        messages += len(rows)
        if rows:
            advance(int(datetime.fromisoformat(str(rows[-1]["occurred_at"])).timestamp() * 1_000_000))

    async def work(rooms: "Rooms", _: State) -> int:
        files = ConversationFiles(
            executor=GrpcExecutor(rooms.peer("executor")),
            reports=GrpcReports(rooms.peer("analytics")),
            organizations=_Organizations(rooms),
            now=now,
        )
        organization_id = UUID(await rooms.organization_id(organization))
        parts = await files.export(organization_id=organization_id, form=form.value, wanted=wanted, on_rows=count)
        return sum([file.write(part) async for part in parts])

    size = talk(data, work)
    return messages, size


class _Organizations:
    """See ingress' files.conversations.Organizations."""

    def __init__(self, rooms: "Rooms") -> None:
        self._rooms = rooms

    async def organization(self, *, organization_id: UUID) -> "OrganizationView":
        """One organization, among all: the operator may list them."""
        from services.ingress.domain.people import OrganizationView

        found = {item.organization_id: item for item in await self._rooms.organizations()}[str(organization_id)]
        return OrganizationView(
            id=found.organization_id,
            name=found.name,
            fallback_flow_id=found.fallback_flow_id,
            time_zone=found.time_zone,
        )
