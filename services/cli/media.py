"""`pytake media`: files that messages send, and those that came from contacts."""

import asyncio
import hashlib
import json
import mimetypes
import uuid
from collections.abc import Awaitable, Callable
from contextlib import aclosing, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO

import typer

from services.cli.ending import Failed, WrongInput, told
from services.embedded.state import DEFAULT_DATA, State

if TYPE_CHECKING:
    from services.cli.rooms import Rooms
    from services.pb.sender.v1 import sender_pb2

app = typer.Typer(add_completion=False, no_args_is_help=True)

KINDS = ("image", "video", "audio", "document", "sticker")
_PIECE_BYTES = 1024 * 1024
# A token outlives it (chassis.rpc.Peer.stream).
_DOWNLOAD_SECONDS = 120.0

Organization = Annotated[str, typer.Argument(metavar="ORGANIZATION", help="The organization's name.")]
Data = Annotated[Path, typer.Option(help="The house's data folder.")]


@app.callback()
def media() -> None:
    """Upload and delete files for messages, list and read those of contacts."""


@app.command(help="Keep a file that messages can send; prints the id by which they name it.")
def upload(
    organization: Organization,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The file.")],
    kind: Annotated[str, typer.Option(help=f"What it is shown as: {', '.join(KINDS)}.")],
    mime_type: Annotated[str, typer.Option("--type", help="Its type, such as image/png; else by its name.")] = "",
    data: Data = DEFAULT_DATA,
) -> None:
    with told():
        if kind not in KINDS:
            raise WrongInput(f"--kind is {kind!r}; use {', '.join(KINDS)}")
        guessed = mime_type or mimetypes.guess_type(file.name)[0]
        if not guessed:
            raise WrongInput(f"nobody knows the type of {file.name}; name it with --type")
        size = _size_of(file)
    from services.pb.common.v1 import content_pb2
    from services.pb.sender.v1 import sender_pb2, sender_pb2_grpc

    async def work(rooms: "Rooms", organization_id: str) -> None:
        stub = rooms.peer("sender").stub(sender_pb2_grpc.MediaStub)
        request = sender_pb2.UploadMediaRequest(
            organization_id=organization_id,
            media_id=str(uuid.uuid4()),
            kind=content_pb2.MediaKind.Value(f"MEDIA_KIND_{kind.upper()}"),
            mime_type=guessed,
            size=size,
        )
        with file.open("rb") as source:
            while piece := await asyncio.to_thread(source.read, _PIECE_BYTES):
                request.content = piece
                answer = await rooms.call("sender", stub.UploadMedia, request)
                request.position += len(piece)
        if not answer.HasField("media"):
            raise Failed(f"{file} changed while it was read; upload it again")
        typer.echo(answer.media.media_id)

    _talk(data, organization, work)


@app.command("list", help="List the files that came from a conversation's contact, newest first.")
def list_(
    organization: Organization,
    conversation: Annotated[str, typer.Argument(metavar="CONVERSATION", help="The conversation's id.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON object for each file.")] = False,
    data: Data = DEFAULT_DATA,
) -> None:
    from services.pb.sender.v1 import sender_pb2, sender_pb2_grpc

    async def work(rooms: "Rooms", organization_id: str) -> None:
        stub = rooms.peer("sender").stub(sender_pb2_grpc.ReceivedMediaStub)
        request = sender_pb2.ListReceivedMediaRequest(organization_id=organization_id, conversation_id=conversation)
        for each in (await rooms.call("sender", stub.List, request)).files:
            typer.echo(json.dumps(_as_json(each), ensure_ascii=False) if as_json else _line(each))

    _talk(data, organization, work)


@app.command(help="Read a file, one that messages send or a contact's that is stored.")
def get(
    organization: Organization,
    media_id: Annotated[str, typer.Argument(metavar="ID", help="The file's id.")],
    out: Annotated[Path, typer.Option(help="Where to write it; an existing file is not overwritten.")],
    data: Data = DEFAULT_DATA,
) -> None:
    from services.pb.sender.v1 import sender_pb2, sender_pb2_grpc

    async def work(rooms: "Rooms", organization_id: str) -> None:
        stub = rooms.peer("sender").stub(sender_pb2_grpc.MediaStub)
        asked = sender_pb2.GetMediaRequest(organization_id=organization_id, media_id=media_id)
        file = (await rooms.call("sender", stub.GetMedia, asked)).media
        request = sender_pb2.GetMediaContentRequest(organization_id=organization_id, media_id=media_id)
        stream = rooms.peer("sender").stream(stub.GetMediaContent, request, seconds=_DOWNLOAD_SECONDS)
        digest = hashlib.sha256()
        with _created(out) as target:
            try:
                async with aclosing(stream) as messages:
                    async for message in messages:
                        digest.update(message.content)
                        await asyncio.to_thread(target.write, message.content)
                if digest.digest() != file.sha256:
                    raise Failed(f"{media_id} came otherwise than it was stored; read it again")
            except BaseException:
                # Half a file would look like one.
                with suppress(OSError):
                    out.unlink()
                raise
        typer.echo(f"{out}: {file.mime_type}, {file.size:,} bytes")

    _talk(data, organization, work)


@app.command(help="Delete a file that messages send, here and at Meta.")
def delete(
    organization: Organization,
    media_id: Annotated[str, typer.Argument(metavar="ID", help="The file's id.")],
    data: Data = DEFAULT_DATA,
) -> None:
    from services.pb.sender.v1 import sender_pb2, sender_pb2_grpc

    async def work(rooms: "Rooms", organization_id: str) -> None:
        stub = rooms.peer("sender").stub(sender_pb2_grpc.MediaStub)
        request = sender_pb2.DeleteMediaRequest(organization_id=organization_id, media_id=media_id)
        await rooms.call("sender", stub.DeleteMedia, request)
        typer.echo(f"{media_id} is gone")

    _talk(data, organization, work)


def _talk(data: Path, organization: str, work: "Callable[[Rooms, str], Awaitable[None]]") -> None:
    from services.cli.rooms import talk

    async def session(rooms: "Rooms", _: State) -> None:
        await work(rooms, await rooms.organization_id(organization))

    with told():
        talk(data, session)


def _size_of(file: Path) -> int:
    try:
        size = file.stat().st_size
        with file.open("rb"):
            pass
    except OSError as error:
        raise WrongInput(f"{file} cannot be read: {error.strerror}") from None
    if not size:
        raise WrongInput(f"{file} is empty; give one with content")
    return size


def _created(out: Path) -> BinaryIO:
    try:
        return out.open("xb")
    except OSError as error:
        raise WrongInput(f"{out} cannot be written: {error.strerror}") from None


def _line(file: "sender_pb2.ReceivedFile") -> str:
    parts = (
        file.media_id,
        file.kind,
        file.mime_type or "-",
        file.state,
        f"{file.size:,}" if file.size else "-",
        file.received_at.ToJsonString(),
    )
    return "\t".join([*parts, *([file.reason] if file.reason else [])])


def _as_json(file: "sender_pb2.ReceivedFile") -> dict[str, object]:
    return {
        "id": file.media_id,
        "conversation_id": file.conversation_id,
        "kind": file.kind,
        "mime_type": file.mime_type,
        "state": file.state,
        "reason": file.reason or None,
        "size": file.size or None,
        "sha256": file.sha256.hex() or None,
        "received_at": file.received_at.ToJsonString(),
    }
