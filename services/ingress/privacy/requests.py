"""What people ask for: to erase somebody, and how far that is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from uuid import UUID, uuid5

from services.chassis.clock import Now
from services.chassis.errors import InvalidArgument, NotFound
from services.ingress.domain.privacy import Job, Report, Task, old_before
from services.ingress.privacy.ports import Jobs, People
from services.pb.common.v1 import errors_pb2

MOST_LISTED = 1000


class Requests:
    """Begins jobs and tells of them; `on_begun` is called when one is due."""

    def __init__(
        self, *, jobs: Jobs, people: People, new_id: Callable[[], UUID], now: Now, on_begun: Callable[[], None]
    ) -> None:
        self._jobs = jobs
        self._people = people
        self._new_id = new_id
        self._now = now
        self._on_begun = on_begun

    async def erase(self, *, organization_id: UUID, contact: str) -> Job:
        """Begin to erase a contact; asked for again it is the same job. Raises NotFound, InvalidArgument, Unavailable.

        Whoever is half erased is no contact any more, but still somebody's wish: the open job is found by the name.
        """
        try:
            person = await self._people.find(organization_id=organization_id, contact=contact)
        except NotFound:
            wanted = _plain(contact)
            for job in await self._jobs.open_erasures(organization_id=organization_id):
                if job.task and job.task.person and wanted in map(_plain, job.task.person.names):
                    return job
            raise
        task = Task(person=person)
        job = await self._jobs.begin_erasure(organization_id=organization_id, job_id=self._new_id(), task=task)
        self._on_begun()
        return job

    async def job(self, *, organization_id: UUID, job_id: UUID) -> Job:
        """A job. Raises NotFound or Unavailable."""
        job = await self._jobs.job(organization_id=organization_id, job_id=job_id)
        if job is None:
            raise NotFound(
                "no erasure, export or retention has this id; list them first",
                reason=errors_pb2.ERROR_REASON_PRIVACY_JOB_NOT_FOUND,
            )
        return job

    async def list_jobs(
        self, *, organization_id: UUID, limit: int, before: tuple[datetime, UUID] | None = None
    ) -> tuple[Sequence[Job], int]:
        """Jobs, newest first, those behind a place, one more than the limit if there is one; and that limit.

        Raises InvalidArgument or Unavailable.
        """
        if not 0 <= limit <= MOST_LISTED:
            raise InvalidArgument(f"limit is {limit}; use 1 to {MOST_LISTED}, or 0 for 100")
        most = limit or 100
        return await self._jobs.list_jobs(organization_id=organization_id, limit=most + 1, before=before), most

    async def begin_retention(self) -> None:
        """Begin today's job of every organization that keeps things only so long; asked for again it changes nothing.

        The job's id is made of day and length, so that every process may ask, and a new length counts at once.
        """
        now = self._now()
        begun = False
        for retention in await self._people.retentions():
            organization_id, before = UUID(retention.organization_id), old_before(now, retention.days)
            begun |= await self._jobs.begin(
                organization_id=organization_id,
                job_id=uuid5(organization_id, f"retention:{now.date()}:{retention.days}"),
                kind="retention",
                task=Task(before=before, phone_number_ids=retention.phone_number_ids),
                report=Report(before=before),
            )
        if begun:
            self._on_begun()


def _plain(name: str) -> str:
    """A name without the signs people put into phone numbers."""
    return name.translate(_SIGNS).removeprefix("+")


_SIGNS = str.maketrans("", "", " -().\u00a0")
