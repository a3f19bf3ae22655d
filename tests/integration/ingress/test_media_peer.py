"""ingress' calls about files over real gRPC, to a stand-in of sender."""

import hashlib
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest

from services.chassis.errors import AlreadyExists, FailedPrecondition, InvalidArgument, NotFound
from services.chassis.rpc import Servicer
from services.ingress.peers.media import GrpcMedia
from services.pb.common.v1 import content_pb2, errors_pb2
from services.pb.sender.v1 import sender_pb2, sender_pb2_grpc
from tests.integration.ingress.test_peers import MOMENT, peer_of

ORGANIZATION, FILE, CONVERSATION = uuid4(), uuid4(), uuid4()
CONTENT = b"%PDF" + bytes(range(256)) * 20


class Shelf(sender_pb2_grpc.MediaServicer):
    """Takes pieces; what it keeps already it gives as it is. `breaks` raises in the middle of a content."""

    def __init__(self, *, breaks: bool = False) -> None:
        self.pieces: list[Any] = []
        self.content = b""
        self.is_whole = False
        self.breaks = breaks

    async def UploadMedia(self, request: Any, context: Any) -> sender_pb2.UploadMediaResponse:  # noqa: N802
        if request.mime_type == "text/html":
            raise InvalidArgument("mime_type is 'text/html', which is no document")
        self.pieces.append(request)
        if not self.is_whole:
            self.content += request.content
            self.is_whole = len(self.content) == request.size
        return sender_pb2.UploadMediaResponse(media=self._file() if self.is_whole else None)

    async def GetMedia(self, request: Any, context: Any) -> sender_pb2.GetMediaResponse:  # noqa: N802
        if request.media_id != str(FILE):
            raise NotFound("no such file", reason=errors_pb2.ERROR_REASON_MEDIA_NOT_FOUND)
        return sender_pb2.GetMediaResponse(media=self._file())

    async def GetMediaContent(  # noqa: N802
        self, request: Any, context: Any
    ) -> AsyncIterator[sender_pb2.GetMediaContentResponse]:
        for start in range(0, len(CONTENT), 1000):
            yield sender_pb2.GetMediaContentResponse(content=CONTENT[start : start + 1000])
            if self.breaks:
                raise FailedPrecondition("it is lost", reason=errors_pb2.ERROR_REASON_MEDIA_NOT_FOUND)

    async def DeleteMedia(self, request: Any, context: Any) -> sender_pb2.DeleteMediaResponse:  # noqa: N802
        self.content = b""
        return sender_pb2.DeleteMediaResponse()

    def _file(self) -> sender_pb2.MediaFile:
        file = sender_pb2.MediaFile(
            media_id=str(FILE), kind=content_pb2.MEDIA_KIND_DOCUMENT, mime_type="application/pdf",
            size=len(self.content), sha256=hashlib.sha256(self.content).digest(),
        )  # fmt: skip
        file.created_at.FromDatetime(MOMENT)
        return file


class Arrivals(sender_pb2_grpc.ReceivedMediaServicer):
    """One file of a contact, that waits."""

    async def List(self, request: Any, context: Any) -> sender_pb2.ListReceivedMediaResponse:  # noqa: N802
        file = sender_pb2.ReceivedFile(
            media_id=str(FILE), conversation_id=request.conversation_id, kind="audio", mime_type="audio/ogg",
            state="pending", reason=f"at most {request.limit}",
        )  # fmt: skip
        file.received_at.FromDatetime(MOMENT)
        return sender_pb2.ListReceivedMediaResponse(files=[file])


def served(shelf: Shelf) -> list[Servicer]:
    return [
        Servicer("pytake.sender.v1.Media", sender_pb2_grpc.add_MediaServicer_to_server, shelf),
        Servicer("pytake.sender.v1.ReceivedMedia", sender_pb2_grpc.add_ReceivedMediaServicer_to_server, Arrivals()),
    ]


