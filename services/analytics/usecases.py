"""What analytics does: record once, give transcripts, give counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum
from uuid import UUID

from services.analytics.domain.record import Record, problem_of
from services.analytics.domain.report import Counts, Transcript
from services.analytics.domain.windows import windows_from
from services.analytics.ports import PrivacyStore, RecordRefused, Store
from services.chassis.clock import Now
from services.chassis.errors import InvalidArgument
from services.chassis.queue import Cleared, Page, PageRow

LONGEST_TRANSCRIPT = 1000
MOST_CONVERSATIONS = 1000
ROWS_AT_ONCE = 100
# Records are dated by their producers' clocks, which may be behind router's.
_BEFORE_KNOWN = timedelta(days=1)


class Kept(Enum):
    """What became of a record that could be read."""

    NEW = "new"
    REPEATED = "repeated"


@dataclass(frozen=True, slots=True)
class Refused:
    """A record that can never be kept, and why in one sentence."""

    reason: str


Outcome = Kept | Refused


class Recording:
    """Records batches; a bad record costs its neighbours nothing."""

    def __init__(self, store: Store, now: Now) -> None:
        self._store = store
        self._now = now

    async def record(self, records: Sequence[Record]) -> Sequence[Outcome]:
        """Keep the records; one outcome per record, in order. Repeating it changes nothing (I10)."""
        now = self._now()
        problems = [problem_of(record, now) for record in records]
        if not any(problems):
            return await self._keep(records)
        good = [record for record, problem in zip(records, problems, strict=True) if problem is None]
        kept = iter(await self._keep(good))
        return [next(kept) if problem is None else Refused(problem) for problem in problems]

    async def _keep(self, records: Sequence[Record]) -> Sequence[Outcome]:
        """Keep what the rules allow; if the database refuses a value all the same, find it by halves."""
        if not records:
            return ()
        try:
            return [Kept.NEW if is_new else Kept.REPEATED for is_new in await self._store.add(records)]
        except RecordRefused:
            if len(records) == 1:
                return [Refused("the record holds a value that the database cannot keep")]
        middle = len(records) // 2
        return [*await self._keep(records[:middle]), *await self._keep(records[middle:])]


class Reports:
    """Answers what people ask."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def transcript(
        self, *, organization_id: UUID, phone_number: str, flow_id: UUID | None, skip: int, limit: int
    ) -> Transcript:
        """A page of a contact's messages. Raises InvalidArgument."""
        if not phone_number:
            raise InvalidArgument("phone_number is empty; give the contact's phone number in digits")
        if skip < 0:
            raise InvalidArgument(f"skip is {skip}; use 0 or more")
        if not 1 <= limit <= LONGEST_TRANSCRIPT:
            raise InvalidArgument(f"limit is {limit}; use 1 to {LONGEST_TRANSCRIPT}")
        return await self._store.transcript(
            organization_id=organization_id, phone_number=phone_number, flow_id=flow_id, skip=skip, limit=limit
        )

    async def counts(self, *, organization_id: UUID, flow_id: UUID | None) -> Counts:
        """Counts per conversation, flow and node."""
        return await self._store.counts(
            organization_id=organization_id, flow_id=flow_id, most_conversations=MOST_CONVERSATIONS
        )


class Privacy:
    """What analytics does about people when they, or an organization's rules, want them forgotten."""

    def __init__(self, store: PrivacyStore, now: Now) -> None:
        self._store = store
        self._now = now

    async def erase(
        self, *, organization_id: UUID, job_id: UUID, conversation_ids: Sequence[UUID], since: datetime, cursor: str
    ) -> Cleared:
        """Remove a month of records at a time; begins at `since` or goes on at `cursor`. Raises InvalidArgument."""
        start, _ = _place(cursor) if cursor else (since - _BEFORE_KNOWN, "")
        windows, rest = windows_from(start, self._now())
        forgotten = await self._store.forget(
            organization_id=organization_id, job_id=job_id, conversation_ids=conversation_ids, windows=windows
        )
        return replace(forgotten, cursor=_cursor(rest, ""))

    async def page(
        self, *, organization_id: UUID, conversation_ids: Sequence[UUID], since: datetime, cursor: str
    ) -> Page:
        """Records by time, some of them, or some days without any. Raises InvalidArgument."""
        start, after = _place(cursor) if cursor else (since - _BEFORE_KNOWN, "")
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
        return Page(rows, _cursor(rest, ""))

    async def expire(self, *, organization_id: UUID, job_id: UUID, before: datetime) -> Cleared:
        """Remove a batch of records of before that moment."""
        return await self._store.expire(organization_id=organization_id, job_id=job_id, before=before)


def _cursor(start: datetime | None, after: str) -> str:
    return f"{start.isoformat()}/{after}" if start else ""


def _place(cursor: str) -> tuple[datetime, str]:
    moment, slash, after = cursor.partition("/")
    try:
        start = datetime.fromisoformat(moment)
    except ValueError:
        start = None
    if start is None or start.tzinfo is None or not slash:
        raise InvalidArgument("cursor is none that was given out; begin without one")
    return start, after
