"""/api/v1/media: files that messages send, and those of contacts."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import aclosing, contextmanager
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Header, Query, Request
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field
from starlette.requests import ClientDisconnect

from services.chassis.errors import Unavailable
from services.ingress.domain.media import MediaView, ReceivedView, file_name, served_type
from services.ingress.http.connection import UNHURRIED
from services.ingress.http.problems import Refusal
from services.ingress.http.rest.auth import Reader, Sender, Uploader
from services.ingress.http.rest.models import Time
from services.ingress.http.rest.refusals import refusals
from services.ingress.ports import Media
from services.pb.common.v1 import errors_pb2

Kind = Literal["image", "video", "audio", "document", "sticker"]

PIECE_BYTES = 1024 * 1024
# Each holds a piece or two in memory; one organization has a quarter of the places.
MOST_UPLOADS = 32
SHARE = 8
_ANY = "application/octet-stream"
_ID = "0d6b1c1e-7a8f-4c55-9b0e-3a4d2c6f1a10"
_SHA256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"


class MediaFile(BaseModel):
    """A file that can be sent or read."""

    id: str = Field(description='What a message names: `{"upload": id}`.', examples=[_ID])
    kind: Kind
    mime_type: str = Field(examples=["image/png"])
    size: int = Field(description="Bytes.", examples=[48213])
    sha256: str = Field(description="In hexadecimal.", examples=[_SHA256])
    created_at: Time = Field(examples=["2026-03-04T13:20:00Z"])

    @classmethod
    def of(cls, view: MediaView) -> MediaFile:
        """From a file."""
        return cls.model_validate(
            {
                "id": view.media_id,
                "kind": view.kind,
                "mime_type": view.mime_type,
                "size": view.size,
                "sha256": view.sha256.hex(),
                "created_at": view.created_at,
            }
        )


class ReceivedFile(BaseModel):
    """A contact's file and what became of it."""

    id: str = Field(examples=[_ID])
    conversation_id: str = Field(examples=["5f0c7b1c-6a0e-4c7e-9a44-0c6a3f3b9d10"])
    kind: str = Field(description="image, video, audio, document or sticker.", examples=["image"])
    mime_type: str = Field(description="As Meta said.", examples=["image/jpeg"])
    state: str = Field(description="pending, stored, refused or expired.", examples=["stored"])
    reason: str | None = Field(description="Why it is not stored (yet).", examples=[None])
    size: int | None = Field(description="Bytes, once stored.", examples=[48213])
    sha256: str | None = Field(description="In hexadecimal, once stored.", examples=[_SHA256])
    received_at: Time = Field(examples=["2026-03-04T13:20:00Z"])

    @classmethod
    def of(cls, view: ReceivedView) -> ReceivedFile:
        """From a file."""
        return cls(
            id=view.media_id,
            conversation_id=view.conversation_id,
            kind=view.kind,
            mime_type=view.mime_type,
            state=view.state,
            reason=view.reason or None,
            size=view.size or None,
            sha256=view.sha256.hex() or None,
            received_at=view.received_at,
        )


class ReceivedFiles(BaseModel):
    """Files of a conversation's contact, newest first."""

    files: list[ReceivedFile]


class _Places:
    """Uploads under way in this process, so that their pieces never fill its memory."""

    def __init__(self) -> None:
        self._taken: Counter[UUID] = Counter()

    @contextmanager
    def taken(self, organization_id: UUID) -> Iterator[None]:
        """Hold a place. Raises Unavailable when there is none."""
        if self._taken.total() >= MOST_UPLOADS or self._taken[organization_id] >= SHARE:
            sentence = "too many files are on their way; try again when some have come"
            raise Unavailable(sentence, reason=errors_pb2.ERROR_REASON_STORE_UNAVAILABLE)
        self._taken[organization_id] += 1
        try:
            yield
        finally:
            self._taken[organization_id] -= 1
            self._taken += Counter()  # forgets who holds none


