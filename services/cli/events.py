"""`pytake events`: webhook events that drove no conversation."""

import json
from pathlib import Path
from typing import Annotated

import typer

from services.cli.ending import WrongInput, told
from services.embedded.state import DEFAULT_DATA, State

app = typer.Typer(add_completion=False)

DISPOSITIONS = ("unroutable", "invalid", "recorded")


@app.command(help="List webhook events that drove no conversation, newest first.")
def events(
    disposition: Annotated[str, typer.Option(help="unroutable, invalid or recorded; all without it.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=1000, help="At most this many.")] = 100,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON object for each event.")] = False,
    data: Annotated[Path, typer.Option(help="The house's data folder.")] = DEFAULT_DATA,
) -> None:
    with told():
        if disposition and disposition not in DISPOSITIONS:
            raise WrongInput(f"--disposition {disposition} does not exist; use {', '.join(DISPOSITIONS)}")
        _list(disposition, limit, data, as_json=as_json)


def _list(disposition: str, limit: int, data: Path, *, as_json: bool) -> None:
    from services.cli.rooms import Rooms, talk
    from services.pb.ingress.v1 import ingress_pb2, ingress_pb2_grpc

    async def work(rooms: Rooms, _: State) -> ingress_pb2.ListEventsResponse:
        stub = rooms.peer("ingress").stub(ingress_pb2_grpc.EventsStub)
        request = ingress_pb2.ListEventsRequest(disposition=disposition, limit=limit)
        return await rooms.call("ingress", stub.ListEvents, request)

    for event in talk(data, work).events:
        fields = json.loads(event.fields_json or "null")
        if as_json:
            received_at = event.received_at.ToJsonString()
            shown = {"disposition": event.disposition, "reason": event.reason, "received_at": received_at}
            typer.echo(json.dumps(shown | {"event": fields}, ensure_ascii=False))
        else:
            number = event.phone_number_id or "no number"
            reason = f": {event.reason}" if event.reason else ""
            typer.echo(f"{event.received_at.ToJsonString()}  {event.disposition:<10} {event.type} {number}{reason}")
