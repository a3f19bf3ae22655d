"""sender.v1.Media: files in pieces, in and out."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp
from grpc import aio

from services.pb.common.v1 import content_pb2
from services.pb.sender.v1 import sender_pb2, sender_pb2_grpc
from services.sender.domain.media import MediaKind
from services.sender.ports.media import KeptMedia
from services.sender.server.reading import read_id
from services.sender.usecases.deleting_media import DeleteMedia
from services.sender.usecases.media import KeepMedia

_KINDS: dict[MediaKind, content_pb2.MediaKind.ValueType] = {
    "image": content_pb2.MEDIA_KIND_IMAGE,
    "video": content_pb2.MEDIA_KIND_VIDEO,
    "audio": content_pb2.MEDIA_KIND_AUDIO,
    "document": content_pb2.MEDIA_KIND_DOCUMENT,
    "sticker": content_pb2.MEDIA_KIND_STICKER,
}
_WORDS: dict[int, str] = {number: word for word, number in _KINDS.items()}


class MediaServer(sender_pb2_grpc.MediaServicer):
    """Files of organizations."""

    def __init__(self, media: KeepMedia, delete: DeleteMedia) -> None:
        self._media = media
        self._delete = delete

    async def UploadMedia(
        self, request: sender_pb2.UploadMediaRequest, context: aio.ServicerContext[Any, Any]
    ) -> sender_pb2.UploadMediaResponse:
        """Takes one piece of a file."""
        kept = await self._media.take_piece(
            organization_id=read_id("organization_id", request.organization_id),
            media_id=read_id("media_id", request.media_id),
            kind=_WORDS.get(request.kind, ""),
            mime_type=request.mime_type,
            size=request.size,
            position=request.position,
            content=request.content,
        )
        return sender_pb2.UploadMediaResponse(media=None if kept is None else _file(kept))

    async def GetMedia(
        self, request: sender_pb2.GetMediaRequest, context: aio.ServicerContext[Any, Any]
    ) -> sender_pb2.GetMediaResponse:
        """Tells what a file is."""
        kept = await self._media.get(
            organization_id=read_id("organization_id", request.organization_id),
            media_id=read_id("media_id", request.media_id),
        )
        return sender_pb2.GetMediaResponse(media=_file(kept))

    async def GetMediaContent(
        self, request: sender_pb2.GetMediaContentRequest, context: aio.ServicerContext[Any, Any]
    ) -> AsyncIterator[sender_pb2.GetMediaContentResponse]:
        """Gives a file's content."""
        pieces = self._media.read(
            organization_id=read_id("organization_id", request.organization_id),
            media_id=read_id("media_id", request.media_id),
        )
        async for piece in pieces:
            yield sender_pb2.GetMediaContentResponse(content=piece)

    async def DeleteMedia(
        self, request: sender_pb2.DeleteMediaRequest, context: aio.ServicerContext[Any, Any]
    ) -> sender_pb2.DeleteMediaResponse:
        """Deletes a file of the organization's own."""
        await self._delete(
            organization_id=read_id("organization_id", request.organization_id),
            media_id=read_id("media_id", request.media_id),
        )
        return sender_pb2.DeleteMediaResponse()


def _file(kept: KeptMedia) -> sender_pb2.MediaFile:
    created_at = Timestamp()
    created_at.FromDatetime(kept.created_at)
    return sender_pb2.MediaFile(
        media_id=str(kept.media_id),
        kind=_KINDS[kept.kind],
        mime_type=kept.mime_type,
        size=kept.size,
        sha256=kept.sha256,
        created_at=created_at,
    )