class _Endpoints:
    """What one does with files."""

    def __init__(self, media: Media) -> None:
        self._media = media
        self._places = _Places()

    async def put(
        self,
        organization_id: Uploader,
        media_id: UUID,
        request: Request,
        kind: Annotated[Kind, Query(description="What it will be shown as; Meta's limits follow from it.")],
        content_length: Annotated[int | None, Header(include_in_schema=False)] = None,
        content_type: Annotated[str, Header(include_in_schema=False, max_length=255)] = "",
    ) -> MediaFile:
        """Keep a file, the body, under an id of your choice (a UUID), to be named by messages. Permission:
        messages:send.

        What Meta would refuse is refused, and says why. `Content-Type` and `Content-Length` are needed. Repeating the
        call changes nothing; under the id of another file it is refused.
        """
        if content_length is None:
            raise Refusal(411, "Content-Length is missing; say how many bytes the file has", "LENGTH_REQUIRED")
        with self._places.taken(organization_id):
            # From here on somebody who may send brings a file: it may take as long as the guard lets it.
            request.scope[UNHURRIED] = True
            kept = await self._media.take(
                organization_id=organization_id,
                media_id=media_id,
                kind=kind,
                mime_type=content_type,
                size=content_length,
                pieces=_in_pieces(request),
            )
        return MediaFile.of(kept)

    async def read(self, organization_id: Reader, media_id: UUID) -> MediaFile:
        """What a file is, one of yours or a contact's that is stored. Permission: conversations:read."""
        return MediaFile.of(await self._media.one(organization_id=organization_id, media_id=media_id))

    async def delete(self, organization_id: Sender, media_id: UUID) -> None:
        """Delete one of your files, here and at Meta. Permission: messages:send.

        Messages that name it and wait fail. Contacts' files go with their contact.
        """
        await self._media.delete(organization_id=organization_id, media_id=media_id)

    async def content(self, organization_id: Reader, media_id: UUID) -> StreamingResponse:
        """A file itself, always as an attachment. Permission: conversations:read."""
        view = await self._media.one(organization_id=organization_id, media_id=media_id)
        pieces = self._media.content(organization_id=organization_id, media_id=media_id)
        # Asked for before the answer begins: what is lost is answered with an error.
        first = await anext(pieces, b"")
        return StreamingResponse(
            _followed(first, pieces),
            media_type=served_type(view.mime_type),
            headers={
                "content-length": str(view.size),
                "content-disposition": f'attachment; filename="{file_name(view.media_id, view.mime_type)}"',
            },
        )

    async def received(
        self,
        organization_id: Reader,
        conversation_id: Annotated[UUID, Query(description="The conversation.")],
        limit: Annotated[int, Query(ge=1, le=1000, description="How many to give.")] = 100,
    ) -> ReceivedFiles:
        """Files that came from a conversation's contact, newest first. Permission: conversations:read.

        Nothing comes until your organization wants such files.
        """
        found = await self._media.received(
            organization_id=organization_id, conversation_id=conversation_id, limit=limit
        )
        return ReceivedFiles(files=[ReceivedFile.of(each) for each in found])


async def _in_pieces(request: Request) -> AsyncIterator[bytes]:
    """The body, PIECE_BYTES at a time: each piece is a call. An empty body is one piece, for sender to refuse."""
    gathered, has_come = bytearray(), False
    try:
        async for chunk in request.stream():
            gathered += chunk
            while len(gathered) >= PIECE_BYTES:
                has_come = True
                yield bytes(gathered[:PIECE_BYTES])
                del gathered[:PIECE_BYTES]
    except ClientDisconnect:
        raise Refusal(400, "the body ended before its end; send all of it", "BODY_ENDED") from None
    if gathered or not has_come:
        yield bytes(gathered)


async def _followed(first: bytes, pieces: AsyncGenerator[bytes, None]) -> AsyncIterator[bytes]:
    async with aclosing(pieces):
        yield first
        async for piece in pieces:
            yield piece


_NO_FILE = "No file has this id, or it is not stored: MEDIA_NOT_FOUND"


def media_routes(media: Media) -> APIRouter:
    """The routes, to be put under /api/v1."""
    endpoints = _Endpoints(media)
    routes = APIRouter(prefix="/media", tags=["media"])
    routes.add_api_route("", endpoints.received, summary="List a contact's files", responses=refusals())
    routes.add_api_route(
        "/{media_id}",
        endpoints.put,
        methods=["PUT"],
        summary="Keep a file to be sent",
        openapi_extra=_file_body(),
        responses=refusals(
            on_409="Another file has this id: MEDIA_EXISTS",
            on_411="Content-Length is missing: LENGTH_REQUIRED",
            on_413="The body is larger than 100 MiB: BODY_TOO_LARGE",
        ),
    )
    routes.add_api_route("/{media_id}", endpoints.read, summary="What a file is", responses=refusals(on_404=_NO_FILE))
    routes.add_api_route(
        "/{media_id}",
        endpoints.delete,
        methods=["DELETE"],
        status_code=204,
        summary="Delete a file",
        responses=refusals(on_404="No file of yours has this id: MEDIA_NOT_FOUND"),
    )
    routes.add_api_route(
        "/{media_id}/content",
        endpoints.content,
        summary="Read a file",
        response_class=StreamingResponse,
        responses=refusals(on_404=_NO_FILE, on_409="Its content is lost: MEDIA_NOT_FOUND")
        | {200: {"description": "The file", "content": {_ANY: {"schema": {"type": "string", "format": "binary"}}}}},
    )
    return routes


def _file_body() -> dict[str, Any]:
    schema = {"type": "string", "format": "binary"}
    return {"requestBody": {"required": True, "content": {"*/*": {"schema": schema}}}}
