"""Files of organizations, deleted everywhere: at Meta, in the store of files, in the rows."""

from __future__ import annotations

from contextlib import suppress
from uuid import UUID

from services.chassis.errors import NotFound, Unavailable
from services.pb.common.v1 import errors_pb2
from services.sender.domain.media import MediaRefused
from services.sender.ports.media import KeptMedia, MediaAway, MediaBook, MediaGone, MediaGraph, MediaStore, StoreAway
from services.sender.usecases.received_media import FactsOf


class DeleteMedia:
    """Deletes a file. Content that another file has too stays; what Meta does not delete it forgets after 30 days."""

    def __init__(self, book: MediaBook, store: MediaStore, graph: MediaGraph, facts_of: FactsOf) -> None:
        self._book = book
        self._store = store
        self._graph = graph
        self._facts_of = facts_of

    async def __call__(self, *, organization_id: UUID, media_id: UUID) -> None:
        """First the content, then the row that knows where it is: a repeat ends what was begun.

        Raises NotFound, Unavailable.
        """
        media = await self._book.get(organization_id=organization_id, media_id=media_id)
        if media is None:
            raise _no_such_file()
        is_last = not await self._book.is_shared(media)
        if is_last:
            await self._delete_content(media)
        if not await self._book.remove(media, with_uploads=is_last):
            raise _no_such_file()

    async def _delete_content(self, media: KeptMedia) -> None:
        for phone_number_id, meta_id in await self._book.uploads_of(media):
            (facts,) = await self._facts_of([(media.organization_id, phone_number_id)])
            if facts.token is not None:
                with suppress(MediaGone, MediaAway, MediaRefused):
                    await self._graph.delete(meta_id, phone_number_id=phone_number_id, token=facts.token)
        try:
            await self._store.delete(media.object_key)
        except StoreAway as error:
            raise Unavailable(f"{error}; try again", reason=errors_pb2.ERROR_REASON_STORE_UNAVAILABLE) from error


def _no_such_file() -> NotFound:
    sentence = "no file of the organization's own has this id"
    return NotFound(sentence, reason=errors_pb2.ERROR_REASON_MEDIA_NOT_FOUND)
