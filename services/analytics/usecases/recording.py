"""Records are kept once; a bad one costs its neighbours nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from services.analytics.domain.record import Record, problem_of
from services.analytics.ports import RecordRefused, Store
from services.chassis.clock import Now


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