async def brought(media: GrpcMedia, *pieces: bytes, mime_type: str = "application/pdf", size: int = 0) -> Any:
    async def bring() -> AsyncIterator[bytes]:
        for piece in pieces:
            yield piece

    return await media.take(
        organization_id=ORGANIZATION, media_id=FILE, kind="document", mime_type=mime_type,
        size=size or len(b"".join(pieces)), pieces=bring(),
    )  # fmt: skip


async def test_a_file_is_brought_piece_by_piece_and_a_repeat_is_the_same_file() -> None:
    shelf = Shelf()
    async with peer_of("sender", *served(shelf)) as peer:
        first = await brought(GrpcMedia(peer), CONTENT[:1000], CONTENT[1000:])
        again = await brought(GrpcMedia(peer), CONTENT[:1000], CONTENT[1000:])

    assert first == again
    assert (first.kind, first.size, first.created_at) == ("document", len(CONTENT), MOMENT)
    # Of the repeat sender needed only the first piece.
    assert [(piece.position, len(piece.content)) for piece in shelf.pieces] == [
        (0, 1000), (1000, len(CONTENT) - 1000), (0, 1000),
    ]  # fmt: skip


async def test_another_file_under_the_same_id_is_found_by_its_digest() -> None:
    async with peer_of("sender", *served(Shelf())) as peer:
        await brought(GrpcMedia(peer), CONTENT)
        with pytest.raises(AlreadyExists):
            await brought(GrpcMedia(peer), CONTENT[:1000], b"otherwise")


async def test_what_is_refused_is_refused_with_senders_words() -> None:
    async with peer_of("sender", *served(Shelf())) as peer:
        with pytest.raises(InvalidArgument, match="which is no document"):
            await brought(GrpcMedia(peer), CONTENT, mime_type="text/html")


async def test_a_file_that_is_shorter_than_it_was_said_to_be_is_refused() -> None:
    async with peer_of("sender", *served(Shelf())) as peer:
        with pytest.raises(InvalidArgument, match="send all of it"):
            await brought(GrpcMedia(peer), CONTENT[:1000], size=len(CONTENT))


async def test_a_content_streams_and_what_breaks_in_the_middle_is_no_end() -> None:
    async with peer_of("sender", *served(Shelf())) as peer:
        pieces = [piece async for piece in GrpcMedia(peer).content(organization_id=ORGANIZATION, media_id=FILE)]
    assert b"".join(pieces) == CONTENT

    async with peer_of("sender", *served(Shelf(breaks=True))) as peer:
        stream = GrpcMedia(peer).content(organization_id=ORGANIZATION, media_id=FILE)
        assert await anext(stream) == CONTENT[:1000]
        with pytest.raises(FailedPrecondition):
            await anext(stream)


async def test_what_there_is_not_is_not_found_and_what_is_deleted_is_gone() -> None:
    shelf = Shelf()
    async with peer_of("sender", *served(shelf)) as peer:
        media = GrpcMedia(peer)
        with pytest.raises(NotFound):
            await media.one(organization_id=ORGANIZATION, media_id=uuid4())
        await brought(media, CONTENT)
        assert (await media.one(organization_id=ORGANIZATION, media_id=FILE)).size == len(CONTENT)
        await media.delete(organization_id=ORGANIZATION, media_id=FILE)
    assert shelf.content == b""


async def test_a_conversations_files_are_told_as_sender_tells_them() -> None:
    async with peer_of("sender", *served(Shelf())) as peer:
        (file,) = await GrpcMedia(peer).received(organization_id=ORGANIZATION, conversation_id=CONVERSATION, limit=7)
    assert (file.media_id, file.conversation_id, file.kind, file.state, file.reason, file.received_at) == (
        str(FILE), str(CONVERSATION), "audio", "pending", "at most 7", MOMENT,
    )  # fmt: skip
