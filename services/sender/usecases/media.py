"""Files of organizations: taken piece by piece, told about, and given to Meta once for each number."""

from __future__ import annotations

import asyncio
import hashlib
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import UUID

from services.chassis.clock import Now
from services.chassis.errors import FailedPrecondition, InvalidArgument, NotFound, Unavailable
from services.pb.common.v1 import errors_pb2
from services.sender.domain.media import (
    MediaKind,
    MediaRefused,
    broken_media_limit,
    kind_of,
    media_type,
    most_bytes,
    object_key,
)
from services.sender.ports.media import (
    KeptMedia,
    MediaAway,
    MediaBook,
    MediaGraph,
    MediaOnItsWay,
    MediaStore,
    ObjectMissing,
    Received,
    ReceivedBook,
    StoreAway,
)

MOST_PIECE_BYTES = 3 * 1024 * 1024
_HEAD_BYTES = 64
# Ends before the claim of the upload does (store.media).
_UPLOAD_SECONDS = 150.0


class Scratch:
    """Temporary files of a process, only so many at a time: their folder has an end (deploy/k8s/base/sender.yaml)."""

    def __init__(self, places: int) -> None:
        self._places = asyncio.Semaphore(places)

    @asynccontextmanager
    async def __call__(self) -> AsyncIterator[Path]:
        """A file of one's own that is gone afterwards; waits for a place. Raises StoreAway."""
        async with self._places:
            try:
                folder = await asyncio.to_thread(tempfile.TemporaryDirectory, prefix="pytake-media-")
            except OSError as error:
                raise _no_room(error) from error
            try:
                yield Path(folder.name) / "content"
            finally:
                await asyncio.to_thread(folder.cleanup)


class KeepMedia:
    """Takes and gives files. What is taken twice under one id is taken once."""

    def __init__(self, book: MediaBook, received: ReceivedBook, store: MediaStore, scratch: Scratch, now: Now) -> None:
        self._scratch = scratch
        self._book = book
        self._received = received
        self._store = store
        self._now = now

    async def take_piece(
        self,
        *,
        organization_id: UUID,
        media_id: UUID,
        kind: str,
        mime_type: str,
        size: int,
        position: int,
        content: bytes,
    ) -> KeptMedia | None:
        """Take one piece; gives the file once all of it is there. Raises InvalidArgument, Unavailable."""
        known, plain_type = _checked(kind, mime_type, size, position, content)
        if (kept := await self._book.get(organization_id=organization_id, media_id=media_id)) is not None:
            return kept
        await self._book.put_piece(
            organization_id=organization_id, media_id=media_id, position=position, content=content
        )
        pieces = await self._book.piece_sizes(organization_id=organization_id, media_id=media_id)
        if not _is_whole(pieces, size):
            return None
        try:
            async with self._scratch() as file:
                digest, head = hashlib.sha256(), b""
                for place, _ in pieces:
                    piece = await self._book.piece(organization_id=organization_id, media_id=media_id, position=place)
                    head = head or piece[:_HEAD_BYTES]
                    digest.update(piece)
                    await asyncio.to_thread(_append, file, piece)
                if complaint := broken_media_limit(known, plain_type, size, head):
                    raise InvalidArgument(complaint)
                return await self._keep(file, organization_id, media_id, known, plain_type, size, digest.digest())
        except StoreAway as error:
            raise _unavailable(error) from error

    async def get(self, *, organization_id: UUID, media_id: UUID) -> KeptMedia:
        """A file's row, the organization's or a contact's that is stored. Raises NotFound."""
        kept = await self._book.get(organization_id=organization_id, media_id=media_id)
        if kept is not None:
            return kept
        received = await self._received.get(organization_id=organization_id, media_id=media_id)
        if received is None:
            raise NotFound("no such file", reason=errors_pb2.ERROR_REASON_MEDIA_NOT_FOUND)
        if received.state != "stored":
            sentence = f"the contact's file is {received.state}; only stored ones can be read"
            raise NotFound(sentence, reason=errors_pb2.ERROR_REASON_MEDIA_NOT_FOUND)
        return _as_kept(received)

    async def read(self, *, organization_id: UUID, media_id: UUID) -> AsyncIterator[bytes]:
        """The content of a file, the organization's or a contact's, in pieces.

        Raises NotFound, FailedPrecondition when it is lost, Unavailable.
        """
        key = (await self.get(organization_id=organization_id, media_id=media_id)).object_key
        try:
            async for piece in self._store.read(key):
                yield piece
        except ObjectMissing:
            raise FailedPrecondition(
                "the file is not in the store of files any more; upload it again under another media_id",
                reason=errors_pb2.ERROR_REASON_MEDIA_NOT_FOUND,
            ) from None
        except StoreAway as error:
            raise _unavailable(error) from error

    async def _keep(
        self,
        file: Path,
        organization_id: UUID,
        media_id: UUID,
        kind: MediaKind,
        mime_type: str,
        size: int,
        sha256: bytes,
    ) -> KeptMedia:
        """First the content, then the row: what has a row can be read."""
        key = object_key(organization_id, None, sha256)
        await self._store.put(key, file, sha256=sha256, mime_type=mime_type)
        return await self._book.put(
            KeptMedia(
                organization_id=organization_id,
                media_id=media_id,
                kind=kind,
                mime_type=mime_type,
                size=size,
                sha256=sha256,
                object_key=key,
                created_at=self._now(),
            )
        )


