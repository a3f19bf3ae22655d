"""`pytake dead`: what lanes gave up on. The operator's tool: contents are shown as they are."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from services.cli.ending import Failed, WrongInput, told
from services.embedded.state import DEFAULT_DATA, State

if TYPE_CHECKING:
    from google.protobuf.message import Message

    from services.cli.rooms import Rooms
    from services.pb.common.v1 import lanes_pb2

app = typer.Typer(add_completion=False, no_args_is_help=True)

ROOMS_WITH_LANES = ("ingress", "executor", "sender")

Data = Annotated[Path, typer.Option(help="The house's data folder.")]
Box = Annotated[str, typer.Argument(metavar="BOX", help="Such as executor.inbox.")]


@app.callback()
def dead() -> None:
    """List, show and replay what a lane gave up on."""


@app.command("list", help="List dead letters of every room, newest first.")
def list_(
    box: Annotated[str, typer.Option(help="Only this box, such as executor.inbox.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=1000, help="At most this many of each room.")] = 100,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON object for each letter.")] = False,
    data: Data = DEFAULT_DATA,
) -> None:
    with told():
        for letter in _letters(data, box, limit=limit):
            typer.echo(json.dumps(_as_json(letter), ensure_ascii=False) if as_json else _line(letter))


@app.command(help="Show one dead letter with its content, as JSON.")
def show(box: Box, dead_id: Annotated[int, typer.Argument(metavar="ID", min=1)], data: Data = DEFAULT_DATA) -> None:
    with told():
        letters = _letters(data, box, dead_id=dead_id)
        if not letters:
            raise Failed(f"{box} has no dead letter {dead_id}; `pytake dead list` shows what there is")
        typer.echo(json.dumps(_as_json(letters[0]) | {"content": _content(letters[0])}, ensure_ascii=False, indent=2))


@app.command(help="Put dead letters back at the end of their lanes.")
def replay(
    box: Box, dead_ids: Annotated[list[int], typer.Argument(metavar="ID…", min=1)], data: Data = DEFAULT_DATA
) -> None:
    with told():
        replayed = _replay(data, box, dead_ids)
        typer.echo(f"{replayed} of {len(dead_ids)} put back")
        if replayed < len(set(dead_ids)):
            raise Failed("the others do not lie in this box; `pytake dead list` shows what there is")


def _room_of(box: str) -> str:
    room = box.partition(".")[0]
    if room not in ROOMS_WITH_LANES:
        raise WrongInput(f"{box!r} is no box; boxes are named like executor.inbox, of {', '.join(ROOMS_WITH_LANES)}")
    return room


def _letters(data: Path, box: str, *, limit: int = 1, dead_id: int = 0) -> "list[lanes_pb2.DeadLetter]":
    chosen = (_room_of(box),) if box else ROOMS_WITH_LANES
    from services.cli.rooms import talk
    from services.pb.common.v1 import lanes_pb2, lanes_pb2_grpc

    async def work(rooms: "Rooms", _: State) -> "list[lanes_pb2.DeadLetter]":
        request = lanes_pb2.ListDeadLettersRequest(box=box, limit=limit, dead_id=dead_id)
        found: list[lanes_pb2.DeadLetter] = []
        for room in chosen:
            stub = rooms.peer(room).stub(lanes_pb2_grpc.DeadLettersStub)
            found += (await rooms.call(room, stub.ListDeadLetters, request)).dead_letters
        return found

    return sorted(talk(data, work), key=lambda letter: letter.died_at.ToNanoseconds(), reverse=True)


def _replay(data: Path, box: str, dead_ids: Sequence[int]) -> int:
    room = _room_of(box)
    from services.cli.rooms import talk
    from services.pb.common.v1 import lanes_pb2, lanes_pb2_grpc

    async def work(rooms: "Rooms", _: State) -> int:
        stub = rooms.peer(room).stub(lanes_pb2_grpc.DeadLettersStub)
        request = lanes_pb2.ReplayDeadLettersRequest(box=box, dead_ids=dead_ids)
        return (await rooms.call(room, stub.ReplayDeadLetters, request)).replayed

    return talk(data, work)


def _line(letter: "lanes_pb2.DeadLetter") -> str:
    again = f", put back {letter.replays} times" if letter.replays else ""
    died_at = letter.died_at.ToJsonString()
    return f"{died_at}  {letter.box} {letter.dead_id}  after {letter.attempts} tries{again}: {letter.error}"


def _as_json(letter: "lanes_pb2.DeadLetter") -> dict[str, object]:
    names = ("box", "dead_id", "group_id", "lane_id", "event_id", "attempts", "error", "replays")
    return {name: getattr(letter, name) for name in names} | {"died_at": letter.died_at.ToJsonString()}


def _content(letter: "lanes_pb2.DeadLetter") -> object:
    """The payload as the message its box carries; as hexadecimal when it is none."""
    from google.protobuf.message import DecodeError

    from services.chassis.queue import plain_form

    kind = _kinds().get(letter.box)
    if kind is None:
        return {"hex": letter.payload.hex()}
    message = kind()
    try:
        message.ParseFromString(letter.payload)
    except DecodeError:
        return {"hex": letter.payload.hex()}
    return plain_form(message)


def _kinds() -> "dict[str, type[Message]]":
    from services.pb.analytics.v1 import analytics_pb2
    from services.pb.common.v1 import events_pb2
    from services.pb.executor.v1 import executor_pb2
    from services.pb.sender.v1 import sender_pb2

    return {
        "ingress.out": events_pb2.InboundMessage,
        "ingress.status": events_pb2.MessageStatus,
        "executor.inbox": executor_pb2.ConversationEvent,
        "executor.outbox": sender_pb2.OutboundMessage,
        "executor.records": analytics_pb2.Record,
        "sender.inbox": sender_pb2.OutboundMessage,
        "sender.records": analytics_pb2.Record,
    }
