"""Erasing and expiry reach the store of files too: first what lies there, then the rows that know where."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from services.chassis.queue import Cleared, Page
from services.sender.ports import Erasure, Privacy
from services.sender.ports.media import MediaStore, ReceivedBook, StoreAway

_FILES_AT_ONCE = 200
_WAITING = "the store of contacts' files, which is out of reach"


class PrivacyWithFiles:
    """See ports.Privacy. A row is removed only once nothing lies where it points, so nothing is left behind."""

    def __init__(self, rows: Privacy, book: ReceivedBook, store: MediaStore) -> None:
        self._rows = rows
        self._book = book
        self._store = store

    async def erase(self, *, organization_id: UUID, job_id: UUID, erasure: Erasure) -> Cleared:
        """See ports.Privacy."""
        lane_ids = erasure.conversation_ids
        await self._book.give_up(organization_id=organization_id, lane_ids=lane_ids)
        keys = await self._book.keys_of(organization_id=organization_id, lane_ids=lane_ids)
        if not await self._are_deleted(organization_id, keys):
            return Cleared(waiting_for=_WAITING)
        return await self._rows.erase(organization_id=organization_id, job_id=job_id, erasure=erasure)

    async def page(
        self, *, organization_id: UUID, conversation_ids: Sequence[UUID], names: Sequence[str], cursor: str
    ) -> Page:
        """See ports.Privacy."""
        return await self._rows.page(
            organization_id=organization_id, conversation_ids=conversation_ids, names=names, cursor=cursor
        )

    async def expire(self, *, organization_id: UUID, job_id: UUID, before: datetime) -> Cleared:
        """See ports.Privacy; of files some at a time, for each is a call to their store."""
        keys = await self._book.old_keys(organization_id=organization_id, before=before, limit=_FILES_AT_ONCE)
        if not await self._are_deleted(organization_id, keys):
            return Cleared(waiting_for=_WAITING)
        return await self._rows.expire(organization_id=organization_id, job_id=job_id, before=before)

    async def _are_deleted(self, organization_id: UUID, keys: Sequence[str]) -> bool:
        try:
            for key in keys:
                await self._store.delete(key)
        except StoreAway:
            return False
        if keys:
            await self._book.forget_keys(organization_id=organization_id, keys=keys)
        return True
