"""sender's files, as the REST API sees them."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from datetime import UTC
from uuid import UUID

from services.chassis.errors import AlreadyExists, InvalidArgument
from services.chassis.rpc import Peer
from services.ingress.domain.media import MediaView, ReceivedView
from services.pb.common.v1 import content_pb2, errors_pb2
from services.pb.sender.v1 import sender_pb2, sender_pb2_grpc

_SECONDS = 6.0
# With the last piece sender puts the whole file into its store.
_PIECE_SECONDS = 60.0
# A token outlives it, whenever it was signed (Peer.stream).
_DOWNLOAD_SECONDS = 120.0
_KIND = "MEDIA_KIND_"


class GrpcMedia:
    """See ports.Media."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer
        self._media = peer.stub(sender_pb2_grpc.MediaStub)
        self._received = peer.stub(sender_pb2_grpc.ReceivedMediaStub)

    async def take(
        self,
        *,
        organization_id: UUID,
        media_id: UUID,
        kind: str,
        mime_type: str,
        size: int,
        pieces: AsyncIterator[bytes],
    ) -> MediaView:
        """See ports.Media."""
        digest, position = hashlib.sha256(), 0
        kept: sender_pb2.MediaFile | None = None
        async for piece in pieces:
            digest.update(piece)
            if kept is None:
                request = sender_pb2.UploadMediaRequest(
                    organization_id=str(organization_id), media_id=str(media_id),
                    kind=content_pb2.MediaKind.Value(f"{_KIND}{kind.upper()}"), mime_type=mime_type, size=size,
                    position=position, content=piece,
                )  # fmt: skip
                answer = await self._peer.call(self._media.UploadMedia, request, seconds=_PIECE_SECONDS)
                kept = answer.media if answer.HasField("media") else None
            position += len(piece)
        if kept is None:
            raise InvalidArgument(f"the file has {position:,} bytes, and {size:,} were announced; send all of it")
        if kept.sha256 != digest.digest():
            sentence = "another file has this id already, and a file never changes; choose another id"
            raise AlreadyExists(sentence, reason=errors_pb2.ERROR_REASON_MEDIA_EXISTS)
        return _view(kept)

    async def one(self, *, organization_id: UUID, media_id: UUID) -> MediaView:
        """See ports.Media."""
        request = sender_pb2.GetMediaRequest(organization_id=str(organization_id), media_id=str(media_id))
        return _view((await self._peer.call(self._media.GetMedia, request, seconds=_SECONDS)).media)

    async def content(self, *, organization_id: UUID, media_id: UUID) -> AsyncGenerator[bytes, None]:
        """See ports.Media."""
        request = sender_pb2.GetMediaContentRequest(organization_id=str(organization_id), media_id=str(media_id))
        stream = self._peer.stream(self._media.GetMediaContent, request, seconds=_DOWNLOAD_SECONDS)
        async with aclosing(stream) as messages:
            async for message in messages:
                yield message.content

    async def delete(self, *, organization_id: UUID, media_id: UUID) -> None:
        """See ports.Media."""
        request = sender_pb2.DeleteMediaRequest(organization_id=str(organization_id), media_id=str(media_id))
        await self._peer.call(self._media.DeleteMedia, request, seconds=_PIECE_SECONDS)

    async def received(self, *, organization_id: UUID, conversation_id: UUID, limit: int) -> list[ReceivedView]:
        """See ports.Media."""
        request = sender_pb2.ListReceivedMediaRequest(
            organization_id=str(organization_id), conversation_id=str(conversation_id), limit=limit
        )
        answer = await self._peer.call(self._received.List, request, seconds=_SECONDS)
        return [
            ReceivedView(
                media_id=file.media_id,
                conversation_id=file.conversation_id,
                kind=file.kind,
                mime_type=file.mime_type,
                state=file.state,
                reason=file.reason,
                size=file.size,
                sha256=file.sha256,
                received_at=file.received_at.ToDatetime(UTC),
            )
            for file in answer.files
        ]


def _view(file: sender_pb2.MediaFile) -> MediaView:
    return MediaView(
        media_id=file.media_id,
        kind=content_pb2.MediaKind.Name(file.kind).removeprefix(_KIND).lower(),
        mime_type=file.mime_type,
        size=file.size,
        sha256=file.sha256,
        created_at=file.created_at.ToDatetime(UTC),
    )
