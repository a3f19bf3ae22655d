"""What erasures, exports and retention need from outside: their jobs, and the rooms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from services.ingress.domain.privacy import Answer, Job, Kind, Person, Report, Task


@dataclass(frozen=True, slots=True)
class Held:
    """A job that this process works on until its lease ends."""

    job: Job
    token: UUID


@dataclass(frozen=True, slots=True)
class ExportedRow:
    """A row of an export: what it is, and a JSON object."""

    kind: str
    data: bytes


@dataclass(frozen=True, slots=True)
class ExportedPage:
    """Rows in order, and where the next page begins; empty after the last."""

    rows: Sequence[ExportedRow]
    cursor: str = ""


@dataclass(frozen=True, slots=True)
class Retention:
    """An organization that keeps things for so many days, and its numbers."""

    organization_id: str
    days: int
    phone_number_ids: tuple[str, ...]


class Jobs(Protocol):
    """Jobs, durable. Every method raises Unavailable."""

    async def begin_erasure(self, *, organization_id: UUID, job_id: UUID, task: Task) -> Job:
        """A new job, due at once; or the open one that erases one of the same contacts."""

    async def open_erasures(self, *, organization_id: UUID) -> Sequence[Job]:
        """Erasures that are not done."""

    async def begin(self, *, organization_id: UUID, job_id: UUID, kind: Kind, task: Task, report: Report) -> bool:
        """A new job, due at once unless it is an export; False when there is one with this id."""

    async def job(self, *, organization_id: UUID, job_id: UUID) -> Job | None:
        """A job."""

    async def list_jobs(
        self, *, organization_id: UUID, limit: int, before: tuple[datetime, UUID] | None = None
    ) -> Sequence[Job]:
        """Jobs, newest first, those behind a moment and the id of a job that was asked for then."""

    async def claim(self, *, lease_seconds: float) -> Held | None:
        """Hold the job that is due for longest; None when none is."""

    async def save(self, held: Held, task: Task, report: Report, *, wait: float | None, lease_seconds: float) -> bool:
        """Write how far it is. `wait` 0 keeps holding it, more lets go for so long, None ends it; False: lease lost."""

    async def renew(self, held: Held, *, lease_seconds: float) -> bool:
        """Hold it for longer; False: lease lost."""

    async def note_export(
        self, *, organization_id: UUID, job_id: UUID, rows: Mapping[str, Mapping[str, int]], is_done: bool
    ) -> bool:
        """Write how much of an export has been given; False when no such export is open."""


class Room(Protocol):
    """One room's part. Every method raises PytakeError."""

    async def erase(self, *, organization_id: UUID, job_id: UUID, person: Person, cursor: str) -> Answer:
        """Take the person out, from `cursor` on; repeats change nothing."""

    async def expire(
        self, *, organization_id: UUID, job_id: UUID, before: datetime, phone_number_ids: Sequence[str], cursor: str
    ) -> Answer:
        """Remove a batch of what is old, from `cursor` on."""

    async def export(self, *, organization_id: UUID, person: Person, cursor: str) -> ExportedPage:
        """A page of what is kept about the person, from `cursor` on."""


class People(Protocol):
    """router, which knows who somebody is."""

    async def find(self, *, organization_id: UUID, contact: str) -> Person:
        """The person with this phone number or user id. Raises NotFound."""

    async def retentions(self) -> Sequence[Retention]:
        """The organizations that do not keep things for good."""
