"""sender's files as ingress sees them, in memory."""

import asyncio
import hashlib
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

from services.chassis.errors import AlreadyExists, InvalidArgument, NotFound, PytakeError
from services.ingress.domain.media import MediaView, ReceivedView
from services.pb.common.v1 import errors_pb2

MORNING = datetime(2026, 3, 4, 13, 20, tzinfo=UTC)
PIECE = 1000


@dataclass
class Shelf:
    """ports.Media: takes whatever is not called text/html. `lost` is what reading raises; `pieces` what came."""

    kept: dict[tuple[UUID, UUID], tuple[MediaView, bytes]] = field(default_factory=dict)
    arrived: dict[tuple[UUID, UUID], list[ReceivedView]] = field(default_factory=dict)
    pieces: list[int] = field(default_factory=list)
    lost: PytakeError | None = None
    has_begun: asyncio.Event = field(default_factory=asyncio.Event)

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
        content = b""
        async for piece in pieces:
            self.pieces.append(len(piece))
            self.has_begun.set()
            if mime_type == "text/html":
                raise InvalidArgument(f"mime_type is {mime_type!r}, which is no {kind}")
            content += piece
        key = organization_id, media_id
        if key in self.kept and self.kept[key][1] != content:
            raise AlreadyExists("another file has this id already", reason=errors_pb2.ERROR_REASON_MEDIA_EXISTS)
        self.put(organization_id, media_id, kind, mime_type, content)
        return self.kept[key][0]

    def put(self, organization_id: UUID, media_id: UUID, kind: str, mime_type: str, content: bytes) -> None:
        """Have a file there."""
        view = MediaView(
            media_id=str(media_id), kind=kind, mime_type=mime_type, size=len(content),
            sha256=hashlib.sha256(content).digest(), created_at=MORNING,
        )  # fmt: skip
        self.kept[organization_id, media_id] = view, content

    async def one(self, *, organization_id: UUID, media_id: UUID) -> MediaView:
        return self._found(organization_id, media_id)[0]

    async def content(self, *, organization_id: UUID, media_id: UUID) -> AsyncGenerator[bytes, None]:
        if self.lost is not None:
            raise self.lost
        _, content = self._found(organization_id, media_id)
        for start in range(0, len(content), PIECE):
            yield content[start : start + PIECE]

    async def delete(self, *, organization_id: UUID, media_id: UUID) -> None:
        self._found(organization_id, media_id)
        del self.kept[organization_id, media_id]

    async def received(self, *, organization_id: UUID, conversation_id: UUID, limit: int) -> list[ReceivedView]:
        return self.arrived.get((organization_id, conversation_id), [])[:limit]

    def _found(self, organization_id: UUID, media_id: UUID) -> tuple[MediaView, bytes]:
        if (organization_id, media_id) not in self.kept:
            raise NotFound("no such file", reason=errors_pb2.ERROR_REASON_MEDIA_NOT_FOUND)
        return self.kept[organization_id, media_id]
