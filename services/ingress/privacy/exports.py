"""Everything all rooms keep about somebody, as lines of JSON: room by room, and within a room in a fixed order."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

import orjson

from services.chassis.clock import Now
from services.chassis.errors import InvalidArgument
from services.ingress.domain.privacy import EXPORT_ROOMS, Report, Task
from services.ingress.privacy.ports import ExportedPage, Jobs, People, Room


@dataclass(frozen=True, slots=True)
class Lines:
    """Some lines, each a JSON object with a line break; `cursor` is where the next ones begin, empty after the last."""

    lines: Sequence[bytes]
    cursor: str


class Exports:
    """Gives exports and notes each as a job with its report."""

    def __init__(
        self, *, jobs: Jobs, people: People, rooms: Mapping[str, Room], new_id: Callable[[], UUID], now: Now
    ) -> None:
        self._jobs = jobs
        self._people = people
        self._rooms = rooms
        self._new_id = new_id
        self._now = now

    async def page(self, *, organization_id: UUID, contact: str, cursor: str) -> Lines:
        """The next lines. Raises NotFound, InvalidArgument or Unavailable.

        Who it is, is asked for every page: what the cursor says is only where to go on.
        """
        person = await self._people.find(organization_id=organization_id, contact=contact)
        job_id, place, room_cursor = self._read(cursor)
        if not cursor:
            await self._jobs.begin(
                organization_id=organization_id, job_id=job_id, kind="export", task=Task(), report=Report()
            )
        name = EXPORT_ROOMS[place]
        page = await self._rooms[name].export(organization_id=organization_id, person=person, cursor=room_cursor)
        place = place if page.cursor else place + 1
        is_done = place == len(EXPORT_ROOMS)
        if not await self._jobs.note_export(
            organization_id=organization_id, job_id=job_id, rows={name: _counts(page)}, is_done=is_done
        ):
            raise _no_such_cursor()
        lines = [_line(name, row.kind, row.data) for row in page.rows]
        if is_done:
            lines.append(await self._last_line(organization_id, job_id))
        return Lines(lines, "" if is_done else f"{job_id}/{place}/{page.cursor}")

    async def stream(self, *, organization_id: UUID, contact: str, first: Lines) -> AsyncIterator[bytes]:
        """All lines from the first ones on, page by page. Breaks off with what `page` raises."""
        lines = first
        while True:
            yield b"".join(lines.lines)
            if not lines.cursor:
                return
            lines = await self.page(organization_id=organization_id, contact=contact, cursor=lines.cursor)

    async def _last_line(self, organization_id: UUID, job_id: UUID) -> bytes:
        """Whoever has this line has everything."""
        job = await self._jobs.job(organization_id=organization_id, job_id=job_id)
        rows = job.report.rows if job else {}
        report = {"job_id": str(job_id), "ended_at": self._now(), "rows": rows}
        return _line("ingress", "report", orjson.dumps(report))

    def _read(self, cursor: str) -> tuple[UUID, int, str]:
        if not cursor:
            return self._new_id(), 0, ""
        try:
            job_id, place, room_cursor = cursor.split("/", 2)
            read = UUID(job_id), int(place), room_cursor
        except ValueError:
            read = UUID(int=0), -1, ""
        if not 0 <= read[1] < len(EXPORT_ROOMS):
            raise _no_such_cursor()
        return read


def _no_such_cursor() -> InvalidArgument:
    return InvalidArgument("cursor is none that was given out; begin without one")


def _counts(page: ExportedPage) -> dict[str, int]:
    counts: dict[str, int] = {}
    for row in page.rows:
        counts[row.kind] = counts.get(row.kind, 0) + 1
    return counts


def _line(room: str, kind: str, data: bytes) -> bytes:
    return b'{"room":"%s","kind":"%s","data":%s}\n' % (room.encode(), kind.encode(), data)
