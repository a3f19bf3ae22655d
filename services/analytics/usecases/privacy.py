"""What is done about people when they, or an organization's rules, want them forgotten."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from services.analytics.domain.report import LogPlace
from services.analytics.domain.windows import windows_from
from services.analytics.ports import PrivacyStore
from services.analytics.usecases.cursors import cursor_of, place_of
from services.chassis.clock import Now
from services.chassis.queue import Cleared, Page, PageRow

ROWS_AT_ONCE = 100
# Records are dated by their producers' clocks, which may be behind router's.
_BEFORE_KNOWN = timedelta(days=1)


class Privacy:
    """What analytics does about people when they, or an organization's rules, want them forgotten."""

    def __init__(self, store: PrivacyStore, now: Now) -> None:
        self._store = store
        self._now = now

    async def erase(
        self, *, organization_id: UUID, job_id: UUID, conversation_ids: Sequence[UUID], since: datetime, cursor: str
    ) -> Cleared:
        """Remove a month of records at a time; begins at `since` or goes on at `cursor`. Raises InvalidArgument."""
        start = place_of(cursor).moment if cursor else since - _BEFORE_KNOWN
        windows, rest = windows_from(start, self._now())
        forgotten = await self._store.forget(
            organization_id=organization_id, job_id=job_id, conversation_ids=conversation_ids, windows=windows
        )
        return replace(forgotten, cursor=_beginning(rest))

    async def page(
        self, *, organization_id: UUID, conversation_ids: Sequence[UUID], since: datetime, cursor: str
    ) -> Page:
        """Records by time, some of them, or some days without any. Raises InvalidArgument."""
        place = place_of(cursor) if cursor else LogPlace(since - _BEFORE_KNOWN, "")
        start, after = place.moment, place.record_id
        windows, rest = windows_from(start, self._now())
        rows: list[PageRow] = []
        for window in windows:
            wanted = ROWS_AT_ONCE - len(rows)
            found = await self._store.records(
                organization_id=organization_id,
                conversation_ids=conversation_ids,
                window=window,
                after=after,
                limit=wanted,
            )
            rows += [replace(row, after=f"{row.data['occurred_at']}/{row.data['record_id']}") for row in found]
            if len(found) == wanted:
                return Page(rows, rows[-1].after)
            after = ""
        return Page(rows, _beginning(rest))

    async def expire(self, *, organization_id: UUID, job_id: UUID, before: datetime) -> Cleared:
        """Remove a batch of records of before that moment."""
        return await self._store.expire(organization_id=organization_id, job_id=job_id, before=before)


def _beginning(start: datetime | None) -> str:
    return cursor_of(LogPlace(start, "")) if start else ""
