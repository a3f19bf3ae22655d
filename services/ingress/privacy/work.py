"""Works off jobs: one room after the other, each answer written down before the next is asked for.

Whatever dies in between, the job goes on where it was written down last: every call to a room is harmless to repeat.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from uuid import UUID

from services.chassis.clock import Now
from services.chassis.errors import PytakeError
from services.chassis.logs import get_logger
from services.ingress.domain.privacy import Answer, Moved, Task, moved, waiting
from services.ingress.privacy.ports import Held, Jobs, Room

# What a process held that died is taken up by another one after so long; a call may take longer, and renews it.
LEASE_SECONDS = 15.0

_log = get_logger(__name__)


class Work:
    """Holds one job at a time and takes it as far as it goes."""

    def __init__(
        self,
        *,
        jobs: Jobs,
        rooms: Mapping[str, Room],
        now: Now,
        settle_seconds: float,
        lease_seconds: float = LEASE_SECONDS,
    ) -> None:
        self._jobs = jobs
        self._rooms = rooms
        self._now = now
        self._settle_seconds = settle_seconds
        self._lease_seconds = lease_seconds

    async def turn(self) -> bool:
        """Take the next due job on until it waits, is done or is lost; False when none is due. Raises Unavailable."""
        held = await self._jobs.claim(lease_seconds=self._lease_seconds)
        if held is None or held.job.task is None:
            return False
        task, report = held.job.task, held.job.report
        while True:
            step = await self._while_held(held, task)
            if step is None:
                return True
            place = (
                moved(task, report, step, now=self._now(), settle_seconds=self._settle_seconds)
                if isinstance(step, Answer)
                else waiting(task, report, step)
            )
            if not await self._save(held, place) or place.wait != 0.0:
                return True
            task, report = place.task, place.report

    async def _while_held(self, held: Held, task: Task) -> Answer | str | None:
        """What the room says; None when the job was lost to another process meanwhile."""
        asked = asyncio.create_task(self._step(held, task))
        try:
            while not asked.done():
                await asyncio.wait([asked], timeout=self._lease_seconds / 3)
                if not asked.done() and not await self._jobs.renew(held, lease_seconds=self._lease_seconds):
                    return None
            return asked.result()
        finally:
            asked.cancel()

    async def _step(self, held: Held, task: Task) -> Answer | str:
        """What the room says; a text when it could not be asked, or failed."""
        organization_id, job_id = UUID(held.job.organization_id), UUID(held.job.job_id)
        room = self._rooms[task.room]
        try:
            if task.person is not None:
                return await room.erase(
                    organization_id=organization_id, job_id=job_id, person=task.person, cursor=task.cursor
                )
            assert task.before is not None
            return await room.expire(
                organization_id=organization_id,
                job_id=job_id,
                before=task.before,
                phone_number_ids=task.phone_number_ids,
                cursor=task.cursor,
            )
        except PytakeError as error:
            return error.code
        except Exception as error:
            # Nobody else would tell; the text of an error may hold what is to be erased.
            _log.error("privacy_step_failed", room=task.room, job_id=held.job.job_id, error=type(error).__name__)
            return type(error).__name__

    async def _save(self, held: Held, place: Moved) -> bool:
        is_saved = await self._jobs.save(
            held, place.task, place.report, wait=place.wait, lease_seconds=self._lease_seconds
        )
        if place.wait is None and is_saved:
            rows = sum(count for tables in place.report.rows.values() for count in tables.values())
            _log.info("privacy_job_done", kind=held.job.kind, job_id=held.job.job_id, rows=rows)
        return is_saved