class GiveMedia:
    """Gives files to Meta for a number: once, as long as Meta keeps them."""

    def __init__(self, book: MediaBook, store: MediaStore, graph: MediaGraph, scratch: Scratch) -> None:
        self._scratch = scratch
        self._book = book
        self._store = store
        self._graph = graph

    async def __call__(self, *, organization_id: UUID, media_id: UUID, phone_number_id: str, token: str) -> str:
        """Meta's id of the file. Raises MediaRefused for good, MediaAway for now, errors.Unavailable.

        A repeat after a crash may upload a second time, which does no harm: Meta forgets what is not sent.
        """
        media = await self._book.get(organization_id=organization_id, media_id=media_id)
        if media is None:
            raise MediaRefused(f"media.upload names no file ({media_id}); upload it first")
        found = await self._book.claim_upload(
            organization_id=organization_id, sha256=media.sha256, phone_number_id=phone_number_id
        )
        if found.meta_id:
            return found.meta_id
        if not found.is_ours:
            raise MediaOnItsWay("it is being uploaded for another message")
        meta_id = ""
        try:
            meta_id = await self._upload(media, phone_number_id, token)
        finally:
            await self._book.uploaded(
                organization_id=organization_id,
                sha256=media.sha256,
                phone_number_id=phone_number_id,
                meta_id=meta_id,
            )
        return meta_id

    async def give_anew(self, *, organization_id: UUID, media_id: UUID, phone_number_id: str, meta_id: str) -> bool:
        """Meta would not send the file by this id (empty: by whichever it had); whether there will be another one."""
        media = await self._book.get(organization_id=organization_id, media_id=media_id)
        return media is not None and await self._book.doubt_upload(
            organization_id=organization_id, sha256=media.sha256, phone_number_id=phone_number_id, meta_id=meta_id
        )

    async def _upload(self, media: KeptMedia, phone_number_id: str, token: str) -> str:
        try:
            async with asyncio.timeout(_UPLOAD_SECONDS), self._scratch() as file:
                async for piece in self._store.read(media.object_key):
                    await asyncio.to_thread(_append, file, piece)
                return await self._graph.upload(
                    file, phone_number_id=phone_number_id, token=token, mime_type=media.mime_type
                )
        except ObjectMissing:
            raise MediaRefused("the file is not in the store of files any more; upload it again") from None
        except StoreAway as error:
            raise MediaAway(str(error)) from error
        except TimeoutError:
            raise MediaAway(f"the upload took more than {_UPLOAD_SECONDS:g} seconds") from None


def _as_kept(received: Received) -> KeptMedia:
    arrived = received.arrived
    return KeptMedia(
        organization_id=arrived.organization_id,
        media_id=arrived.media_id,
        kind=arrived.kind,
        mime_type=arrived.mime_type,
        size=received.size,
        sha256=received.sha256,
        object_key=received.object_key,
        created_at=received.received_at,
    )


def _checked(kind: str, mime_type: str, size: int, position: int, content: bytes) -> tuple[MediaKind, str]:
    known = kind_of(kind)
    if known is None:
        raise InvalidArgument("kind is not set; say whether it is an image, video, audio, document or sticker")
    plain_type = media_type(mime_type)
    # What is wrong with the whole is said at its first piece; what lies in it is looked at with the last.
    if not 0 < size <= most_bytes(known):
        raise InvalidArgument(
            f"size is {size:,}, Meta takes 1 to {most_bytes(known):,} bytes of this kind; make the file smaller"
        )
    if not 0 < len(content) <= MOST_PIECE_BYTES:
        raise InvalidArgument(f"content has {len(content):,} bytes; send pieces of 1 to {MOST_PIECE_BYTES:,}")
    if not 0 <= position <= size - len(content):
        raise InvalidArgument("position does not lie within the file; give the number of bytes before this piece")
    return known, plain_type


def _is_whole(pieces: Sequence[tuple[int, int]], size: int) -> bool:
    reached = 0
    for position, length in pieces:
        if position != reached:
            return False
        reached += length
    return reached == size


def _append(file: Path, piece: bytes) -> None:
    try:
        with file.open("ab") as target:
            target.write(piece)
    except OSError as error:
        raise _no_room(error) from error


def _no_room(error: OSError) -> StoreAway:
    return StoreAway(
        f"there is no room for temporary files ({type(error).__name__}); give sender a /tmp it may write to"
    )


def _unavailable(error: StoreAway) -> Unavailable:
    return Unavailable(f"{error}; try again", reason=errors_pb2.ERROR_REASON_STORE_UNAVAILABLE)
