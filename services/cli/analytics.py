"""`pytake analytics`: the log of conversations as a file."""

import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated

import typer

from services.cli.ending import told
from services.cli.output import opened
from services.cli.progress import bar_of_time
from services.embedded.state import DEFAULT_DATA, State

if TYPE_CHECKING:
    from services.cli.rooms import Rooms
    from services.pb.analytics.v1 import analytics_pb2

app = typer.Typer(add_completion=False, no_args_is_help=True)

_RECORDS_AT_ONCE = 1000


class Form(Enum):
    """What the file is."""

    CSV = "csv"
    JSONL = "jsonl"
    PARQUET = "parquet"


@app.callback()
def analytics() -> None:
    """Write the log of conversations as CSV, JSON lines or Parquet."""


@app.command(help="Write the log of an organization by time, page by page; as long as it is, memory stays small.")
def export(
    organization: Annotated[str, typer.Option(help="Name of the organization.")],
    form: Annotated[Form, typer.Option("--format", help="csv with a header, jsonl, or parquet.")] = Form.JSONL,
    flow: Annotated[str, typer.Option(metavar="ID", help="Only this flow.")] = "",
    since: Annotated[datetime | None, typer.Option(help="From this moment on (UTC).")] = None,
    until: Annotated[datetime | None, typer.Option(help="Up to, and without, this moment (UTC).")] = None,
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Else standard output.")] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Say on standard error, in JSON, how many records and bytes it was.")
    ] = False,
    data: Annotated[Path, typer.Option(help="The house's data folder.")] = DEFAULT_DATA,
) -> None:
    from services.pb.analytics.v1 import analytics_pb2

    request = analytics_pb2.ListRecordsRequest(flow_id=flow, limit=_RECORDS_AT_ONCE)
    if since is not None:
        request.since.FromDatetime(since.replace(tzinfo=UTC))
    if until is not None:
        request.until.FromDatetime(until.replace(tzinfo=UTC))
    is_shown = not as_json and sys.stderr.isatty()
    with told(), opened(out) as file, bar_of_time("log", until, is_shown=is_shown) as advance:
        records, size = _export(organization, request, form, file, advance, data)
    if as_json:
        typer.echo(json.dumps({"records": records, "bytes": size, "format": form.value}), err=True)


def _export(
    organization: str,
    request: "analytics_pb2.ListRecordsRequest",
    form: Form,
    file: IO[bytes],
    advance: Callable[[int], None],
    data: Path,
) -> tuple[int, int]:
    from services.cli.rooms import talk
    from services.ingress.domain.log_files import LOG
    from services.ingress.files import new_file
    from services.ingress.peers.analytics import log_record_of
    from services.pb.analytics.v1 import analytics_pb2_grpc

    async def work(rooms: "Rooms", _: State) -> tuple[int, int]:
        request.organization_id = await rooms.organization_id(organization)
        stub = rooms.peer("analytics").stub(analytics_pb2_grpc.ReportsStub)
        written = new_file(form.value, LOG)
        records, size = 0, file.write(written.begin())
        while True:
            page = await rooms.call("analytics", stub.ListRecords, request)
            size += file.write(written.add([log_record_of(record).columns for record in page.records]))
            records += len(page.records)
            if page.records:
                advance(page.records[-1].occurred_at_us)
            if not page.cursor:
                return records, size + file.write(written.end())
            request.cursor = page.cursor

    return talk(data, work)
