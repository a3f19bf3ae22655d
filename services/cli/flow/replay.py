"""`pytake flow replay`: a recorded conversation of the running house, run again against a draft."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from services.cli.ending import WrongInput, told
from services.cli.flow.house import Data, Flows, Json, Organization, print_json, with_flows
from services.embedded.state import DEFAULT_DATA

if TYPE_CHECKING:
    from services.pb.executor.v1 import executor_pb2


def replay(
    conversation: Annotated[str, typer.Argument(metavar="CONVERSATION", help="The conversation's id.")],
    against: Annotated[str, typer.Option(metavar="FILE|NAME", help="A flow file, or the name of a flow with a draft.")],
    organization: Organization = "",
    flow: Annotated[
        str, typer.Option(metavar="NAME", help="The flow whose place a FILE takes; else the first that was started.")
    ] = "",
    every: Annotated[bool, typer.Option("--all", help="Show every turn, not only the first that differs.")] = False,
    as_json: Json = False,
    data: Data = DEFAULT_DATA,
) -> None:
    """Show where a recorded conversation would go another way with a draft; 1 when it would."""
    with told():
        document = _document(Path(against)) if Path(against).is_file() else b""
        name = flow if document else against
        replayed = with_flows(data, organization, lambda flows: _replay(flows, conversation, name, document))
    if as_json:
        print_json(replayed)
    else:
        for line in _lines(replayed, every=every):
            typer.echo(line)
    raise typer.Exit(1 if replayed.first_difference else 0)


def _document(file: Path) -> bytes:
    from services.cli.apply.flow_source import read_flow

    try:
        return read_flow(file, None)
    except ValueError as error:
        raise WrongInput(str(error)) from None


async def _replay(
    flows: Flows, conversation: str, name: str, document: bytes
) -> executor_pb2.ReplayConversationResponse:
    from services.pb.executor.v1 import executor_pb2

    request = executor_pb2.ReplayConversationRequest(
        organization_id=flows.organization_id,
        conversation_id=conversation,
        flow_id=(await flows.named(name)).flow_id if name else "",
        document=document,
    )
    return await flows.call(flows.stub.ReplayConversation, request)


def _lines(replayed: executor_pb2.ReplayConversationResponse, *, every: bool) -> Iterator[str]:
    if replayed.is_cut:
        yield "the record begins in the middle of the conversation: its first turns may differ for want of the rest"
    for place, turn in enumerate(replayed.turns, start=1):
        if every or place == replayed.first_difference:
            yield from _turn_lines(place, turn)
    if not replayed.first_difference:
        yield f"{len(replayed.turns)} turns, no difference"
    elif replayed.first_difference > len(replayed.turns):
        yield f"turn {replayed.first_difference} differs; there is no room to show it"


def _turn_lines(place: int, turn: executor_pb2.ReplayedTurn) -> Iterator[str]:
    words = f": {turn.text}" if turn.text else ""
    yield f"turn {place}, {turn.at.ToJsonString()}, {turn.kind}{words}"
    if turn.is_same:
        yield from (f"  = {_message(each)}" for each in turn.recorded)
        return
    yield from (f"  - {_message(each)}" for each in turn.recorded)
    yield from (f"  + {_message(each)}" for each in turn.replayed)


def _message(said: executor_pb2.SaidMessage) -> str:
    options = "".join(f" [{title}]" for title in said.options)
    kind = "" if said.kind in ("text", "buttons", "list") else f"({said.kind}) "
    return f"{kind}{said.text}{options}  ({said.node_id})"
