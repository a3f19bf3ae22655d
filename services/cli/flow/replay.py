"""`pytake flow replay`: a recorded conversation of the running house, run again against a draft."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from google.protobuf.json_format import MessageToJson

from services.cli.ending import Failed, WrongInput, told
from services.embedded.state import DEFAULT_DATA, State

if TYPE_CHECKING:
    from services.cli.rooms import Rooms
    from services.pb.executor.v1 import executor_pb2


def replay(
    conversation: Annotated[str, typer.Argument(metavar="CONVERSATION", help="The conversation's id.")],
    organization: Annotated[str, typer.Option(help="Name of the organization.")],
    against: Annotated[str, typer.Option(metavar="FILE|FLOW", help="A flow's file, or the name of a flow: its draft.")],
    flow: Annotated[
        str, typer.Option(metavar="NAME", help="The flow whose place a file takes; by default the first started.")
    ] = "",
    every: Annotated[bool, typer.Option("--all", help="Show every turn, not only the first that differs.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the answer as one JSON object.")] = False,
    data: Annotated[Path, typer.Option(help="The house's data folder.")] = DEFAULT_DATA,
) -> None:
    """Show where a recorded conversation would go another way with a draft; 1 when it would."""
    with told():
        replayed = _replayed(conversation, organization, against, flow, data)
    if as_json:
        typer.echo(MessageToJson(replayed, preserving_proto_field_name=True, indent=None, ensure_ascii=False))
    else:
        for line in _lines(replayed, every=every):
            typer.echo(line)
    raise typer.Exit(1 if replayed.first_difference else 0)


def _replayed(
    conversation: str, organization: str, against: str, flow: str, data: Path
) -> "executor_pb2.ReplayConversationResponse":
    from services.cli.rooms import talk
    from services.pb.executor.v1 import executor_pb2, executor_pb2_grpc

    document = _document(Path(against)) if Path(against).is_file() else b""
    name = flow if document else against

    async def work(rooms: "Rooms", _: State) -> executor_pb2.ReplayConversationResponse:
        organization_id = await rooms.organization_id(organization)
        stub = rooms.peer("executor").stub(executor_pb2_grpc.FlowServiceStub)
        flow_id = ""
        if name:
            listing = executor_pb2.ListFlowsRequest(organization_id=organization_id)
            flows = (await rooms.call("executor", stub.ListFlows, listing)).flows
            flow_id = _flow_id(name, {each.name: each.flow_id for each in flows})
        request = executor_pb2.ReplayConversationRequest(
            organization_id=organization_id, conversation_id=conversation, flow_id=flow_id, document=document
        )
        return await rooms.call("executor", stub.ReplayConversation, request)

    return talk(data, work)


def _document(file: Path) -> bytes:
    from services.cli.apply.flow_source import read_flow

    try:
        return read_flow(file, None)
    except ValueError as error:
        raise WrongInput(str(error)) from None


def _flow_id(name: str, flows: dict[str, str]) -> str:
    if name not in flows:
        raise Failed(f"{name!r} is no file, and no flow is called so (there is: {', '.join(sorted(flows)) or 'none'})")
    return flows[name]


def _lines(replayed: "executor_pb2.ReplayConversationResponse", *, every: bool) -> Iterator[str]:
    if replayed.is_cut:
        yield "the record begins in the middle of the conversation: its first turns may differ for want of the rest"
    for place, turn in enumerate(replayed.turns, start=1):
        if every or place == replayed.first_difference:
            yield from _turn_lines(place, turn)
    if not replayed.first_difference:
        yield f"{len(replayed.turns)} turns, no difference"
    elif replayed.first_difference > len(replayed.turns):
        yield f"turn {replayed.first_difference} differs; there is no room to show it"


def _turn_lines(place: int, turn: "executor_pb2.ReplayedTurn") -> Iterator[str]:
    words = f": {turn.text}" if turn.text else ""
    yield f"turn {place}, {turn.at.ToJsonString()}, {turn.kind}{words}"
    if turn.is_same:
        yield from (f"  = {_message(each)}" for each in turn.recorded)
        return
    yield from (f"  - {_message(each)}" for each in turn.recorded)
    yield from (f"  + {_message(each)}" for each in turn.replayed)


def _message(said: "executor_pb2.SaidMessage") -> str:
    options = "".join(f" [{title}]" for title in said.options)
    kind = "" if said.kind in ("text", "buttons", "list") else f"({said.kind}) "
    return f"{kind}{said.text}{options}  ({said.node_id})"
